"""Exact count of the motifs of size four of a graph of blocks, from masks.

Cycles and triangles are counted along walks between parts (:mod:`prunegraph.metrics.implicit.walks`). Those through
loose blocks (see :class:`prunegraph.metrics.implicit.layout.Layout`) are counted pair by pair where this is possible
(:mod:`prunegraph.metrics.implicit.separable`); otherwise the edges around these blocks are listed.
"""

from typing import NamedTuple

import numpy as np

from prunegraph.graphs import MultipartiteGraph
from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.explicit.adjacency import from_arrays
from prunegraph.metrics.explicit.motifs import Subgraphs, stars, subgraphs_and_triangles
from prunegraph.metrics.implicit.adjacency import PackedBlocks, pack
from prunegraph.metrics.implicit.layout import Layout
from prunegraph.metrics.implicit.loose_cycles import loose_cycles
from prunegraph.metrics.implicit.loose_triangles import loose_triangles
from prunegraph.metrics.implicit.separable import separable
from prunegraph.metrics.implicit.walks import Walks


def motifs(
    graph: MultipartiteGraph, walks: Walks, degree: np.ndarray, packed: PackedBlocks | None = None
) -> int | None:
    """Count the connected subgraphs on four nodes; None where edges must be listed.

    See :mod:`prunegraph.metrics.explicit.motifs` for definition and source. `degree` is int64 (nodes,), edges in both
    directions; `packed` is the packed layout, if there is one already.
    """
    layout = walks.layout
    if walks.has_cliques():
        return None
    cycles = walks.cycles()
    at_node, diamonds = walks.triangles()
    cliques = 0
    if layout.loose:
        around = _separated(layout, packed) if separable(layout) else _difference(graph, walks)
        cycles += around.cycles
        at_node += around.triangles
        diamonds += around.diamonds
        cliques = around.cliques
    triangles = int(at_node.sum()) // 3
    return Subgraphs(
        stars=stars(degree),
        paths=sum(middle_edges(block, degree) for block in graph.blocks) - 3 * triangles,
        cycles=cycles,
        paws=int((at_node * (degree - 2)).sum()),
        diamonds=diamonds,
        cliques=cliques,
    ).motifs


class Around(NamedTuple):
    """Subgraphs that contain an edge of a loose block; triangles at every node."""

    cycles: int
    triangles: np.ndarray
    diamonds: int
    cliques: int


def _separated(layout: Layout, packed: PackedBlocks | None) -> Around:
    triangles, diamonds = loose_triangles(layout, pack(layout) if packed is None else packed)
    return Around(loose_cycles(layout), triangles, diamonds, 0)


def _difference(graph: MultipartiteGraph, walks: Walks) -> Around:
    """Count the subgraphs that contain an edge of a loose block, from listed edges.

    They lie among the parts next to loose blocks: all edges there are listed, and the counts of fitted blocks are
    subtracted.
    """
    near = _near(walks.layout)
    part = Walks(walks.layout.only(near))
    listed, at_node = _listed(graph, walks.layout, near)
    part_at_node, part_diamonds = part.triangles()
    return Around(
        listed.cycles - part.cycles(), at_node - part_at_node, listed.diamonds - part_diamonds, listed.cliques
    )


def _near(layout: Layout) -> set[int]:
    near = set(layout.touched)
    for part in layout.touched:
        near |= layout.joined[part].keys()
    return near


def _listed(graph: MultipartiteGraph, layout: Layout, near: set[int]) -> tuple[Subgraphs, np.ndarray]:
    """Count subgraphs of the listed edges among the parts `near`, and triangles at every node of the graph."""
    blocks = (*layout.loose, *(fit.block for fit in layout.only(near).fitted))
    return subgraphs_and_triangles(
        from_arrays(layout.nodes, *MultipartiteGraph(graph.parts, blocks).edges()).undirected
    )


def middle_edges(block: Bundle, degree: np.ndarray) -> int:
    """Sum over the edges of a block of (degree - 1) at both ends."""
    geometry = block.geometry
    first = (degree[slice(*block.source_range)] - 1).reshape(geometry.source_map)
    last = (degree[slice(*block.target_range)] - 1).reshape(geometry.target_map)
    # All nodes of a pooling window have the same targets, so that their sum is sufficient.
    pool = getattr(geometry, "pool", (1, 1))
    windows = _window_sums(first, pool)
    rows, columns = geometry.rows[:, :: pool[0]], geometry.columns[:, :: pool[1]]
    total = 0
    for down in range(geometry.kernel[0]):
        y = np.flatnonzero(rows[down, : windows.shape[1]] >= 0)
        for right in range(geometry.kernel[1]):
            x = np.flatnonzero(columns[right, : windows.shape[2]] >= 0)
            if not len(y) * len(x):
                continue
            seen = windows[:, y][:, :, x].reshape(geometry.groups, -1, len(y) * len(x))
            seeing = last[:, rows[down, y]][:, :, columns[right, x]].reshape(geometry.groups, -1, len(y) * len(x))
            kept = block.mask[:, :, down, right].reshape(geometry.groups, -1, seen.shape[1])
            total += int(_exact_sum(seeing, seen, kept))
    return total


def _exact_sum(seeing: np.ndarray, seen: np.ndarray, kept: np.ndarray) -> int:
    # float64 holds these whole numbers exactly (below 2^53), and matrix products are fast for it.
    products = seeing.astype(np.float64) @ seen.astype(np.float64).swapaxes(1, 2)
    return int(products[kept].sum())


def _window_sums(values: np.ndarray, pool: tuple[int, int]) -> np.ndarray:
    channels, height, width = values.shape
    down, right = pool
    whole = values[:, : height // down * down, : width // right * right]
    return whole.reshape(channels, height // down, down, width // right, right).sum(axis=(2, 4))
