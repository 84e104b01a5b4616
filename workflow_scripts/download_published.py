"""Fetch the tables that the authors of MGE published. The list is prunegraph/analysis/published_files.json."""

from pathlib import Path

from prunegraph.analysis import published_files
from prunegraph.files import write_text
from prunegraph.job import launch


def main(there: Path, folder: Path):
    published_files.download(folder)
    write_text(there, f"The files are in {folder.resolve()}.\n")


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
