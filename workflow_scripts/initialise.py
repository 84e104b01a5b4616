"""Initialise a network, one for each seed, and trace its architecture. The models are in prunegraph/models."""

from pathlib import Path

from prunegraph.job import launch
from prunegraph.fingerprint import made_from
from prunegraph.pool import Manifest, filling


def main(
    manifest: Path,
    images: Path,
    network: dict,
    seeds: list[int],
    code: str,
    weights: Path | None = None,
    weights_content: str | None = None,
    lost: int = 0,
):
    data = Manifest(images)
    with filling(manifest, lost) as cell:
        facts = {"network": network, "weights": weights_content, "code": code}
        keys = {f"seed{seed}": made_from(data.content(), seed=seed, **facts) for seed in seeds}
        traced = made_from(data.content(), **facts)
        lacking = [seed for seed in seeds if not cell.keep(f"seed{seed}", keys[f"seed{seed}"])]
        if cell.keep("architecture", traced) and not lacking:
            return
        from prunegraph import datasets, models
        from prunegraph.wiring.tracing import trace

        shape = datasets.load(data.file("images", "images.safetensors"))
        for seed in lacking or seeds[:1]:
            made = models.create(network["name"], shape.classes, shape.input_shape, seed, **network["options"])
            if weights is not None:
                from prunegraph.cli.checkpoint import read

                models.fill(made, read(weights)[0], weights)
            if seed in lacking:
                item, path = f"seed{seed}", cell.path(f"seed{seed}.safetensors")
                facts = {"model": network["name"], "options": network["options"], "seed": seed}
                models.save(made, path, **facts, made_from=keys[item])
                cell.add(item, keys[item], path.name)
        trace(made, shape.input_shape).save(cell.path("architecture.json"))
        cell.add("architecture", traced, "architecture.json")


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
