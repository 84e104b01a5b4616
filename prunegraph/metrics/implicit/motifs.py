"""Two-hop neighbourhoods and motifs of a graph of blocks, from masks, exactly.

The parts of the graph, joined by blocks, are a small graph themselves. What two steps
reach, and every cycle of three or four nodes, follows a walk of two blocks (and its
closing edges) between parts; :mod:`prunegraph.metrics.implicit.two_step_paths` counts those.
Around loose blocks (see :class:`prunegraph.metrics.implicit.layout.Layout`) it needs
:mod:`prunegraph.metrics.implicit.loose_subgraphs` and :mod:`prunegraph.metrics.implicit.loose_neighbourhood`;
edges are listed where those do not apply.
"""

from itertools import combinations, combinations_with_replacement
from typing import NamedTuple

import numpy as np

from prunegraph.graphs import MultipartiteGraph
from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.explicit.adjacency import from_arrays
from prunegraph.metrics.explicit.motifs import Subgraphs, stars, subgraphs_and_triangles
from prunegraph.metrics.explicit.neighbourhood import within_two
from prunegraph.metrics.implicit.adjacency import Arms, pack
from prunegraph.metrics.implicit.layout import Layout
from prunegraph.metrics.implicit.loose_neighbourhood import reached
from prunegraph.metrics.implicit.loose_subgraphs import Overlaid, separable
from prunegraph.metrics.implicit.two_step_paths import Composite, Relation, Tally

MANY = 2  # common neighbours of two parts on average, from which on cycles are counted at one side


class Structure:
    """Counts of one layout; composites that several metrics need are evaluated once."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self._tallies: dict[tuple, Tally] = {}

    def route(self, start: int, *parts: int) -> tuple[Relation, ...]:
        """The blocks along a walk from part to part."""
        steps = zip((start, *parts), parts, strict=False)
        return tuple(Relation.between(self.layout.joined[a][b], a) for a, b in steps)

    def tally(self, start: int, end: int, *walks: tuple[int, ...]) -> Tally:
        """Paths from `start` to `end` over all the middle parts in `walks` (() for the edges themselves)."""
        key = start, end, *sorted(walks)
        if key not in self._tallies:
            self._tallies[key] = Composite([self.route(start, *walk, end) for walk in walks]).tally()
        return self._tallies[key]

    def common(self, one: int, other: int) -> list[int]:
        """Parts joined with both."""
        joined = self.layout.joined
        return sorted(joined[one].keys() & joined[other].keys())

    def two_hop_sum(self, skipped: frozenset[int] | set[int] = frozenset()) -> int:
        """Nodes within two steps, summed over the nodes of all parts but `skipped`, themselves not counted."""
        total = 0
        for start in range(len(self.layout.maps)):
            if start not in skipped:
                total += sum(self._reached(start, end, walks) for end, walks in self._ahead(start).items())
        return total

    def _ahead(self, start: int) -> dict[int, list[tuple[int, ...]]]:
        """The parts that one or two steps along the edges reach, and by which walks."""
        walks: dict[int, list[tuple[int, ...]]] = {}
        for middle in self._next(start):
            walks.setdefault(middle, []).append(())
            for end in self._next(middle):
                walks.setdefault(end, []).append((middle,))
        return walks

    def _next(self, part: int) -> list[int]:
        return [other for other, fit in self.layout.joined[part].items() if fit.source == part]

    def _reached(self, start: int, end: int, walks: list[tuple[int, ...]]) -> int:
        if walks == [()]:
            return self.layout.joined[start][end].block.number_of_edges()
        return self.tally(start, end, *walks).joined

    def cycles(self) -> int:
        """Cycles of four nodes.

        A cycle has two diagonals. Those within one block, a-b-a'-b', and those over three parts, a-b-c-b', are
        counted at the diagonal whose ends differ least: (a, a') and (a, c); cycles over four different parts at both
        diagonals. Where parts have many neighbours in common (concatenated maps) and fall into two sides, it is less
        work to count all cycles at the diagonals on one side.
        """
        ends = combinations(range(len(self.layout.maps)), 2)
        pairs = [(*two, middles) for two in ends if (middles := self.common(*two))]
        sides = self._sides()
        if sides and sum(len(middles) for *_, middles in pairs) > MANY * len(pairs):
            return self._at_one_side(min(sides, key=self._effort))
        twice = sum(2 * self._within(fit) for fit in self.layout.fitted)
        for start, end, middles in pairs:
            apart = sum(self.tally(start, end, (middle,)).pairs for middle in middles)
            together = self.tally(start, end, *[(m,) for m in middles]).pairs if len(middles) > 1 else apart
            twice += 2 * apart + together - apart
        return twice // 2

    def _sides(self) -> tuple[list[int], list[int]] | None:
        """The parts in two sides without a block inside one; None if there are none such."""
        side: dict[int, bool] = {}
        for root in self.layout.joined:
            stack = [] if root in side else [root]
            side.setdefault(root, False)
            while stack:
                part = stack.pop()
                for other in self.layout.joined[part]:
                    if other not in side:
                        side[other] = not side[part]
                        stack.append(other)
                    elif side[other] == side[part]:
                        return None
        return [part for part in side if side[part]], [part for part in side if not side[part]]

    def _effort(self, side: list[int]) -> int:
        channels = [map_[0] for map_ in self.layout.maps]
        return sum(
            channels[one] * channels[two] * sum(channels[middle] for middle in self.common(one, two))
            for one, two in combinations_with_replacement(side, 2)
        )

    def _at_one_side(self, side: list[int]) -> int:
        cycles = 0
        for one, two in combinations(side, 2):
            middles = self.common(one, two)
            cycles += self.tally(one, two, *[(m,) for m in middles]).pairs if middles else 0
        for part in side:
            middles = self.common(part, part)
            if middles:
                routes = [(there := self.route(part, m)[0], there.back) for m in middles]
                # As in _within, and the degree is that of all blocks together.
                degree = sum(self._degree(part, m) for m in middles)
                cycles += (Composite(routes).tally().pairs - _pairs(degree)) // 2
        return cycles

    def _degree(self, part: int, other: int) -> np.ndarray:
        fit = self.layout.joined[part][other]
        return fit.block.out_degree() if part == fit.source else fit.block.in_degree()

    def _within(self, fit) -> int:
        """Cycles within one block: pairs of paths between two nodes of its source, or target if cheaper."""
        forth = Relation.between(fit, fit.source)
        ways = [(forth, forth.back, fit.block.out_degree), (forth.back, forth, fit.block.in_degree)]
        composites = [(Composite([(there, back)]), degree) for there, back, degree in ways]
        composite, degree = min(composites, key=lambda way: way[0].cost)
        # Every pair of different nodes occurs twice, and each node is joined with itself by as many paths as edges.
        return (composite.tally().pairs - _pairs(degree())) // 2

    def has_cliques(self) -> bool:
        """Whether four parts are joined with each other, so that four nodes might be."""
        joined = self.layout.joined
        for fit in self.layout.fitted:
            common = self.common(fit.source, fit.target)
            if any(other in joined[one] for one, other in combinations(common, 2)):
                return True
        return False

    def triangles(self) -> tuple[np.ndarray, int]:
        """Triangles at every node (int64), and pairs of triangles that share an edge."""
        twice, diamonds = np.zeros(self.layout.nodes, np.int64), 0
        for fit in self.layout.fitted:
            apexes = self.common(fit.source, fit.target)
            if apexes:
                ends = fit.source, fit.target
                at_source, at_target, pairs = _at_edges(
                    Composite([self.route(*ends), *(self.route(fit.source, apex, fit.target) for apex in apexes)])
                )
                for part, found in zip(ends, (at_source, at_target), strict=True):
                    twice[self.layout.offsets[part] : self.layout.offsets[part + 1]] += found
                diamonds += pairs
        return twice // 2, diamonds


def _pairs(count: np.ndarray) -> int:
    count = count.astype(np.int64)
    return int((count * (count - 1) // 2).sum())


def _at_edges(composite: Composite) -> tuple[np.ndarray, np.ndarray, int]:
    """Paths that run beside an edge (the first route), summed at its source and its target; pairs of them."""
    start, term, weight = composite.classes()
    products = composite.products_between()
    rows, columns = composite.rows, composite.columns
    inputs, outputs = composite.routes[0][0].mask.shape[3], composite.routes[0][0].mask.shape[4]
    edges = composite.terms[0][0].size * composite.terms[0][1].size
    from_shape = rows.of.shape[0], columns.of.shape[0]
    to_shape = rows.of.shape[1], columns.of.shape[1]
    at_source, at_target = np.zeros((inputs, *from_shape)), np.zeros((outputs, *to_shape))
    pairs, number = 0, 0
    for i in range(len(rows.count)):
        for j in range(len(columns.count)):
            terms, times = term[start[number] : start[number + 1]], weight[start[number] : start[number + 1]]
            number += 1
            direct = terms[terms < edges]
            if len(direct) == 0 or len(direct) == len(terms):
                continue
            beside = terms >= edges
            paths = (times[beside, None] * products[terms[beside]]).sum(axis=0) * products[direct[0]]
            paths = paths.reshape(inputs, outputs).astype(np.float64)
            row, column = rows.of == i, columns.of == j
            at_source += paths.sum(axis=1)[:, None, None] * np.outer(row.sum(axis=1), column.sum(axis=1))
            at_target += paths.sum(axis=0)[:, None, None] * np.outer(row.sum(axis=0), column.sum(axis=0))
            pairs += int((paths * (paths - 1) / 2).sum()) * int(row.sum()) * int(column.sum())
    return np.rint(at_source).astype(np.int64).ravel(), np.rint(at_target).astype(np.int64).ravel(), pairs


def two_hop(graph: MultipartiteGraph, structure: Structure) -> float:
    """Mean number of nodes within two steps; see :func:`prunegraph.metrics.explicit.neighbourhood.two_hop`.

    Parts from which two steps may pass over a loose block are walked edge by edge.
    """
    layout = structure.layout
    walked = _before(layout)
    total = layout.nodes + structure.two_hop_sum(walked)
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
    """Parts that have an edge into, or a node in, the source range of a loose block."""
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


def motifs(graph: MultipartiteGraph, structure: Structure, degree: np.ndarray, arms: Arms | None = None) -> int | None:
    """Connected subgraphs on four nodes, None where edges must be listed (:mod:`prunegraph.metrics.explicit.motifs`).

    `degree` int64 (nodes,), in and out; `arms`: the packed layout, if there is one already.
    """
    layout = structure.layout
    if structure.has_cliques():
        return None
    cycles = structure.cycles()
    at_node, diamonds = structure.triangles()
    cliques = 0
    if layout.loose:
        around = _separated(layout, arms) if separable(layout) else _difference(graph, structure)
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


def _separated(layout: Layout, arms: Arms | None) -> Around:
    overlaid = Overlaid(layout)
    triangles, diamonds = overlaid.triangles(pack(layout) if arms is None else arms)
    return Around(overlaid.cycles(), triangles, diamonds, 0)


def _difference(graph: MultipartiteGraph, structure: Structure) -> Around:
    """They lie among the parts next to loose blocks: there all edges are listed, and the fitted blocks' counts
    subtracted."""
    near = _near(structure.layout)
    part = Structure(structure.layout.only(near))
    listed, at_node = _listed(graph, structure.layout, near)
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
    """Counts of the listed edges among the parts `near`, and triangles at every node of the graph."""
    blocks = (*layout.loose, *(fit.block for fit in layout.only(near).fitted))
    return subgraphs_and_triangles(
        from_arrays(layout.nodes, *MultipartiteGraph(graph.parts, blocks).edges()).undirected
    )


def middle_edges(block: Bundle, degree: np.ndarray) -> int:
    """Sum over the edges of a block of (degree - 1) at both ends."""
    geometry = block.geometry
    first = (degree[slice(*block.source_range)] - 1).reshape(geometry.source_map)
    last = (degree[slice(*block.target_range)] - 1).reshape(geometry.target_map)
    # All nodes of a pooling window lead to the same targets: their sum does for them.
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
    # float64 holds these whole numbers exactly (below 2^53), and is what fast matrix products are made for.
    products = seeing.astype(np.float64) @ seen.astype(np.float64).swapaxes(1, 2)
    return int(products[kept].sum())


def _window_sums(values: np.ndarray, pool: tuple[int, int]) -> np.ndarray:
    channels, height, width = values.shape
    down, right = pool
    whole = values[:, : height // down * down, : width // right * right]
    return whole.reshape(channels, height // down, down, width // right, right).sum(axis=(2, 4))
