"""Files that a wrong clock dated in the future are dated now.

Snakemake refuses what a job makes if it is older than what the job read, so results of a clock that was ahead would
stop every run until that time comes. What is up to date is decided by the hashes in names and manifests, not by times.
"""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

logger = logging.getLogger("prunegraph")

#: What Snakemake does not look at.
_APART = ("logs", "benchmarks", "checkpoints", "tensorboard")

#: Clocks of the machines of one file system differ by this much, in seconds.
_TOLERANCE = 5.0


def settle(results: str | Path, pools: Mapping[str, int], now: float | None = None) -> int:
    """Date what jobs read or make now where it is dated in the future; how many files these were.

    Parameters
    ----------
    results
        The folder of results. What lies in the folder of a single data set, model or cell is not looked at, because
        no rule names it.
    pools
        Folders in `results`, each with how many folders below it the manifests lie.
    now
        Default: the time.
    """
    now = time.time() if now is None else now
    dated = 0
    for path, written in _files(Path(results), pools):
        if written > now + _TOLERANCE:
            os.utime(path, (now, now))
            dated += 1
    if dated:
        logger.warning("%d files in %s are dated in the future: a clock was wrong. They are dated now.", dated, results)
    return dated


def _files(results: Path, pools: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    waiting = [(str(results), 0, 3)]
    while waiting:
        folder, depth, deepest = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield entry.path, entry.stat(follow_symlinks=False).st_mtime
            elif not depth and entry.name not in _APART:
                waiting.append((entry.path, 1, pools.get(entry.name, deepest)))
            elif depth and (depth < deepest or entry.name.startswith(".")):
                waiting.append((entry.path, depth + 1, deepest))
