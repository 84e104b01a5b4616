"""Initialise a network, one for each seed, and trace its architecture. The models are in prunegraph/models."""

from pathlib import Path

from prunegraph import datasets, models
from prunegraph.encoding.tracing import trace
from prunegraph.job import launch


def main(images: Path, architecture: Path, weights: list[Path], network: dict, seeds: list[int]):
    data = datasets.load(images)
    for seed, path in zip(seeds, weights, strict=True):
        made = models.create(network["name"], data.classes, data.input_shape, seed, **network["options"])
        models.save(made, path, model=network["name"], options=network["options"], seed=seed)
    trace(made, data.input_shape).save(architecture)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
