"""Seconds and memory of planning many networks, and seconds of checking their files: uv run python benchmarks/verify.py

Plans are those of `snakemake -n` for one study of 42 cells with as many seeds as the wanted number of networks takes,
and of 5,042 cells; in an empty folder, so every job is planned. Files are of the sizes that small networks have, in the
page cache.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from prunegraph.pool import filling, losses, manifest_path
from prunegraph.verification import Verification

ROOT = Path(__file__).resolve().parents[1]


def study(sparsities: int, seeds: int) -> str:
    """One study of 2 (1 + 4 sparsities) cells in place of those of config.yaml."""
    others = dict.fromkeys(yaml.safe_load((ROOT / "config.yaml").read_text())["studies"])
    grid = {
        "datasets": ["digits"],
        "models": ["conv6_narrow", "resnet20_narrow"],
        "methods": ["dense", "snip", "synflow", "uniform", "er"],
        "sparsities": [round(0.1 + 0.8 * number / sparsities, 6) for number in range(sparsities)],
        "seeds": seeds,
    }
    return f"studies={json.dumps({**others, 'many': grid})}"


def plan(networks: int, sparsities: int) -> None:
    """Time and memory of one dry run."""
    cells = 2 * (1 + 4 * sparsities)
    seeds = round(networks / cells)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--directory", folder, "--config", study(sparsities, seeds)]
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"the plan of {networks} networks failed")
    cpu = used.ru_utime + used.ru_stime
    print(
        f"plan of {cells * seeds:,} networks in {cells:,} cells: {seconds:.1f} s, {cpu:.1f} s of CPU, "
        f"{used.ru_maxrss / 2**20:.2f} GiB"
    )


def check(networks: int, kilobytes: int) -> None:
    """What one pool of `networks` costs: receipts written, looked at while planning, read by `verify`."""
    with tempfile.TemporaryDirectory() as folder:
        results, content = Path(folder, "results"), os.urandom(kilobytes * 1024)
        cells = [f"trained/digits/tiny/m-0.{number}" for number in range(1, networks // 100 + 1)]
        items = [f"seed{seed}" for seed in range(100)]
        for name in cells:
            with filling(manifest_path(results / name, "0" * 12)) as cell:
                for item in items:
                    cell.path(f"{item}/weights").write_bytes(content)
                    cell.add(item, "key", f"{item}/weights")
        start = time.perf_counter()
        assert not any(losses(results / name, items) for name in cells)
        planned = time.perf_counter()
        verification = Verification(results)
        assert not list(verification.problems())
        seconds = time.perf_counter() - planned
    thousand = 1000 / networks
    print(
        f"files of {kilobytes} kB: verify {seconds * thousand:.2f} s per 1,000, looking for lost ones while planning "
        f"{(planned - start) * thousand:.3f} s per 1,000"
    )


def main():
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, nargs="*", default=[10_000, 42_000, 100_800])
    parser.add_argument("--wide", type=int, default=100_800, help="networks of a plan of 5,042 cells; 0 for none")
    parser.add_argument("--files", type=int, default=2_000)
    options = parser.parse_args()
    for kilobytes in (10, 1000):
        check(options.files, kilobytes)
    for networks in options.networks:
        plan(networks, sparsities=5)
    if options.wide:
        plan(options.wide, sparsities=630)


if __name__ == "__main__":
    main()
