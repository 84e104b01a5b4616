"""Facts about a run that are in no table: software, source code, machine."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from prunegraph import memory

#: The libraries whose versions can change a number or a picture.
PACKAGES = (
    *("snakemake", "torch", "torchvision", "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "numba"),
    *("matplotlib", "safetensors", "zstandard", "igraph", "networkx"),
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of each of :data:`PACKAGES` that is installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit(folder: str | Path) -> str:
    """Return the git commit of `folder`, with "and uncommitted changes" if there are any; empty outside a checkout."""
    try:
        found = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{found} and uncommitted changes" if changed else found


def hardware() -> dict[str, str]:
    """Find processor, usable cores, memory (GiB) and GPUs of this machine; unknown facts are left out."""
    facts = {"system": f"{platform.system()} {platform.machine()}", "processor": _processor()}
    facts["cores"] = str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    if memory.total() is not None:
        facts["memory"] = f"{memory.total() / 2**30:.0f} GiB"
    facts["GPU"] = ", ".join(_gpus()) or "none"
    return {name: fact for name, fact in facts.items() if fact}


def _git(folder: str | Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _gpus(folder: str | Path = "/proc/driver/nvidia/gpus") -> list[str]:
    """List the models of NVIDIA GPUs as the driver names them."""
    files = sorted(Path(folder).glob("*/information"))
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
