"""What a search has evaluated so far: a file that only grows, so that a killed search loses no evaluation."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prunegraph.pool import sealed, sound


class Ledger:
    """Evaluations by key, in a file of one line each with a checksum.

    A line that was cut short or damaged counts as not there. Two processes on one file wait for each other: the second
    opens it when the first has closed it, or has ended.

    Parameters
    ----------
    path
        Of the file; made where there is none. None: nothing is kept.
    parent
        The process for which this one works. If it is gone when the next evaluation begins, this one ends, too: a
        worker that outlives a killed job would go on in secret, and keep the next run waiting.
    """

    def __init__(self, path: str | Path | None, parent: int | None = None):
        self._known: dict[str, Any] = {}
        self._parent = parent
        self._file = None
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._file = open(path, "a+b")  # noqa: SIM115 (open until the search ends)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._read()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *problem: object) -> None:
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return len(self._known)

    def value(self, key: str, evaluate: Callable[[], Any]) -> Any:
        """The value of a key, plain values of JSON: as written down, or evaluated now and written down."""
        if key not in self._known:
            if self._parent is not None and os.getppid() != self._parent:
                os._exit(1)
            self._known[key] = evaluate()
            if self._file is not None:
                line = sealed({"key": key, "value": self._known[key]})
                self._file.write(json.dumps(line).encode() + b"\n")
                self._file.flush()
                os.fsync(self._file.fileno())
        return self._known[key]

    def _read(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        for line in content.splitlines():
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if sound(found) and {"key", "value"} <= set(found):
                self._known[found["key"]] = found["value"]
        if content and not content.endswith(b"\n"):
            self._file.write(b"\n")  # so that what comes next is a line of its own
