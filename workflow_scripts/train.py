"""Train pruned networks and score each once on the test images. Loop and recipes are in prunegraph/training."""

from pathlib import Path

from prunegraph import datasets, models, pruning
from prunegraph.files import read_json, write_json, write_table
from prunegraph.fingerprint import made_from
from prunegraph.job import launch, logger
from prunegraph.masks import Mask
from prunegraph.training import recipe, score, train


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
    pruner: str,
    options: dict,
    published_as: str,
    recipe_name: str,
    epochs: int | None,
    seeds: list[int],
    device: str,
    code: str,
):
    data = datasets.load(images, device)
    chosen = recipe(recipe_name, published_as, network["name"], epochs=epochs)
    cell = {"system": "mge", "dataset": dataset, "model": model, "method": method, "pruner": pruner}
    for place, seed in enumerate(seeds):
        facts = {**cell, "sparsity": sparsity, "seed": seed, "recipe": recipe_name, "epochs": chosen.epochs}
        outputs = trained[place], final_masks[place], histories[place], scores[place]
        key = made_from(
            [images, weights[place], masks[place]], chosen=chosen, network=network, options=options, code=code, **facts
        )
        if read_json(scores[place], {}).get("made_from") == key and all(path.exists() for path in outputs):
            logger.info("seed %d: kept, it is up to date", seed)
            continue
        made = models.create(network["name"], data.classes, data.input_shape, seed, **network["options"])
        models.load_weights(made, weights[place])
        mask = Mask.load(masks[place])
        moving = pruning.dynamics(pruner, sparsity, seed, **options)
        training = train(made, mask, data, chosen, seed, device, lambda row, seed=seed: _tell(seed, row), moving)
        mask = training.mask
        models.save(made, trained[place], **facts)
        mask.save(final_masks[place], **facts)
        write_table(histories[place], training.history)
        counts = {"weights": mask.size, "kept": mask.kept, "density": mask.density, "collapsed": mask.collapsed}
        facts |= {"classes": data.classes, **score(made, training, data), **counts}
        # Last, so that a score on disk means that the other files are there.
        write_json(scores[place], {**facts, "made_from": key})
        logger.info("seed %d: test accuracy %.4f, %d weights", seed, facts["accuracy"], mask.kept)


def _tell(seed, row):
    told = "  ".join(f"{name} {value:.4g}" for name, value in row.items() if value is not None and name != "epoch")
    logger.info("seed %d  epoch %d  %s", seed, row["epoch"], told)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
