"""Choose which weights of a network to keep. The methods themselves are in prunegraph/pruning."""

import functools
from pathlib import Path

from prunegraph.job import launch, usable_device
from prunegraph.pool import Manifest
from prunegraph.pruning.cell import Masks


def main(
    manifest: Path,
    images: Path,
    initial: Path,
    start: Path,
    network: dict,
    choice: dict,
    sparsity: float,
    seeds: list[int],
    network_seeds: list[int],
    threads: int,
    device: str,
    code: str,
    lost: int = 0,
    graphs: list[Path] = (),
):
    read = (Manifest(path) for path in (images, initial, start))
    relational = Manifest(graphs[0]) if graphs else None
    where = functools.partial(usable_device, device)
    masks = Masks(*read, network, choice, threads, code, where, graphs=relational)
    masks.fill(manifest, sparsity, seeds, network_seeds, lost)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
