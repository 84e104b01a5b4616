"""Files below a folder or in an archive, by name. Archives are read as a stream; nothing is unpacked to disk."""

import bz2
import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from prunegraph.errors import UserError

# Limits on the content of an archive, far above any data set that fits into memory.
MOST_FILES = 20_000_000
LARGEST_FILE = 256 * 2**20
LARGEST_TREE = 2**40

# Meaning of each suffix, the longest suffix first.
TARS = (".tar.zst", ".tar.gz", ".tar.bz2", ".tar.xz", ".tzst", ".tgz", ".tar")
ARCHIVES = (*TARS, ".zip")

# (name with forward slashes, size in bytes, function that reads the file; it must be called before the next entry)
Entry = tuple[str, int, Callable[[], bytes]]


def is_tree(path: str | Path) -> bool:
    """Whether `path` is a folder or a file named like an archive."""
    return Path(path).is_dir() or (Path(path).is_file() and Path(path).name.lower().endswith(ARCHIVES))


def names(path: str | Path) -> list[str]:
    """List the names of all files in the folder or archive `path`, sorted, relative to it.

    Raises
    ------
    UserError
        As :func:`contents`.
    """
    with _told(path):
        return sorted({name for name, _, _ in _entries(Path(path))})


def contents(path: str | Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of each of the `wanted` files in the folder or archive `path`, in the order of storage.

    Raises
    ------
    UserError
        If `path` is neither a folder nor an archive, is damaged or truncated, holds too much, or names a file outside
        of itself.
    """
    with _told(path):
        for name, size, read in _entries(Path(path)):
            if name not in wanted:
                continue
            if size > LARGEST_FILE:
                raise UserError(f"{path}: {name} has {size} bytes, more than the {LARGEST_FILE} that are read at once.")
            yield name, read()


def _entries(path: Path) -> Iterator[Entry]:
    if not path.exists():
        raise UserError(f"There is no {path}; expected a folder or an archive.")
    if path.is_dir():
        found = _in_folder(path)
    elif path.name.lower().endswith(TARS):
        found = _in_tar(path)
    elif path.name.lower().endswith(".zip"):
        found = _in_zip(path)
    else:
        raise UserError(f"{path} is neither a folder nor an archive ({', '.join(ARCHIVES)}).")
    total = 0
    for number, (name, size, read) in enumerate(found):
        total += size
        if number >= MOST_FILES or total > LARGEST_TREE:
            raise UserError(f"{path} holds more than {MOST_FILES} files or {LARGEST_TREE} bytes, so it was not read.")
        yield _inside(name, path), size, read


def _in_folder(path: Path) -> Iterator[Entry]:
    above: dict[str, frozenset[str]] = {}  # for each folder, the real folders that contain it
    for folder, below, files in os.walk(path, followlinks=True, onerror=_refuse):
        real, outer = os.path.realpath(folder), above.get(os.path.dirname(folder), frozenset())
        if real in outer:
            raise UserError(f"{folder} is a link to a folder that it lies in. Remove the link.")
        above[folder] = outer | {real}
        below.sort()
        for file in sorted(files):
            place = Path(folder, file)
            yield place.relative_to(path).as_posix(), 0, place.read_bytes


def _refuse(problem: OSError) -> None:
    """Raise an error for a folder that cannot be read; os.walk would pass over it, and a class would be lost."""
    raise problem


def _in_zip(path: Path) -> Iterator[Entry]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, info.file_size, lambda info=info: archive.read(info)


def _in_tar(path: Path) -> Iterator[Entry]:
    """Yield the regular files of a tar archive; devices are passed over, links refused."""
    plain = path.name.lower().endswith(".tar")
    with _unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r:" if plain else "r|") as archive:
        for member in archive:
            archive.members = []  # otherwise tarfile keeps all of them in memory
            if member.issym() or member.islnk():  # what a link names has gone by in the stream
                raise UserError(
                    f"{path}: {member.name} is a link to {member.linkname}, and links in an archive are not read. Pack "
                    "it again with the files themselves: tar --dereference --hard-dereference."
                )
            if member.isreg():
                yield member.name, member.size, lambda member=member: archive.extractfile(member).read()
        if plain:
            stream.seek(-min(1024, path.stat().st_size), os.SEEK_END)
            tail = stream.read()
        else:
            while stream.read(2**20):
                pass
            tail = stream.last
    # A stream that ends between two files looks complete to tarfile, but an archive ends with two blocks of zeros.
    if tail.strip(b"\0"):
        raise tarfile.ReadError("its end is missing")


class _Remembering:
    """A stream for reading that remembers its last kilobyte."""

    def __init__(self, stream: BinaryIO):
        self._stream, self.last = stream, b""

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self.last = (self.last + piece)[-1024:]
        return piece


@contextmanager
def _unpacked(path: Path) -> Iterator[BinaryIO | _Remembering]:
    """Open the uncompressed content of a tar archive as a stream."""
    name = path.name.lower()
    with path.open("rb") as file:
        if name.endswith("zst"):
            import zstandard

            yield _Remembering(zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True))
        elif name.endswith(".tar"):
            yield file
        else:
            packing = {"gz": gzip, "bz2": bz2, "xz": lzma}[name.rpartition(".")[2].replace("tgz", "gz")]
            with packing.open(file) as stream:
                yield _Remembering(stream)


def _inside(name: str, path: Path) -> str:
    """Remove a leading ``./`` from `name`, and refuse a name outside of the tree."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or parts[0].endswith(":"):
        raise UserError(f"{path} names the file {name!r}, which leads out of it, so it was not read.")
    return "/".join(parts)


@contextmanager
def _told(path: str | Path) -> Iterator[None]:
    """Turn problems of a folder or archive into a `UserError` with a sentence."""
    try:
        yield
    except UserError:
        raise
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as problem:
        raise UserError(f"{path} cannot be read ({problem}). It may be truncated: fetch it again.") from problem
    except (RuntimeError, NotImplementedError) as problem:  # a zip file with a password or an unusual compression
        raise UserError(f"{path} cannot be unpacked ({problem}). Pack it again in a common way.") from problem
    except Exception as problem:
        if type(problem).__module__.partition(".")[0] != "zstandard":
            raise
        raise UserError(f"{path} cannot be unpacked ({problem}). It may be damaged: fetch it again.") from problem
