"""Ramanujan properties of a layer's bipartite graph: how close it is to an optimal expander."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from prunegraph.errors import UserError
from prunegraph.graphs import Block, Geometry

if TYPE_CHECKING:
    from prunegraph.graphs import MultipartiteGraph

LOWEST_DEGREE = 3  # a bipartite Ramanujan graph needs degree 3 on both sides
EXACT = 2**24  # whole numbers up to here are exact in float32


def ramanujan(graph: "MultipartiteGraph | Mapping[str, MultipartiteGraph]") -> dict:
    """Compute the distance from the Ramanujan bound, its iterative forms, and the density.

    Let M be the biadjacency matrix (left x right). The eigenvalues of the adjacency matrix are plus and minus the
    singular values s1 >= s2 >= ... of M, so that the third largest magnitude is s2.

    Time O(left * right * smaller side), memory 12 * left * right bytes; for a layer with groups this holds for each
    group, because the singular values of the layer are those of all groups.

    Source: D. Hoang et al., "Revisiting pruning at initialization through the lens of Ramanujan graph",
    ICLR 2023 (imdb, imsg); Cunegatti et al., TMLR 2024 (arXiv 2305.16886), and its public code.

    Returns
    -------
    dict
        ``delta_r``: (bound - s2) / bound of the unweighted graph without its isolated nodes, bound =
        sqrt(mean left degree - 1) + sqrt(mean right degree - 1); None for three nodes or fewer, or bound 0.
        ``imdb``: mean of the same difference over the left-regular subgraphs: for every left degree d >= 3
        the left nodes of that degree with all their neighbours, if the mean right degree is at least 3.
        ``imsg``: mean of s1 - s2 of the weighted M over the same subgraphs. Both None if there is none.
        ``layer_density``: kept weights / all weights of the layer, as published (for a rolled graph that is
        edges / (left nodes * right nodes), which also stands in where the graph does not know its weights).
        For a mapping of layer names to graphs, a dict of the layers' results.

    Raises
    ------
    UserError
        For a graph with other than two parts, or with edges inside a part.
    """
    if isinstance(graph, Mapping):
        return {name: ramanujan(layer) for name, layer in graph.items()}
    edge, weight = _biadjacency(graph)
    found = list(_regular_subgraphs(edge, weight))
    return {
        "delta_r": _delta_r(edge),
        "imdb": _mean([distance for distance, _ in found]),
        "imsg": _mean([gap for _, gap in found]),
        "layer_density": float(edge.mean()) if graph.density is None else graph.density,
    }


def _biadjacency(graph) -> tuple[np.ndarray, np.ndarray]:
    """Make arrays (groups, left, right) of the edges (bool) and of their weights (float32 or float64).

    No edge joins two groups. Left and right are the nodes of one group; there is one group unless the graph's block has
    more.
    """
    parts = graph.parts
    if len(parts) != 2:
        raise UserError(
            f"The graph has {len(parts)} parts; Ramanujan properties belong to graphs of two parts. "
            "Encode the network layer by layer (rolled or rolled_channel)."
        )
    left, right = parts
    whole = _whole(graph.blocks, left, right)
    if whole is not None:
        return whole
    source, target, value = graph.edges()
    if len(source) and (source.max() >= left or target.min() < left):
        raise UserError("The graph has edges that do not go from its first part to its second.")
    weight = np.zeros((1, left, right))
    np.add.at(weight[0], (source, target - left), value)
    edge = np.zeros((1, left, right), bool)
    edge[0, source, target - left] = True
    return edge, weight


def _whole(blocks, left: int, right: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Make these arrays from the mask of a graph that is a single block between single nodes; None for other graphs."""
    if len(blocks) != 1 or not isinstance(blocks[0], Block):
        return None
    block, groups = blocks[0], blocks[0].geometry.groups
    if block.geometry != Geometry(0, (left, 1, 1), left, (right, 1, 1), groups=groups):
        return None
    shape = groups, right // groups, left // groups
    return tuple(numbers.reshape(shape).transpose(0, 2, 1) for numbers in (block.mask, block.dense_values))


def _delta_r(edge: np.ndarray) -> float | None:
    left, right = edge.any(axis=2), edge.any(axis=1)
    sizes = np.count_nonzero(left), np.count_nonzero(right)
    if sum(sizes) <= 3:
        return None
    count = np.count_nonzero(edge)
    if len(edge) == 1:
        edge = edge[:, left[0]][:, :, right[0]]
    return _distance(edge, count / sizes[0], count / sizes[1])


def _regular_subgraphs(edge: np.ndarray, weight: np.ndarray) -> Iterator[tuple[float, float]]:
    """Compute distance from the bound and weighted gap of every left-regular subgraph with sufficient degrees."""
    degree = edge.sum(axis=2)
    for d in np.unique(degree[degree >= LOWEST_DEGREE]):
        part = _rows(edge, degree == d)
        mean_right = np.count_nonzero(part) / np.count_nonzero(part.any(axis=1))
        if mean_right >= LOWEST_DEGREE:
            first, second = _two_largest(_rows(weight, degree == d))
            yield _distance(part, d, mean_right), first - second


def _rows(matrices: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Select the chosen left nodes (groups, left); with several groups the rows of other nodes are set to zero."""
    return matrices[:, chosen[0]] if len(matrices) == 1 else matrices * chosen[:, :, None]


def _distance(edge: np.ndarray, left: float, right: float) -> float | None:
    bound = np.sqrt(left - 1) + np.sqrt(right - 1)
    return float((bound - _two_largest(edge)[1]) / bound) if bound else None


def _two_largest(matrices: np.ndarray) -> tuple[float, float]:
    """Compute the two largest singular values of a block-diagonal matrix (0 where there is no second).

    They come from the Gram matrix of the smaller side, in float64; counts of edges are exact in float32 as well.
    """
    counted = matrices.dtype == bool and matrices.shape[1] + matrices.shape[2] < EXACT
    matrices = matrices.astype(np.float32 if counted else np.float64)
    other = matrices.transpose(0, 2, 1)
    gram = matrices @ other if matrices.shape[1] <= matrices.shape[2] else other @ matrices
    values = np.sqrt(np.maximum(np.linalg.eigvalsh(gram.astype(np.float64)), 0))
    second, first = np.sort(np.append(values, 0.0))[-2:]
    return float(first), float(second)


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
