"""Prepare a data set: one file, split in three parts. The readers are in prunegraph/datasets."""

from pathlib import Path

from prunegraph import datasets
from prunegraph.job import launch


def main(images: Path, dataset: str, source: Path, validation: float, split_seed: int):
    datasets.prepare(dataset, source, images, validation, split_seed)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
