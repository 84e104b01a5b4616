"""Node strength: the sum of the weights of the edges at a node."""


def strength(weight_sum: float, nodes: int) -> float | None:
    """Mean over nodes of the summed absolute weights of all edges at the node; None without nodes.

    Every edge has two ends, so that this is 2 * sum |w| / nodes, with the sum over all edges in float64. O(weights),
    because a block knows the number of edges of each of its weights. Published tables divide it by the number of edges.
    Source: Cunegatti et al., TMLR 2024 (arXiv 2305.16886), "strength connectivity".
    """
    return 2 * weight_sum / nodes if nodes else None
