"""Downloads of official files, which are resumed, retried, and checked before they get their final name."""

import fcntl
import http.client
import logging
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from prunegraph import __version__
from prunegraph.datasets.addresses import REMOTE, Remote
from prunegraph.datasets.sources import missing
from prunegraph.errors import UserError
from prunegraph.files import sha256

logger = logging.getLogger("prunegraph")

# Attempts without a new byte before an address is given up; seconds before the second attempt, doubled each time.
ATTEMPTS = 4
WAIT = 1.0
TIMEOUT = 30
PIECE = 2**18
LOG_EVERY = 10

# Answers after which another attempt may succeed.
PASSING = (408, 425, 429, 500, 502, 503, 504)


class Refused(Exception):
    """An address does not give the file, and further attempts would not help."""


def download(name: str, folder: str | Path) -> None:
    """Download the official files of data set `name` below `folder`, unless they are there in any of its layouts.

    Existing files are never changed. A download is written under the file's name with ``.part`` appended, and is
    renamed when its length and sha256 are right. An interrupted download continues where it stopped, also in a later
    run.

    Raises
    ------
    UserError
        If no address gives the right file; the message says which file to put where.
    """
    sentence = missing(name, folder)
    if sentence is None:
        return
    if name not in REMOTE:
        raise UserError(sentence)
    try:
        for remote in REMOTE[name]:
            fetch(remote, Path(folder))
    except UserError as problem:
        raise UserError(f"{problem} {sentence}") from None
    except OSError as problem:  # problems of an address are reported with that address
        raise UserError(f"{Path(folder).resolve()} cannot be written to ({problem}). {sentence}") from None


def fetch(remote: Remote, folder: Path) -> None:
    """Download one file below `folder`, unless it is there.

    Raises
    ------
    UserError
        As :func:`download`.
    """
    target = folder / remote.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target.with_name(target.name + ".part")) as part:
        if target.exists() or (target.suffix == ".gz" and target.with_suffix("").exists()):
            logger.info("%s is there", target)
            part.unlink()
            return
        _check_space(part, remote)
        problems = []
        for address in remote.addresses:
            try:
                _from_address(address, part, remote)
            except (Refused, OSError, http.client.HTTPException) as problem:
                problems.append(f"{address}: {_reason(problem)}")
                logger.info("%s", problems[-1])
                continue
            os.replace(part, target)
            logger.info("%s: complete, sha256 as published", target)
            return
        if not part.stat().st_size:
            part.unlink()
    raise UserError(
        f"{remote.name} could not be downloaded ({'; '.join(problems)}). "
        f"Fetch it on another machine and put it at {target.resolve()}, or try again: what came is kept."
    )


def _from_address(address: str, part: Path, remote: Remote) -> None:
    """Complete `part` from one address; start once more from the beginning if its content proves to be wrong."""
    resumed = part.stat().st_size
    if resumed > remote.length:
        os.truncate(part, 0)
    for _ in range(2 if resumed else 1):
        _complete(address, part, remote)
        if sha256(part) == remote.sha256:
            return
        logger.info("%s: the sha256 is not the published one", address)
        os.truncate(part, 0)
    raise Refused("its sha256 is not the published one")


def _complete(address: str, part: Path, remote: Remote) -> None:
    """Append to `part` until it has the right length; try again after failures as long as bytes arrive."""
    failures, most = 0, part.stat().st_size
    while (have := part.stat().st_size) < remote.length:
        try:
            _append(address, part, remote)
        except (OSError, http.client.HTTPException) as problem:
            _raise_if_final(problem)
            # Compare with the longest so far: a server without ranges may send more and less alternately, without end.
            failures = 1 if part.stat().st_size > most else failures + 1
            most = max(most, part.stat().st_size)
            if failures >= ATTEMPTS:
                raise
            pause = WAIT * 2 ** (failures - 1)
            logger.info("%s: %s; asking again in %g s", address, _reason(problem), pause)
            time.sleep(pause)
    if have > remote.length:
        os.truncate(part, 0)
        raise Refused(f"it is longer than the {remote.length} bytes published")


def _raise_if_final(problem: Exception) -> None:
    if isinstance(problem, urllib.error.HTTPError):
        problem.close()
        if problem.code not in PASSING:
            raise Refused(f"HTTP {problem.code} {problem.reason}") from problem


def _reason(problem: Exception) -> str:
    """Describe a problem briefly, without what urllib adds."""
    return str(getattr(problem, "reason", None) or problem or type(problem).__name__)


def _append(address: str, part: Path, remote: Remote) -> None:
    """Request the bytes that `part` lacks; a server without ranges sends the whole file, which replaces the part."""
    have = part.stat().st_size
    headers = {"User-Agent": f"prunegraph/{__version__}"} | ({"Range": f"bytes={have}-"} if have else {})
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer, part.open("r+b") as file:
        start = _start(answer)
        if start > have:
            raise Refused(f"it was asked for the bytes from {have} and sent those from {start}")
        expected = answer.headers.get("Content-Length")
        if expected is not None and start + int(expected) != remote.length:
            raise Refused(f"it has {start + int(expected)} bytes, {remote.length} are published")
        file.seek(start)
        file.truncate()
        _copy(answer, file, remote, start)


def _start(answer: http.client.HTTPResponse) -> int:
    """Position in the file of the first byte of the answer."""
    if answer.status != http.client.PARTIAL_CONTENT:
        return 0
    span = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if not span.isdigit():
        raise Refused("it sent a part of the file without saying which")
    return int(span)


def _copy(answer: http.client.HTTPResponse, file: BinaryIO, remote: Remote, have: int) -> None:
    told, begun, came = time.monotonic(), time.monotonic(), 0
    while piece := answer.read1(PIECE):
        file.write(piece)
        came += len(piece)
        if have + came > remote.length:
            return  # the caller compares lengths; an endless answer must not fill the disk
        if time.monotonic() - told >= LOG_EVERY:
            told = time.monotonic()
            share, speed = (have + came) / remote.length, came / (told - begun) / 1e6
            logger.info("%s: %.0f %% of %.1f MB, %.1f MB/s", remote.name, 100 * share, remote.length / 1e6, speed)
    if have + came < remote.length:
        raise http.client.IncompleteRead(b"", remote.length - have - came)


def _check_space(part: Path, remote: Remote) -> None:
    needed, free = remote.length - part.stat().st_size, shutil.disk_usage(part.parent).free
    if free < needed:
        raise UserError(
            f"{remote.name} needs {needed / 1e6:.0f} MB more in {part.parent.resolve()}, where {free / 1e6:.0f} MB are "
            "free. Make room or choose another `data_dir`."
        )


@contextmanager
def _alone(path: Path) -> Iterator[Path]:
    """Open the file, and let other processes that want it wait."""
    while True:
        with path.open("ab") as file:
            with suppress(OSError):  # some network file systems have no locks
                fcntl.flock(file, fcntl.LOCK_EX)
            # Another process may have renamed or removed the file while this one was waiting.
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                yield path
                return
