"""Choose learning rate and weight decay of a model on the validation images: prunegraph/training/tuning.py."""

import functools
from pathlib import Path

from prunegraph.job import launch, usable_device
from prunegraph.pool import Manifest
from prunegraph.training.tuning import tune


def main(
    manifest: Path,
    images: Path,
    start: Path,
    network: dict,
    recipe: dict,
    grid: dict,
    published_as: str,
    seed: int,
    threads: int,
    device: str,
    code: str,
    lost: int = 0,
):
    where = functools.partial(usable_device, device)
    read = Manifest(images), Manifest(start)
    tune(manifest, *read, network, recipe, grid, published_as, seed, threads, code, where, lost)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
