"""Fetch the official files of a data set, unless they are there. Addresses are in prunegraph/datasets/addresses.py."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph import datasets
from prunegraph.files import write_text


def main(there: Path, source: str, data_dir: Path):
    datasets.download(source, data_dir)
    write_text(there, f"The files of {source} are in {data_dir.resolve()}.\n")


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
