"""Choose which weights of a network to keep. The methods themselves are in prunegraph/pruning."""

from pathlib import Path

import torch

from prunegraph import datasets, models, pruning
from prunegraph.fingerprint import made_from
from prunegraph.job import launch, logger
from prunegraph.precision import conditions, use_threads
from prunegraph.tensors import provenance
from prunegraph.wiring.architecture import Architecture


def main(
    images: Path,
    architecture: Path,
    weights: list[Path],
    masks: list[Path],
    network: dict,
    choice: dict,
    sparsity: float,
    seeds: list[int],
    threads: int,
    device: str,
    code: str,
):
    use_threads(threads)
    data = datasets.load(images, device)
    wiring = Architecture.load(architecture)
    options = {**choice["options"], **{name: value for name, value in choice.items() if name != "options"}}
    for seed, start, path in zip(seeds, weights, masks, strict=True):
        key = made_from(
            [images, architecture, start], **choice, sparsity=sparsity, seed=seed, code=code, threads=threads
        )
        if provenance(path).get("made_from") == key:
            logger.info("seed %d: kept, it is up to date", seed)
            continue
        made = models.create(network["name"], data.classes, data.input_shape, seed, **network["options"])
        models.load_weights(made, start)
        asked = {**options, "sparsity": sparsity, "seed": seed, "architecture": wiring}
        try:
            mask, where = pruning.prune(made.to(device), batches=data, **asked), device
        except torch.OutOfMemoryError as problem:  # scores in float64 need some GB; the CPU has the same masks
            logger.info("seed %d: on the CPU, because the GPU's memory does not suffice (%s)", seed, problem)
            mask, where = pruning.prune(made.to("cpu"), batches=datasets.load(images, "cpu"), **asked), "cpu"
        mask.save(path, made_from=key, **conditions(where))
        logger.info("seed %d: kept %d of %d weights, collapsed: %s", seed, mask.kept, mask.size, mask.collapsed)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
