"""Costs of a network: parameters, multiplications, and the time for one batch.

What is counted: :mod:`prunegraph.wiring.cost`.
"""

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prunegraph.errors import UserError
from prunegraph.wiring.cost import Cost, cost, ratio

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Cost", "cost", "latencies", "latency", "savings"]


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
        "compression": ratio(dense.parameters, masked.nonzero),
        "theoretical_speedup": ratio(dense.macs, masked.nonzero_macs),
        **{"parameters_left": left.parameters, "macs_left": left.macs},
        "size_ratio": ratio(dense.parameters, left.parameters),
        "mac_ratio": ratio(dense.macs, left.macs),
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
    from prunegraph.precision import conditions

    if runs < 3 or warm_up < 0:
        raise UserError(f"A latency needs at least 3 runs and no negative warm-up, found {runs} and {warm_up}.")
    seconds = _seconds(network, images, runs, warm_up)
    return {**_quartiles(seconds), "runs": runs, "batch": len(images), **conditions(images.device)}


def latencies(
    networks: "Sequence[nn.Module]", images: "torch.Tensor", *, rounds: int = 5, least: float = 0.01
) -> list[dict[str, Any]]:
    """Measure several networks side by side: in rounds, so that what else the machine does falls on all alike.

    Parameters
    ----------
    networks, images
        As of :func:`latency`.
    rounds, least
        In each of so many rounds every network is called for at least so many seconds, three times at least.

    Returns
    -------
    list
        For each network what :func:`latency` gives, over the calls of all rounds.
    """
    from prunegraph.precision import conditions

    seconds = [_seconds(network, images, 3, 2) for network in networks]  # says how many calls a round needs
    calls = [max(3, math.ceil(least / statistics.median(first))) for first in seconds]
    seconds = [[] for _ in networks]
    for _ in range(rounds):
        for found, network, number in zip(seconds, networks, calls, strict=True):
            found += _seconds(network, images, number, 1)
    facts = {"batch": len(images), **conditions(images.device)}
    return [{**_quartiles(found), "runs": len(found), **facts} for found in seconds]


def _seconds(network: "nn.Module", images: "torch.Tensor", runs: int, warm_up: int) -> list[float]:
    import torch

    from prunegraph.wiring.tracing import evaluation

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
    return seconds


def _quartiles(seconds: Sequence[float]) -> dict[str, float]:
    low, median, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return {"median": median, "low": low, "high": high}
