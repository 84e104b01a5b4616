"""Vectors of properties of many graphs, by which a search tells them apart."""

import numpy as np
from numba import njit

from prunegraph.relational.adjacency import tables
from prunegraph.relational.clustering import clustering_of, triangles
from prunegraph.relational.connectivity import edge_connectivity
from prunegraph.relational.cycles import first_cycle, four_cycles, girth
from prunegraph.relational.distances import UNLIMITED, total_distance

#: Properties by name, in the order of the columns of tables.
PROPERTIES = (
    "degree",
    "eigenvector",
    "clustering",
    "edge_connectivity",
    "aspl",
    "girth",
    "triangles",
    "four_cycles",
    "cyclomatic",
)

#: A property of the published code only: what it calls the number of cycles.
COMPAT = "first_cycle"

# Power iteration ends where no entry changes by more, or begins anew in dense algebra after so many steps.
PRECISION, STEPS = 1e-13, 5000


def vectors(adjacency: np.ndarray, compat: bool = False) -> dict[str, np.ndarray]:
    """Properties of connected graphs by name, a number for each graph.

    Parameters
    ----------
    adjacency
        graphs x nodes x nodes, bool.
    compat
        Add :data:`COMPAT`, the length of the first cycle that a search in depth meets.

    Returns
    -------
    ``degree``: mean degree centrality, 2 m / (n (n - 1)) for m edges. ``eigenvector``: mean entry of the unit Perron
    vector. ``clustering``: mean over nodes. ``edge_connectivity``. ``aspl``: average shortest path length. ``girth``:
    edges of the shortest cycle, 0 without one. ``triangles`` and ``four_cycles``: how many. ``cyclomatic``: m - n + 1,
    the number of independent cycles.
    """
    names = (*PROPERTIES, COMPAT) if compat else PROPERTIES
    found = np.array([_of_one(graph, compat) for graph in np.asarray(adjacency)], np.float64).reshape(-1, len(names))
    return dict(zip(names, found.T, strict=True))


def _of_one(graph: np.ndarray, compat: bool) -> list[float]:
    nodes, (neighbours, degree, bits) = len(graph), tables(graph)
    edges = int(degree.sum()) // 2
    total, diameter = total_distance(neighbours, bits, np.empty_like(bits), np.empty_like(bits), UNLIMITED)
    mean, converged = perron(neighbours, degree, PRECISION, STEPS)
    values = [
        2 * edges / (nodes * (nodes - 1)),
        mean if converged else _perron_exactly(graph),
        clustering_of(neighbours, degree, bits),
        edge_connectivity(neighbours, degree, diameter),
        total / (nodes * (nodes - 1)),
        girth(neighbours, degree),
        int(triangles(graph).sum()) // 3,
        four_cycles(bits, nodes),
        edges - nodes + 1,
    ]
    return [*values, first_cycle(neighbours, degree)] if compat else values


@njit(cache=True)
def perron(neighbours, degree, precision, steps):
    """(mean entry of the unit Perron vector, whether it converged), by power iteration with A + I.

    The identity keeps the iteration of a bipartite graph from swinging.
    """
    nodes = len(neighbours)
    old, new = np.full(nodes, nodes**-0.5), np.empty(nodes)
    for _ in range(steps):
        norm = 0.0
        for v in range(nodes):
            total = old[v]
            for j in range(degree[v]):
                total += old[neighbours[v, j]]
            new[v] = total
            norm += total * total
        norm, change = norm**0.5, 0.0
        for v in range(nodes):
            new[v] /= norm
            change = max(change, abs(new[v] - old[v]))
        old, new = new, old
        if change < precision:
            return old.mean(), True
    return old.mean(), False


def _perron_exactly(graph: np.ndarray) -> float:
    return float(abs(np.linalg.eigh(graph.astype(np.float64))[1][:, -1].mean()))
