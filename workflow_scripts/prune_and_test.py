"""Choose which weights of trained networks to keep, repair and test: all sparsities and seeds of a method at once."""

import functools
from pathlib import Path

from prunegraph.job import launch, usable_device
from prunegraph.pool import Manifest
from prunegraph.pruning.cell import Masks
from prunegraph.pruning.remembering import remembering
from prunegraph.training.networks import Networks


def main(
    masks: list[Path],
    trained: list[Path],
    images: Path,
    initial: Path,
    start: Path,
    dataset: str,
    model: str,
    method: str,
    network: dict,
    choice: dict,
    recipe: dict,
    published_as: str,
    threads: int,
    cells: list,
    device: str,
    code: dict,
):
    data, weights = Manifest(images), Manifest(start)
    where = functools.cache(functools.partial(usable_device, device))
    sparsities = tuple(float(cell["sparsity"]) for cell in cells)
    pruned = Masks(data, Manifest(initial), weights, network, choice, threads, code["prune"], where, sparsities)
    identity = {"dataset": dataset, "model": model, "method": method}
    networks = Networks(
        data, weights, identity, network, choice, recipe, 0, published_as, threads, code["train"], where
    )
    with remembering():
        for cell, mask, network in zip(cells, masks, trained, strict=True):
            these = (float(cell["sparsity"]), cell["seeds"], cell["network_seeds"])
            pruned.fill(mask, *these, cell["lost"][0])
            networks.fill(network, mask, *these, cell["lost"][1])


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
