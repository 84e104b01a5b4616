"""Fetch the tables that the authors of MGE published. The list is prunegraph/tables/published_files.json."""

from pathlib import Path

from prunegraph.files import write_text
from prunegraph.job import launch
from prunegraph.tables import published_files


def main(there: Path, folder: Path):
    published_files.download(folder)
    write_text(there, f"The files are in {folder.resolve()}.\n")


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
