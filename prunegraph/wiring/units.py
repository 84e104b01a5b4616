"""Units of a network: the rows, columns and vectors of its parameters that belong to each, with residual ties."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from prunegraph.errors import UserError
from prunegraph.wiring import channels
from prunegraph.wiring.tracing import checked_shape, evaluation, symbolic

Indices = tuple[tuple[int, ...], ...]
Named = tuple[tuple[str, Indices], ...]
FIXED = 0
"""The number for channels that cannot be removed: inputs, outputs, and those that an unknown operation reads."""


@dataclass(frozen=True)
class Group:
    """Units of layers that are tied: a unit is removed from all of them or from none.

    A unit is an output channel of a convolution or a neuron of a linear layer, together with the channels to which it
    is added or by which it is multiplied, and those that share a depthwise convolution or a BatchNorm with it.

    Attributes
    ----------
    units
        Number of units.
    rows
        Names of the weights that make these units (including depthwise ones), each with the rows of every unit.
    vectors
        Names of biases and of the vectors of BatchNorms (including running statistics), each with the entries of every
        unit.
    columns
        Names of the weights that read these units, each with the columns of every unit; there are several where a
        linear layer reads a flattened map.
    """

    units: int
    rows: Named
    vectors: Named
    columns: Named


def find_units(network: nn.Module, input_shape: Sequence[int]) -> tuple[Group, ...]:
    """Find the groups of units that can be removed, in the order in which the network makes them.

    The network's inputs and outputs cannot be removed, nor can channels that are read or made by an operation which may
    mix or count channels: convolutions with several groups (except depthwise ones), layers or weights that are used
    several times, LayerNorm, softmax, slices, reshapings with a fixed size, parameters that are added outside of
    layers.

    Parameters
    ----------
    network
        Any module that torch.fx can trace; it runs once, in evaluation mode, and is not changed.
    input_shape
        Shape (channels, height, width) of one input.

    Raises
    ------
    UserError
        If the network cannot be traced, or fails on such an input.
    """
    with evaluation(network), torch.no_grad():
        return follow(symbolic(network), input_shape).groups()


def follow(graph: fx.GraphModule, input_shape: Sequence[int]) -> "Wires":
    """Run a traced network once and follow every channel."""
    wires = Wires(graph)
    wires.run(image_of(graph, input_shape))
    return wires


def image_of(network: nn.Module, input_shape: Sequence[int]) -> torch.Tensor:
    """Make a random input of shape (1, *input_shape), of the network's floating-point type and on its device."""
    shape = checked_shape(input_shape)
    parameter = next(network.parameters(), torch.empty(0))
    image = torch.randn((1, *shape), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return image.to(parameter)


class Wires(fx.Interpreter):
    """A run that follows the number of each unit from the row that makes it to the columns that read it.

    Attributes
    ----------
    kinds
        Kind of each operation, see :mod:`prunegraph.wiring.channels`.
    """

    def __init__(self, graph: fx.GraphModule):
        super().__init__(graph)
        self.extra_traceback = False
        self.kinds: dict[fx.Node, str] = {}
        self._channels: dict[fx.Node, np.ndarray] = {}
        self._parents = [FIXED]
        self._rows: dict[str, np.ndarray] = {}
        self._columns: dict[str, np.ndarray] = {}
        self._vectors: dict[str, np.ndarray] = {}
        self._calls = Counter(node.target for node in graph.graph.nodes if node.op == "call_module")
        named = graph.named_parameters(remove_duplicate=False)
        self._owners = Counter(id(parameter) for _, parameter in named)

    def run_node(self, node: fx.Node) -> Any:
        """Run one operation, then number the channels of its result."""
        try:
            result = super().run_node(node)
        except Exception as problem:
            reason = str(problem).partition("\n")[0]
            raise UserError(f"The network fails at {node.name!r} on an input of this shape: {reason}") from problem
        sources = [other for other in node.all_input_nodes if other in self._channels]
        if node.op == "output":
            self._pin(sources)
        elif isinstance(result, torch.Tensor) and (sources or node.op == "placeholder"):
            self._channels[node] = self._number(node, sources, result)
        elif isinstance(result, list | tuple) and not isinstance(result, torch.Size):
            self._pin(sources)
        return result

    def rows(self) -> dict[str, np.ndarray]:
        """Return for each layer the unit number of every row; FIXED where it cannot be removed."""
        return {name: self._roots(numbers) for name, numbers in self._rows.items()}

    def columns(self) -> dict[str, np.ndarray]:
        """Return for each layer, except depthwise ones, the unit number of every column."""
        return {name: self._roots(numbers) for name, numbers in self._columns.items()}

    def vectors(self) -> dict[str, np.ndarray]:
        """Return for each BatchNorm the unit number of every channel."""
        return {name: self._roots(numbers) for name, numbers in self._vectors.items()}

    def groups(self) -> tuple[Group, ...]:
        """Collect the units of tied layers: layers that have a unit in common belong to one group."""
        rows, columns, vectors = self.rows(), self.columns(), self.vectors()
        groups: list[list[int]] = []
        for numbers in rows.values():
            mine = [number for number in dict.fromkeys(numbers.tolist()) if number != FIXED]
            touching = [group for group in groups if not set(group).isdisjoint(mine)]
            groups = [group for group in groups if group not in touching]
            groups.append(list(dict.fromkeys([number for group in (*touching, mine) for number in group])))
        parameters = self._held()
        # Other parameters of a layer or a BatchNorm besides the weight, with one value for each row.
        beside = {f"{name}.bias": numbers for name, numbers in rows.items()}
        for name, numbers in vectors.items():
            beside |= {f"{name}.{part}": numbers for part in ("weight", "bias", "running_mean", "running_var")}
        beside = {name: numbers for name, numbers in beside.items() if name in parameters}
        weights = [{f"{name}.weight": numbers for name, numbers in found.items()} for found in (rows, columns)]
        return tuple(
            Group(len(group), *(_indices(named, group) for named in (weights[0], beside, weights[1])))
            for group in groups
            if group
        )

    def _held(self) -> set[str]:
        return {name for name, _ in self.module.named_parameters(remove_duplicate=False)} | {
            name for name, _ in self.module.named_buffers(remove_duplicate=False)
        }

    def _number(self, node: fx.Node, sources: list[fx.Node], result: torch.Tensor) -> np.ndarray:
        if node.op == "placeholder":
            return np.zeros(channels.count_of(result), np.int64)
        module = self.fetch_attr(node.target) if node.op == "call_module" else None
        tensors = [self.env[other] for other in sources]
        others = [self.env.get(other) for other in node.all_input_nodes if other not in self._channels]
        foreign = any(isinstance(other, torch.Tensor) and other.numel() > 1 for other in others)
        kind = channels.kind_of(node, module, tensors, foreign, result)
        if kind in (channels.LAYER, channels.DEPTHWISE) and not self._alone(node.target, module):
            kind = channels.OTHER
        self.kinds[node] = kind
        return self._numbers(node, kind, [self._channels[other] for other in sources], sources, result)

    def _numbers(
        self, node: fx.Node, kind: str, read: list[np.ndarray], sources: list[fx.Node], result: torch.Tensor
    ) -> np.ndarray:
        count = channels.count_of(result)
        if kind == channels.LAYER:
            self._columns[node.target] = read[0]
            self._rows[node.target] = np.arange(len(self._parents), len(self._parents) + count)
            self._parents += self._rows[node.target].tolist()
            return self._rows[node.target]
        if kind == channels.DEPTHWISE:
            self._rows[node.target] = np.repeat(read[0], count // len(read[0]))
            return self._rows[node.target]
        if kind == channels.CONCATENATION:
            tensors = node.args[0]
            return np.concatenate([self._channels[tensor] for tensor in tensors])
        if kind == channels.FLATTENING:
            return np.repeat(read[0], count // len(read[0]))
        if kind == channels.OTHER:
            self._pin(sources)
            return np.zeros(count, np.int64)
        if kind == channels.NORM:
            # A BatchNorm that several layers share ties their units.
            read = [*read, self._vectors.setdefault(node.target, read[0])]
        for other in read[1:]:
            self._tie(read[0], other)
        return read[0]

    def _alone(self, name: str, module: nn.Module) -> bool:
        if "weight" not in module._parameters:
            raise UserError(
                f"The weight of {name!r} is computed from others; make it a plain parameter first "
                "(torch.nn.utils.prune.remove, torch.nn.utils.parametrize.remove_parametrizations)."
            )
        return self._calls[name] == 1 and all(self._owners[id(value)] == 1 for value in module.parameters())

    def _pin(self, nodes: list[fx.Node]) -> None:
        for node in nodes:
            self._tie(self._channels[node], np.zeros_like(self._channels[node]))

    def _tie(self, one: np.ndarray, other: np.ndarray) -> None:
        for pair in zip(one.tolist(), other.tolist(), strict=True):
            first, second = sorted(map(self._root, pair))
            self._parents[second] = first

    def _root(self, number: int) -> int:
        while self._parents[number] != number:
            self._parents[number] = number = self._parents[self._parents[number]]
        return number

    def _roots(self, numbers: np.ndarray) -> np.ndarray:
        return np.array([self._root(number) for number in numbers.tolist()], np.int64)


def _indices(named: dict[str, np.ndarray], group: list[int]) -> Named:
    """List each parameter that holds units of the group, with the positions of every unit in it."""
    found = []
    for name, numbers in named.items():
        places = {number: [] for number in group}
        for place, number in enumerate(numbers.tolist()):
            if number in places:
                places[number].append(place)
        if any(places.values()):
            found.append((name, tuple(tuple(each) for each in places.values())))
    return tuple(found)
