"""Do our pruned networks have as many edges as the published ones?

    python benchmarks/edge_counts.py PUBLISHED [--pruners er ...] [--models resnet20 ...] [--images FILE]

Masks by the compat pruners on freshly initialised networks are encoded in compat mode (unrolled) and their edges
compared with the tables of Cunegatti et al. 2024: PUBLISHED is their repository's folder graph_data. A network counts
as inside if its edges lie between the smallest and the largest published seed, one percent wider at each end. Not all
can be: of networks drawn exactly like the published ones, up to half miss the range of three seeds; the summary says
how many are expected inside if the edges of a cell are normal with the published mean and deviation.
Random pruners need no images; they run for the classes of all three data sets. The others need --images,
a prepared data set (results/datasets/NAME/images.safetensors), and are compared for that one.
Rows go to --output as they are made, a summary by pruner to the screen.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
import root  # noqa: F401
import torch

from prunegraph import datasets, encoding, models, pruning
from prunegraph.tables import published

CLASSES = {"cifar10": 10, "cifar100": 100, "tiny_imagenet": 200}
RANDOM = ["er", "erk", "uniform"]
SPARSITIES = [0.6, 0.8, 0.9, 0.95, 0.98]
COLUMNS = ["dataset", "model", "pruner", "sparsity", "seed", "kept", "edges", "low", "high", "mean", "seeds"]
COLUMNS += ["deviation", "inside", "expected", "seconds"]
WIDER = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("published", type=Path, help="the folder graph_data of the authors' repository")
    parser.add_argument("--pruners", nargs="+", default=RANDOM)
    parser.add_argument("--models", nargs="+", default=list(published.MODELS))
    parser.add_argument("--sparsities", nargs="+", type=float, default=SPARSITIES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--images", type=Path, help="a prepared data set, for pruners that look at data")
    parser.add_argument("--dataset", default="cifar10", help="which published data set the images are")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, default=Path("edge_counts.csv"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = None if given.images is None else datasets.load(given.images, given.device)
    wanted = ranges(given.published)
    rows = []
    with given.output.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for dataset in [given.dataset] if data else CLASSES:
            for row in compared(given, dataset, data, wanted):
                table.writerow(row)
                file.flush()
                rows.append(row)
    summarise(rows)


def ranges(folder: Path) -> dict:
    """(data set, model, pruner, sparsity) -> (smallest, largest, mean, seeds, deviation) of the published edges."""
    networks = published.read(folder).networks.dropna(subset=["edges"])
    statistics = ["min", "max", "mean", "count", "std"]
    cells = networks.groupby(["dataset", "model", "method", "sparsity"]).edges.agg(statistics)
    return {tuple(key): tuple(values) for key, values in zip(cells.index, cells.to_numpy(), strict=True)}


def compared(given, dataset: str, data, wanted: dict):
    """One row for each network."""
    for model in given.models:
        start = models.create(model, CLASSES[dataset])
        architecture = encoding.trace(start, (3, 32, 32))
        for pruner in given.pruners:
            for sparsity in given.sparsities:
                cell = (dataset, model, pruner, sparsity)
                if cell not in wanted:
                    continue
                for seed in given.seeds:
                    began = time.process_time()
                    mask = pruned(given, model, CLASSES[dataset], pruner, sparsity, seed, data)
                    seconds = time.process_time() - began
                    ones = {name: values.astype(np.float32) for name, values in mask.items()}
                    edges = encoding.encode_weights(architecture, ones, mode="compat").number_of_edges()
                    low, high, mean, seeds, deviation = wanted[cell]
                    yield {
                        **dict(zip(COLUMNS, (dataset, model, pruner, sparsity, seed, mask.kept, edges), strict=False)),
                        **{"low": int(low), "high": int(high), "mean": round(mean), "seeds": int(seeds)},
                        "deviation": round(edges / mean - 1, 5),
                        "inside": int((1 - WIDER) * low <= edges <= (1 + WIDER) * high),
                        "expected": round(chance(mean, deviation, int(seeds)), 3),
                        "seconds": round(seconds, 2),
                    }


def chance(mean: float, deviation: float, seeds: int, draws: int = 20_000) -> float:
    """Probability that one more network lies in the widened range of `seeds` networks drawn as it is (normal edges).

    Without widening it is (seeds - 1) / (seeds + 1), whatever the distribution: the new one is as likely as
    any other to be the smallest or the largest of all. NaN for a single seed, whose deviation is unknown.
    """
    if seeds < 2:
        return float("nan")
    drawn = np.random.default_rng(0).normal(mean, deviation, (draws, seeds + 1))
    new, old = drawn[:, -1], drawn[:, :-1]
    return float(np.mean((new >= (1 - WIDER) * old.min(axis=1)) & (new <= (1 + WIDER) * old.max(axis=1))))


def pruned(given, model, classes, pruner, sparsity, seed, data):
    network = models.create(model, classes, seed=seed).to(given.device)
    return pruning.prune(network, pruner, sparsity, seed, data, compat=True)


def summarise(rows: list[dict]) -> None:
    """Networks inside the published range by pruner, and the cells whose mean lies outside."""
    for pruner in dict.fromkeys(row["pruner"] for row in rows):
        mine = [row for row in rows if row["pruner"] == pruner]
        deviations = np.array([row["deviation"] for row in mine])
        expected = np.nansum([row["expected"] for row in mine])
        print(
            f"{pruner}: {sum(row['inside'] for row in mine)} of {len(mine)} networks inside, {expected:.1f} expected; "
            f"relative deviation from the published mean: median {np.median(deviations):+.2%}, "
            f"range {deviations.min():+.2%} to {deviations.max():+.2%}"
        )
    cells = {}
    for row in rows:
        cells.setdefault(tuple(row[name] for name in COLUMNS[:4]), []).append(row)
    for cell, members in cells.items():
        edges, first = np.mean([row["edges"] for row in members]), members[0]
        if not (1 - WIDER) * first["low"] <= edges <= (1 + WIDER) * first["high"]:
            print(*cell, f"mean {edges:,.0f}, published {first['low']:,} to {first['high']:,} ({first['seeds']} seeds)")


if __name__ == "__main__":
    main()
