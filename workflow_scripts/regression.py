"""Regress the accuracy drop on each set of features, by prunegraph/analysis/regression.py and differences.py."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph.analysis import differences
from prunegraph.analysis import regression as study
from prunegraph.tables.features import FEATURE_SETS
from prunegraph.tables.frames import read, write


def main(
    features: Path,
    regression: list[Path],
    regression_folds: list[Path],
    regression_differences: list[Path],
    rows_per_feature: float,
    lasso_repeats: int,
    bootstrap: int,
):
    table = read(features)
    asked = {"sets": tuple(FEATURE_SETS), "rows_per_feature": rows_per_feature}
    write(study.regression(table, **asked), *regression)
    write(study.out_of_fold(table, lasso_repeats=lasso_repeats, **asked), *regression_folds)
    write(differences.differences(table, times=bootstrap, **asked), *regression_differences)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
