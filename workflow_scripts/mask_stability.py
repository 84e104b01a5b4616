"""Prune again with one thing changed, and count what stays. The comparison is in prunegraph/pruning/stability.py."""

from pathlib import Path

import pandas as pd

from prunegraph import datasets, models
from prunegraph.job import launch, logger
from prunegraph.precision import use_threads
from prunegraph.pruning.stability import stability
from prunegraph.tables.frames import shaped, sort, write


def main(
    images: list[Path],
    table: list[Path],
    dataset_names: list[str],
    networks: dict,
    methods: dict,
    seed: int,
    threads: int,
    device: str,
    code: str,
):
    use_threads(threads)
    rows = []
    for dataset, path in zip(dataset_names, images, strict=True):
        data = {where: datasets.load(path, where) for where in dict.fromkeys(["cpu", device])}
        for model, network in networks.items():
            for method, asked in methods.items():
                there, choice = data["cpu"], dict(asked["choice"])
                pruner, options = choice.pop("pruner"), {**choice.pop("options"), **choice}
                made = models.create(network["name"], there.classes, there.input_shape, seed, **network["options"])
                cell = {"dataset": dataset, "model": model, "method": method, "pruner": pruner, "seed": seed}
                rows += [cell | row for row in stability(made, data, pruner, asked["sparsities"], seed, **options)]
                logger.info("%s %s %s: compared", dataset, model, method)
    found = shaped(pd.DataFrame(rows), "mask_stability")
    write(sort(found, "dataset", "model", "method", "sparsity", "change"), *table)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
