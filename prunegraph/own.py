"""Entries of the catalogue that are somebody's own: ``"module:attribute"`` in place of a name.

Such a module is imported where its name is used, also while planning, because only Python knows what it holds; names of
the catalogue never are. Imports nothing heavy itself.
"""

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prunegraph.errors import UserError


class Open(dict[str, Any]):
    """A table of the catalogue in which ``"module:attribute"`` stands for what `entry` makes of it.

    Iterating gives the names of the catalogue alone.
    """

    def __init__(self, entries: dict[str, Any], entry: Callable[[str], Any] = lambda reference: reference):
        super().__init__(entries)
        self.entry = entry

    def __missing__(self, name: str) -> Any:
        if not is_reference(name):
            raise KeyError(name)
        return self.entry(name)


def is_reference(name: Any) -> bool:
    """Whether a name is written as ``"module:attribute"``."""
    module, colon, attribute = str(name).partition(":")
    return bool(colon) and attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))


def load(reference: str) -> Any:
    """Import and return what ``"module:attribute"`` names.

    Raises
    ------
    UserError
        If there is no such module or attribute, or importing fails: with what went wrong.
    """
    name, _, attribute = reference.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:  # where an own module lies beside the configuration
        sys.path.append(folder)
    try:
        module = importlib.import_module(name)
    except Exception as problem:  # the user's own code
        raise UserError(
            f"Importing {name!r} for {reference!r} failed: {type(problem).__name__}: {problem}. Expected a module in "
            f"the folder {folder}, or one that is installed."
        ) from problem
    if not hasattr(module, attribute):
        found = [each for each in vars(module) if not each.startswith("_")]
        raise UserError(f"{name!r} has no {attribute!r}; it has {', '.join(found) or 'nothing'}."[:400])
    return getattr(module, attribute)


def options(function: Callable) -> tuple[tuple[str, ...], bool]:
    """The names of a function's keyword-only parameters, and whether it takes others (``**options``)."""
    parameters = inspect.signature(function).parameters.values()
    names = tuple(each.name for each in parameters if each.kind is each.KEYWORD_ONLY)
    return names, any(each.kind is each.VAR_KEYWORD for each in parameters)
