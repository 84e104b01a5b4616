"""What the published code of BoGP does, for the record: its data base of masks, and its lookup of a mask by properties.

Only the word ``published`` of the pruner ``graph_search`` uses it. It differs from :mod:`.space` in all that matters:
sparsity is met on average only, nodes are joined to themselves at random, samples on which a property fails vanish,
only the direction of a vector counts, and the optimiser's values arrive in the alphabetic order of their names where
the lookup expects the order of the properties.

Source: the authors' repository and notebook (no licence: nothing is copied), with the semantics of NetworkX.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from prunegraph.relational.adjacency import connected, tables
from prunegraph.relational.clustering import clustering
from prunegraph.relational.connectivity import edge_connectivity
from prunegraph.relational.vectors import COMPAT, vectors
from prunegraph.search.process import fitted

#: Properties in the order of the published data base.
ORDER = ("degree", "eigenvector", "clustering", "edge_connectivity", "n_cycles")

#: Nodes, sparsity, masks, evaluations at random and by the optimiser, weight of sparsity: of the published run.
PUBLISHED = {"nodes": 10, "sparsity": 0.9, "masks": 5000, "start": 10, "iterations": 40, "alpha": 0.1}

# Deviations of the upper bound that the optimiser goes for, and among how many queries.
KAPPA, CHOICES = 2.576, 1000

# Of the power iteration of NetworkX.
STEPS, TOLERANCE = 100, 1e-6


class Database(NamedTuple):
    """Masks with their properties.

    Parameters
    ----------
    masks
        masks x nodes x nodes, bool, with loops.
    properties
        masks x :data:`ORDER`.
    vectors
        The same as the lookup has them: each column from 0 to 1, then each row of length 1.
    dropped
        Why other samples are missing.
    """

    masks: np.ndarray
    properties: np.ndarray
    vectors: np.ndarray
    dropped: Counter[str]


def random_mask(nodes: int, sparsity: float, draw: np.random.Generator) -> np.ndarray:
    """A symmetric mask in which every pair of nodes, and every node with itself, is joined with 1 - `sparsity`."""
    upper = np.triu(draw.random((nodes, nodes)) > sparsity)
    return upper | upper.T


def database(nodes: int, sparsity: float, samples: int, draw: np.random.Generator) -> Database:
    """The masks that are left of so many samples."""
    masks, rows, dropped = [], [], Counter()
    for _ in range(samples):
        mask = random_mask(nodes, sparsity, draw)
        cycle, mean = first_cycle(mask), eigenvector(mask)
        if not cycle or mean is None:
            dropped["no cycle" if not cycle else "no convergence"] += 1
            continue
        masks.append(mask)
        rows.append([*_simple(mask, mean), cycle])
    properties = np.array(rows)
    return Database(np.array(masks), properties, normalised(properties), dropped)


def normalised(properties: np.ndarray) -> np.ndarray:
    """Each column from 0 to 1, then each row of length 1; where a column is constant or a row 0, it stays 0."""
    spread = np.ptp(properties, axis=0)
    columns = (properties - properties.min(axis=0)) / np.where(spread > 0, spread, 1.0)
    length = np.linalg.norm(columns, axis=1, keepdims=True)
    return columns / np.where(length > 0, length, 1.0)


def lookup(found: Database, query: dict[str, float], scrambled: bool = True) -> int:
    """The mask whose vector has the largest product with a query by name.

    Parameters
    ----------
    scrambled
        As published: the values in the alphabetic order of their names, taken for those of :data:`ORDER`.
    """
    names = sorted(ORDER) if scrambled else ORDER
    return int((found.vectors @ np.array([query[name] for name in names])).argmax())


def queries(found: Database, number: int, draw: np.random.Generator) -> list[dict[str, float]]:
    """Queries at random in the box of the optimiser: from the smallest to the largest entry of every column."""
    low, high = found.vectors.min(axis=0), found.vectors.max(axis=0)
    return [dict(zip(ORDER, row, strict=True)) for row in draw.uniform(low, high, size=(number, len(ORDER)))]


def of_graphs(graphs: np.ndarray) -> Database:
    """The published properties of graphs x nodes x nodes, in place of masks at random."""
    found = vectors(graphs, compat=True)
    properties = np.stack([found[COMPAT if name == "n_cycles" else name] for name in ORDER], axis=1)
    return Database(graphs, properties, normalised(properties), Counter())


def search(
    found: Database, value: Callable[[int, int], float], start: int, iterations: int, draw: np.random.Generator
) -> tuple[int, float, int]:
    """The published search: queries in the box, masks by the scrambled lookup; the largest value that was seen wins.

    First queries at random; then those with the largest mean + 2.576 deviations of a process, among many at random.

    Parameters
    ----------
    value
        Function of a mask and the number of the evaluation.

    Returns
    -------
    The mask, its value, and how many different masks were fetched.
    """
    asked: list[list[float]] = []
    values: list[float] = []
    fetched: list[int] = []
    for number in range(start + iterations):
        queried = queries(found, 1 if number < start else CHOICES, draw)
        places = np.array([list(query.values()) for query in queried])
        place = 0
        if number >= start:
            mean, deviation = fitted(np.array(asked), np.array(values)).at(places)
            place = int((mean + KAPPA * deviation).argmax())
        fetched.append(lookup(found, queried[place]))
        asked.append(list(places[place]))
        values.append(value(fetched[-1], number))
    best = int(np.argmax(values))
    return fetched[best], values[best], len(set(fetched))


def eigenvector(mask: np.ndarray) -> float | None:
    """The mean of the eigenvector centralities, by power iteration from equal entries; None if that fails."""
    nodes = len(mask)
    old = np.full(nodes, 1 / nodes)
    for _ in range(STEPS):
        new = old + mask @ old
        new /= np.linalg.norm(new) or 1.0
        if abs(new - old).sum() < nodes * TOLERANCE:
            return float(new.mean())
        old = new
    return None


def first_cycle(mask: np.ndarray) -> int:
    """The edges of the first cycle that a search in depth meets, 1 for a node joined to itself; 0 without a cycle."""
    nodes = len(mask)
    neighbours = [np.flatnonzero(row) for row in mask]
    depth, parent, used = np.full(nodes, -1), np.full(nodes, -1), np.zeros(nodes, int)
    for start in range(nodes):
        if depth[start] >= 0:
            continue
        depth[start], v = 0, start
        while v >= 0:
            if used[v] == len(neighbours[v]):
                v = parent[v]
                continue
            w = neighbours[v][used[v]]
            used[v] += 1
            if depth[w] < 0:
                depth[w], parent[w], v = depth[v] + 1, v, w
            elif w != parent[v]:
                return int(depth[v] - depth[w] + 1)
    return 0


def _simple(mask: np.ndarray, mean: float) -> list[float]:
    nodes, loops = len(mask), int(mask.diagonal().sum())
    simple = mask & ~np.eye(nodes, dtype=bool)
    degree = (simple.sum() + 2 * loops) / (nodes * (nodes - 1))
    cut = 0
    if connected(simple):
        neighbours, number, _ = tables(simple)
        cut = int(edge_connectivity(neighbours, number, nodes))
    return [float(degree), mean, clustering(simple), cut]
