"""Separable layouts: those whose cycles and triangles through loose blocks can be counted pair by pair.

A loose block (see :class:`prunegraph.metrics.implicit.layout.Layout`) uses another map for the nodes of a part than
the other blocks of the part, or only some of the nodes. The number of paths between two nodes over such a block and
back follows from one map, the number of paths over the other blocks from the other map. Both are sums of entries of
matrix products, class by class (:mod:`prunegraph.metrics.implicit.two_step_paths`). Only the pairs of nodes that are
joined in both ways must be visited one by one (:mod:`prunegraph.metrics.implicit.loose_cycles`,
:mod:`prunegraph.metrics.implicit.loose_triangles`). They are few, because nodes have few common neighbours under maps
that do not match.

A layout is separable if every cycle through a loose block consists of two pairs of edges, each pair of one loose block
or of fitted blocks, and if every triangle consists of one loose edge and two others. This is often so for the halves of
a split feature map, and for the strided blocks of ``compat`` graphs of networks without branches. For other graphs the
edges around loose blocks are listed.
"""

from itertools import combinations

import numpy as np

from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.implicit.layout import Layout

FITTED = 1  # label of a fitted block between two atoms; the labels of loose blocks are larger


def labels(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Make the graph of atoms: ranges of nodes that no end of a block divides, and the block that joins each two.

    Returns the bounds of the atoms, and symmetric labels int64 (atoms, atoms): 0 for no block, `FITTED`, or 2 + the
    number of a loose block.
    """
    offsets = layout.offsets
    fitted = [(FITTED, offsets[f.source : f.source + 2], offsets[f.target : f.target + 2]) for f in layout.fitted]
    loose = [(2 + i, block.source_range, block.target_range) for i, block in enumerate(layout.loose)]
    bounds = np.unique([bound for _, *ends in (*fitted, *loose) for pair in ends for bound in pair])
    joined = np.zeros((len(bounds), len(bounds)), np.int64)
    for label, source, target in (*fitted, *loose):
        rows, columns = (slice(*np.searchsorted(bounds, ends)) for ends in (source, target))
        joined[rows, columns] = label
        joined[columns, rows] = label
    return bounds, joined


def separable(layout: Layout) -> bool:
    """Whether the cycles and triangles through loose blocks can be counted pair by pair."""
    if not all(isinstance(block, Bundle) for block in layout.loose):
        return False
    if any(max(b.source_range[0], b.target_range[0]) < min(b.source_range[1], b.target_range[1]) for b in layout.loose):
        return False
    bounds, joined = labels(layout)
    near = [np.flatnonzero(row) for row in joined]
    part = np.searchsorted(layout.offsets, bounds, side="right") - 1
    pairs = [(a, b) for a, b in np.argwhere(joined > FITTED) if a < b]
    beside: dict[tuple[int, int], int] = {}
    return all(
        _cycles_split(a, b, joined, near) and _triangles_split(layout, a, b, joined, part, beside) for a, b in pairs
    )


def _cycles_split(a: int, b: int, joined: np.ndarray, near: list[np.ndarray]) -> bool:
    for c in near[b]:
        for d in near[c]:
            if joined[d, a]:
                around = joined[a, b], joined[b, c], joined[c, d], joined[d, a]
                at_corner = around[0] == around[1] and around[2] == around[3]
                if not at_corner and not (around[1] == around[2] and around[3] == around[0]):
                    return False
    return True


def _triangles_split(layout: Layout, a: int, b: int, joined: np.ndarray, part: np.ndarray, beside: dict) -> bool:
    apexes = np.flatnonzero((joined[a] > 0) & (joined[b] > 0))
    for c in apexes:
        if joined[a, c] != FITTED or joined[b, c] != FITTED:
            return False
        # At an edge of triangles of two kinds there would be pairs of triangles that nothing counts.
        if any(layout.joined[part[end]].keys() & layout.joined[part[c]].keys() for end in (a, b)):
            return False
        if any(beside.setdefault((min(end, c), max(end, c)), joined[a, b]) != joined[a, b] for end in (a, b)):
            return False
    return not any(joined[c, d] for c, d in combinations(apexes, 2))
