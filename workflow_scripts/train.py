"""Train pruned networks and score each once on the test images. Loop and recipes are in prunegraph/training."""

from functools import partial
from pathlib import Path

from prunegraph import datasets, models, pruning, training
from prunegraph.catalogue import PRUNERS, load
from prunegraph.files import read_json
from prunegraph.fingerprint import made_from
from prunegraph.job import launch, logger, stoppable
from prunegraph.precision import use_threads
from prunegraph.pruning.pruned import Pruned
from prunegraph.training.cell import Manner, Member, train_cell
from prunegraph.training.progress import replay


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
    sparsity: float,
    network: dict,
    choice: dict,
    finetune: float,
    published_as: str,
    recipe: dict,
    threads: int,
    seeds: list[int],
    checkpoints: Path,
    scalars: list[Path],
    device: str,
    code: str,
    checkpoint_epochs: int = 5,
    tensorboard: bool = False,
):
    use_threads(threads)
    data = datasets.load(images, device)
    pruner, options = choice["pruner"], choice["options"]
    complete = pruning.completed(pruner, options)
    chosen = training.recipe(dataset=published_as, model=network["name"], **recipe).shortened(finetune)
    cell = {"dataset": dataset, "model": model, "method": method, "pruner": pruner}
    cell |= {"recipe": recipe["name"], "epochs": chosen.epochs, "counts": choice["counts"], "repair": choice["repair"]}
    find = PRUNERS[pruner].trains and load(PRUNERS[pruner].trains)
    members = []
    each = zip(seeds, weights, masks, trained, final_masks, histories, scores, scalars, strict=True)
    for seed, start, mask, *files, told in each:
        key = made_from([images, start, mask], chosen=chosen, network=network, options=options, code=code,
                        seed=seed, sparsity=sparsity, threads=threads, **cell)  # fmt: skip
        if read_json(files[-1], {}).get("made_from") == key and all(file.exists() for file in files):
            logger.info("seed %d: kept, it is up to date", seed)
            if tensorboard:
                replay(told, files[-2])
            continue
        made = models.create(network["name"], data.classes, data.input_shape, seed, **network["options"])
        pruned = Pruned.load(mask)
        pruned.apply(models.load_weights(made, start))
        moving = pruning.dynamics(pruner, sparsity, seed, **options)
        rounds = find and partial(find, sparsity=sparsity, **complete)
        members.append(Member(sparsity, seed, made, pruned, key, files, told if tensorboard else None, moving, rounds))
    with stoppable() as stop:
        train_cell(members, data, chosen, cell, Manner(checkpoints, checkpoint_epochs, stop), device)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
