"""Train pruned networks and score each once on the test images. Loop and recipes are in prunegraph/training."""

import functools
from pathlib import Path

from prunegraph.job import launch, stoppable, usable_device
from prunegraph.pool import Manifest
from prunegraph.training.networks import Networks
from prunegraph.training.tuning import with_choice


def main(
    manifest: Path,
    images: Path,
    start: Path,
    masks: Path,
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
    network_seeds: list[int],
    checkpoints: Path,
    scalars: Path,
    device: str,
    code: str,
    lost: int = 0,
    tuned: list[Path] = (),
    checkpoint_epochs: int = 5,
    tensorboard: bool = False,
):
    identity = {"dataset": dataset, "model": model, "method": method}
    networks = Networks(
        Manifest(images),
        Manifest(start),
        identity,
        network,
        choice,
        with_choice(recipe, tuned),
        finetune,
        published_as,
        threads,
        code,
        functools.partial(usable_device, device),
    )
    told = scalars if tensorboard else None
    networks.fill(
        manifest, masks, sparsity, seeds, network_seeds, lost, checkpoints, checkpoint_epochs, told, stoppable
    )


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
