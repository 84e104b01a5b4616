"""A notice in place of a figure for which a study is too small: the reason, as a picture."""

import textwrap

from matplotlib.figure import Figure

from prunegraph.figures import style


@style.styled
def draw(sentence: str) -> Figure:
    """Draw a figure that holds only `sentence`, so that nobody takes it for a result."""
    figure = style.new(style.PAGE, 1.6)
    figure.text(0.5, 0.5, "Not drawn.\n" + textwrap.fill(sentence, 80), ha="center", va="center")
    return figure
