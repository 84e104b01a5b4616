"""Collect what the jobs cost from Snakemake's benchmark files, by prunegraph/tables/costs.py."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph.tables.costs import costs
from prunegraph.tables.frames import write


def main(networks: Path, benchmarks: list[Path], table: list[Path]):
    del networks  # by the time that it is there, so are the benchmark files
    write(costs(path for path in benchmarks if path.exists()), *table)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
