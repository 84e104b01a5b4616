"""Train pruned networks and score each once on the test images. Loop and recipes are in prunegraph/training."""

from functools import partial
from itertools import product
from pathlib import Path

from prunegraph import datasets, models, pruning, training
from prunegraph.catalogue import IN_ROUNDS, lookup
from prunegraph.files import read_json
from prunegraph.fingerprint import made_from
from prunegraph.job import launch, logger, stoppable
from prunegraph.masks import Mask
from prunegraph.training.cell import Manner, Member, train_cell
from prunegraph.training.watching import replay


def main(
    images: Path,
    weights: list[Path],
    masks: list[Path],
    trained: list[Path],
    final_masks: list[Path],
    histories: list[Path],
    scores: list[Path],
    dataset: str,
    model: str,
    method: str,
    sparsities: list[float],
    network: dict,
    pruner: str,
    options: dict,
    published_as: str,
    recipe_name: str,
    epochs: int | None,
    seeds: list[int],
    checkpoints: Path,
    scalars: list[Path],
    device: str,
    code: str,
    checkpoint_epochs: int = 5,
    stack: str = "auto",
    tensorboard: bool = False,
):
    data = datasets.load(images, device)
    complete = pruning.completed(pruner, options)
    recipe = training.recipe(recipe_name, published_as, network["name"], epochs=epochs)
    recipe = recipe.shortened(complete.get("finetune", 1.0))
    cell = {"dataset": dataset, "model": model, "method": method, "pruner": pruner}
    cell |= {"recipe": recipe_name, "epochs": recipe.epochs}
    find = lookup(IN_ROUNDS, pruner, "pruner") if pruner in IN_ROUNDS else None
    members = []
    # Snakemake's order: every sparsity of the first seed, then of the next.
    pairs = product(zip(seeds, weights, strict=True), sparsities)
    results = zip(masks, trained, final_masks, histories, scores, scalars, strict=True)
    for ((seed, start), sparsity), (mask, *files, told) in zip(pairs, results, strict=True):
        key = made_from([images, start, mask], chosen=recipe, network=network, options=options, code=code, seed=seed,
                        sparsity=sparsity, **cell)  # fmt: skip
        if read_json(files[-1], {}).get("made_from") == key and all(file.exists() for file in files):
            logger.info("sparsity %g seed %d: kept, it is up to date", sparsity, seed)
            if tensorboard:
                replay(told, files[-2])
            continue
        made = models.create(network["name"], data.classes, data.input_shape, seed, **network["options"])
        models.load_weights(made, start)
        moving = pruning.dynamics(pruner, sparsity, seed, **options)
        rounds = find and partial(find, sparsity=sparsity, **complete)
        told = told if tensorboard else None
        members.append(Member(sparsity, seed, made, Mask.load(mask), key, files, told, moving, rounds))
    with stoppable() as stop:
        manner = Manner(checkpoints, checkpoint_epochs, stop, stack)
        train_cell(members, data, recipe, cell, manner, device)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
