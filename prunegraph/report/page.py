"""Filling the template of the report."""

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prunegraph.figures.names import label

TEMPLATES = Path(__file__).parent


def render(context: Mapping[str, Any]) -> str:
    """Render the page from the content of :mod:`prunegraph.report.content` and :mod:`prunegraph.report.facts`.

    The same context gives the same text.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"label": label, "number": number, "duration": duration, "capitalize_first": capitalize_first}
    environment.filters |= filters
    return environment.get_template("page.html").render(context)


def embedded(path: str | Path) -> str:
    """Encode a PNG file as a data URL, with 256 colours if that is smaller: the page should be small enough to mail."""
    from PIL import Image

    few, original = io.BytesIO(), Path(path).read_bytes()
    with Image.open(path) as picture:
        reduced = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        reduced.save(few, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(min(few.getvalue(), original, key=len)).decode("ascii")


def size(path: str | Path) -> tuple[int, int]:
    """Return (width, height) in pixels of a PNG file; with it the layout of the page does not change while it loads."""
    head = Path(path).read_bytes()[16:24]
    return int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")


def number(value: Any) -> str:
    """Format a number for readers; a missing one becomes a dash, text stays as it is."""
    if value is None:
        return "\u2013"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """Format seconds as "4.2 s", "3 min 20 s" or "2 h 5 min"."""
    if seconds is None:
        return "\u2013"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return (
        f"{int(seconds // 60)} min {int(seconds % 60)} s" if seconds < 3600 else f"{minutes // 60} h {minutes % 60} min"
    )


def capitalize_first(text: str) -> str:
    """Make the first letter of `text` a capital and keep the rest as it is."""
    return text[:1].upper() + text[1:]
