"""Choose which weights of a network to keep. The methods themselves are in prunegraph/pruning."""

from pathlib import Path

from prunegraph.fingerprint import made_from
from prunegraph.job import launch, logger, usable_device
from prunegraph.pool import Manifest, filling


def main(
    manifest: Path,
    images: Path,
    initial: Path,
    start: Path,
    network: dict,
    choice: dict,
    sparsity: float,
    seeds: list[int],
    network_seeds: list[int],
    threads: int,
    device: str,
    code: str,
    lost: int = 0,
):
    data, wiring, weights = Manifest(images), Manifest(initial), Manifest(start)
    facts = {"network": network, **choice, "sparsity": sparsity, "threads": threads, "code": code}
    read = [*data.content(), *wiring.content("architecture")]
    with filling(manifest, lost) as cell:
        lacking = []
        for seed, other in zip(seeds, network_seeds, strict=True):
            key = made_from([*read, *weights.content(f"seed{other}")[:1]], seed=seed, **facts)
            if not cell.keep(f"seed{seed}", key):
                lacking.append((seed, f"seed{other}", key))
        if not lacking:
            return
        choose = _chooser(data, wiring, network, choice, sparsity, threads, usable_device(device))
        for seed, other, key in lacking:
            mask, where = choose(seed, weights.first(other))
            mask.save(cell.path(f"seed{seed}.safetensors"), made_from=key, **where)
            cell.add(f"seed{seed}", key, f"seed{seed}.safetensors")
            logger.info("seed %d: kept %d of %d weights, collapsed: %s", seed, mask.kept, mask.size, mask.collapsed)


def _chooser(data, wiring, network, choice, sparsity, threads, device):
    """A function of a seed and the file of the weights to prune; where nothing is to be made, torch is not imported."""
    import torch

    from prunegraph import datasets, models, pruning
    from prunegraph.precision import conditions, use_threads
    from prunegraph.wiring.architecture import Architecture

    use_threads(threads)
    path = data.file("images", "images.safetensors")
    images = datasets.load(path, device)
    options = {**choice["options"], **{name: value for name, value in choice.items() if name != "options"}}
    options |= {"architecture": Architecture.load(wiring.file("architecture", "architecture.json"))}

    def choose(seed, weights):
        made = models.create(network["name"], images.classes, images.input_shape, seed, **network["options"])
        models.load_weights(made, weights)
        asked = {**options, "sparsity": sparsity, "seed": seed}
        try:
            return pruning.prune(made.to(device), batches=images, **asked), conditions(device)
        except torch.OutOfMemoryError as problem:  # scores in float64 need some GB; the CPU has the same masks
            logger.info("seed %d: on the CPU, because the GPU's memory does not suffice (%s)", seed, problem)
            return pruning.prune(made.to("cpu"), batches=datasets.load(path, "cpu"), **asked), conditions("cpu")

    return choose


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
