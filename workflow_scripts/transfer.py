"""Fit a predictor of the accuracy drop and test it on other systems, by prunegraph/analysis/transfer.py."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph.analysis import transfer as study
from prunegraph.files import write_json
from prunegraph.tables.frames import read, write


def main(features: Path, predictor: Path, transfer: list[Path], coverage: list[Path], rows_per_feature: float):
    table = read(features)
    write(study.transfer(table, rows_per_feature=rows_per_feature), *transfer)
    tested = study.coverage(table, rows_per_feature=rows_per_feature)
    write(tested, *coverage)
    write_json(predictor, study.fitted(table, tested, rows_per_feature=rows_per_feature))


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
