"""Rank the pruners of each scenario by predicted and by measured accuracy drop, by prunegraph/analysis/ranking.py."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph.analysis import ranking as study
from prunegraph.analysis.ranking_tests import tests
from prunegraph.tables.frames import read, write


def main(
    features: Path,
    ranking: list[Path],
    ranking_summary: list[Path],
    ranking_tests: list[Path],
    rows_per_feature: float,
    bootstrap: int,
):
    scenarios = study.ranking(read(features), rows_per_feature=rows_per_feature)
    write(scenarios, *ranking)
    write(study.summary(scenarios, times=bootstrap), *ranking_summary)
    write(tests(scenarios, times=bootstrap), *ranking_tests)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
