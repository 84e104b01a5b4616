"""The only file that knows Snakemake exists: runs a script's `main` from a rule or from the shell."""

import argparse
import errno
import fcntl
import hashlib
import inspect
import itertools
import json
import logging
import os
import signal
import sys
import tempfile
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prunegraph import pool
from prunegraph.errors import Interrupted, UserError

logger = logging.getLogger("prunegraph")

_LOCKS: list[typing.TextIO] = []

#: Environment of every job of the workflow. It must be there when a process starts: the C library (glibc 2.35 or later)
#: then takes large pieces of memory as huge pages where the system grants them on request, 3 to 5 % of a training step
#: of ResNet-20 on a CPU.
ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


def environment(project: str) -> dict[str, str]:
    """The environment of every job of the workflow in the folder `project`; what is set already stays.

    Python looks there first. Snakemake names the folder to scripts behind the installed packages, where another
    prunegraph that happens to be installed would be taken in its stead.
    """
    searched = [project, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**ENVIRONMENT, **os.environ, "PYTHONPATH": os.pathsep.join(searched)}


# Exit code of a job that stopped on request and can go on: "temporary failure, try again" of sysexits.h.
TRY_AGAIN = 75
# Ctrl-C, kill, and what the profile for SLURM sends before a time limit. SIGURG, because the shells and the Snakemake
# around a job on a cluster ignore it, where SIGTERM or SIGUSR1 ends them and their end ends the job at once.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGURG)


def launch(main: Callable[..., None], snakemake: Any = None) -> None:
    """Call `main` with arguments taken by name from a Snakemake job, or from the command line.

    Each parameter of `main` is looked up among the job's outputs, inputs, params, what the param ``request`` maps,
    wildcards and resources. ``device`` comes from the resource ``gpu``. A
    :class:`UserError` ends the process with its sentence and exit code 1,
    :class:`Interrupted` with exit code 75.
    """
    job = _from_rule if snakemake is not None else _from_shell
    _log_to(snakemake)
    try:
        arguments = job(main, snakemake)
        with _answered(snakemake):
            main(**arguments)
    except UserError as problem:
        print(f"Error: {problem}", file=sys.stderr)
        sys.exit(1)
    except Interrupted as stop:
        print(stop, file=sys.stderr)
        sys.exit(TRY_AGAIN)
    except (MemoryError, ImportError, OSError) as problem:
        if not _lacking(problem):
            raise
        _say_what_lacks(problem)
        sys.exit(1)


def _say_what_lacks(problem: BaseException) -> None:
    print(f"Error: {_lacking(problem)} What is finished is kept: run the same command again then.", file=sys.stderr)


def _uncaught(kind: type[BaseException], problem: BaseException, trace: types.TracebackType | None) -> None:
    """Say what this machine lacks where a library that a script imports finds no memory; else Python's traceback."""
    if isinstance(problem, MemoryError | ImportError) and _lacking(problem):
        _say_what_lacks(problem)
    else:
        sys.__excepthook__(kind, problem, trace)


# Scripts import this module first, so it sees what happens while they import the others.
sys.excepthook = _uncaught


def _lacking(problem: BaseException) -> str:
    """Say what this machine lacks: room on a disk or memory; the empty word where it is something else."""
    code = getattr(problem, "errno", None)
    if code in (errno.ENOSPC, errno.EDQUOT):
        where = f" at {problem.filename}" if getattr(problem, "filename", None) else ""
        return f"There is no room left on the disk{where} ({problem.strerror}). Make some."
    # A library that does not fit into memory is an ImportError.
    said = str(problem)
    unmapped = "failed to map segment" in said and "permitted" not in said
    if isinstance(problem, MemoryError) or code == errno.ENOMEM or "Cannot allocate memory" in said or unmapped:
        return "This job needs more memory than it has. Run fewer jobs at a time (--cores) or on a larger machine."
    return ""


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Let the block end where it can be resumed: gives a function that says whether a signal asked to stop."""
    asked: list[int] = []
    before = {number: signal.signal(number, lambda got, frame: asked.append(got)) for number in STOP_SIGNALS}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def usable_device(device: str) -> str:
    """`device` if torch can compute there; torch's current GPU becomes one that no other job has taken.

    Raises
    ------
    UserError
        If a GPU was granted that torch cannot see: days on the CPU would be no help.
    """
    if device == "cpu":
        return device
    import torch

    if not torch.cuda.is_available():
        raise UserError(
            "This job was granted a GPU, but torch sees none (torch.cuda.is_available() is False). "
            "Check the driver and CUDA_VISIBLE_DEVICES, or run with --config device=cpu."
        )
    torch.cuda.set_device(free_card(torch.cuda.device_count()))
    return device


def free_card(cards: int, folder: str | Path | None = None) -> int:
    """The number of a GPU that no other job has taken, taken until this process ends.

    Snakemake counts GPUs but hands out no numbers. Each job that takes one locks a file of its own in `folder`, which
    the system unlocks when the process ends, however it ends. When all are taken, jobs share those with the fewest.

    Parameters
    ----------
    cards
        How many GPUs are visible to this process (CUDA_VISIBLE_DEVICES counts: the files are named by what it holds).
    folder
        Default: the system's for temporary files.
    """
    seen = os.environ.get("CUDA_VISIBLE_DEVICES") or "all"
    folder = Path(folder or tempfile.gettempdir())
    name = f"prunegraph-{os.getuid()}-gpu-{hashlib.sha256(seen.encode()).hexdigest()[:8]}"
    for place in itertools.count():
        file = open(folder / f"{name}-{place}.lock", "w")  # noqa: SIM115 (open until the process ends)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        _LOCKS.append(file)
        return place % cards


@contextmanager
def _answered(snakemake: Any) -> Iterator[None]:
    """Check the files that answers of other rules name, before; write the rule's own answer, after."""
    if snakemake is None or "answer" not in dict(snakemake.output.items()):
        yield
        return
    outputs = dict(snakemake.output.items())
    answers = snakemake.input.get("answers", [])
    pool.check([answers] if isinstance(answers, str) else answers, snakemake.input)
    files = (path for path in snakemake.output if path != outputs["answer"])
    with pool.answering(outputs["answer"], files):
        yield


def _log_to(snakemake: Any) -> None:
    """Send everything the job says to the rule's log file, if it has one."""
    path = str(snakemake.log) if snakemake is not None else ""
    if path:
        # Line-buffered, so that `tail -f` shows the progress of a running job.
        sys.stdout = sys.stderr = open(path, "w", buffering=1, encoding="utf-8")  # noqa: SIM115
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", force=True)
    logger.setLevel(logging.INFO)


def _from_rule(main: Callable[..., None], snakemake: Any) -> dict[str, Any]:
    parts = snakemake.output, snakemake.input, snakemake.params, snakemake.wildcards, snakemake.resources
    sources = [dict(part.items()) for part in parts]
    sources.insert(3, dict(sources[2].get("request", {})))
    found = {}
    for name, parameter in inspect.signature(main).parameters.items():
        if name == "device":
            found[name] = "cuda" if int(snakemake.resources.get("gpu", 0)) else "cpu"
            continue
        value = next((source[name] for source in sources if name in source), parameter.default)
        if value is inspect.Parameter.empty:
            raise UserError(f"The rule {snakemake.rule} gives its script no {name!r}.")
        found[name] = _converted(value, _annotation(main, name))
    return found


def _from_shell(main: Callable[..., None], _: Any) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=sys.modules[main.__module__].__doc__)
    for name, parameter in inspect.signature(main).parameters.items():
        wanted = _annotation(main, name)
        required = parameter.default is inspect.Parameter.empty and name != "device"
        default = "cpu" if name == "device" else None if required else parameter.default
        several = {"nargs": "+"} if typing.get_origin(wanted) is list else {}
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, dest=name, required=required, default=default, help=str(wanted), **several)
    given = vars(parser.parse_args())
    return {name: _converted(value, _annotation(main, name)) for name, value in given.items()}


def _annotation(main: Callable[..., None], name: str) -> Any:
    wanted = typing.get_type_hints(main).get(name, str)
    if isinstance(wanted, types.UnionType):  # `int | None`
        wanted = next(part for part in typing.get_args(wanted) if part is not type(None))
    return wanted


def _converted(value: Any, wanted: Any) -> Any:
    """A path, number, list or mapping made of what Snakemake or the shell gave."""
    if value is None:
        return None
    if typing.get_origin(wanted) is list:
        (item,) = typing.get_args(wanted)
        return [_converted(one, item) for one in ([value] if isinstance(value, str) else value)]
    if wanted is dict or typing.get_origin(wanted) is dict:
        return json.loads(value) if isinstance(value, str) else dict(value)
    if wanted is Any or isinstance(value, Mapping):
        return value
    if wanted is bool:
        return value if isinstance(value, bool) else str(value).lower() in ("true", "1", "yes")
    if wanted in (Path, int, float, str):
        return wanted(value)
    return value
