"""The state of a training on disk, so that a job that was killed goes on where it was."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from prunegraph import tensors
from prunegraph.errors import UserError

logger = logging.getLogger("prunegraph")


def never() -> bool:
    """Nobody asks to stop."""
    return False


@dataclass(frozen=True)
class Checkpoint:
    """Where one training keeps its state while it runs, and when.

    A file is replaced in one step, carries a checksum and the key of its training,
    and holds tensors only (safetensors): one that was cut short, damaged or made by
    another training is ignored with a line in the log. The state of a finished
    training stays until :meth:`remove`, so that a job of several trainings repeats none.

    Parameters
    ----------
    folder
        Of this training alone.
    key
        Of everything that the training is made from; a state with another key is not resumed.
    every
        Epochs between two writings.
    stop
        Asked after every step. True: the state is written and the training ends with
        :class:`prunegraph.errors.Interrupted`.
    name
        Tells trainings in the same folder apart; see :meth:`phase`.
    """

    folder: Path
    key: str
    every: int = 5
    stop: Callable[[], bool] = never
    name: str = "training"

    def phase(self, name: str) -> "Checkpoint":
        """The checkpoint of one of several trainings that make one result, such as the rounds of iterative pruning."""
        return Checkpoint(self.folder, self.key, self.every, self.stop, name)

    @property
    def path(self) -> Path:
        """The one file of this training."""
        return Path(self.folder) / f"{self.name}.safetensors"

    def write(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Replace the state by `arrays` and `facts` (plain values)."""
        text = json.dumps(facts)  # as text, because a header's mappings lose their order
        tensors.save(self.path, arrays, key=self.key, facts=text, checksum=_checksum(self.key, text, arrays))

    def read(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """What :meth:`write` wrote last for this key, or None."""
        if not self.path.exists():
            return None
        try:
            arrays, header = tensors.load(self.path)
        except (UserError, UnicodeDecodeError, TypeError, KeyError) as problem:
            return self._ignored(str(problem))
        key, text = header.get("key"), header.get("facts")
        if _checksum(key, text, arrays) != header.get("checksum"):
            return self._ignored("its checksum is wrong")
        if key != self.key:
            return self._ignored("it is of another training")
        return arrays, json.loads(text)

    def remove(self) -> None:
        """Delete the folder with the states of all phases."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ignored(self, reason: str) -> None:
        logger.info("ignored the checkpoint %s: %s", self.path, reason)


def _checksum(key: str, text: str, arrays: Mapping[str, np.ndarray]) -> str:
    found = hashlib.sha256(f"{key}\n{text}".encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"\n{name} {array.dtype} {arrays[name].shape}\n".encode())
        found.update(memoryview(array).cast("B") if array.size else b"")
    return found.hexdigest()
