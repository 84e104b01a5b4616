"""Share the explained variance of the accuracy drop among the topometrics, by prunegraph/analysis/importance.py."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph.analysis.importance import with_stability
from prunegraph.tables.frames import read, write


def main(
    features: Path,
    importance: list[Path],
    importance_stability: list[Path],
    rows_per_feature: float,
    bootstrap: int,
):
    parts, stability = with_stability(read(features), rows_per_feature=rows_per_feature, times=bootstrap)
    write(parts, *importance)
    write(stability, *importance_stability)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
