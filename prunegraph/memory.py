"""The memory of this machine, and the refusal of work that would not fit into it."""

import os

from prunegraph.errors import UserError

BYTES_PER_EDGE = 40  # of a list of edges while it is made and used


def total() -> int | None:
    """Bytes of memory of this machine, None where the system does not say."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check(size: int, task: str, advice: str) -> None:
    """Refuse work that needs more memory than this machine has.

    Parameters
    ----------
    size
        Bytes that the work takes.
    task
        What takes them, as the beginning of a sentence: "A list of the 12 edges of this graph".
    advice
        What to do instead, as a sentence.

    Raises
    ------
    UserError
        With the memory that is needed, the memory that is there, and the advice.
    """
    there = total()
    if there is not None and size > there:
        raise UserError(f"{task} takes about {size / 1e9:,.0f} GB; this machine has {there / 1e9:,.0f} GB. {advice}")


def check_edge_list(edges: int, purpose: str) -> None:
    """Refuse to list more edges than this machine's memory holds; `purpose` is a verb ("draw").

    Raises
    ------
    UserError
        With the number of edges and the memory that they need.
    """
    task = f"To {purpose} this graph its {edges:,} edges must be listed, which"
    check(edges * BYTES_PER_EDGE, task, "Prune more, or use smaller inputs or another encoding.")
