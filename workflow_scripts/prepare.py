"""Prepare a data set: one file, split in three parts. The readers are in prunegraph/datasets."""

from pathlib import Path

from prunegraph import datasets
from prunegraph.job import launch


def main(images: Path, reader: dict, source: Path, validation: float, split_seed: int):
    datasets.prepare(reader["name"], source, images, validation, split_seed, reader["like"], **reader["options"])


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
