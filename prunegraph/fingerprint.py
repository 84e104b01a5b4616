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
import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from prunegraph.files import read_json, write_json

ROOT = Path(__file__).resolve().parents[1]

# Modules that decide no number. Above all the catalogue, a list of names: adding a pruner to it must not make
# every other result stale. Rules name the module that a name leads to instead.
NOT_FOLLOWED = {"prunegraph.catalogue", "prunegraph.errors", "prunegraph.files", "prunegraph.memory"}


@functools.cache
def code_of(*modules: str) -> str:
    """Hash of the source of `modules` and of every prunegraph module they import, 16 hexadecimal digits.

    The hash is blind to comments, docstrings and layout. Names that are looked up
    in the catalogue at run time are not followed: name their module here too. A script,
    ``workflow_scripts.NAME``, counts by itself, because what it imports includes the
    machinery of jobs, which decides no number. Of somebody's own module its file counts,
    and what it imports of prunegraph; other modules that it imports do not.
    """
    seen: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in seen and name not in NOT_FOLLOWED:
            seen[name], imported = _read(name)
            waiting += () if name.startswith("workflow_scripts.") else imported
    _remember()
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
    source = path.read_bytes()
    key = hashlib.sha256(_own() + source).hexdigest()
    if key not in _remembered():
        _remembered()[key] = _parsed(source.decode("utf-8"))
        _NEW.append(key)
    meaning, imports = _remembered()[key]
    # `from package import name`: a module of the package, or something the package defines.
    found = {f"{name}.{part}" if part and _path(f"{name}.{part}") else name for name, part in imports}
    return meaning, tuple(sorted(found))


# Parsing the library takes a second or two, and every job of the workflow asks anew. What a file means depends on its
# content alone, so it is remembered by that, beside what Python itself remembers of the sources.
_MEMORY = Path(__file__).parent / "__pycache__" / f"meanings-{sys.version_info[0]}{sys.version_info[1]}.json"
_NEW: list[str] = []


@functools.cache
def _own() -> bytes:
    return hashlib.sha256(Path(__file__).read_bytes()).digest()


@functools.cache
def _remembered() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    found = read_json(_MEMORY, {})
    return found if isinstance(found, dict) else {}


def _remember() -> None:
    if _NEW:
        _NEW.clear()
        with suppress(OSError):  # where the library may not be written, it is parsed every time
            write_json(_MEMORY, _remembered())


def _parsed(source: str) -> tuple[str, list[tuple[str, str]]]:
    """(hash of the meaning of a source, the names of prunegraph that it imports)."""
    tree = ast.parse(source)
    imports = sorted(set(_imports(tree)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _is_text(part)] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imports


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(module, name in it or the empty word) of every import of prunegraph."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.startswith("prunegraph."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "prunegraph":
            yield from ((node.module, alias.name) for alias in node.names)


@functools.cache
def _path(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    if module.split(".")[0] in ("prunegraph", "workflow_scripts"):
        return None
    found = importlib.util.find_spec(module)  # somebody's own
    return Path(found.origin) if found and found.origin and found.origin.endswith(".py") else None
