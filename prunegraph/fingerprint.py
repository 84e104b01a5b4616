"""Hashes that decide what must be computed again.

Two questions, two functions. `code_of` hashes the library code behind a rule, so
that an edited pruner reruns that pruner and nothing else (Snakemake by itself
sees changes of scripts, never of the modules they import). `made_from` hashes
what one result was made from, so that a job which makes several results keeps
those that are still right.
"""

import ast
import functools
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

# Modules that decide no number. Above all the catalogue, a list of names: adding a pruner to it must not make
# every other result stale. Rules name the module that a name leads to instead.
NOT_FOLLOWED = {"prunegraph.catalogue", "prunegraph.errors", "prunegraph.files", "prunegraph.memory"}


@functools.cache
def code_of(*modules: str) -> str:
    """Hash of the source of `modules` and of every prunegraph module they import, 16 hexadecimal digits.

    The hash is blind to comments, docstrings and layout. Names that are looked up
    in the catalogue at run time are not followed: name their module here too.
    """
    seen: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in seen and name not in NOT_FOLLOWED:
            seen[name], imported = _read(name)
            waiting += imported
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:16]


def made_from(contents: Iterable[str] = (), **facts: Any) -> str:
    """Hash of what something is made from: `contents`, the sha256 of each file, and plain `facts`; 64 hex digits."""
    parts = {"files": list(contents), "facts": facts}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@functools.cache
def _read(module: str) -> tuple[str, tuple[str, ...]]:
    """(hash of the meaning of a module, the prunegraph modules it imports)."""
    path = _path(module)
    if path is None:
        raise ModuleNotFoundError(f"no prunegraph module {module!r}")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = tuple(sorted(set(_imports(tree))))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _is_text(part)] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imported


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("prunegraph."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "prunegraph":
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                # `from package import name`: a module of the package, or something the package defines.
                yield inside if _path(inside) else node.module


@functools.cache
def _path(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None
