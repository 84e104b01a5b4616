"""Prepare a data set: one file, split in three parts. The readers are in prunegraph/datasets."""

from pathlib import Path

from prunegraph.files import write_text
from prunegraph.fingerprint import made_from
from prunegraph.job import launch
from prunegraph.pool import filling


def main(
    manifest: Path,
    reader: dict,
    normalise: dict | None,
    source: Path,
    state_of_source: str,
    validation: float,
    split_seed: int,
    code: str,
    lost: int = 0,
):
    with filling(manifest, lost) as cell:
        facts = {"reader": reader, "normalise": normalise, "validation": validation, "split_seed": split_seed}
        key = made_from(state_of_source=state_of_source, code=code, **facts)
        if not cell.keep("images", key):
            from prunegraph import datasets

            images, like = cell.path("images.safetensors"), reader["like"]
            datasets.prepare(
                reader["name"], source, images, validation, split_seed, like, normalise, **reader["options"]
            )
            cell.add("images", key, "images.safetensors")
        write_text(cell.path("state"), state_of_source)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
