"""Reading weights and their masks from checkpoint files of any origin."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prunegraph.encoding import mask_from_zeros
from prunegraph.errors import UserError
from prunegraph.masks import Mask

SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")

# Keys under which training programs keep the state dict when they save more than that.
NESTS = ("state_dict", "model_state_dict", "model", "net", "network", "weights")

WRAPPERS = ("module.", "_orig_mod.")


Arrays = dict[str, np.ndarray]


def read(path: str | Path, mask: str | Path | None = None) -> tuple[Arrays, Arrays]:
    """Read the tensors of a state dict, and which of their weights are kept. No code in the file is run.

    A tensor ``X_mask`` of torch.nn.utils.prune is a mask as well; with ``X_orig`` it becomes the weight ``X``. A weight
    with two masks is kept if both keep it. For tensors without a mask, zeros count as removed
    (:func:`prunegraph.encoding.mask_from_zeros`). The prefixes ``module.`` (DataParallel) and ``_orig_mod.``
    (torch.compile) are dropped if all names have them.

    Parameters
    ----------
    path
        Path of a ``.safetensors`` file, or of a file of ``torch.save`` that holds tensors and plain containers.
    mask
        Path of a mask file of the workflow.

    Returns
    -------
    tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
        Tensors by name, float32; and masks by name, bool, of the same shapes.

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
    found, beside = (_safetensors(path), {}) if path.suffix == ".safetensors" else _state_dict(_torch(path), path)
    weights = without_prefix({name: _array(value, f"{path}: {name!r}") for name, value in found.items()})
    weights, own = masked({**weights, **_masks_beside(beside, weights, path)}, path)
    given = {} if mask is None else _fitting(Mask.load(mask), weights)
    given = {name: kept & own[name] if name in own else kept for name, kept in given.items()}
    return weights, {**mask_from_zeros(weights), **own, **given}


def without_prefix(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the prefixes that wrappers put in front of all names."""
    for prefix in WRAPPERS:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return without_prefix({name.removeprefix(prefix): value for name, value in tensors.items()})
    return dict(tensors)


def masked(arrays: Mapping[str, np.ndarray], path: str | Path) -> tuple[Arrays, Arrays]:
    """Multiply weights by the masks of torch.nn.utils.prune; return the weights, and where the masks are not zero.

    Raises
    ------
    UserError
        If a mask is of another shape than its weight.
    """
    result, masks = dict(arrays), {}
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
        masks[weight] = arrays[name] != 0
    return result, masks


def _fitting(mask: Mask, weights: Arrays) -> Mask:
    for name, kept in mask.items():
        if name not in weights or weights[name].shape != kept.shape:
            raise UserError(f"The mask's layer {name!r} has no weight of its shape in the checkpoint.")
    return mask


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


def _state_dict(content: Any, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tensors of a state dict by name, and what the file holds beside it: tensors, and mappings of them.

    A mapping under one of `NESTS` is the state dict, whatever tensors lie beside it (a best accuracy, for instance).
    """
    nested = [nest for nest in NESTS if isinstance(content, Mapping) and _tensors(content.get(nest))]
    if nested:
        return _tensors(content[nested[0]]), {name: content[name] for name in content if name != nested[0]}
    if found := _tensors(content):
        return found, {name: value for name, value in content.items() if name not in found}
    raise UserError(
        f"{path} holds {type(content).__name__} and no state dict; expected tensors by name, "
        "as in torch.save(network.state_dict(), file)."
    )


def _tensors(content: Any) -> dict[str, Any]:
    import torch

    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        return {}
    return {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}


def _masks_beside(beside: Mapping[str, Any], weights: Arrays, path: Path) -> Arrays:
    """Masks that lie beside the state dict, by the name of the weight and "_mask".

    Raises
    ------
    UserError
        If something beside it is called a mask and does not fit the weights: it would be passed over.
    """
    found = {}
    for key, value in beside.items():
        named = without_prefix(_tensors(value))
        binary = named and all(bool(((mask == 0) | (mask == 1)).all()) for mask in named.values())
        suits = all(name in weights and weights[name].shape == tuple(mask.shape) for name, mask in named.items())
        if binary and suits:
            found |= {f"{name}_mask": _array(mask, f"{path}: {name!r}") for name, mask in named.items()}
        elif "mask" in key.lower() and value is not None:
            raise UserError(
                f"{path} holds {key!r} beside the weights, which does not say by the names of the weights, in their "
                "shapes and by 0 and 1 which of them are kept. Multiply the weights by it and save their state dict."
            )
    return found


def _array(value: Any, what: str) -> np.ndarray:
    from prunegraph.wiring.values import single

    return single(value, what)
