"""From a pruned network to a smaller one with the same outputs, whose parameters lack the removed units."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.wiring.constants import Reading, readings, used
from prunegraph.wiring.tracing import evaluation, symbolic
from prunegraph.wiring.units import FIXED, Wires, follow, image_of
from prunegraph.wiring.unsharing import unshare

MOST_DIFFERENCE = 1e-8
"""Largest difference, in float64 and relative to the largest output, that rounding can explain."""


@torch.no_grad()
def shrink(network: nn.Module, input_shape: Sequence[int], kept: Mapping[str, Any]) -> nn.Module:
    """Make a copy of `network` without the units that `kept` removes; its outputs in evaluation mode are the same.

    The outputs are those of the network with the removed weights set to zero. A unit (see
    :class:`prunegraph.wiring.units.Group`) is removed if every layer that reads it either has no kept weight for it, or
    reads a constant. A unit without weights emits a constant: its bias after BatchNorm (running statistics), activation
    and additions. Constants are added to the biases of the layers that read them; a layer without a bias gets one.
    Where a convolution pads with zeros, a constant other than 0 has another effect at the border, so that such a unit
    stays. Tied units are removed together or stay, and each layer keeps at least one unit.

    A BatchNorm that is called several times is replaced by one BatchNorm for each call; the copy is then a
    ``torch.fx.GraphModule``, in which functional dropout is off.

    Parameters
    ----------
    network
        Any module that torch.fx can trace; it is not changed. Later inputs may have other sizes than `input_shape` if
        the network allows it.
    input_shape
        (channels, height, width) of one input.
    kept
        Mask of the kept weights: a :class:`prunegraph.masks.Mask`, or boolean arrays by parameter name. Parameters
        without an array are kept.

    Raises
    ------
    UserError
        If the mask does not fit, the network cannot be traced, or the smaller network does not run or has other
        outputs.
    """
    mask = Mask(kept)
    modes = {name: module.training for name, module in network.named_modules()}
    dtypes = {name: value.dtype for name, value in network.state_dict().items() if value.is_floating_point()}
    if len(set(dtypes.values())) > 1:
        raise UserError("The network has parameters of several floating-point types; convert it to one (.float()).")
    # In float64, so that constants are folded as exactly as the network's own type allows.
    smaller = mask.apply(copy.deepcopy(network)).double()
    with evaluation(smaller):
        image = image_of(smaller, input_shape)
        graph = symbolic(smaller)
        smaller = graph if unshare(graph) else smaller
        wires = follow(graph, input_shape)
        before = graph(image.clone())
        weights = {name: _kept(mask, graph, name) for name in wires.rows()}
        read = readings(graph, wires, input_shape, weights)
        _cut(graph, wires, _removable(wires, read, weights), read)
        _compare(before, smaller, image)
    for name, module in smaller.named_modules():
        module.training = modes.get(name, network.training)
    return smaller.to(next(iter(dtypes.values()), torch.float32))


def _kept(mask: Mask, graph: fx.GraphModule, name: str) -> np.ndarray:
    weight = f"{name}.weight"
    return mask[weight] if weight in mask else np.ones(tuple(graph.get_parameter(weight).shape), bool)


def _removable(wires: Wires, read: Mapping[str, Reading], kept: Mapping[str, np.ndarray]) -> set[int]:
    """Find the numbers of the units that can be removed.

    When a unit is removed, units that only it reads can be removed as well, so that the search is repeated until it
    finds nothing more.
    """
    rows, columns = wires.rows(), wires.columns()
    uses = {name: used(kept[name]) for name in columns}
    units = {number for numbers in rows.values() for number in numbers.tolist()} - {FIXED}
    removed: set[int] = set()
    while True:
        blocked = set()
        for name, numbers in columns.items():
            staying = ~np.isin(rows[name], list(removed))
            needs = uses[name][staying].any(axis=0) & ~read[name].foldable
            blocked.update(numbers[needs].tolist())
        found = units - removed - blocked
        for numbers in rows.values():
            if removed.union(found).issuperset(numbers.tolist()):
                # torch has no layer without units; it does not matter which unit stays.
                found.discard(next(number for number in numbers.tolist() if number not in removed))
        if not found:
            return removed
        removed |= found


def _cut(graph: fx.GraphModule, wires: Wires, removed: set[int], read: Mapping[str, Reading]) -> None:
    """Remove the units from the modules, in place, after their constants are added to biases."""
    rows, columns, gone = wires.rows(), wires.columns(), list(removed)
    for name, numbers in rows.items():
        layer = graph.get_submodule(name)
        staying = np.flatnonzero(~np.isin(numbers, gone))
        if name in columns:
            out = np.isin(columns[name], gone)
            _fold(layer, staying, np.where(out & read[name].foldable, read[name].values, 0.0))
            layer.weight = _picked(layer.weight, np.flatnonzero(~out), axis=1)
        layer.weight = _picked(layer.weight, staying)
        if layer.bias is not None:
            layer.bias = _picked(layer.bias, staying)
        _set_sizes(layer, depthwise=name not in columns, inputs_before=len(numbers))
    for name, numbers in wires.vectors().items():
        norm = graph.get_submodule(name)
        staying = np.flatnonzero(~np.isin(numbers, gone))
        for part in ("weight", "bias", "running_mean", "running_var"):
            if getattr(norm, part) is not None:
                setattr(norm, part, _picked(getattr(norm, part), staying))
        norm.num_features = len(staying)


def _fold(layer: nn.Module, staying: np.ndarray, constants: np.ndarray) -> None:
    """Add to the layer's bias its output for these constants, one for each column."""
    weight = layer.weight
    added = weight.flatten(2).sum(2) if weight.dim() > 2 else weight
    added = added @ torch.from_numpy(constants).to(added)
    if not added[torch.from_numpy(staying).to(added.device)].any():
        return
    bias = added if layer.bias is None else layer.bias + added
    layer.bias = nn.Parameter(bias.detach(), requires_grad=weight.requires_grad)


def _picked(values: torch.Tensor, places: np.ndarray, axis: int = 0) -> torch.Tensor:
    picked = values.detach().index_select(axis, torch.from_numpy(places).to(values.device))
    return nn.Parameter(picked, requires_grad=values.requires_grad) if isinstance(values, nn.Parameter) else picked


def _set_sizes(layer: nn.Module, depthwise: bool, inputs_before: int) -> None:
    outputs, inputs = layer.weight.shape[:2]
    if isinstance(layer, nn.Linear):
        layer.out_features, layer.in_features = outputs, inputs
        return
    if depthwise:
        # The number of rows for every input channel does not change.
        inputs = outputs * layer.in_channels // inputs_before
        layer.groups = inputs
    layer.out_channels, layer.in_channels = outputs, inputs


def _compare(before: Any, smaller: nn.Module, image: torch.Tensor) -> None:
    """Check on one input that nothing in the network depends on the removed units."""
    try:
        after = smaller(image.clone())
    except Exception as problem:
        raise UserError(
            f"The smaller network does not run ({str(problem).partition(chr(10))[0]:.300}): its forward pass "
            "counts channels, or has their number written out. Let flatten and the like do that, or use the masked "
            "network as it is."
        ) from problem
    for one, other in zip(_tensors(before), _tensors(after), strict=True):
        largest = max(1e-30, float(one.abs().max()))
        if one.shape != other.shape or not torch.allclose(one, other, rtol=0, atol=MOST_DIFFERENCE * largest):
            raise UserError(
                f"The smaller network's outputs differ from those of the masked one (shapes {tuple(other.shape)} and "
                f"{tuple(one.shape)}): its forward pass counts channels, or is random in evaluation mode. Repair that, "
                "or use the masked network as it is."
            )


def _tensors(result: Any) -> list[torch.Tensor]:
    if isinstance(result, torch.Tensor):
        return [result]
    values = result.values() if isinstance(result, Mapping) else result
    return [tensor for value in values for tensor in _tensors(value)] if isinstance(values, list | tuple) else []
