"""Prepare a data set: one file, split in three parts. The readers are in prunegraph/datasets."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph.datasets.state import STATE, state
from prunegraph.files import read_json, write_json
from prunegraph.fingerprint import made_from
from prunegraph.pool import filling


def main(
    manifest: Path,
    reader: dict,
    normalise: dict | None,
    source: Path,
    generation: int,
    validation: float,
    split_seed: int,
    code: str,
    lost: int = 0,
):
    name, like, options = reader["name"], reader["like"], reader["options"]
    with filling(manifest, lost) as cell:
        note = cell.path(STATE)
        found = state(name, source, **options) or read_json(note, {}).get("state", "")
        facts = {"reader": reader, "normalise": normalise, "validation": validation, "split_seed": split_seed}
        key = made_from(state=found, code=code, **facts)
        if not cell.keep("images", key):
            from prunegraph import datasets

            images = cell.path("images.safetensors")
            datasets.prepare(name, source, images, validation, split_seed, like, normalise, **options)
            cell.add("images", key, images.name)
        write_json(note, {"state": found, "generation": generation})


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
