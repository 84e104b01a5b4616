"""Enumeration of the edges of a block as sorted arrays, at a few nanoseconds an edge."""

import numpy as np

from prunegraph.graphs.geometry import Geometry

Edges = tuple[np.ndarray, np.ndarray, np.ndarray]

# Candidates in one step: enough to make numpy's overhead small, few enough for the cache.
CHUNK = 1 << 16


def block_edges(geometry: Geometry, mask: np.ndarray, values: np.ndarray) -> Edges:
    """List the edges of one block: (source int64, target int64, weight float32), sorted by source, then target.

    `mask` and `values` have the geometry's weight shape. The cost is O(edges) times the stride in both directions.
    Nothing must be sorted, because channels, rows and taps are enumerated in the order of the node numbers.
    """
    count = int((np.count_nonzero(mask, axis=(0, 1)) * geometry.edges_per_tap).sum())
    edges = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.float32)
    walk = _single_outputs if geometry.target_map[1:] == (1, 1) else _maps
    start = 0
    for piece in walk(geometry, mask, values):
        stop = start + len(piece[0])
        for whole, part in zip(edges, piece, strict=True):
            whole[start:stop] = part
        start = stop
    edges[0][:] += geometry.source_offset
    edges[1][:] += geometry.target_offset
    return edges


def _single_outputs(geometry: Geometry, mask: np.ndarray, values: np.ndarray):
    """List the edges of a linear layer: a source position has at most one tap, so edges are rows of weights."""
    outputs, inputs = mask.shape[0] // geometry.groups, mask.shape[1]
    height, width = geometry.source_map[1:]
    rows, columns = _only_tap(geometry.rows), _only_tap(geometry.columns)
    there = (rows >= 0)[:, None] & (columns >= 0)
    step = max(1, CHUNK // (height * width * outputs))
    for group in range(geometry.groups):
        own = slice(group * outputs, (group + 1) * outputs)
        for first in range(0, inputs, step):
            # Axes: input channel, row, column, output channel.
            part = np.s_[own, first : first + step]
            kept = mask[part].transpose(1, 2, 3, 0)[:, rows][:, :, columns] & there[:, :, None]
            weight = values[part].transpose(1, 2, 3, 0)[:, rows][:, :, columns]
            place, output = np.divmod(np.flatnonzero(kept), outputs)
            yield place + (group * inputs + first) * height * width, output + own.start, weight[kept]


def _only_tap(reach: np.ndarray) -> np.ndarray:
    """Tap that joins each source row with the single output row, -1 if none."""
    return np.where((reach >= 0).any(axis=0), (reach >= 0).argmax(axis=0), -1)


def _maps(geometry: Geometry, mask: np.ndarray, values: np.ndarray):
    """List the edges of a convolution: for each input channel, all taps at all rows and columns at once."""
    outputs, inputs = mask.shape[0] // geometry.groups, mask.shape[1]
    for group in range(geometry.groups):
        own = slice(group * outputs, (group + 1) * outputs)
        for channel in range(inputs):
            # For a given source, the target row decreases as the tap increases, so that taps are enumerated backwards.
            kept = mask[own, channel, ::-1, ::-1]
            output, down, right = np.nonzero(kept)
            if len(output):
                taps = output + own.start, kept.shape[1] - 1 - down, kept.shape[2] - 1 - right
                weight = values[own, channel, ::-1, ::-1][kept]
                yield from _channel(geometry, group * inputs + channel, taps, weight)


def _channel(geometry: Geometry, channel: int, taps: tuple[np.ndarray, ...], weight: np.ndarray):
    _, height, width = geometry.source_map
    _, target_height, target_width = geometry.target_map
    # 32 bits, where node numbers fit into them, halve the memory traffic.
    short = np.int32 if geometry.target_size < 2**31 else np.int64
    output, down, right = (taps_along.astype(short) for taps_along in taps)
    rows, columns = geometry.rows.astype(short)[down].T, geometry.columns.astype(short)[right].T
    row_start = (output * target_height + rows) * target_width
    row_there, column_there = rows >= 0, columns >= 0
    step = max(1, CHUNK // (width * len(weight)))
    for first in range(0, height, step):
        part = slice(first, first + step)
        there = row_there[part][:, None] & column_there
        target = row_start[part][:, None] + columns
        source = np.repeat(np.arange(there.shape[0] * width), np.count_nonzero(there, axis=2).ravel())
        source += (channel * height + first) * width
        yield source, target[there], np.broadcast_to(weight, there.shape)[there]
