"""Collect what the jobs cost from Snakemake's benchmark files, by prunegraph/analysis/costs.py."""

from pathlib import Path

from prunegraph.analysis.costs import costs
from prunegraph.analysis.tables import write
from prunegraph.job import launch


def main(networks: Path, benchmarks: list[Path], table: list[Path]):
    del networks  # by the time that it is there, so are the benchmark files
    write(costs(path for path in benchmarks if path.exists()), *table)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
