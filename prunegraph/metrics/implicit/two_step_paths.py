"""Paths over two blocks: the number of paths between each two nodes, counted class by class.

A block joins node (c, y, x) with node (o, Y, X) through the vertical tap that y and Y determine and the horizontal tap
that x and X determine, if the mask is set there. The number of paths between two nodes over a middle map is therefore a
sum of entries of matrix products

    (0/1 mask at tap s: channels x middle) @ (0/1 mask at tap t: middle x channels)

over the pairs of taps (s, t) that join y over some middle row with Y, combined with those that join x with X. Most
pairs of rows have the same list of pairs of taps as many others; strides, borders and pooling windows decide the number
of different lists. Every different list of rows, with every different list of columns, is a class. Each class is
evaluated once for all channels and is multiplied by its number of occurrences. No cost depends on the number of edges.
The products count common bits (:mod:`prunegraph.metrics.implicit.binary_products`), and all counts are exact (float32
holds whole numbers up to 2^24).
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numba import njit

from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.implicit.binary_products import multiply, packed
from prunegraph.metrics.implicit.relations import Relation
from prunegraph.metrics.implicit.tap_lists import lists_of_taps

PRODUCTS = 1 << 22  # entries of the matrix products that are held at a time: 16 MiB
CHUNK = 1024  # entries that are summed for one class before the next, so that the products stay in the cache
LARGEST = 1 << 21  # below this number of paths between two nodes, sums of their squares are exact


class TooManyPaths(ArithmeticError):
    """There are more paths between two nodes than float32 can count exactly."""


Route = tuple[Relation, ...]  # two relations over a middle map, or one: the edges themselves


@dataclass(frozen=True, eq=False)
class Tally:
    """Number of pairs of nodes that are joined by a path, and of pairs of paths that join the same two nodes."""

    joined: int
    pairs: int


class Composite:
    """The paths from the nodes of one part to those of another over one or more routes."""

    def __init__(self, routes: list[Route]):
        if len(routes) > 1:
            routes = [tuple(relation.dense() for relation in route) for route in routes]
        self.routes = routes
        self.rows = lists_of_taps(tuple(tuple(relation.rows for relation in route) for route in routes))
        self.columns = lists_of_taps(tuple(tuple(relation.columns for relation in route) for route in routes))
        self._number_products()

    def _number_products(self) -> None:
        """Number the matrix products that the classes need."""
        row_used, column_used = self.rows.count.any(axis=0), self.columns.count.any(axis=0)
        self.taps, first, terms = [], 0, []
        row_start = column_start = 0
        for route in self.routes:
            heights, widths = ([relation.mask.shape[axis] for relation in route] for axis in (0, 1))
            # A table may never use the last taps (they fall outside everywhere).
            heights = [int(relation.rows.max()) + 1 for relation in route]
            widths = [int(relation.columns.max()) + 1 for relation in route]
            rows = row_start + np.flatnonzero(row_used[row_start : row_start + np.prod(heights)])
            columns = column_start + np.flatnonzero(column_used[column_start : column_start + np.prod(widths)])
            down = np.unravel_index(rows - row_start, heights)
            right = np.unravel_index(columns - column_start, widths)
            self.taps.append((down, right))
            terms.append((rows, columns, first))
            first += len(rows) * len(columns)
            row_start += int(np.prod(heights))
            column_start += int(np.prod(widths))
        self.products = first
        self.terms = terms

    def classes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Write each class (list of rows, then of columns) as a run of terms.

        Returns the first term of each class, and the matrix product and the multiplicity of each term.
        """
        start, term, weight = [0], [], []
        row_count, column_count = self.rows.count, self.columns.count
        for i in range(len(row_count)):
            for j in range(len(column_count)):
                for rows, columns, first in self.terms:
                    times = np.outer(row_count[i][rows], column_count[j][columns]).ravel()
                    used = np.flatnonzero(times)
                    term.append(first + used)
                    weight.append(times[used])
                start.append(start[-1] + sum(len(part) for part in term[-len(self.terms) :]))
        empty = [np.zeros(0, np.int64)]
        return np.array(start), np.concatenate(term or empty), np.concatenate(weight or empty).astype(np.float32)

    @property
    def cost(self) -> float:
        """Approximate number of multiplications."""
        total = 0.0
        for route, (down, right) in zip(self.routes, self.taps, strict=True):
            pairs = len(down[0]) * len(right[0])
            groups = max(relation.groups for relation in route)
            start, end = (route[0].mask.shape[2:4], route[-1].mask.shape[2:5:2])
            middle = route[0].mask.shape[2] * route[0].mask.shape[4] if len(route) == 2 else 1
            total += pairs * np.prod(start) * np.prod(end) * middle / groups
        return total

    def _checked(self, weight: np.ndarray, start: np.ndarray) -> None:
        middle = max(relation.mask.shape[4] for route in self.routes for relation in route[:1])
        sums = np.append(0, np.cumsum(weight, dtype=np.float64))
        most = np.diff(sums[start]).max(initial=0)
        if most * middle >= LARGEST:
            raise TooManyPaths(f"up to {most * middle:.0f} paths between two nodes")

    def tally(self) -> Tally:
        """Count over all pairs of nodes, exactly."""
        if not self.products:
            return Tally(0, 0)
        start, term, weight = self.classes()
        self._checked(weight, start)
        times = np.outer(self.rows.times, self.columns.times).ravel()
        joined = pairs = 0
        for products in self.matrix_products():
            found, double = _tally(products, start, term, weight)
            joined += int((found * times).sum())
            pairs += sum(int(d) * int(t) for d, t in zip(double, times, strict=True))
        return Tally(joined, pairs)

    @cached_property
    def values(self) -> np.ndarray:
        """The number of paths in each class: int32 (lists of rows, of columns, groups, channels from, channels to).

        There is a single group, unless the two relations of the only route have the same number of groups.
        """
        route, shape = self.routes[0], (len(self.rows.count), len(self.columns.count))
        groups = route[0].groups if len({relation.groups for relation in route}) == 1 else 1
        if groups == 1:
            route = tuple(relation.dense() for relation in route)
        start, term, weight = self.classes()
        self._checked(weight, start)
        found = np.zeros((len(start) - 1, groups, route[0].mask.shape[3], route[-1].mask.shape[4]), np.int32)
        if self.products:
            own = Composite([route]) if len(self.routes) == 1 else self
            products = own.products_between()
            for i in range(len(found)):
                terms = slice(start[i], start[i + 1])
                found[i] = (weight[terms] @ products[term[terms]]).reshape(found.shape[1:])
        return found.reshape(*shape, *found.shape[1:])

    def matrix_products(self):
        """Yield the matrix products, (products, entries), for some channels of both ends at a time."""
        if max(relation.groups for relation in self.routes[0]) > 1:
            yield self.products_between()
            return
        start, end = self.routes[0][0].mask.shape[3], self.routes[0][-1].mask.shape[4]
        # Nearly square products: they need the fewest reads for their number of multiplications.
        side = max(1, int((PRODUCTS / max(1, self.products)) ** 0.5))
        down = min(start, max(side, PRODUCTS // max(1, self.products * end)))
        right = min(end, max(side, PRODUCTS // max(1, self.products * down)))
        for first, left in product(range(0, start, down), range(0, end, right)):
            yield self.products_between(slice(first, first + down), slice(left, left + right))

    def products_between(self, start: slice = slice(None), end: slice = slice(None)) -> np.ndarray:
        """Compute the matrix products between these channels of both ends' groups: float32 (products, entries)."""
        parts = [_products(factors, taps, start, end) for factors, taps in zip(self._factors, self.taps, strict=True)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    @cached_property
    def _factors(self) -> list[tuple[np.ndarray, ...]]:
        return [_packed(route) if len(route) == 2 else (route[0].mask,) for route in self.routes]


def cycles_within(block: Bundle) -> int:
    """Count the cycles of four nodes within one block.

    They are pairs of paths between two nodes of its source, or of its target if this is cheaper.
    """
    along = Relation.of(block)
    ways = [(Composite([(along, along.back)]), block.out_degree), (Composite([(along.back, along)]), block.in_degree)]
    composite, degree = min(ways, key=lambda way: way[0].cost)
    # Every pair of different nodes is counted twice, and each node is joined with itself by as many paths as edges.
    return (composite.tally().pairs - pairs_of(degree())) // 2


def pairs_of(count: np.ndarray) -> int:
    """Sum of count * (count - 1) / 2."""
    count = count.astype(np.int64)
    return int((count * (count - 1) // 2).sum())


def _packed(route: Route) -> tuple[np.ndarray, np.ndarray]:
    """Pack both masks of a route with equal groups, the middle channels as bits."""
    one, two = route
    if one.groups > 1 and two.groups > 1 and one.groups != two.groups:
        two = two.dense()
    groups = max(one.groups, two.groups)
    left, right = one.mask, two.mask
    if one.groups == 1:
        height, width, _, start, middle = left.shape
        left = left.reshape(height, width, start, groups, middle // groups).swapaxes(2, 3)
    if two.groups == 1:
        height, width, _, middle, end = right.shape
        right = right.reshape(height, width, groups, middle // groups, end)
    return packed(left), np.ascontiguousarray(packed(right.swapaxes(3, 4)).swapaxes(3, 4))


def _products(factors: tuple[np.ndarray, ...], taps, start: slice, end: slice) -> np.ndarray:
    """Compute all needed products of one route: (pairs of taps, groups * channels from * channels to)."""
    down, right = taps
    pairs = len(down[0]) * len(right[0])
    one = factors[0][:, :, :, start]
    two = factors[-1][..., end]
    if len(factors) == 1:
        mask = one[..., end]
        return mask[down[0]][:, right[0]].reshape(pairs, -1).astype(np.float32)
    found = np.empty((pairs, one.shape[2], one.shape[3], two.shape[4]), np.float32)
    # For each pair of taps, the row and column of the first tap, then of the second.
    order = [np.repeat(rows, len(right[0])) for rows in down] + [np.tile(columns, len(down[0])) for columns in right]
    multiply(np.ascontiguousarray(one), np.ascontiguousarray(two), np.stack(order, axis=1), found)
    return found.reshape(pairs, -1)


@njit(cache=True, fastmath=True)
def _tally(products, start, term, weight):
    """Count for every class the entries above zero, and sum up entry * (entry - 1) / 2."""
    classes, size = len(start) - 1, products.shape[1]
    joined, pairs = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    buffer = np.empty(CHUNK, np.float32)
    for first in range(0, size, CHUNK):
        length = min(CHUNK, size - first)
        for i in range(classes):
            if start[i] == start[i + 1]:
                continue
            buffer[:length] = 0
            for t in range(start[i], start[i + 1]):
                row, w = products[term[t]], weight[t]
                for e in range(length):
                    buffer[e] += w * row[first + e]
            some, double = np.int32(0), 0.0
            for e in range(length):
                some += np.int32(buffer[e] > 0)
            for e in range(length):
                double += np.float64(buffer[e]) * (np.float64(buffer[e]) - 1)
            joined[i] += some
            pairs[i] += np.int64(double) // 2
    return joined, pairs
