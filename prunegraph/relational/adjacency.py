"""The forms of an undirected graph: an array of booleans, a table of neighbours, sets of bits."""

from typing import NamedTuple

import numpy as np

from prunegraph.errors import UserError
from prunegraph.relational.limits import MOST_NODES


class Tables(NamedTuple):
    """A graph as compiled functions read and change it.

    Parameters
    ----------
    neighbours
        Row v holds the neighbours of node v, then v itself; nodes x largest degree, uint16.
    degree
        How many of a row are neighbours; int64.
    bits
        Node v and its neighbours as a set: bit w % 64 of word v * words + w // 64; uint64.
    """

    neighbours: np.ndarray
    degree: np.ndarray
    bits: np.ndarray


def checked(adjacency: np.ndarray, name: str = "The adjacency") -> np.ndarray:
    """`adjacency` as booleans, if it is that of a simple, connected, undirected graph.

    Parameters
    ----------
    adjacency
        nodes x nodes of 0 and 1, in any number type.
    name
        The first words of the sentence of an error.

    Raises
    ------
    UserError
        For another shape, NaN, weights, loops, an asymmetric array, or a graph that is not connected.
    """
    array = np.asarray(adjacency)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        shape = " x ".join(map(str, array.shape)) or "a single number"
        raise UserError(f"{name} has the shape {shape}; expected nodes x nodes.")
    if not 3 <= len(array) <= MOST_NODES:
        raise UserError(f"{name} has {len(array)} nodes; expected 3 to {MOST_NODES}.")
    if array.dtype.kind not in "biuf":
        raise UserError(f"{name} holds {array.dtype}, no numbers; expected 0 and 1.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UserError(f"{name} holds NaN or infinity; expected 0 and 1.")
    if not np.isin(array, (0, 1)).all():
        other = array[~np.isin(array, (0, 1))][0]
        raise UserError(f"{name} holds {other}; expected 0 and 1, because a relational graph has no weights.")
    found = array.astype(bool)
    if found.diagonal().any():
        raise UserError(f"{name} joins node {int(found.diagonal().argmax())} to itself; expected an empty diagonal.")
    if (found != found.T).any():
        row, column = np.argwhere(found != found.T)[0]
        raise UserError(
            f"{name} is not symmetric: it joins {row} and {column} in one direction only; expected an undirected graph."
        )
    if not connected(found):
        raise UserError(f"{name} is that of a graph in several pieces; expected a connected one.")
    return found


def connected(adjacency: np.ndarray) -> bool:
    """Whether every node of an undirected graph can be reached from the first."""
    reached = np.zeros(len(adjacency), bool)
    reached[0] = True
    front = reached
    while front.any():
        front = adjacency[front].any(0) & ~reached
        reached = reached | front
    return bool(reached.all())


def degrees(adjacency: np.ndarray) -> np.ndarray:
    """The number of neighbours of every node."""
    return adjacency.sum(1)


def tables(adjacency: np.ndarray) -> Tables:
    """The tables of a graph; see :class:`Tables`."""
    nodes, degree = len(adjacency), degrees(adjacency).astype(np.int64)
    neighbours = np.repeat(np.arange(nodes, dtype=np.uint16)[:, None], max(degree.max(), 1), 1)
    for node, row in enumerate(adjacency):
        neighbours[node, : degree[node]] = np.flatnonzero(row)
    words = -(-nodes // 64)
    padded = np.zeros((nodes, words * 64), bool)
    padded[:, :nodes] = adjacency | np.eye(nodes, dtype=bool)
    bits = np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)
    return Tables(neighbours, degree, bits.reshape(-1))


def adjacency_of(neighbours: np.ndarray) -> np.ndarray:
    """The adjacency of a table of neighbours."""
    found = np.zeros((len(neighbours),) * 2, bool)
    found[np.arange(len(neighbours))[:, None], neighbours.astype(np.int64)] = True
    np.fill_diagonal(found, False)
    return found
