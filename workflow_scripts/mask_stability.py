"""Prune again with one thing changed, and count what stays. The comparison is in prunegraph/pruning/stability.py."""

from pathlib import Path

import pandas as pd

from prunegraph.job import launch, logger, usable_device
from prunegraph import models
from prunegraph.datasets import load
from prunegraph.masks import Mask
from prunegraph.pool import Manifest
from prunegraph.precision import use_threads
from prunegraph.pruning.stability import stability
from prunegraph.tables.frames import shaped, sort, write


def main(
    mask_stability: list[Path],
    images: list[Path],
    masks: list[Path],
    datasets: list[str],
    cells: list,
    networks: dict,
    methods: dict,
    seed: int,
    threads: int,
    device: str,
    code: str,
):
    use_threads(threads)
    device = usable_device(device)
    data = {
        name: Manifest(path).file("images", "images.safetensors") for name, path in zip(datasets, images, strict=True)
    }
    made_before = {}
    for (dataset, model, method, sparsity), path in zip(cells, masks, strict=True):
        made_before.setdefault(dataset, {}).setdefault((model, method), {})[float(sparsity)] = path
    rows = []
    for dataset, chosen in made_before.items():
        there = {where: load(data[dataset], where) for where in dict.fromkeys(["cpu", device])}
        for (model, method), paths in chosen.items():
            choice = dict(methods[method]["choice"])
            pruner, options = choice.pop("pruner"), {**choice.pop("options"), **choice}
            name, shape = networks[model]["name"], there["cpu"].input_shape
            classes, given = there["cpu"].classes, networks[model]["options"]
            made = models.create(name, classes, shape, methods[method]["network_seed"], **given)
            item = f"seed{seed}"
            files = {sparsity: Manifest(path).file(item, f"{item}.safetensors") for sparsity, path in paths.items()}
            found = {sparsity: Mask.load(path) for sparsity, path in files.items()}
            cell = {"dataset": dataset, "model": model, "method": method, "pruner": pruner, "seed": seed}
            rows += [cell | row for row in stability(made, there, pruner, found, seed, **options)]
            logger.info("%s %s %s: compared", dataset, model, method)
    found = shaped(pd.DataFrame(rows), "mask_stability")
    write(sort(found, "dataset", "model", "method", "sparsity", "change"), *mask_stability)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
