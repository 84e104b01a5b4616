"""Node strength: how much weight meets at a node."""


def strength(weight_sum: float, nodes: int) -> float | None:
    """Mean over nodes of the summed absolute weights of all edges at the node; None without nodes.

    Every edge has two ends, so this is 2 * sum |w| / nodes, the sum over all edges in float64. O(weights): a
    block knows how many edges each of its weights makes. Published tables divide by the number of edges once more.
    Source: Cunegatti et al., TMLR 2024 (arXiv 2305.16886), "strength connectivity".
    """
    return 2 * weight_sum / nodes if nodes else None
