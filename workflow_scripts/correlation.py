"""Correlate Ramanujan properties and layer density with the accuracy drop, by prunegraph/analysis/correlation.py."""

from pathlib import Path

from prunegraph.analysis.correlation import with_drop
from prunegraph.analysis.tables import read, write
from prunegraph.job import launch


def main(features: Path, table: list[Path]):
    write(with_drop(read(features)), *table)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
