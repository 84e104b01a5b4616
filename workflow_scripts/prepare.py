"""Prepare a data set: one file, split in three parts. The readers are in prunegraph/datasets."""

from pathlib import Path

from prunegraph import datasets
from prunegraph.files import write_text
from prunegraph.job import launch


def main(
    images: Path,
    state: Path,
    reader: dict,
    source: Path,
    state_of_source: str,
    validation: float,
    split_seed: int,
):
    datasets.prepare(reader["name"], source, images, validation, split_seed, reader["like"], **reader["options"])
    write_text(state, state_of_source)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
