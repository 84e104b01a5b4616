"""Named tensors on disk: safetensors with provenance in the header.

Numpy only, so reading weights for a graph needs no torch. Provenance is a flat
mapping; every value is stored as JSON text, so numbers come back as numbers.
"""

import functools
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import prunegraph
from prunegraph.errors import UserError
from prunegraph.files import atomic


@functools.cache
def commit() -> str:
    """The commit of the source tree, with ``-dirty`` if it has changes; ``unknown`` where it is not under git.

    An installed package has none, though it often lies inside the repository of whoever uses it.
    """
    here = Path(__file__).resolve().parents[1]
    if not (here / ".git").exists():
        return "unknown"
    try:
        found = subprocess.run(
            ["git", "-C", here, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip() or "unknown"


def save(path: str | Path, tensors: Mapping[str, Any], **provenance: Any) -> None:
    """Write numpy arrays or torch tensors atomically, with `provenance`, version and commit in the header."""
    from safetensors.numpy import save_file

    arrays = {name: _numpy(value) for name, value in tensors.items()}
    # The format sorts tensors by size and name; a network's own order is kept beside them.
    facts = {"version": prunegraph.__version__, "commit": commit(), **provenance, "order": list(arrays)}
    header = {key: json.dumps(value, sort_keys=True) for key, value in facts.items()}
    with atomic(path) as temporary:
        save_file(arrays, temporary, metadata=header)
        _sort_header(temporary)


def _sort_header(path: Path) -> None:
    """Put the free-form part of a safetensors header in order, so that the same arrays and facts give the same bytes.

    The safetensors library writes it in an order that changes from run to run. Done in place: the file may be large.
    """
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) > size:
            raise ValueError(f"the sorted header has {len(text)} bytes, the unsorted one {size}")
        file.seek(8)
        file.write(text.ljust(size))


def load(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read (arrays, provenance).

    Raises
    ------
    UserError
        If the file is missing, truncated or no safetensors file, or a tensor has another name than its header says.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            header = file.metadata() or {}
    except FileNotFoundError:
        raise UserError(f"There is no file {path}; expected a safetensors file.") from None
    except (SafetensorError, OSError) as problem:
        raise UserError(
            f"{path} is not a readable safetensors file ({problem}). "
            "It may be truncated: delete it and let the workflow make it again."
        ) from problem
    provenance = {key: _plain(value) for key, value in header.items()}
    order = provenance.pop("order", None) or list(arrays)
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(arrays):
        raise UserError(
            f"{path} is damaged: its tensors are {', '.join(sorted(arrays))}, its header names {order}. "
            "Delete it and let the workflow make it again."
        )
    return {name: arrays[name] for name in order}, provenance


def provenance(path: str | Path) -> dict[str, Any]:
    """The facts in the header of a safetensors file; empty if there is no readable file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {key: _plain(value) for key, value in (file.metadata() or {}).items()}
    except (SafetensorError, OSError):
        return {}


def _numpy(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    # Not np.ascontiguousarray, which turns a scalar into an array of one.
    return np.asarray(value, order="C")


def _plain(text: str) -> Any:
    # Headers written by other programs hold bare strings.
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
