"""Exact number of nodes within two steps in a graph of blocks, from masks."""

import numpy as np

from prunegraph.graphs import MultipartiteGraph
from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.explicit.adjacency import from_arrays
from prunegraph.metrics.explicit.neighbourhood import within_two
from prunegraph.metrics.implicit.layout import Layout
from prunegraph.metrics.implicit.loose_neighbourhood import reached
from prunegraph.metrics.implicit.walks import Walks


def two_hop(graph: MultipartiteGraph, walks: Walks) -> float:
    """Mean number of nodes within two steps; see :func:`prunegraph.metrics.explicit.neighbourhood.two_hop`.

    From parts where one of two steps may use a loose block, edges are followed one by one.
    """
    layout = walks.layout
    walked = _before(layout)
    total = layout.nodes + walks.two_hop_sum(walked)
    listed = set()
    for part in walked:
        found = _reached(layout, part)
        if found is None:
            listed.add(part)
        else:
            total += found
    if listed:
        total += _walked_sum(graph, layout, listed)
    return total / layout.nodes


def _before(layout: Layout) -> set[int]:
    """List the parts that have an edge into, or a node in, the source range of a loose block."""
    sources = {part for block in layout.loose for part in layout.parts_in(block.source_range)}
    return sources | {fit.source for fit in layout.fitted if fit.target in sources}


def _reached(layout: Layout, part: int) -> int | None:
    if not all(isinstance(block, Bundle) for block in layout.loose):
        return None
    blocks = [*layout.loose, *(fit.block for fit in layout.fitted)]
    return reached(layout.offsets[part], layout.offsets[part + 1], blocks)


def _walked_sum(graph: MultipartiteGraph, layout: Layout, walked: set[int]) -> int:
    starts = np.concatenate([np.arange(layout.offsets[p], layout.offsets[p + 1]) for p in sorted(walked)])
    reach = walked | {fit.target for fit in layout.fitted if fit.source in walked} | layout.touched
    blocks = [*layout.loose, *(fit.block for fit in layout.fitted if fit.source in reach)]
    rows = from_arrays(layout.nodes, *MultipartiteGraph(graph.parts, tuple(blocks)).edges())
    return int(within_two(rows.start, rows.target.view(np.uint32), starts)) - len(starts)
