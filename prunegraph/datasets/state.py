"""The state of a data set's files (names, sizes, times), from which a replaced file is noticed without reading it.

This runs in every dry run, so that it imports neither numpy nor torch and opens no file.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prunegraph.datasets.sources import SOURCES, locate, missing

# (name, size in bytes, time of the last change in ns); both numbers are -1 for a file that cannot be read.
Facts = tuple[str, int, int]
UNREADABLE = (-1, -1)

#: File beside a prepared data set: the state of its files, and how often they were found to be replaced.
STATE = "state.json"


def state(name: str, folder: str | Path, path: str | None = None, **_: Any) -> str:
    """Describe the files of data set `name` by their number, bytes and a hash; an empty text if there are no files.

    The hash covers names, sizes and times of change: a replaced file is noticed unless both its size and its time are
    those of the old file. Hidden files do not count, because no reader reads them. For a folder of an official data set
    (ImageNet has 1.3 million files) only the times of folders count; they change when a file is added, removed or
    renamed. Files that cannot be read cause no error here; the reader will report them.

    Parameters
    ----------
    name, folder
        As for :func:`prunegraph.datasets.sources.missing`.
    path
        Folder or archive from which the data set is read instead of `folder`, from its options.
    """
    comes_with_a_package = path is None and name not in SOURCES
    if missing(name, folder, path) is not None or comes_with_a_package:
        return ""
    places = list(locate(name, folder).values()) if path is None else [Path(path)]
    found = sorted(fact for place in places for fact in _facts(place, each_file=name not in SOURCES))
    digest = hashlib.sha256(repr(found).encode()).hexdigest()[:16]
    return f"{len(found)} entries, {sum(max(size, 0) for _, size, _ in found)} bytes, {digest}"


def _facts(place: Path, each_file: bool) -> Iterator[Facts]:
    """Yield the facts of a file, or of every file (or every folder) inside a folder."""
    if not place.is_dir():
        yield (place.name, *_size_and_time(place))
        return
    waiting, seen = [str(place)], set()
    while waiting:
        folder = waiting.pop()
        name = os.path.relpath(folder, place.parent)
        try:
            here = os.stat(folder)
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError:
            yield (name, *UNREADABLE)
            continue
        if (here.st_dev, here.st_ino) in seen:  # a link to a folder that was visited already, or that contains it
            continue
        seen.add((here.st_dev, here.st_ino))
        waiting += sorted(entry.path for entry in entries if entry.is_dir())
        if each_file:
            files = (entry for entry in entries if not entry.name.startswith(".") and not entry.is_dir())
            yield from ((f"{name}/{entry.name}", *_size_and_time(entry)) for entry in files)
        else:
            yield name, 0, here.st_mtime_ns


def _size_and_time(file: Path | os.DirEntry[str]) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return UNREADABLE
    return found.st_size, found.st_mtime_ns
