"""Node strength: how much weight meets at a node."""

import numpy as np

from prunegraph.metrics.adjacency import Adjacency


def strength(graph: Adjacency) -> float | None:
    """Mean over nodes of the summed absolute weights of all edges at the node; None without nodes.

    Every edge has two ends, so this is 2 * sum |w| / nodes, summed in float64. O(edges).
    Source: Cunegatti et al., TMLR 2024 (arXiv 2305.16886), "strength connectivity".
    """
    if not graph.nodes:
        return None
    return 2 * float(np.abs(graph.weight).sum(dtype=np.float64)) / graph.nodes
