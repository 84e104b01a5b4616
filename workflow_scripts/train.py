"""Train pruned networks and score each once on the test images. Loop and recipes are in prunegraph/training."""

from pathlib import Path

from prunegraph.fingerprint import made_from
from prunegraph.job import launch, stoppable, usable_device
from prunegraph.pool import Manifest, filling
from prunegraph.training.progress import replay

FILES = ("weights.safetensors", "mask.safetensors", "history.csv", "score.json")


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
    checkpoint_epochs: int = 5,
    tensorboard: bool = False,
):
    data, weights, chosen = Manifest(images), Manifest(start), Manifest(masks)
    identity = {"dataset": dataset, "model": model, "method": method, "pruner": choice["pruner"]}
    identity |= {"counts": choice["counts"], "repair": choice["repair"]}
    facts = {**identity, "recipe": recipe, "finetune": finetune, "published_as": published_as, "network": network}
    facts |= {"options": choice["options"], "sparsity": sparsity, "threads": threads, "code": code}
    with filling(manifest, lost) as cell:
        lacking = []
        for seed, other in zip(seeds, network_seeds, strict=True):
            read = [*data.content(), *weights.content(f"seed{other}")[:1], *chosen.content(f"seed{seed}")]
            key = made_from(read, seed=seed, **facts)
            if not cell.keep(f"seed{seed}", key):
                lacking.append((seed, other, key))
            elif tensorboard:
                replay(scalars / f"seed{seed}", cell.path(f"seed{seed}/history.csv"))
        if not lacking:
            return
        from prunegraph import datasets, training  # with torch, which a job that keeps everything does without
        from prunegraph.precision import use_threads
        from prunegraph.training.cell import Manner, member, train_cell

        use_threads(threads)
        device = usable_device(device)
        images = datasets.load(data.file("images", "images.safetensors"), device)
        whole = training.recipe(dataset=published_as, model=network["name"], **recipe).shortened(finetune)
        identity |= {"recipe": recipe["name"], "epochs": whole.epochs}
        members = []
        for seed, other, key in lacking:
            first, mask = weights.first(f"seed{other}"), chosen.first(f"seed{seed}")
            files = [cell.path(f"seed{seed}/{name}") for name in FILES]
            told = scalars / f"seed{seed}" if tensorboard else None
            members.append(member(images, network, choice, sparsity, seed, key, first, mask, files, told, other))

        def saved(one):
            cell.add(f"seed{one.seed}", one.made_from, *(f"seed{one.seed}/{name}" for name in FILES))

        with stoppable() as stop:
            train_cell(members, images, whole, identity, Manner(checkpoints, checkpoint_epochs, stop), device, saved)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
