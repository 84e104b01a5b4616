"""Writing and reading a network's parameters and buffers as safetensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunegraph import tensors
from prunegraph.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from torch import nn


def save(network: "nn.Module", path: str | Path, **provenance: Any) -> None:
    """Write parameters and buffers of `network`, with `provenance` in the header."""
    tensors.save(path, network.state_dict(), **provenance)


def load_weights(network: "nn.Module", path: str | Path) -> "nn.Module":
    """Fill `network` in place with what :func:`save` wrote, and return it; it stays on its device.

    Raises
    ------
    UserError
        If the file is unreadable, lacks a tensor, has one that the network lacks, or one of another shape.
    """
    return fill(network, tensors.load(path)[0], path)


def fill(network: "nn.Module", arrays: "Mapping[str, np.ndarray]", path: str | Path) -> "nn.Module":
    """Fill `network` in place with `arrays`, its parameters and buffers by name, and return it.

    Parameters
    ----------
    path
        Path of the file from which the arrays were read, for messages.

    Raises
    ------
    UserError
        If a tensor is missing, is unknown to the network, or has another shape.
    """
    import torch

    arrays = dict(arrays)
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    absent, foreign = sorted(set(expected) - set(arrays)), sorted(set(arrays) - set(expected))
    if absent or foreign:
        raise UserError(
            f"{path} holds the weights of another model: {_some(absent)} missing, {_some(foreign)} unknown "
            f"to {type(network).__name__}. Create the model the file was made with."
        )
    for name, shape in expected.items():
        # Contiguous arrays of numpy, and tensors of torch 0.3, are never scalars.
        if shape == () and arrays[name].size == 1:
            arrays[name] = arrays[name].reshape(())
        if arrays[name].shape != shape:
            raise UserError(
                f"{path}: {name} has shape {arrays[name].shape}, the network expects {shape}. "
                "Create the model with the classes, input shape and width the file was made with."
            )
    network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    return network


def _some(names: list[str]) -> str:
    if not names:
        return "nothing"
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
