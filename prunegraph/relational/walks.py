"""How far a signal spreads when every layer of a network has the same relational graph: walks of an exact length.

A unit of layer t sees a unit of the input if a walk of exactly t steps leads there; there is no waiting, because a
mask without loops joins no unit to its own group.
"""

from collections.abc import Iterator

import numpy as np

#: Layers of the network behind the published numbers of AOPU.
LAYERS = 15


def gradient_resistance(adjacency: np.ndarray) -> float:
    """The mean over nodes of the smallest number of steps t such that walks of exactly t steps lead to every node.

    Infinite where there is none: in a bipartite graph, in which walks of t steps reach one half of the nodes only, and
    in one that is not connected. Otherwise there is one of at most 2 (nodes - 1) steps.

    Source: Z. Chen et al., IEEE TNNLS (2023); the bound: J. Holladay, R. Varga, "On powers of non-negative matrices",
    Proc. AMS 9 (1958).
    """
    nodes = len(adjacency)
    steps = np.full(nodes, np.inf)
    for step, reached in zip(range(1, 2 * nodes - 1), _reached(adjacency), strict=False):
        steps[np.isinf(steps) & reached.all(1)] = step
        if np.isfinite(steps).all():
            return float(steps.mean())
    return float("inf")


def aopu(adjacency: np.ndarray, layers: int = LAYERS) -> float:
    """AOPU: the mean over nodes of how many nodes walks of exactly t steps lead to, summed over t = 1 ... `layers` - 1.

    The authors' formula, (layers - s) * nodes + the sum over t < s with s steps to all nodes, is this sum as long as s
    is at most `layers`; the ring lattice of 64 nodes and degree 4 has s = 16 and 433, where the formula gives 430.

    Source: Z. Chen et al., IEEE TNNLS (2023).
    """
    total = 0.0
    for _, reached in zip(range(1, layers), _reached(adjacency), strict=False):
        total += float(reached.sum(1).mean())
    return total


def _reached(adjacency: np.ndarray) -> Iterator[np.ndarray]:
    """For t = 1, 2, ...: which nodes (columns) walks of exactly t steps from each node (rows) lead to."""
    joined = adjacency.astype(np.float32)
    reached = adjacency
    while True:
        yield reached
        reached = (reached.astype(np.float32) @ joined) > 0
