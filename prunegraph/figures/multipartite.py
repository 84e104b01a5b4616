"""Figure: a drawing of one multipartite graph, its parts as columns."""

from collections.abc import Iterable, Sequence
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

_EDGES = {"next": (style.BLUE, "Edge to the next part"), "skip": (style.ORANGE, "Edge that skips parts")}


@style.styled
def draw(
    graph: "MultipartiteGraph",
    *,
    title: str = "",
    most_edges: int = 20_000,
    bins: int = 150,
    seed: int = 0,
) -> Figure:
    """Draw the graph with one column for each part, the input at the left.

    The height of a column is logarithmic in its number of nodes, which is written below it. Edges to the next part are
    blue, those that skip parts (shortcuts) orange. Edges are rasterised. Memory is that of `edges()`.

    Parameters
    ----------
    graph
        Any object with `parts` (nodes of each part) and a method `edges()` that returns (source, target, weight).
    title
        Title above the drawing.
    most_edges
        Largest number of edges that are drawn; of a graph with more edges, a uniform sample of this size is drawn, and
        the caption says so.
    bins
        Number of marks in a column; a mark stands for consecutive nodes and is dark if any of them has an edge.
    seed
        Seed of the sample.

    Raises
    ------
    UserError
        If the graph has no nodes.
    """
    parts = np.asarray(graph.parts, dtype=np.int64)
    if not len(parts) or parts.sum() == 0:
        raise UserError("The drawing needs a graph with nodes; this one has none.")
    figure = style.new(style.PAGE, 3.4)
    axes = figure.subplots()
    total, drawn, lonely = _graph(axes, graph, parts, most_edges, bins, seed)
    _frame(axes, parts)
    axes.set_title(title)
    axes.set_xlabel(caption(parts, total, drawn, lonely))
    _legend(figure)
    return figure


@style.styled
def draw_several(
    graphs: Iterable["MultipartiteGraph"],
    *,
    titles: Sequence[str],
    title: str = "",
    most_edges: int = 2500,
    bins: int = 60,
    seed: int = 0,
) -> Figure:
    """Draw graphs of the same parts side by side as :func:`draw` does, such as one network pruned by several methods.

    Above each drawing are its number of edges and the share of nodes without an edge. Where samples of edges are drawn,
    the samples of all graphs have the same size.

    Parameters
    ----------
    graphs
        The graphs; they are taken one after the other, so that only one need be in memory.
    titles, title
        Titles of the graphs, and title of the figure.
    most_edges, bins, seed
        As in :func:`draw`, for each graph.

    Raises
    ------
    UserError
        If there is no graph, or one has no nodes.
    """
    if not titles:
        raise UserError("The figure of several pruners needs at least one pruned network's graph; there is none.")
    columns = min(len(titles), 4)
    lines = -(-len(titles) // columns)
    figure = style.new(style.PAGE, 0.5 + 1.75 * lines)
    panels = list(figure.subplots(lines, columns, squeeze=False).flat)
    for axes, graph, name in zip(panels, graphs, titles, strict=False):
        parts = np.asarray(graph.parts, dtype=np.int64)
        if parts.sum() == 0:
            raise UserError("The drawing needs a graph with nodes; this one has none.")
        total, _, lonely = _graph(axes, graph, parts, most_edges, bins, seed)
        _bare(axes, len(parts))
        axes.set_title(f"{name}\n{total:,} edges\n{100 * lonely / parts.sum():.0f} % of nodes isolated", fontsize=6.5)
    for axes in panels[len(titles) :]:
        axes.set_visible(False)
    figure.suptitle(title, fontsize=8)
    _legend(figure)
    return figure


def caption(parts: np.ndarray, total: int, drawn: int, lonely: int) -> str:
    """Write a sentence about a drawing: sizes, number of edges that are drawn, number of nodes without an edge."""
    edges = f"all {total:,} edges drawn" if drawn == total else f"{drawn:,} of {total:,} edges drawn (uniform sample)"
    return f"{int(np.sum(parts)):,} nodes in {len(parts)} parts, {lonely:,} of them without an edge; {edges}"


def _graph(axes: Axes, graph, parts: np.ndarray, most_edges: int, bins: int, seed: int) -> tuple[int, int, int]:
    """Draw nodes and edges; return the numbers of edges, of edges drawn, and of nodes without an edge."""
    source, target, _ = graph.edges()
    total = len(source)
    connected = np.zeros(int(parts.sum()), dtype=bool)
    connected[source] = True
    connected[target] = True
    if total > most_edges:
        chosen = np.sort(numpy_generator(seed, "figure", "multipartite").choice(total, most_edges, replace=False))
        source, target = source[chosen], target[chosen]
    positions = _positions(parts)
    _edges(axes, positions, source, target)
    _nodes(axes, parts, positions, connected, bins)
    return total, len(source), int((~connected).sum())


def _positions(parts: np.ndarray) -> np.ndarray:
    """Positions (nodes, 2): column, and height in [-h, h], of every node; h is logarithmic in the size of the part."""
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
    for chosen, kind, strength in ((~skips, "next", alpha), (skips, "skip", min(1.0, 5 * alpha))):
        if chosen.any():
            colour, text = _EDGES[kind]
            look = {"linewidths": 0.35, "alpha": strength, "rasterized": True, "label": text}
            axes.add_collection(LineCollection(lines[chosen], colors=colour, **look))


def _legend(figure: Figure) -> None:
    """Add a legend for the colours of edges, if there is more than one."""
    seen = {collection.get_label() for axes in figure.axes for collection in axes.collections}
    handles = [Line2D([], [], color=colour, label=text) for colour, text in _EDGES.values() if text in seen]
    if len(handles) == 2:
        style.legend_below(figure, handles, 2)


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
    _bare(axes, len(parts))
    axes.set_xticks(range(len(parts)), [f"{size:,}" for size in parts], rotation=90 if len(parts) > 9 else 0)


def _bare(axes: Axes, parts: int) -> None:
    axes.set(xlim=(-0.6, parts - 0.4), ylim=(-1.05, 1.05), xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(axis="x", length=0)
