"""Regress the accuracy drop on each set of features, by prunegraph/analysis/regression.py."""

from pathlib import Path

from prunegraph.analysis.regression import regression
from prunegraph.analysis.tables import read, write
from prunegraph.job import launch


def main(features: Path, table: list[Path], rows_per_feature: float):
    write(regression(read(features), rows_per_feature=rows_per_feature), *table)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
