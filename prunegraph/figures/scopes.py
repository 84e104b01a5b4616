"""Which scopes of a study a figure shows, and what it calls them."""

import pandas as pd

from prunegraph.figures.names import label

HEADINGS = {"all": "All", "sparsity": "By sparsity", "model": "By model", "dataset": "By data set"}


def shown(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """(level, group) of every scope in the order of `rows`; beside "all", levels of one group are left out."""
    scopes = list(dict.fromkeys(zip(rows.level, rows.group, strict=True)))
    sizes = pd.Series([level for level, _ in scopes], dtype="str").value_counts()
    return [scope for scope in scopes if scope[0] == "all" or sizes[scope[0]] > 1 or "all" not in sizes]


def heading(level: str) -> str:
    """The name of a level, such as "By data set"."""
    return HEADINGS.get(level, f"By {level.replace('_', ' and ')}")


def group_name(group: str) -> str:
    """The name of a group: a sparsity as it is, others as readers know them, "CONV-6 / CIFAR-10" for a pair."""
    return group if "." in group else " / ".join(map(label, group.split("/")))
