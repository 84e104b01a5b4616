"""Write our accuracies beside the published ones. The comparison is in prunegraph/analysis/accuracies.py."""

from pathlib import Path

from prunegraph.analysis.accuracies import beside_published
from prunegraph.job import launch, logger
from prunegraph.tables.frames import write


def main(scores: list[Path], table: list[Path], datasets: dict, models: dict):
    found = beside_published(scores, datasets, models)
    write(found, *table)
    logger.info("%d cells, %d of them published", len(found), found.published_n.notna().sum())


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
