"""Rank the pruners of each scenario by predicted and by measured accuracy drop, by prunegraph/analysis/ranking.py."""

from pathlib import Path

from prunegraph.analysis.ranking import ranking
from prunegraph.analysis.tables import read, write
from prunegraph.job import launch


def main(features: Path, table: list[Path], rows_per_feature: float):
    write(ranking(read(features), rows_per_feature=rows_per_feature), *table)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
