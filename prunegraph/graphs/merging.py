"""Merging of edges: one edge where several weights join the same two nodes.

Definition: there is an edge from node u to node v if at least one kept weight multiplies u (or a maximum or mean that
includes u) on its way into v. With disjoint pooling windows and a single layer, there is at most one such weight. After
overlapping or enlarging windows, and where several layers are added up, there can be several. They make one edge whose
weight is the sum of their magnitudes, so that the strength of a node is the sum over all routes.

Both axes are treated separately and in the same way: the weights that join source row y to target row Y are those of a
set of vertical taps, and there are few different sets.
"""

from collections.abc import Sequence

import numpy as np

from prunegraph.errors import UserError
from prunegraph.graphs.blocks import Block, Bundle, RoutedBlock
from prunegraph.graphs.geometry import Geometry
from prunegraph.graphs.routes import Routes

# Number of weights that are summed in one step, in float64.
CHUNK = 1 << 22


def routed(
    name: str, mask: np.ndarray, values: np.ndarray, reach: tuple[np.ndarray, np.ndarray], place: dict
) -> Block | RoutedBlock:
    """Make the block of a kernel whose taps may join one node with several, and several with one.

    Parameters
    ----------
    name
        Name of the layer.
    mask, values
        Mask and edge weights as in a :class:`Block`, with one tap for each entry of `reach`.
    reach
        For rows and for columns, bool (taps, source, target): whether the tap joins them.
    place
        Facts of the geometry: ``source_offset``, ``source_map``, ``target_offset``, ``target_map``, ``groups``.

    Returns
    -------
    Block | RoutedBlock
        A Block where kernel, stride and padding can describe the same edges, else a RoutedBlock. Its mask is True for
        each set of taps with at least one kept weight, and its value is the sum of their weights.
    """
    (row_sets, rows), (column_sets, columns) = (_tap_sets(axis) for axis in reach)
    dense = np.zeros(mask.shape, np.float32)
    dense[mask] = values
    kept = np.empty((*mask.shape[:2], len(rows), len(columns)), bool)
    weight = np.empty(kept.shape, np.float32)
    step = max(1, CHUNK // max(1, dense[0].size, weight[0].size))
    for first in range(0, len(mask), step):
        part = slice(first, first + step)
        kept[part] = _sums(mask[part], row_sets, column_sets) > 0
        weight[part] = _sums(dense[part], row_sets, column_sets)
    plain = _plain(rows, columns, place)
    if plain is not None:
        geometry, down, right = plain
        kept, weight = kept[:, :, down][:, :, :, right], weight[:, :, down][:, :, :, right]
        return Block(name, kept, weight[kept], geometry)
    tables = {"row_table": rows.tolist(), "column_table": columns.tolist()}
    return RoutedBlock(name, kept, weight[kept], Routes(**place, **tables))


def merged(bundles: Sequence[Bundle]) -> Block | RoutedBlock:
    """Merge several bundles that join the same two maps, or channels of them, into one bundle.

    Raises
    ------
    UserError
        If the bundles number the nodes of their maps in different ways.
    """
    source_offset, source_map = _union([(one.geometry.source_offset, one.geometry.source_map) for one in bundles])
    target_offset, target_map = _union([(one.geometry.target_offset, one.geometry.target_map) for one in bundles])
    taps = np.cumsum([(0, 0), *(one.geometry.kernel for one in bundles)], axis=0)
    shape = (target_map[0], source_map[0], *taps[-1])
    mask, dense = np.zeros(shape, bool), np.zeros(shape, np.float32)
    for bundle, first, last in zip(bundles, taps, taps[1:], strict=False):
        window = np.s_[:, :, first[0] : last[0], first[1] : last[1]]
        for (outputs, inputs), part in _groups(bundle, source_offset, target_offset):
            mask[window][outputs, inputs] = bundle.mask[part]
            dense[window][outputs, inputs] = bundle.dense_values[part]
    reach = tuple(
        np.concatenate([_reach(getattr(one.geometry, axis), size) for one in bundles])
        for axis, size in (("rows", target_map[1]), ("columns", target_map[2]))
    )
    facts = {"source_offset": source_offset, "source_map": source_map, "target_offset": target_offset}
    name = "+".join(one.name for one in bundles)
    return routed(name, mask, dense[mask], reach, {**facts, "target_map": target_map, "groups": 1})


def without_parallels(bundles: Sequence[Bundle]) -> tuple[Bundle, ...]:
    """Merge the bundles that could make one edge twice; the others stay as they are, in their order."""
    groups: list[list[Bundle]] = []
    bounds: list[list[tuple[int, int, int, int]]] = []
    for bundle in bundles:
        own = *bundle.source_range, *bundle.target_range
        parallel = [place for place, group in enumerate(bounds) if any(_overlap(own, other) for other in group)]
        joined = [other for place in parallel for other in groups[place]] + [bundle]
        joined_bounds = [other for place in parallel for other in bounds[place]] + [own]
        for place in reversed(parallel):
            del groups[place], bounds[place]
        groups.append(joined)
        bounds.append(joined_bounds)
    return tuple(group[0] if len(group) == 1 else merged(group) for group in groups)


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Whether both the sources and the targets of two bundles have a node in common."""
    targets = one[2] < other[3] and other[2] < one[3]
    return targets and one[0] < other[1] and other[0] < one[1]


def _sums(weights: np.ndarray, row_sets: np.ndarray, column_sets: np.ndarray) -> np.ndarray:
    """Sum weights over each set of taps: (outputs, inputs, row sets, column sets), float64."""
    along = np.tensordot(weights.astype(np.float64), column_sets, (3, 1))
    return np.tensordot(along, row_sets, (2, 1)).transpose(0, 1, 3, 2)


def _tap_sets(reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sets of taps, float64 0/1 (sets, taps), and the target of each set and source: int64 (sets, source), -1 for none.

    A set that joins one source with several targets is listed several times: once for the first target of every source,
    once for the second target, and so on.
    """
    source, target = np.nonzero(reach.any(axis=0))
    if not len(source):
        return np.zeros((1, len(reach))), np.full((1, reach.shape[1]), -1)
    sets, kind = np.unique(reach[:, source, target].T, axis=0, return_inverse=True)
    order = np.lexsort((target, kind, source))
    start = np.concatenate([[True], (np.diff(source[order]) != 0) | (np.diff(kind[order]) != 0)])
    turn = np.empty(len(source), np.int64)
    turn[order] = np.arange(len(order)) - np.maximum.accumulate(np.where(start, np.arange(len(order)), 0))
    listed, tap = np.unique(np.column_stack([kind, turn]), axis=0, return_inverse=True)
    table = np.full((len(listed), reach.shape[1]), -1)
    table[tap, source] = target
    return sets[listed[:, 0]].astype(np.float64), table


def _reach(table: np.ndarray, targets: int) -> np.ndarray:
    """Turn a table of targets into bool (taps, source, target)."""
    reach = np.zeros((*table.shape, targets), bool)
    tap, source = np.nonzero(table >= 0)
    reach[tap, source, table[tap, source]] = True
    return reach


def _plain(rows: np.ndarray, columns: np.ndarray, place: dict) -> tuple[Geometry, np.ndarray, np.ndarray] | None:
    """Find a geometry with these tables, and the order of its taps; None if there is none."""
    found = [_progression(table) for table in (rows, columns)]
    if None in found:
        return None
    (down, *vertical), (right, *horizontal) = found
    stride, padding, dilation = zip(vertical, horizontal, strict=True)
    facts = {"stride": stride, "padding": padding, "dilation": dilation, "kernel": (len(rows), len(columns))}
    geometry = Geometry(**place, **facts)
    same = np.array_equal(geometry.rows, rows[down]) and np.array_equal(geometry.columns, columns[right])
    return (geometry, down, right) if same else None


def _progression(table: np.ndarray) -> tuple[np.ndarray, int, int, int] | None:
    """Find tap order, stride, padding and dilation with source = target * stride + tap * dilation - padding."""
    steps = [np.diff(np.flatnonzero(taps >= 0)) for taps in table if (taps >= 0).sum() > 1]
    stride = int(steps[0][0]) if steps else 1
    shift = [np.unique(np.flatnonzero(taps >= 0) - stride * taps[taps >= 0]) for taps in table]
    if any(len(unique) != 1 for unique in shift):
        return None
    shift = np.concatenate(shift)
    order = np.argsort(shift)
    gaps = np.unique(np.diff(shift[order]))
    if len(gaps) > 1 or 0 in gaps:
        return None
    return order, stride, -int(shift.min()), int(gaps[0]) if len(gaps) else 1


def _union(places: list[tuple[int, tuple[int, int, int]]]) -> tuple[int, tuple[int, int, int]]:
    """First node and map of all channels together."""
    first, (_, height, width) = min(places)
    last = max(offset + channels * high * wide for offset, (channels, high, wide) in places)
    aligned = all((offset - first) % (height * width) == 0 for offset, _ in places)
    if not aligned or any(map_[1:] != (height, width) for _, map_ in places):
        raise UserError(f"Bundles of edges number their nodes as different maps: {places!r:.200}.")
    return first, ((last - first) // (height * width), height, width)


def _groups(bundle: Bundle, source_offset: int, target_offset: int):
    """List for each group its (output, input) channels in the maps that begin at these nodes, and in its own mask."""
    geometry = bundle.geometry
    (inputs, *source), (outputs, *target) = geometry.source_map, geometry.target_map
    left = (geometry.source_offset - source_offset) // (source[0] * source[1])
    top = (geometry.target_offset - target_offset) // (target[0] * target[1])
    wide, high = inputs // geometry.groups, outputs // geometry.groups
    for group in range(geometry.groups):
        rows = slice(group * high, (group + 1) * high)
        first = left + group * wide
        yield (slice(top + rows.start, top + rows.stop), slice(first, first + wide)), rows
