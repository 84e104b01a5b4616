"""Exact counts of paths, cycles and triangles along walks from part to part, from masks.

The parts of a graph, joined by blocks, are themselves a small graph. Every path of two steps, and every cycle of three
or four nodes, follows a walk over two blocks between parts (with the edges that close it);
:mod:`prunegraph.metrics.implicit.two_step_paths` counts these. Only the fitted blocks of a layout are used.
"""

from itertools import combinations, combinations_with_replacement

import numpy as np

from prunegraph.metrics.implicit.layout import Layout
from prunegraph.metrics.implicit.relations import Relation
from prunegraph.metrics.implicit.two_step_paths import Composite, Tally, cycles_within, pairs_of
from prunegraph.metrics.two_colours import two_colours

MANY = 2  # mean number of common neighbours of two parts from which on cycles are counted at one side


class Walks:
    """Counts along the fitted blocks of a layout; results that several metrics need are computed once."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self._tallies: dict[tuple, Tally] = {}

    def route(self, start: int, *parts: int) -> tuple[Relation, ...]:
        """Return the blocks along a walk from part to part."""
        steps = zip((start, *parts), parts, strict=False)
        return tuple(Relation.between(self.layout.joined[a][b], a) for a, b in steps)

    def tally(self, start: int, end: int, *walks: tuple[int, ...]) -> Tally:
        """Count the paths from `start` to `end` over all middle parts in `walks` (() for the edges themselves)."""
        key = start, end, *sorted(walks)
        if key not in self._tallies:
            self._tallies[key] = Composite([self.route(start, *walk, end) for walk in walks]).tally()
        return self._tallies[key]

    def common(self, one: int, other: int) -> list[int]:
        """List the parts that are joined with both."""
        joined = self.layout.joined
        return sorted(joined[one].keys() & joined[other].keys())

    def two_hop_sum(self, skipped: frozenset[int] | set[int] = frozenset()) -> int:
        """Count the nodes within two steps, without the node itself, summed over all parts except `skipped`."""
        total = 0
        for start in range(len(self.layout.maps)):
            if start not in skipped:
                total += sum(self._reached(start, end, walks) for end, walks in self._ahead(start).items())
        return total

    def _ahead(self, start: int) -> dict[int, list[tuple[int, ...]]]:
        """List the parts that one or two steps along the edges reach, with the walks to each."""
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
        """Count the cycles of four nodes.

        A cycle has two diagonals. Cycles within one block, a-b-a'-b', are counted at the diagonal (a, a'), and cycles
        over three parts, a-b-c-b', at (a, c). Cycles over four different parts are counted at both diagonals. Where
        parts have many common neighbours (concatenated maps) and form two sides, it is less work to count all cycles at
        the diagonals on one side.
        """
        ends = combinations(range(len(self.layout.maps)), 2)
        pairs = [(*two, middles) for two in ends if (middles := self.common(*two))]
        sides = self._sides()
        if sides and sum(len(middles) for *_, middles in pairs) > MANY * len(pairs):
            return self._at_one_side(min(sides, key=self._effort))
        twice = sum(2 * cycles_within(fit.block) for fit in self.layout.fitted)
        for start, end, middles in pairs:
            apart = sum(self.tally(start, end, (middle,)).pairs for middle in middles)
            together = self.tally(start, end, *[(m,) for m in middles]).pairs if len(middles) > 1 else apart
            twice += 2 * apart + together - apart
        return twice // 2

    def _sides(self) -> tuple[list[int], list[int]] | None:
        """Divide the parts into two sides so that no block joins parts of one side; None if this is not possible."""
        colour = two_colours([self.layout.joined[part].keys() for part in range(len(self.layout.maps))])
        if colour is None:
            return None
        return [part for part, side in enumerate(colour) if side], [
            part for part, side in enumerate(colour) if not side
        ]

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
                # As in cycles_within, with the degree over all blocks together.
                degree = sum(self._degree(part, m) for m in middles)
                cycles += (Composite(routes).tally().pairs - pairs_of(degree)) // 2
        return cycles

    def _degree(self, part: int, other: int) -> np.ndarray:
        fit = self.layout.joined[part][other]
        return fit.block.out_degree() if part == fit.source else fit.block.in_degree()

    def has_cliques(self) -> bool:
        """Whether four parts are joined with each other, so that four nodes might be."""
        joined = self.layout.joined
        for fit in self.layout.fitted:
            common = self.common(fit.source, fit.target)
            if any(other in joined[one] for one, other in combinations(common, 2)):
                return True
        return False

    def triangles(self) -> tuple[np.ndarray, int]:
        """Count the triangles at every node (int64), and the pairs of triangles that share an edge."""
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


def _at_edges(composite: Composite) -> tuple[np.ndarray, np.ndarray, int]:
    """Count the paths that join the ends of an edge (the first route), at its source and target, and pairs of them."""
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
