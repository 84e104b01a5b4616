"""What the benchmarks of metrics share: a process for every task, what it imports, and how much memory it takes."""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from root import ROOT

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def child(script: str, task: dict, cold: bool, capped: bool = False) -> dict:
    """What `script --one TASK` prints, JSON objects line by line, in a process of its own with one thread.

    `cold`: with an empty cache of compiled code; `capped`: a task that ran out of CPU seconds counts with what it told.
    """
    environment = os.environ | dict.fromkeys(THREADS, "1") | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, script, "--one", json.dumps(task)]
    with tempfile.TemporaryDirectory() as cache:
        if cold:
            environment["NUMBA_CACHE_DIR"] = cache
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode and not (capped and done.returncode in (-signal.SIGXCPU, -signal.SIGKILL)):
        sys.exit(f"{task} failed:\n{done.stderr}")
    for line in done.stdout.splitlines():
        task = task | json.loads(line)
    return task


def check_device(name: str) -> None:
    """Stop with a sentence if torch cannot work there."""
    if name == "cpu":
        return
    import torch

    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as problem:
        sys.exit(f"There is no device {name!r} here ({str(problem).split('.')[0]}); leave --device out for the CPU.")


def load(device: str) -> None:
    """Import what the metrics import, before memory and time are looked at."""
    import torch

    torch.set_num_threads(1)
    torch.zeros(1, device=device)
    import scipy.sparse.linalg  # noqa: F401

    import prunegraph.metrics.implicit.cuts
    import prunegraph.metrics.implicit.motifs
    import prunegraph.metrics.implicit.neighbourhood
    import prunegraph.metrics.measurement
    import prunegraph.metrics.spectrum.operator  # noqa: F401


def high_water(reset: bool = False) -> int:
    """Peak resident memory, KiB, since the last reset (Linux; elsewhere of the whole process)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak()
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return int(status.read_text().split("VmHWM:")[1].split()[0])


def peak() -> int:
    """Peak resident memory of this process, KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
