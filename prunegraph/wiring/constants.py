"""Constant channels of a pruned network: channels of one value, whatever the network's input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import fx

from prunegraph.wiring import channels
from prunegraph.wiring.units import Wires, image_of


@dataclass(frozen=True)
class Reading:
    """The values that a layer reads in each column of its weight.

    Attributes
    ----------
    foldable
        bool (columns,): whether the value is constant and adds the same to every position of the layer's output. With
        padding by zeros this is so only for the value 0.
    values
        float64 (columns,): the constant; 0 where there is none.
    """

    foldable: np.ndarray
    values: np.ndarray


def readings(
    graph: fx.GraphModule, wires: Wires, input_shape: Sequence[int], kept: Mapping[str, np.ndarray]
) -> dict[str, Reading]:
    """Find the values that each layer reads in evaluation mode, by name of the layer.

    Parameters
    ----------
    graph
        The traced network, in which removed weights are zero.
    wires
        The units of the network, from :func:`prunegraph.wiring.units.follow`.
    input_shape
        Shape (channels, height, width) of one input.
    kept
        Boolean array for each layer, of the shape of its weight: False where the weight is removed.
    """
    constants = Constants(graph, wires, kept)
    constants.run(image_of(graph, input_shape))
    return constants.readings


class Constants(fx.Interpreter):
    """A run that finds constant channels from the kinds of operations; their values are those of this one run."""

    def __init__(self, graph: fx.GraphModule, wires: Wires, kept: Mapping[str, np.ndarray]):
        super().__init__(graph)
        self.extra_traceback = False
        self.kinds, self.kept = wires.kinds, kept
        self.readings: dict[str, Reading] = {}
        self._constant: dict[fx.Node, np.ndarray] = {}

    def run_node(self, node: fx.Node) -> Any:
        """Run one operation, then find the constant channels of its result."""
        sources = [other for other in node.all_input_nodes if other in self._constant]
        # This comes before the operation, which may change its input in place.
        read = self._reading(node, sources[0]) if sources else None
        result = super().run_node(node)
        if isinstance(result, torch.Tensor) and (sources or node.op == "placeholder"):
            kind = self.kinds.get(node, channels.OTHER)
            self._constant[node] = self._follow(node, kind, sources, read, channels.count_of(result))
        return result

    def _reading(self, node: fx.Node, source: fx.Node) -> Reading:
        constant = self._constant[source]
        tensor = self.env[source]
        # Of one image, at one position; a constant channel is the same at all.
        values = tensor.detach().double().movedim(channels.axis_of(tensor), 1) if tensor.dim() > 2 else tensor.double()
        values = values.detach().flatten(2)[0, :, 0] if values.dim() > 2 else values.detach()[0]
        values = np.where(constant, values.cpu().numpy(), 0.0)
        module = self.fetch_attr(node.target) if node.op == "call_module" else None
        padded = channels.pads(self.kinds.get(node, channels.OTHER), node, module)
        return Reading(constant & ((values == 0) | (not padded)), values)

    def _follow(self, node: fx.Node, kind: str, sources: list[fx.Node], read: Reading | None, count: int) -> np.ndarray:
        constant = [self._constant[other] for other in sources]
        if kind == channels.LAYER:
            self.readings[node.target] = read
            return ~(used(self.kept[node.target]) & ~read.foldable).any(axis=1)
        if kind == channels.DEPTHWISE:
            foldable = np.repeat(read.foldable, count // len(read.foldable))
            return foldable | ~used(self.kept[node.target])[:, 0]
        if kind == channels.CONCATENATION:
            return np.concatenate([self._constant[tensor] for tensor in node.args[0]])
        if kind == channels.FLATTENING:
            return np.repeat(constant[0], count // len(constant[0]))
        if kind == channels.POOLING:
            return read.foldable
        if kind in (channels.JOIN, channels.NORM, channels.POINTWISE):
            return np.logical_and.reduce(constant)
        return np.zeros(count, bool)


def used(kept: np.ndarray) -> np.ndarray:
    """Whether each kernel has a kept weight: bool (rows, columns)."""
    return kept.reshape(*kept.shape[:2], -1).any(axis=2)
