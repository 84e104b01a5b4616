"""How long pruning at initialisation takes at full size, and how much memory.

    python benchmarks/pruning.py [--pruners prospr grasp] [--models resnet20 ...] [--device cuda]

Every cell is measured in a process of its own, on one thread: CPU seconds of the call (wall seconds beside them) and
the peak resident memory of the process, with what it holds before the call (interpreter, torch, network, images) in
a column of its own. On a GPU, memory is torch's peak allocation there. Images are noise of 3x32x32 in 10 classes:
what they show changes neither time nor memory. Options are the defaults, sparsity is 0.9.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

import root  # noqa: F401

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
MODELS = ["conv6", "resnet20", "resnet32", "wide_resnet28_2", "mobilenet_v2"]
PRUNERS = ["snip", "synflow", "grasp", "prospr"]
COLUMNS = ("model", "pruner", "CPU s", "wall s", "peak GB", "before GB")
SHAPE = (3, 32, 32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pruners", nargs="+", default=PRUNERS)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(*given.one, given.device)))
        return
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for model in given.models:
        for pruner in given.pruners:
            print(
                "| " + " | ".join(str(value) for value in in_a_process(model, pruner, given.device)) + " |", flush=True
            )


def in_a_process(model: str, pruner: str, device: str) -> list:
    command = [sys.executable, __file__, "--one", model, pruner, "--device", device]
    environment = {**os.environ, **dict.fromkeys(THREADS, "1")}
    found = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    return (
        [model, pruner, *json.loads(found.stdout)] if found.returncode == 0 else [model, pruner, "failed", "", "", ""]
    )


def measure(model: str, pruner: str, device: str) -> list[float]:
    """[CPU seconds, wall seconds, peak GB, GB before]."""
    import torch

    from prunegraph import models, pruning

    torch.set_num_threads(1)
    network = models.create(model, 10, SHAPE).to(device)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2048, *SHAPE, generator=generator).to(device)
    labels = (torch.arange(2048) % 10).to(device)
    batches = zip(images.split(128), labels.split(128), strict=True)
    before, clocks = memory(device), (time.process_time(), time.perf_counter())
    pruning.prune(network, pruner, 0.9, 0, batches)
    cpu, wall = time.process_time() - clocks[0], time.perf_counter() - clocks[1]
    return [round(cpu, 1), round(wall, 1), round(memory(device), 2), round(before, 2)]


def memory(device: str) -> float:
    """Peak so far, GB (10^9 bytes)."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
