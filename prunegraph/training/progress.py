"""What a training tells while it runs: lines in the log, a bar on a terminal, scalars for TensorBoard on request."""

import csv
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prunegraph.errors import UserError

logger = logging.getLogger("prunegraph")


class Watch:
    """Told of every epoch of some trainings; a context.

    Parameters
    ----------
    names
        Of the networks, such as ``"seed 0"``.
    epochs
        Of each.
    scalars
        Folders for TensorBoard's event files, one a network; None writes none.
    """

    def __init__(self, names: Sequence[str], epochs: int, scalars: Sequence[Path] | None = None):
        self._names, self._epochs, self._bars = names, epochs, []
        self._writers = [writer(folder) for folder in scalars or ()]

    def __enter__(self) -> "Watch":
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bars = [tqdm(total=self._epochs, desc=name, unit="epoch") for name in self._names]
        return self

    def __exit__(self, *_: Any) -> None:
        for each in [*self._bars, *self._writers]:
            each.close()

    def __call__(self, place: int, row: Mapping[str, Any]) -> None:
        """Tell of one epoch of the network at `place`."""
        if self._bars:
            bar = self._bars[place]
            bar.update(row["epoch"] - bar.n)
            bar.set_postfix(loss=row["train_loss"], validation=row["validation_accuracy"])
        else:
            numbers = "  ".join(f"{name} {value:.4g}" for name, value in _numbers(row))
            logger.info("%s  epoch %d  %s", self._names[place], row["epoch"], numbers)
        if self._writers:
            write(self._writers[place], row)


def writer(folder: Path) -> Any:
    """A writer of TensorBoard's event files.

    Raises
    ------
    UserError
        If TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise UserError(
            "TensorBoard scalars were asked for (training.tensorboard), but the package is not installed. "
            "Install it with `uv sync --group tensorboard`, or set training.tensorboard to false."
        ) from None
    return SummaryWriter(folder)


def write(scalars: Any, row: Mapping[str, Any]) -> None:
    """Write one row of a history."""
    for name, value in _numbers(row):
        scalars.add_scalar(name, value, int(row["epoch"]))


def replay(folder: Path, history: Path) -> None:
    """Write the scalars of a finished training from the CSV file of its history, if `folder` has none."""
    if any(folder.glob("events.*")):
        return
    scalars = writer(folder)
    with open(history, encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            write(scalars, {name: float(value) if value else None for name, value in row.items()})
    scalars.close()


def _numbers(row: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [(name, value) for name, value in row.items() if value is not None and name != "epoch"]
