"""Figure: a drawing of one multipartite graph, its parts as columns."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from prunegraph.errors import UserError
from prunegraph.figures import style
from prunegraph.randomness import numpy_generator

if TYPE_CHECKING:
    from prunegraph.graphs import MultipartiteGraph


@style.styled
def draw(
    graph: "MultipartiteGraph",
    *,
    title: str = "",
    most_edges: int = 20_000,
    bins: int = 150,
    seed: int = 0,
) -> Figure:
    """The graph with one column per part, input at the left.

    Parameters
    ----------
    graph: anything with `parts` (nodes per part) and `edges()` -> (source, target, weight).
    title: what the graph is, written above.
    most_edges: a graph with more edges is shown by a uniform sample of this size; the caption says so.
    bins: nodes per column that are told apart; a bin stands for consecutive nodes and is dark if any of
        them has an edge.
    seed: of the sample.

    A column's height is logarithmic in its number of nodes, which stands below it. Edges to the next part are
    blue, those that skip parts (shortcuts) orange. Edges are rasterised. Memory is that of `edges()`.

    Raises
    ------
    UserError: the graph has no nodes.
    """
    parts = np.asarray(graph.parts, dtype=np.int64)
    if not len(parts) or parts.sum() == 0:
        raise UserError("The drawing needs a graph with nodes; this one has none.")
    source, target, _ = graph.edges()
    total = len(source)
    connected = np.zeros(int(parts.sum()), dtype=bool)
    connected[source] = True
    connected[target] = True
    if total > most_edges:
        chosen = np.sort(numpy_generator(seed, "figure", "multipartite").choice(total, most_edges, replace=False))
        source, target = source[chosen], target[chosen]

    figure = style.new(style.PAGE, 3.4)
    axes = figure.subplots()
    positions = _positions(parts)
    _edges(axes, positions, source, target)
    _nodes(axes, parts, positions, connected, bins)
    _frame(axes, parts)
    axes.set_title(title)
    axes.set_xlabel(caption(parts, total, len(source), int((~connected).sum())))
    return figure


def caption(parts: np.ndarray, total: int, drawn: int, lonely: int) -> str:
    """One sentence about a drawing: sizes, how many edges are drawn, how many nodes have none."""
    edges = f"all {total:,} edges drawn" if drawn == total else f"{drawn:,} of {total:,} edges drawn (uniform sample)"
    return f"{int(np.sum(parts)):,} nodes in {len(parts)} parts, {lonely:,} of them without an edge; {edges}"


def _positions(parts: np.ndarray) -> np.ndarray:
    """(nodes, 2): column, and height in [-h, h] of every node, h logarithmic in the nodes of the part."""
    heights = np.log10(1 + parts) / np.log10(1 + parts.max())
    columns = np.repeat(np.arange(len(parts), dtype=np.float32), parts)
    within = np.concatenate([(np.arange(size, dtype=np.float32) + 0.5) / size for size in parts])
    return np.column_stack([columns, (1 - 2 * within) * np.repeat(heights, parts).astype(np.float32)])


def _edges(axes: Axes, positions: np.ndarray, source: np.ndarray, target: np.ndarray) -> None:
    if not len(source):
        return
    lines = np.stack([positions[source], positions[target]], axis=1)
    skips = np.abs(lines[:, 1, 0] - lines[:, 0, 0]) > 1
    alpha = float(np.clip(600 / len(lines), 0.04, 0.8))
    handles = []
    for chosen, colour, strength, text in (
        (~skips, style.BLUE, alpha, "Edge to the next part"),
        (skips, style.ORANGE, min(1.0, 5 * alpha), "Edge that skips parts"),
    ):
        if chosen.any():
            look = {"linewidths": 0.35, "alpha": strength, "rasterized": True}
            axes.add_collection(LineCollection(lines[chosen], colors=colour, **look))
            handles.append(Line2D([], [], color=colour, label=text))
    if len(handles) == 2:
        style.legend_below(axes.figure, handles, 2)


def _nodes(axes: Axes, parts: np.ndarray, positions: np.ndarray, connected: np.ndarray, bins: int) -> None:
    first = np.concatenate([[0], np.cumsum(parts)])
    for start, stop in pairwise(first):
        edges = np.linspace(start, stop, min(bins, int(stop - start)) + 1).astype(np.int64)[:-1]
        if not len(edges):
            continue
        some = np.add.reduceat(connected[start:stop].astype(np.int64), edges - start) > 0
        for chosen, colour in ((some, style.BLACK), (~some, "#c0c0c0")):
            spots = positions[edges[chosen]]
            axes.scatter(spots[:, 0], spots[:, 1], s=2.0, color=colour, linewidths=0, zorder=3, rasterized=True)


def _frame(axes: Axes, parts: np.ndarray) -> None:
    axes.set_xlim(-0.6, len(parts) - 0.4)
    axes.set_ylim(-1.05, 1.05)
    axes.set_xticks(range(len(parts)), [f"{size:,}" for size in parts], rotation=90 if len(parts) > 9 else 0)
    axes.set_yticks([])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(axis="x", length=0)
