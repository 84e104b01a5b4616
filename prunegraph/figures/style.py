"""The common style of all figures: sizes, colours, line styles; and writing a figure to a file."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.special import stdtrit

from prunegraph.errors import UserError
from prunegraph.figures.names import label
from prunegraph.files import atomic

__all__ = ["STYLE", "half_interval", "label", "legend_below", "method_styles", "new", "save", "styled"]

#: Widths in inches of one column and of a page.
COLUMN, PAGE = 3.4, 7.0

# Okabe and Ito's colours, which can be told apart with every kind of colour vision, and in grey by their lightness.
BLACK, GREY, LIGHT = "#000000", "#8c8c8c", "#d5d5d5"
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, RED, PINK = "#0072B2", "#D55E00", "#CC79A7"

_PRUNERS = {
    "dense": (BLACK, "o"),
    "snip": (BLUE, "o"),
    "grasp": (ORANGE, "s"),
    "synflow": (GREEN, "^"),
    "prospr": (RED, "D"),
    "uniform": (GREY, "v"),
    "er": (SKY, "<"),
    "er_classic": (YELLOW, "X"),
    "erk": (PINK, ">"),
    # P. Tol's "muted" colours.
    "set": ("#882255", "P"),
    "rigl": ("#332288", "h"),
    "snfs": ("#999933", "p"),
    "dsr": ("#AA4499", "*"),
    "itop": ("#44AA99", "8"),
    "magnitude": ("#117733", "d"),
    "iterative_magnitude": ("#DDCC77", "H"),
    # P. Tol's "bright" colours, for units.
    "page_rank": ("#4477AA", "o"),
    "modified_page_rank": ("#EE6677", "s"),
    "unit_wanda": ("#228833", "^"),
    "unit_activation": ("#CCBB44", "D"),
    "unit_l1": ("#66CCEE", "<"),
    "unit_random": ("#BBBBBB", "v"),
    # P. Tol's "vibrant" colours, one a rule: circles for edges, squares for nodes.
    "dpp_edge": ("#CC3311", "o"),
    "random_edge": ("#33BBEE", "o"),
    "importance_edge": ("#009988", "o"),
    "dpp_node": ("#CC3311", "s"),
    "random_node": ("#33BBEE", "s"),
    "importance_node": ("#009988", "s"),
    "wanda": ("#EE7733", "X"),
    "obs": ("#0077BB", "P"),
    "graph_search": ("#B0307A", "p"),
    "lamp": ("#8C6D1F", "^"),
    "magnitude_rounds": ("#2E8B8B", "D"),
    "rgp": ("#1B6CA8", "h"),
}
# For methods that are not in the catalogue.
_SPARE_COLOURS = ("#661100", "#6699CC", "#CC6677", "#225555", "#888888", "#4B3F72", "#B8860B")
_SPARE_MARKERS = ("P", "*", "h", "p", "8", "d", "H")

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 0.4,
    "grid.color": "#e0e0e0",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "patch.linewidth": 0.4,
    "savefig.dpi": 300,
    "figure.dpi": 150,
    # Text stays text, with the same font everywhere: TrueType (42) rather than Type 3 outlines.
    "pdf.fonttype": 42,
    "mathtext.fontset": "dejavusans",
}


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Make a drawing function use Matplotlib's defaults and :data:`STYLE`, whatever the settings of the user are."""

    @wraps(draw)
    def inside(*args, **options) -> Figure:
        with _settings():
            return draw(*args, **options)

    return inside


def new(width: float, height: float) -> Figure:
    """Make an empty figure of this size in inches, not registered with pyplot; its layout keeps labels apart."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, *paths: str | Path) -> None:
    """Write `figure` atomically to every path, as PDF or PNG (300 dpi) by its suffix.

    The same figure gives the same bytes: the files hold neither dates nor names of programs.
    """
    for path in map(Path, paths):
        if path.suffix not in (".pdf", ".png"):
            raise UserError(f"{path} is no figure that can be written: give a name ending in .pdf or .png.")
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
        with atomic(path) as temporary, _settings():
            figure.savefig(temporary, format=path.suffix[1:], metadata=metadata)


def method_styles(methods: Iterable[str]) -> dict[str, dict]:
    """Assign a line style to each method; colour and marker of a pruner are the same in every figure.

    The first variant that is named after a pruner (``dpp_edge_reweighted``) has its colour, a dashed line and an open
    marker; where the pruner itself is not among the methods, its first variant looks like it, and the second so. Other
    names that are not in the catalogue get spare markers in the given order.
    """
    methods = list(methods)
    base = {
        method: max((name for name in _PRUNERS if f"{method}_".startswith(f"{name}_")), key=len, default="")
        for method in methods
    }
    families = {pruner: sorted((m for m in methods if base[m] == pruner), key=pruner.__ne__) for pruner in _PRUNERS}
    styles, spare = {}, 0
    for method in methods:
        place = families[base[method]].index(method) if base[method] else 2
        if place < 2:
            colour, marker = _PRUNERS[base[method]]
        else:
            colour = _SPARE_COLOURS[spare % len(_SPARE_COLOURS)]
            marker = _SPARE_MARKERS[spare % len(_SPARE_MARKERS)]
            spare += 1
        face = "white" if place == 1 else colour
        styles[method] = {"color": colour, "marker": marker, "markerfacecolor": face, "markeredgecolor": colour}
        if place == 1:
            styles[method]["linestyle"] = "--"
    return styles


def half_interval(values: np.ndarray) -> float:
    """Half width of the 95 % interval of the mean, by Student's t; NaN for fewer than two values."""
    if len(values) < 2:
        return float("nan")
    return float(stdtrit(len(values) - 1, 0.975) * np.std(values, ddof=1) / np.sqrt(len(values)))


def legend_below(figure: Figure, handles: list, columns: int) -> None:
    """Add one legend for the whole figure below the axes, so that it hides no data; fewer columns for long names."""
    names = [handle.get_label() for handle in handles]
    ncols = max(1, min(columns, len(handles)))
    while ncols > 1 and _width(names, ncols) > figure.get_figwidth():
        ncols -= 1
    figure.legend(handles=handles, loc="outside lower center", ncols=ncols, columnspacing=1.2, handletextpad=0.5)


def _width(names: list[str], ncols: int) -> float:
    """Roughly the width in inches of a legend that is filled column by column."""
    short, longer = divmod(len(names), ncols)
    ends = np.cumsum([0, *[short + (place < longer) for place in range(ncols)]])
    return sum(0.4 + 0.049 * max(map(len, names[first:last])) for first, last in pairwise(ends))


@contextmanager
def _settings() -> Iterator[None]:
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield
