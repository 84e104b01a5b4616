"""List the files of a cell under its own name: a copy of its manifest, which has a name that changes."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph.files import write_text


def main(manifest: Path, listed: Path):
    write_text(listed, manifest.read_text(encoding="utf-8"))


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
