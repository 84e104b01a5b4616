"""Collect what the jobs cost from Snakemake's benchmark files, by prunegraph/analysis/costs.py."""

from pathlib import Path

from prunegraph.analysis.costs import costs
from prunegraph.analysis.tables import write
from prunegraph.job import launch


def main(benchmarks: list[Path], table: list[Path]):
    write(costs(benchmarks), *table)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
