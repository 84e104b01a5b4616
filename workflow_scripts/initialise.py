"""Initialise a network, one for each seed, and trace its architecture. The models are in prunegraph/models."""

from pathlib import Path

from prunegraph import datasets, models
from prunegraph.fingerprint import made_from
from prunegraph.job import launch, logger
from prunegraph.tensors import provenance
from prunegraph.wiring.tracing import trace


def main(images: Path, architecture: Path, weights: list[Path], network: dict, seeds: list[int], code: str):
    data = datasets.load(images)
    for seed, path in zip(seeds, weights, strict=True):
        made = models.create(network["name"], data.classes, data.input_shape, seed, **network["options"])
        key = made_from([images], network=network, seed=seed, code=code)
        if provenance(path).get("made_from") == key:
            # Written again, it would name another commit, and whatever was made of it would look out of date.
            logger.info("seed %d: kept, it is up to date", seed)
            continue
        models.save(made, path, model=network["name"], options=network["options"], seed=seed, made_from=key)
    trace(made, data.input_shape).save(architecture)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
