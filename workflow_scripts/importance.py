"""Share the explained variance of the accuracy drop among the topometrics, by prunegraph/analysis/importance.py."""

from pathlib import Path

from prunegraph.analysis.importance import importance
from prunegraph.analysis.tables import read, write
from prunegraph.job import launch


def main(features: Path, table: list[Path], rows_per_feature: float):
    write(importance(read(features), rows_per_feature=rows_per_feature), *table)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
