"""Measure the time that trained networks take without the units that pruning removed: prunegraph/tables/latency.py."""

from pathlib import Path

from prunegraph.job import launch, usable_device
from prunegraph.pool import Manifest
from prunegraph.precision import use_threads
from prunegraph.tables.frames import write
from prunegraph.tables.latency import Measured, table


def main(
    latency: list[Path],
    images: list[Path],
    trained: list[Path],
    datasets: list[str],
    cells: list,
    networks: dict,
    threads: int,
    device: str,
    code: str,
):
    use_threads(threads)
    parts = {
        name: Manifest(path).file("images", "images.safetensors") for name, path in zip(datasets, images, strict=True)
    }
    found = []
    for (dataset, model, method, sparsity, seed), path in zip(cells, trained, strict=True):
        cell, item = Manifest(path), f"seed{seed}"
        files = (cell.file(item, f"{item}/{name}.safetensors") for name in ("weights", "mask"))
        found.append(Measured(dataset, model, method, float(sparsity), seed, networks[model], *files))
    write(table(found, parts, usable_device(device)), *latency)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
