"""Writing files so that nothing half-written is ever seen under its final name."""

import csv
import hashlib
import io
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; rename it to `path` when the block ends well.

    The temporary name ends with the suffixes of `path`, so writers that choose a
    format by suffix work. If the block raises, the temporary file is removed and
    `path` is left as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp.{os.getpid()}.{socket.gethostname()}.{path.name}")
    try:
        yield temporary
        _share(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _share(path: Path) -> None:
    """Give a file the mode that the umask allows; some libraries create theirs for their owner alone."""
    if path.stat().st_mode & 0o777 == 0o600:
        umask = os.umask(0)
        os.umask(umask)
        path.chmod(0o666 & ~umask)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` atomically, UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON atomically: indented, NaN refused, keys in the given order."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def read_json(path: str | Path, default: Any = None) -> Any:
    """Read JSON; `default` if there is no such file or it cannot be read as JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return default


def write_table(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write dicts as CSV atomically, the keys of the first row as its columns; an empty file without rows."""
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_text(path, text.getvalue())


def sha256(path: str | Path) -> str:
    """Hexadecimal sha256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
