"""Relational graphs: the undirected graphs whose adjacency becomes the mask of a layer.

:mod:`.generators` makes graphs, :mod:`.distances`, :mod:`.clustering` and :mod:`.walks` measure them, :mod:`.search`
looks for those with wanted distances by swapping edges, :mod:`.original` does as the authors of RGP did. A set of
graphs is data: :mod:`.sets` makes one, :func:`save` and :func:`load` keep it. :mod:`.mapping` makes masks of graphs.

An adjacency is a square array of booleans, symmetric, with an empty diagonal. Needs numpy and numba, never torch; the
rules of what can exist (:mod:`.limits`) need neither.

Source: Z. Chen et al., "RGP: Neural Network Pruning Through Regular Graph With Edges Swapping", IEEE TNNLS (2023);
J. You et al., "Graph Structure of Neural Networks", ICML (2020).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prunegraph.relational.storage import GraphSet

__all__ = ["load", "save"]


def load(path: str | Path) -> "GraphSet":
    """Read a set of graphs: adjacencies and a row of properties for each; see :mod:`prunegraph.relational.storage`.

    Raises
    ------
    UserError
        If `path` is no file that :func:`save` wrote.
    """
    from prunegraph.relational import storage  # imports numpy, which the workflow's driver lacks

    return storage.load(path)


def save(path: str | Path, graphs: "GraphSet", /, **provenance: Any) -> None:
    """Write a set of graphs as one compressed file with a checksum."""
    from prunegraph.relational import storage

    storage.save(path, graphs, **provenance)
