"""Write our accuracies beside the published ones. The comparison is in prunegraph/analysis/accuracies.py."""

from pathlib import Path

from prunegraph.job import launch, logger
from prunegraph.analysis.accuracies import beside_published
from prunegraph.pool import files_of
from prunegraph.tables.frames import write


def main(trained: list[Path], seeds: list, published_accuracy: list[Path], datasets: dict, models: dict):
    found = beside_published(files_of(trained, seeds, "score.json"), datasets, models)
    write(found, *published_accuracy)
    logger.info("%d cells, %d of them published", len(found), found.published_n.notna().sum())


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
