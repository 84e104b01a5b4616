"""Train pruned networks and score each once on the test images. Loop and recipes are in prunegraph/training."""

from pathlib import Path

from prunegraph.fingerprint import made_from
from prunegraph.job import launch, usable_device
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
        if lacking:
            manner = {"finetune": finetune, "checkpoints": checkpoints, "every": checkpoint_epochs, "device": device}
            manner |= {"recipe": {**recipe, "dataset": published_as}, "scalars": scalars if tensorboard else None}
            _train(cell, lacking, data, weights, chosen, identity, network, choice, sparsity, threads, manner)


def _train(cell, lacking, data, weights, masks, identity, network, choice, sparsity, threads, manner):
    from prunegraph import datasets, training
    from prunegraph.job import stoppable
    from prunegraph.precision import use_threads
    from prunegraph.training.cell import Manner, members_of, train_cell

    use_threads(threads)
    device = usable_device(manner["device"])
    images = datasets.load(data.file("images", "images.safetensors"), device)
    recipe = training.recipe(model=network["name"], **manner["recipe"]).shortened(manner["finetune"])
    starts = [
        (
            seed,
            key,
            weights.file(f"seed{other}", next(iter(weights.items[f"seed{other}"]["files"]))),
            masks.file(f"seed{seed}", f"seed{seed}.safetensors"),
            [cell.path(f"seed{seed}/{name}") for name in FILES],
            manner["scalars"] and manner["scalars"] / f"seed{seed}",
        )
        for seed, other, key in lacking
    ]
    members = members_of(starts, images, network, choice, sparsity)
    facts = {**identity, "recipe": manner["recipe"]["name"], "epochs": recipe.epochs}

    def saved(member):
        item = f"seed{member.seed}"
        cell.add(item, member.made_from, *(f"{item}/{name}" for name in FILES))

    with stoppable() as stop:
        how = Manner(manner["checkpoints"], manner["every"], stop)
        train_cell(members, images, recipe, facts, how, device, saved)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
