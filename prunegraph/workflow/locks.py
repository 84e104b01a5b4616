"""A lock of Snakemake whose process is dead is no lock.

Snakemake keeps two runs out of each other's way by files in ``.snakemake/locks``. They name no process, so they outlive
a run that was killed, and the next one is refused. Here every run leaves a file of its own in ``.snakemake/owners``
that is named after its process, before it locks; where none of those processes lives, the locks are removed.
"""

import atexit
import logging
import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger("prunegraph")


def own(folder: str | Path) -> bool:
    """Take down that this process is a run in Snakemake's `folder`; whether locks of dead runs were removed.

    Locks are left alone if a run that may have them lives, is of another machine or container (whose processes cannot
    be seen from here), or if no run left its name.
    """
    owners, locks = Path(folder, "owners"), Path(folder, "locks")
    owners.mkdir(parents=True, exist_ok=True)
    mine = owners / f"{_machine()}.{os.getpid()}.{_started(os.getpid())}"
    others = [path for path in owners.iterdir() if path != mine]
    mine.touch()
    atexit.register(_remove, mine, os.getpid())
    dead = [path for path in others if _dead(path.name)]
    stale = bool(dead) and len(dead) == len(others) and locks.is_dir() and any(locks.iterdir())
    if stale:
        shutil.rmtree(locks, ignore_errors=True)
        locks.mkdir(exist_ok=True)
        logger.warning("The run before was killed; the lock that it left is removed.")
    if len(dead) == len(others) or not (locks.is_dir() and any(locks.iterdir())):
        for path in dead:
            path.unlink(missing_ok=True)
    return stale


def _remove(path: Path, process: int) -> None:
    if os.getpid() == process:  # a fork has the same list of what to do at its end
        path.unlink(missing_ok=True)


def _dead(owner: str) -> bool:
    machine, process, started = owner.rsplit(".", 2)
    if machine != _machine():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError):
        return False
    return _started(int(process)) != started  # another process has its number by now


def _machine() -> str:
    """The machine, and where the system has them the numbering of processes that this one sees (containers)."""
    numbering = ""
    with suppress(OSError):
        numbering = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    return f"{socket.gethostname()}.{numbering}"


def _started(process: int) -> str:
    """When a process started, in the system's own units; the empty word where the system does not tell."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
