"""Figure: the three encodings of a small network (MGE, section 3)."""

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from prunegraph.encoding import Architecture, Layer, encode_weights
from prunegraph.figures import style
from prunegraph.graphs import MultipartiteGraph
from prunegraph.randomness import numpy_generator

CONVOLUTION, LINEAR = "convolution", "linear"
_PALE = "#b9b9b9"


@style.styled
def draw() -> Figure:
    """Draw the weights of a convolution and of a linear layer, half of them pruned, and the graphs that encode them.

    The graphs are made by :func:`prunegraph.encoding.encode_weights` from :func:`example`. The edges of one kept weight
    of the convolution are coloured: one edge in the rolled graph, the edge of its kernel in the rolled-channel graph,
    and one edge for each position of the kernel in the unrolled graph.
    """
    architecture, weights, mask = example()
    chosen = _one_weight(mask)
    figure = style.new(style.PAGE, 2.75)
    panels = figure.subplots(1, 4, width_ratios=(0.95, 1.0, 1.0, 1.15))
    _weights(panels[0], mask, chosen)
    for axes, encoding in zip(panels[1:3], ("rolled", "rolled_channel"), strict=True):
        graphs, marked = (encode_weights(architecture, weights, encoding, mask=kept) for kept in (mask, chosen))
        for number, name in enumerate((CONVOLUTION, LINEAR)):
            _graph(axes, graphs[name], marked[name], first=1.6 * number)
            axes.text(1.6 * number + 0.5, -1.32, f"{name}\nlayer", ha="center", va="top")
        _finish(axes, f"{style.label(encoding)}: one per layer", list(graphs.values()))
    graph, marked = (encode_weights(architecture, weights, "unrolled", mask=kept) for kept in (mask, chosen))
    _graph(panels[3], graph, marked, first=0)
    for column, name in enumerate(("input\n2\u00d73\u00d73", "feature map\n2\u00d72\u00d72", "output\n2")):
        panels[3].text(column, -1.32, name, ha="center", va="top")
    _finish(panels[3], "Unrolled: one graph", [graph])
    style.legend_below(
        figure,
        [
            Line2D([], [], color=_PALE, label="Edge"),
            Line2D([], [], color=style.RED, linewidth=1.4, label="Edges of the coloured weight"),
            Line2D([], [], color="#d0d0d0", marker="o", linestyle="none", label="Node without an edge"),
        ],
        3,
    )
    return figure


def example() -> tuple[Architecture, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Make a network with 2x3x3 inputs, two 2x2 kernels for each channel and two outputs.

    Returns
    -------
    tuple[Architecture, dict[str, np.ndarray], dict[str, np.ndarray]]
        The architecture, the 32 weights, and the mask, which keeps half of them.
    """
    whole = {"pool": (1, 1), "stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1, "shortcut": False}
    whole |= {"kernel": (2, 2), "channels": (0, 2), "outputs": (0, 2)}
    layers = (
        Layer(CONVOLUTION, f"{CONVOLUTION}.weight", False, (2, 2, 2, 2), 0, 1, inputs=(0, 2), **whole),
        Layer(LINEAR, f"{LINEAR}.weight", True, (2, 8), 1, 2, inputs=(0, 8), **whole),
    )
    architecture = Architecture(((2, 3, 3), (2, 2, 2), (2, 1, 1)), (0, 0, 0, 0), layers)
    draw = numpy_generator(3, "figure", "encodings")
    weights, mask = {}, {}
    for layer in layers:
        values = draw.standard_normal(layer.weight_shape).astype(np.float32)
        weights[layer.weight] = values
        mask[layer.weight] = draw.permutation(values.size).reshape(values.shape) < values.size // 2
    return architecture, weights, mask


def _one_weight(mask: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Make a mask that keeps only the first of the weights of the convolution that `mask` keeps."""
    only = {name: np.zeros_like(kept) for name, kept in mask.items()}
    name = f"{CONVOLUTION}.weight"
    only[name][tuple(np.argwhere(mask[name])[0])] = True
    return only


def _weights(axes: Axes, mask: dict[str, np.ndarray], chosen: dict[str, np.ndarray]) -> None:
    """Draw weights as squares, filled if kept: kernels above (a row for each output channel), linear layer below."""
    kernels, matrix = mask[f"{CONVOLUTION}.weight"], mask[f"{LINEAR}.weight"]
    marked = chosen[f"{CONVOLUTION}.weight"]
    for place in np.ndindex(kernels.shape):
        row, column, y, x = place
        _square(axes, 1.8 + 2.6 * column + x, 2.6 * row + y, kernels[place], marked[place])
    for row, column in np.ndindex(matrix.shape):
        _square(axes, column, 7.6 + row, matrix[row, column], False)
    axes.text(4, -0.3, "kernels (out, in)", ha="center", va="bottom")
    axes.text(4, 7.3, "linear layer", ha="center", va="bottom")
    axes.set(
        xlim=(-0.3, 8.3), ylim=(10.6, -1.4), xticks=[], yticks=[], title="Weights of two layers\n16 kept, 16 pruned"
    )
    axes.set_aspect("equal")
    axes.grid(False)
    axes.spines[:].set_visible(False)


def _square(axes: Axes, x: float, y: float, kept: bool, marked: bool) -> None:
    face = "#5a5a5a" if kept else "white"
    axes.add_patch(Rectangle((x, y), 0.92, 0.92, facecolor=face, edgecolor="#9a9a9a", linewidth=0.5))
    if marked:
        axes.add_patch(Rectangle((x, y), 0.92, 0.92, facecolor=style.RED, edgecolor=style.RED, linewidth=1.6, zorder=3))


def _graph(axes: Axes, graph: MultipartiteGraph, marked: MultipartiteGraph, first: float) -> None:
    """Draw parts as columns from x = `first` on; the edges of `marked`, a subgraph, lie above the others."""
    offsets = np.cumsum([0, *graph.parts])
    places = np.concatenate(
        [np.column_stack([np.full(size, first + column), _heights(size)]) for column, size in enumerate(graph.parts)]
    )
    for drawn, look in (
        (graph, {"color": _PALE, "linewidth": 0.5, "zorder": 1}),
        (marked, {"color": style.RED, "linewidth": 1.2, "zorder": 2}),
    ):
        source, target, _ = drawn.edges()
        for start, end in zip(places[source], places[target], strict=True):
            axes.plot(*np.transpose([start, end]), **look)
    source, target, _ = graph.edges()
    connected = np.isin(np.arange(offsets[-1]), np.concatenate([source, target]))
    for start, stop in pairwise(offsets):
        colours = np.where(connected[start:stop], style.BLACK, "#d0d0d0")
        axes.scatter(*places[start:stop].T, s=9, c=colours.tolist(), linewidths=0, zorder=3)


def _heights(size: int) -> np.ndarray:
    return (1 - 2 * (np.arange(size) + 0.5) / size) * min(1.0, 0.25 + size / 12)


def _finish(axes: Axes, title: str, graphs: list[MultipartiteGraph]) -> None:
    nodes, edges = (sum(getattr(graph, f"number_of_{what}")() for graph in graphs) for what in ("nodes", "edges"))
    axes.set(title=f"{title}\n{nodes} nodes, {edges} edges", xticks=[], yticks=[])
    axes.set(ylim=(-1.75, 1.08))
    axes.margins(x=0.12)
    axes.grid(False)
    axes.spines[:].set_visible(False)
