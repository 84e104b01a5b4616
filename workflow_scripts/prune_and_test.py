"""Choose which weights of networks to keep, repair, train and test: all cells of a method, or of a family, at once."""

import functools
from pathlib import Path

from prunegraph.job import launch, stoppable, usable_device
from prunegraph.pool import Manifest
from prunegraph.pruning.cell import Masks
from prunegraph.pruning.remembering import remembering
from prunegraph.training.networks import Networks
from prunegraph.training.tuning import with_choice


def main(
    masks: list[Path],
    trained: list[Path],
    images: Path,
    initial: Path,
    start: Path,
    dataset: str,
    model: str,
    network: dict,
    choice: dict,
    finetune: float,
    recipe: dict,
    published_as: str,
    threads: int,
    cells: list,
    device: str,
    code: dict,
    graphs: list[Path] = (),
    tuned: list[Path] = (),
    checkpoint_epochs: int = 5,
):
    data, weights = Manifest(images), Manifest(start)
    recipe = with_choice(recipe, tuned)
    relational = Manifest(graphs[0]) if graphs else None
    where = functools.cache(functools.partial(usable_device, device))
    sparsities = tuple(float(cell["sparsity"]) for cell in cells)

    @functools.cache
    def of(method: str, rung: str | None) -> tuple[Masks, Networks]:
        own = choice if rung is None else {**choice, "rung": rung}
        pruned = Masks(
            data, Manifest(initial), weights, network, own, threads, code["prune"], where, sparsities, relational
        )
        named = {"dataset": dataset, "model": model, "method": method}
        facts = (network, own, recipe, finetune, published_as, threads, code["train"], where)
        return pruned, Networks(data, weights, named, *facts)

    with remembering():
        for cell, mask, made in zip(cells, masks, trained, strict=True):
            pruned, networks = of(cell["method"], cell["rung"])
            these = (float(cell["sparsity"]), cell["seeds"], cell["network_seeds"])
            pruned.fill(mask, *these, cell["lost"][0])
            networks.fill(made, mask, *these, cell["lost"][1], every=checkpoint_epochs, stoppable=stoppable)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
