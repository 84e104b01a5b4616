"""The scopes of a study that figures show, and their names."""

import pandas as pd

from prunegraph.figures.names import label

HEADINGS = {"all": "All", "sparsity": "By sparsity", "model": "By model", "dataset": "By data set"}


def shown(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """List (level, group) of every scope in the order of `rows`, without levels of a single group, except "all"."""
    scopes = list(dict.fromkeys(zip(rows.level, rows.group, strict=True)))
    sizes = pd.Series([level for level, _ in scopes], dtype="str").value_counts()
    return [scope for scope in scopes if scope[0] == "all" or sizes[scope[0]] > 1 or "all" not in sizes]


def heading(level: str) -> str:
    """Return the name of a level, such as "By data set"."""
    return HEADINGS.get(level, f"By {level.replace('_', ' and ')}")


def group_name(group: str) -> str:
    """Return the name of a group for readers: a sparsity as a number, "CONV-6 / CIFAR-10" for model and data set."""
    return group if "." in group else " / ".join(map(label, group.split("/")))
