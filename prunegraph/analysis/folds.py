"""Ways to hold out networks when a regression is tested on networks that it was not fitted to."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from prunegraph.statistics.folds import deal

#: Columns that are equal for networks which differ only by their seed.
CONFIGURATION = ("model", "dataset", "method", "sparsity")

#: Name of a way to hold out -> what is held out together; None: single networks are dealt.
FOLDS: dict[str, tuple[str, ...] | None] = {
    "random": None,
    "grouped": CONFIGURATION,
    "leave_one_out": None,
    "leave_sparsity_out": ("sparsity",),
    "leave_model_out": ("model",),
    "leave_dataset_out": ("dataset",),
    "leave_method_out": ("method",),
}


def numbers(rows: pd.DataFrame, columns: Sequence[str] = CONFIGURATION) -> np.ndarray:
    """Number the combinations of values in `columns` from 0, in the order of their joined names: (n,).

    The joined name of a configuration is "model|dataset|method|sparsity". Folds are assigned in this order, so that it
    is part of the protocol.
    """
    if not columns:
        return np.zeros(len(rows), dtype=int)
    names = ["|".join(map(str, values)) for values in zip(*(rows[column] for column in columns), strict=True)]
    return np.unique(np.array(names), return_inverse=True)[1]


def dealt(rows: pd.DataFrame, name: str, folds: int = 5, repeats: int = 10) -> list[np.ndarray]:
    """Assign every row to a fold in the way `name` (a key of :data:`FOLDS`), an array (n,) for each repeat.

    "random" and "grouped" are assigned `repeats` times. Each other way has a single assignment, or none where all
    networks share the value that is to be left out.
    """
    if name in ("random", "grouped"):
        groups = np.arange(len(rows)) if name == "random" else numbers(rows)
        return [deal(groups, folds, repeat) for repeat in range(repeats)]
    fold = np.arange(len(rows)) if name == "leave_one_out" else numbers(rows, FOLDS[name])
    return [fold] if fold.max() > 0 else []


def splits(rows: pd.DataFrame, names: Sequence[str], folds: int, repeats: int) -> Mapping[str, list[np.ndarray]]:
    """Assign rows to folds as :func:`dealt` does, for several ways; ways without any fold are left out."""
    found = {name: dealt(rows, name, folds, repeats) for name in names}
    return {name: folds for name, folds in found.items() if folds}
