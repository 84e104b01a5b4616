"""The scopes of a study: all networks at once, or one sparsity, model or data set at a time."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.tables.features import feature_set, pruned
from prunegraph.tables.frames import sort

#: Columns that are equal for two networks whose pruners are compared.
SCENARIO = ("source", "dataset", "model", "sparsity")

#: For each level, the columns whose values define its groups.
LEVELS: dict[str, tuple[str, ...]] = {
    "all": (),
    "sparsity": ("sparsity",),
    "model": ("model",),
    "dataset": ("dataset",),
    "model_dataset": ("model", "dataset"),
}


def level_columns(name: str) -> tuple[str, ...]:
    """Return the columns of the level `name`; a `UserError` lists the legal names if there is no such level."""
    return LEVELS[known(LEVELS, name, "level")]


def cells(table: pd.DataFrame, levels: Iterable[str]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield (level, group, rows) for every group of `table`; names of groups are "0.9", "conv6", "conv6/cifar10"."""
    for level in levels:
        columns = level_columns(level)
        if not columns:
            yield level, "all", table
            continue
        for key, rows in sort(table, *columns).groupby(list(columns), sort=False):
            yield level, "/".join(map(str, key)), rows


def is_whole(part: pd.DataFrame, table: pd.DataFrame) -> bool:
    """Whether a group holds all rows of `table`, so that its level repeats the level "all"."""
    return len(part) == len(table)


def comparable(
    table: pd.DataFrame, sets: Sequence[str], target: str = "accuracy_drop", missing_limit: float = 0.5
) -> tuple[pd.DataFrame, list[str]]:
    """Select the pruned networks on which all feature sets can be compared, and the sets that can be compared.

    A set is left out if one of its features is missing in more than the share `missing_limit` of the networks: a small
    network may be too sparse for any Ramanujan subgraph.

    Returns
    -------
    tuple[pd.DataFrame, list[str]]
        The rows that are complete in all remaining sets, and the names of these sets.

    Raises
    ------
    UserError
        If no pruned network has an accuracy drop.
    """
    rows = pruned(table)
    rows = rows[rows[target].notna()]
    if rows.empty:
        raise UserError(
            "No pruned network with an accuracy drop in the table: the study needs pruned networks and a dense "
            "network of the same data set, model and seed. Add the pruner dense."
        )
    usable = [name for name in sets if rows[list(feature_set(name))].isna().mean().max() <= missing_limit]
    columns = sorted({column for name in usable for column in feature_set(name)})
    return rows.dropna(subset=columns).reset_index(drop=True), usable


def matrix(rows: pd.DataFrame, name: str) -> np.ndarray:
    """Return the features of the set `name` as a float64 array (networks, features)."""
    return rows[list(feature_set(name))].to_numpy(dtype="float64")


def enough(rows: int, features: int, rows_per_feature: float) -> bool:
    """Whether `rows` networks are enough to fit `features` features with an intercept."""
    return rows >= max(rows_per_feature * features, features + 2, 4)
