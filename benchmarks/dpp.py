"""How long a DPP over the edges of one layer takes, and how much memory, on one thread.

    python benchmarks/dpp.py [--units 500] [--images FOLDER]

Each line is a process of its own: the edges of `units` units with 784 inputs and 60,000 images, at three and at nine
sparsities, from the images to the masks; and the logarithm of one elementary symmetric polynomial of 3,072 numbers.
Images are noise of 30 patterns, or those of MNIST in a folder (train-images-idx3-ubyte.gz); weights are random.
"""

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import root  # noqa: F401

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
SIZES = {
    "three sizes (79, 236, 392)": (79, 236, 392),
    "nine sizes (79 to 706)": (79, 157, 236, 314, 392, 471, 549, 628, 706),
}
POLYNOMIAL = "log e_1536 of 3,072 numbers"
COLUMNS = ("what", "CPU s", "wall s", "peak GB", "before GB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--images", default="")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one, given.units, given.images)))
        return
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for what in (*SIZES, POLYNOMIAL):
        command = [sys.executable, __file__, *sys.argv[1:], "--one", what]
        environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
        found = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        print("| " + " | ".join(map(str, [what, *json.loads(found.stdout)])) + " |", flush=True)


def measure(what: str, units: int, folder: str) -> list[float]:
    """[CPU seconds, wall seconds, peak GB, GB before]."""
    work = polynomial() if what == POLYNOMIAL else edges(SIZES[what], units, folder)
    before, clocks = memory(), (time.process_time(), time.perf_counter())
    work()
    cpu, wall = time.process_time() - clocks[0], time.perf_counter() - clocks[1]
    return [round(cpu, 3), round(wall, 3), round(memory(), 2), round(before, 2)]


def polynomial():
    import numpy as np

    from prunegraph.pruning.dpp.sampling import Decomposition

    first, second = (Decomposition(np.random.default_rng(seed).standard_normal(3072), None) for seed in (0, 1))
    first.log_e(1536)  # the first call of a process waits for its memory
    return lambda: second.log_e(1536)


def edges(sizes: tuple[int, ...], units: int, folder: str):
    import torch
    from torch import nn

    from prunegraph import pruning
    from prunegraph.pruning.remembering import remembering

    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, units), nn.Sigmoid(), nn.Linear(units, 10))
    pictures = images(folder)
    batches = [(part, torch.zeros(len(part), dtype=torch.long)) for part in pictures.split(1000)]
    sparsities = [1 - size / 784 for size in sizes]

    def work() -> None:
        with remembering():
            for sparsity in sparsities:
                pruning.prune(network, "dpp_edge", sparsity, 0, batches, sparsities=sparsities)

    return work


def images(folder: str):
    """60,000 float32 images (1, 28, 28)."""
    import torch

    if folder:
        bytes_ = bytearray(gzip.decompress(Path(folder, "train-images-idx3-ubyte.gz").read_bytes()))
        pixels = torch.frombuffer(bytes_, dtype=torch.uint8, offset=16).view(-1, 1, 28, 28)
        return (pixels.float() / 255 - 0.1307) / 0.3081
    patterns, found = torch.randn(30, 784) / 6, torch.empty(60_000, 784)
    for part in found.split(1000):
        part.copy_(
            (torch.randn(len(part), 30) @ patterns).add_(torch.randn(len(part), 784), alpha=0.3).clamp_(-0.4, 2.8)
        )
    return found.view(-1, 1, 28, 28)


def memory() -> float:
    """Peak so far, GB (10^9 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
