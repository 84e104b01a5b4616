"""Weights from files that other people made."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prunegraph.errors import UserError
from prunegraph.masks import Mask

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")

# Where training programs put the state dict when they save more than that.
NESTS = ("state_dict", "model_state_dict", "model", "net", "network", "weights")

WRAPPERS = ("module.", "_orig_mod.")


def read(path: str | Path, mask: str | Path | None = None) -> dict[str, np.ndarray]:
    """The tensors of a state dict by name, float32; pruned weights are zero. Runs nothing that the file holds.

    Parameters
    ----------
    path
        ``.safetensors``, or what ``torch.save`` wrote of tensors and plain containers.
    mask
        A mask of the workflow that is applied to the weights.

    ``X_orig`` and ``X_mask`` of torch.nn.utils.prune become their product ``X``; ``module.`` (DataParallel) and
    ``_orig_mod.`` (torch.compile) in front of every name are left out.

    Raises
    ------
    UserError
        If the file is missing, of another kind, damaged, or holds other objects than tensors.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise UserError(f"{path} is of no known kind: expected a file that ends in {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise UserError(f"There is no file {path}; expected a checkpoint.")
    found = _safetensors(path) if path.suffix == ".safetensors" else _state_dict(_torch(path), path)
    arrays = masked(without_prefix({name: _array(value) for name, value in found.items()}), path)
    return arrays if mask is None else _applied(Mask.load(mask), arrays)


def without_prefix(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Names without what a wrapper puts in front of all of them."""
    for prefix in WRAPPERS:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return without_prefix({name.removeprefix(prefix): value for name, value in tensors.items()})
    return dict(tensors)


def masked(arrays: Mapping[str, np.ndarray], path: str | Path) -> dict[str, np.ndarray]:
    """Weights multiplied by the masks that torch.nn.utils.prune keeps beside them.

    Raises
    ------
    UserError
        If a mask is of another shape than its weight.
    """
    result = dict(arrays)
    for name in arrays:
        weight = name.removesuffix("_mask")
        if weight == name:
            continue
        own = f"{weight}_orig" if f"{weight}_orig" in arrays else weight
        if own not in arrays:
            continue  # a buffer of that name, such as an attention mask
        if arrays[own].shape != arrays[name].shape:
            shapes = f"{arrays[name].shape} and {arrays[own].shape}"
            raise UserError(f"{path}: {name!r} and {own!r} are of the shapes {shapes}; expected one shape.")
        result.pop(own)
        result[weight] = arrays[own] * result.pop(name)
    return result


def _applied(mask: Mask, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    for name, kept in mask.items():
        if name not in arrays or arrays[name].shape != kept.shape:
            raise UserError(f"The mask's layer {name!r} has no weight of its shape in the checkpoint.")
        arrays[name] = arrays[name] * kept
    return arrays


def _safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as problem:
        raise UserError(f"{path} is no readable safetensors file ({problem}); it may be truncated.") from None


def _torch(path: Path) -> Any:
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UserError(
            f"{path} holds more than tensors, or is damaged, so it was not opened: reading it could run code. "
            "Save the state dict alone: torch.save(network.state_dict(), file)."
        ) from None
    except Exception as problem:  # a damaged archive may raise nearly anything
        reason = f"{type(problem).__name__}: {str(problem).partition(chr(10))[0]}"
        raise UserError(f"{path} is no readable file of torch.save ({reason:.200}).") from None


def _state_dict(content: Any, path: Path) -> dict[str, Any]:
    import torch

    for candidate in (content, *(content.get(nest) for nest in NESTS if isinstance(content, Mapping))):
        if isinstance(candidate, Mapping) and candidate and all(isinstance(name, str) for name in candidate):
            tensors = {name: value for name, value in candidate.items() if isinstance(value, torch.Tensor)}
            if tensors:
                return tensors
    raise UserError(
        f"{path} holds {type(content).__name__} and no state dict; expected tensors by name, "
        "as in torch.save(network.state_dict(), file)."
    )


def _array(value: Any) -> np.ndarray:
    value = value.detach().cpu()
    if value.is_sparse or value.is_quantized:
        raise UserError("A tensor of the checkpoint is sparse or quantised; expected ordinary ones.")
    return value.float().numpy()
