"""Costs of a network: parameters, multiplications, and the time for one batch.

Operations are multiply-accumulates (MACs) of convolutions and linear layers, which are often called "FLOPs" in this
field; biases, BatchNorm, activations and pooling are not counted.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from prunegraph.errors import UserError

if TYPE_CHECKING:
    import torch
    from torch import nn


class Cost(NamedTuple):
    """Parameters and operations of a network for one image.

    Attributes
    ----------
    parameters, nonzero
        Number of parameters of all layers, with biases and BatchNorm but without running statistics; and of those that
        are not 0.
    macs, nonzero_macs
        Number of multiply-accumulates of convolutions and linear layers; and of those by weights that are not 0.
    """

    parameters: int
    nonzero: int
    macs: int
    nonzero_macs: int


def cost(network: "nn.Module", input_shape: Sequence[int]) -> Cost:
    """Count the parameters and operations of a network; it runs once, in evaluation mode, and is not changed.

    Parameters
    ----------
    network
        Any module. The operations of a layer that is called several times count each time; layers other than Conv2d and
        Linear count only by their parameters.
    input_shape
        (channels, height, width) of one image.

    Raises
    ------
    UserError
        If the network fails on such an input.
    """
    import torch
    from torch import nn

    from prunegraph.wiring.tracing import evaluation
    from prunegraph.wiring.units import image_of

    macs = [0, 0]

    def count(layer: nn.Module, _: Any, result: torch.Tensor) -> None:
        values = result.numel() // len(layer.weight)  # positions
        macs[0] += values * layer.weight.numel()
        macs[1] += values * int(torch.count_nonzero(layer.weight))

    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        with evaluation(network), torch.no_grad():
            network(image_of(network, input_shape))
    except RuntimeError as problem:
        reason = str(problem).partition("\n")[0]
        raise UserError(f"The network fails on an input of shape {tuple(input_shape)}: {reason}") from problem
    finally:
        for hook in hooks:
            hook.remove()
    parameters = list(network.parameters())
    nonzero = sum(int(torch.count_nonzero(parameter)) for parameter in parameters)
    return Cost(sum(parameter.numel() for parameter in parameters), nonzero, *macs)


def savings(network: "nn.Module", input_shape: Sequence[int], kept: Mapping[str, Any]) -> dict[str, float]:
    """Compute the savings by pruning, from zeros alone and from the smaller network.

    Parameters
    ----------
    network
        The dense network; it is not changed.
    input_shape
        (channels, height, width) of one image.
    kept
        A mask (:class:`prunegraph.masks.Mask`), or boolean arrays by parameter name.

    Returns
    -------
    dict
        ``parameters``, ``macs``: of the dense network. ``nonzero``, ``nonzero_macs``: of the masked one.
        ``compression`` = parameters / nonzero, ``theoretical_speedup`` = macs / nonzero_macs: what it could save if
        zeros cost nothing. ``parameters_left``, ``macs_left``: after shrinking (:func:`.wiring.shrink.shrink`).
        ``size_ratio`` = parameters / parameters_left, ``mac_ratio`` = macs / macs_left: what it saves on any machine.
        A ratio is infinite if nothing is left.

    Raises
    ------
    UserError
        If the mask does not fit, or the network cannot be traced.
    """
    import copy

    from prunegraph.masks import Mask
    from prunegraph.wiring.shrink import shrink

    mask = kept if isinstance(kept, Mask) else Mask(kept)
    dense = cost(network, input_shape)
    masked = cost(mask.apply(copy.deepcopy(network)), input_shape)
    left = cost(shrink(network, input_shape, mask), input_shape)
    return {
        **{"parameters": dense.parameters, "macs": dense.macs},
        **{"nonzero": masked.nonzero, "nonzero_macs": masked.nonzero_macs},
        "compression": _ratio(dense.parameters, masked.nonzero),
        "theoretical_speedup": _ratio(dense.macs, masked.nonzero_macs),
        **{"parameters_left": left.parameters, "macs_left": left.macs},
        "size_ratio": _ratio(dense.parameters, left.parameters),
        "mac_ratio": _ratio(dense.macs, left.macs),
    }


def latency(network: "nn.Module", images: "torch.Tensor", *, runs: int = 50, warm_up: int = 5) -> dict[str, Any]:
    """Measure the time that a network takes for one batch, in evaluation mode, without gradients.

    Parameters
    ----------
    network
        Any module, on the device on which it is measured; it is not changed.
    images
        One batch, on the same device.
    runs
        Number of measured calls, at least 3. On a GPU each measurement waits for the end of its call.
    warm_up
        Number of calls before these that are not measured.

    Returns
    -------
    dict
        ``median``, ``low`` and ``high`` (quartiles) of the seconds a call took; their conditions: ``runs``, ``batch``
        (number of images), ``device``, ``threads``, ``torch``.

    Raises
    ------
    UserError
        If there are too few runs.
    """
    import torch

    from prunegraph.precision import conditions
    from prunegraph.wiring.tracing import evaluation

    if runs < 3 or warm_up < 0:
        raise UserError(f"A latency needs at least 3 runs and no negative warm-up, found {runs} and {warm_up}.")
    wait = torch.cuda.synchronize if images.is_cuda else lambda: None
    seconds = []
    with evaluation(network), torch.inference_mode():
        for run in range(warm_up + runs):
            wait()
            start = time.perf_counter()
            network(images)
            wait()
            if run >= warm_up:
                seconds.append(time.perf_counter() - start)
    low, median, high = statistics.quantiles(seconds, n=4, method="inclusive")
    found = {"median": median, "low": low, "high": high, "runs": runs, "batch": len(images)}
    return {**found, **conditions(images.device)}


def _ratio(all_of: int, left: int) -> float:
    return all_of / left if left else float("inf")
