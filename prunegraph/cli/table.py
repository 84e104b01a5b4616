"""Tables for terminals of any width."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

GAP = 2


def table(rows: Sequence[Mapping[str, Any]], width: int) -> str:
    """Format rows as aligned columns if they fit into `width` characters, else as one paragraph for each row."""
    columns = list(rows[0])
    cells = [[text(row[column]) for column in columns] for row in rows]
    widths = [max(len(name), *(len(row[place]) for row in cells)) for place, name in enumerate(columns)]
    if sum(widths) + GAP * (len(columns) - 1) > width:
        return "\n\n".join(paragraph(row) for row in rows)
    lines = [columns, *cells]
    return "\n".join(_line(line, widths) for line in lines)


def paragraph(facts: Mapping[str, Any], width: int | None = None) -> str:
    """Format one line for each name and value; text that is longer than `width` continues below its beginning."""
    indent = max(map(len, facts)) + GAP
    lines = [f"{name:{indent}}{text(value)}" for name, value in facts.items()]
    if width is None:
        return "\n".join(lines)
    hang = {"subsequent_indent": " " * indent, "break_long_words": False, "break_on_hyphens": False}
    return "\n".join(textwrap.fill(line, max(width, 2 * indent), **hang) for line in lines)


def text(value: Any) -> str:
    """Format a number for readers: integers in full, other numbers with seven digits, a dash for None."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    # The first column is a name; numbers are aligned to the right.
    first, *others = zip(cells, widths, strict=True)
    aligned = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return (" " * GAP).join(aligned).rstrip()
