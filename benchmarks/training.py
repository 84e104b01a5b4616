"""Images a second of training: our loop, networks beside each other in one recorded step, and a plain DataLoader loop.

    python benchmarks/training.py [--device cuda] [--precision tf32] [--threads 2] [--network resnet20 ...] [--repeat 5]

The plain loop is what reference implementations of pruning do: PIL images one by one through torchvision's random
crop, flip, ToTensor and Normalize, a DataLoader (with and without workers), the default memory layout, torch.optim.SGD,
gradients and weights multiplied by their masks layer by layer, loss and accuracy read after every step, float32. Ours
holds all images as one uint8 tensor, augments whole batches, and gets its memory as in a job of the workflow. Both
train the same network (90 % of the weights removed) on random images in the shape of the data set. On a GPU "ours" and
"K together" record their steps as CUDA graphs, "not recorded" launches every operation; milliseconds a step of one
network and gigabytes of the GPU's memory are printed, too.

Every way runs in a process of its own, once to warm up and then several times; the ways take turns in every repetition,
so that a busy machine treats them alike. Medians of wall time, and of CPU seconds of the process and its workers,
which other work on the machine disturbs less.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from root import ROOT

from prunegraph.job import ENVIRONMENT

WAYS = ["ours", "plain", "plain, 2 workers"]
ON_GPU = ["ours", "not recorded", "2 together", "4 together", "8 together", "plain, 2 workers"]
# (options, shape of an image, batch size, images in a repetition on a CPU): CIFAR's, and those of the default study.
NETWORKS = {
    "resnet20": ({}, (3, 32, 32), 128, 256),
    "conv6": ({}, (3, 32, 32), 128, 256),
    "wide_resnet28_2": ({}, (3, 32, 32), 128, 256),
    "resnet20 digits": ({"width": 0.75}, (1, 8, 8), 64, 1024),
    "conv6 digits": ({"width": 0.375}, (1, 8, 8), 64, 1024),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="float32", choices=["float32", "tf32", "bfloat16"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--network", nargs="+", choices=list(NETWORKS), default=["resnet20"])
    parser.add_argument("--way", nargs="+", choices=sorted({*WAYS, *ON_GPU}))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--output", type=Path, help="a JSON file for all numbers")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        serve(**json.loads(options.one))
        return
    import torch

    options.way = options.way or (ON_GPU if options.device == "cuda" else WAYS)
    where = torch.cuda.get_device_name() if options.device == "cuda" else platform.processor()
    print(f"{options.device}, {options.precision}, {options.threads} threads a process, torch {torch.__version__}, "
          f"{where}, load {os.getloadavg()[0]:.1f}, n = {options.repeat}; images/s (and of the CPU)")  # fmt: skip
    rows = []
    for network in options.network:
        rows += compare(network, options)
    if options.output:
        options.output.write_text(json.dumps(rows, indent=1) + "\n")


def compare(network: str, options: argparse.Namespace) -> list[dict]:
    servers = {way: start(way, network, options) for way in options.way}
    rows = {way: {"network": network, "way": way, "wall": [], "cpu": []} for way in options.way}
    for _ in range(options.repeat + 1):
        for way, server in servers.items():
            server.stdin.write("go\n")
            server.stdin.flush()
            found = json.loads(server.stdout.readline())
            rows[way]["wall"].append(found["images"] / found["wall"])
            rows[way]["cpu"].append(found["images"] / found["cpu"])
            rows[way]["gigabytes"] = found["gigabytes"]
    for server in servers.values():
        server.stdin.close()
        server.wait()
    for row in rows.values():
        row |= {kind: row[kind][1:] for kind in ("wall", "cpu")}  # without the first, which warms up
    plain = [row for way, row in rows.items() if way.startswith("plain")]
    for way, row in rows.items():
        ratios = "".join(
            f"  {statistics.median(row['wall']) / statistics.median(other['wall']):.2f} "
            f"({statistics.median(row['cpu']) / statistics.median(other['cpu']):.2f}) x {other['way']}"
            for other in plain
            if not way.startswith("plain")
        )
        wall, cpu = statistics.median(row["wall"]), statistics.median(row["cpu"])
        step = 1e3 * NETWORKS[network][2] / wall
        memory = f"  {row['gigabytes']:.1f} GB" if row["gigabytes"] else ""
        print(f"{network:16} {way:17}{wall:9,.0f} ({cpu:7,.0f})  {step:7.2f} ms a step{memory}{ratios}", flush=True)
    return list(rows.values())


def start(way: str, network: str, options: argparse.Namespace) -> subprocess.Popen:
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    if not way.startswith("plain"):
        environment = ENVIRONMENT | environment
    task = json.dumps({"way": way, "network": network, "device": options.device, "precision": options.precision})
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, __file__, "--one", task], cwd=ROOT, env=environment, **pipes)


def serve(way: str, network: str, device: str, precision: str) -> None:
    """Run one epoch for every line on the standard input."""
    import torch

    options, shape, batch, images = NETWORKS[network]
    images *= 32 if device == "cuda" else 1
    draw = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (images, *shape), generator=draw, dtype=torch.uint8)
    labels = torch.randint(10, (images,), generator=draw)
    make = plain if way.startswith("plain") else ours
    number = int(way[0]) if way.endswith("together") else 1
    way = "unrecorded" if way.startswith("not") else "2 workers" if "workers" in way else ""
    epoch = make(network.split()[0], options, shape, batch, pixels, labels, device, number, way, precision)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), cpu_seconds()
        epoch()
        if device == "cuda":
            torch.cuda.synchronize()
        gigabytes = torch.cuda.max_memory_reserved() / 1e9 if device == "cuda" else 0
        print(json.dumps({"images": images * number, "wall": time.perf_counter() - wall, "cpu": cpu_seconds() - cpu,
                          "gigabytes": gigabytes}), flush=True)  # fmt: skip


def cpu_seconds() -> float:
    """Of this process and of the workers that it has waited for."""
    times = os.times()
    return sum(times[:4])


def masked(name, options, shape, seed):
    import numpy as np

    from prunegraph import models
    from prunegraph.masks import Mask

    network, draw = models.create(name, 10, shape, seed, **options), np.random.default_rng(seed)
    return network, Mask({key: draw.random(value.shape) < 0.1 for key, value in models.prunable(network).items()})


def ours(name, options, shape, batch, pixels, labels, device, number, way, precision):
    from prunegraph.datasets.data import Data, Part
    from prunegraph.training import Recipe, Start
    from prunegraph.training.loop import begun
    from prunegraph.training.memory import keep_freed_memory
    from prunegraph.training.recording import RecordedSteps, cuda_graph

    part = Part(pixels.to(device), labels.to(device), [0.5] * shape[0], [0.25] * shape[0])
    empty = Part(part.images[:0], part.labels[:0], [0.5] * shape[0], [0.25] * shape[0])
    data = Data("noise", 10, shape, (0.5,), (0.25,), True, part, empty, empty)
    starts = [Start(*masked(name, options, shape, seed), seed) for seed in range(number)]
    recipe = Recipe(epochs=1, batch_size=batch, learning_rate=0.01, precision=precision)
    keep_freed_memory()
    runs = [begun(start, data, recipe) for start in starts]
    for run in runs:
        run.network.train()
    recorded = RecordedSteps(runs, cuda_graph) if device == "cuda" and way != "unrecorded" else None

    def epoch():
        for batches in zip(*(data.epoch(batch, run.generator) for run in runs), strict=True):
            if recorded is not None:
                recorded.step(batches)
            else:
                for run, (images, targets) in zip(runs, batches, strict=True):
                    run.descent.step(images, targets)

    return epoch


def plain(name, options, shape, batch, pixels, labels, device, number, way, precision):
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset
    from torchvision import transforms

    steps = [transforms.RandomCrop(shape[-1], padding=4), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
             transforms.Normalize([0.5] * shape[0], [0.25] * shape[0])]  # fmt: skip
    change = transforms.Compose(steps)
    arrays = pixels.permute(0, 2, 3, 1).squeeze(-1).contiguous().numpy()

    class Pictures(Dataset):
        def __len__(self):
            return len(arrays)

        def __getitem__(self, place):
            return change(Image.fromarray(arrays[place])), int(labels[place])

    workers = 2 * (way == "2 workers")
    loader = DataLoader(Pictures(), batch, shuffle=True, num_workers=workers, pin_memory=device == "cuda")
    network, mask = masked(name, options, shape, 0)
    network.to(device)
    named = dict(network.named_parameters())
    kept = {key: torch.from_numpy(mask[key]).float().to(device) for key in mask}
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    criterion = torch.nn.CrossEntropyLoss()

    def epoch():
        network.train()
        total, correct = 0.0, 0
        for images, targets in loader:
            images, targets = images.to(device), targets.to(device)
            optimiser.zero_grad()
            logits = network(images)
            loss = criterion(logits, targets)
            loss.backward()
            for key, values in kept.items():
                named[key].grad.mul_(values)
            optimiser.step()
            with torch.no_grad():
                for key, values in kept.items():
                    named[key].mul_(values)
            total += loss.item() * len(targets)
            correct += logits.argmax(1).eq(targets).sum().item()

    return epoch


if __name__ == "__main__":
    main()
