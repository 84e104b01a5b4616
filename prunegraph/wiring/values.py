"""The values that a module computes with: what may be read of them, and what would be passed over."""

import numpy as np
import torch
from torch import nn

from prunegraph.errors import UserError


def single(value: torch.Tensor, what: str) -> np.ndarray:
    """A tensor as a float32 array.

    Parameters
    ----------
    value
        An ordinary tensor of real numbers.
    what
        Its name, for error sentences.

    Raises
    ------
    UserError
        If it is of another kind, or holds numbers that float32 has not: a weight of 1e-60 would become no edge.
    """
    value = value.detach()
    if value.layout != torch.strided or value.is_quantized:
        raise UserError(f"{what} is sparse or quantised; expected an ordinary tensor (to_dense, dequantize).")
    if value.is_complex():
        raise UserError(f"{what} is complex; expected real numbers.")
    found = value.cpu().float()
    if value.dtype == torch.float64:
        lost = (found == 0) & (value.cpu() != 0) | found.isinf() & value.cpu().isfinite()
        if bool(lost.any()):
            raise UserError(f"{what} holds numbers that float32 has not, such as 1e-60; scale them, or set them to 0.")
    return found.numpy()


def refuse_hooks(network: nn.Module) -> None:
    """Refuse hooks on a module or its parts but those of torch.nn.utils, which tracing would pass over.

    Masks that are applied by a hook are among them.

    Raises
    ------
    UserError
        Naming the part and the hook.
    """
    for name, part in network.named_modules():
        for hook in (*part._forward_pre_hooks.values(), *part._forward_hooks.values()):
            if not type(hook).__module__.startswith("torch.nn.utils"):
                place = f"Module {name!r}" if name else "The network"
                called = getattr(hook, "__qualname__", type(hook).__qualname__)
                raise UserError(
                    f"{place} has the hook {called}, which may change what it computes and is not seen by tracing. "
                    "Remove it (handle.remove()); a mask that it applies belongs into the weights, or into `mask`."
                )
