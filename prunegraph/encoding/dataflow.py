"""Following the feature maps of a network from layer to layer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import fx, nn

from prunegraph.encoding import joining, operations
from prunegraph.encoding.architecture import Architecture
from prunegraph.encoding.features import INPUT, Feature, Piece, adaptive_windows, identity, strided_windows
from prunegraph.encoding.layers import Convolution, Network, convolution_of, function_facts, pair, pooling_of
from prunegraph.errors import UserError


class Follower(fx.Interpreter):
    """Runs a traced network node by node and notes its layers; see :func:`prunegraph.encoding.tracing.trace`."""

    def __init__(self, network: fx.GraphModule, input_shape: tuple[int, int, int], identity_edges: bool = False):
        super().__init__(network)
        # Errors are told in a sentence; torch.fx would load its logging for seconds to add its own view.
        self.extra_traceback = False
        self.input_shape = input_shape
        self.identity_edges = identity_edges
        # What chunk and split make is a tuple of features.
        self.features: dict[fx.Node, Feature | tuple[Feature, ...]] = {}
        self.network = Network(input_shape)

    def architecture(self) -> Architecture:
        """What was found, shortcuts resolved and parts of nodes numbered."""
        return self.network.architecture()

    def run_node(self, node: fx.Node) -> Any:
        """Run one operation, then follow it if it makes a tensor."""
        try:
            result = super().run_node(node)
        except Exception as problem:
            # Below the first line torch.fx tells of its own internals.
            reason = str(problem).partition("\n")[0]
            raise UserError(
                f"The network fails on an input of shape {self.input_shape} at {self._place(node)}: {reason}"
            ) from problem
        if node.op == "placeholder":
            if self.features:
                raise UserError(f"The network takes several inputs ({node.target!r} is the second); expected one.")
            channels, height, width = self.input_shape
            self.features[node] = Feature((Piece(INPUT, (0, channels), identity(height), identity(width)),))
        elif node.op != "output" and any(other in self.features for other in node.all_input_nodes):
            self._follow(node, result)
        return result

    def _follow(self, node: fx.Node, result: Any) -> None:
        several = isinstance(result, list | tuple) and any(isinstance(item, torch.Tensor) for item in result)
        if not isinstance(result, torch.Tensor) and not several:
            return
        if several and node.target not in operations.CHUNKS | operations.SPLITS:
            raise self._refusal(node, "it makes several tensors")
        found = self._feature(node, result)
        for feature, tensor in zip(found, result, strict=True) if several else [(found, result)]:
            shape = tuple(tensor.shape[1:])
            if tensor.shape[:1] != (1,) or shape not in (feature.map, (feature.size,)):
                raise self._refusal(node, f"it turns {self._inputs(node)} into a tensor {tuple(tensor.shape)}")
        self.features[node] = found

    def _inputs(self, node: fx.Node) -> str:
        maps = [feature.map for feature in map(self.features.get, node.all_input_nodes) if isinstance(feature, Feature)]
        return " and ".join(f"a map {map_}" for map_ in maps)

    def _feature(self, node: fx.Node, result: Any) -> Feature | tuple[Feature, ...]:
        """What the operation makes of its inputs."""
        module = self.fetch_attr(node.target) if node.op == "call_module" else None
        kind = node.target if module is None else None
        inputs = [self.features[other] for other in node.all_input_nodes if other in self.features]
        if kind in operations.CONCATENATIONS:
            return self._concatenation(node, result)
        if any(isinstance(feature, tuple) for feature in inputs):
            return self._item(node, inputs)
        if len(inputs) == 2 and kind in operations.ADDITIONS:
            return joining.add(self.network, *inputs, self._name(node), self.identity_edges, self._refuser(node))
        if any(other.pieces != inputs[0].pieces for other in inputs):
            raise self._refusal(node, "it joins several feature maps in another way than by addition")
        if kind in operations.CONVOLUTIONS | operations.LINEARS:
            return self._layer_function(node, inputs[0], result)
        if isinstance(result, list | tuple):
            return self._parts(node, inputs[0], result)
        for modules, kinds, follow in self._followed():
            if isinstance(module, modules) or kind in kinds:
                return follow(node, module, inputs[0], tuple(result.shape[1:]))
        raise self._refusal(node, "its effect on a feature map is not known")

    def _followed(self) -> tuple[tuple[Any, Any, Callable], ...]:
        """Modules, functions, and how to follow them."""
        return (
            (nn.Conv2d, (), self._convolution),
            (nn.Linear, (), self._linear),
            (operations.POOLING_MODULES, operations.POOLING, self._pooling),
            (operations.ADAPTIVE_MODULES, operations.ADAPTIVE, self._adaptive),
            ((), operations.MEANS, self._mean),
            (operations.KEEPING_MODULES, operations.KEEPING, lambda node, module, feature, shape: feature),
        )

    def _convolution(self, node: fx.Node, module: nn.Conv2d, feature: Feature, shape: tuple) -> Feature:
        facts = convolution_of(module)
        if module.padding_mode != "zeros" and any(facts.padding):
            raise self._refusal(node, f"its padding is {module.padding_mode!r}, expected zeros")
        weight = tuple(module.weight.shape)
        return self.network.convolution(str(node.target), f"{node.target}.weight", weight, feature, shape, facts)

    def _linear(self, node: fx.Node, module: nn.Linear, feature: Feature, shape: tuple) -> Feature:
        return self._fully_connected(
            node, str(node.target), f"{node.target}.weight", tuple(module.weight.shape), feature, shape
        )

    def _fully_connected(
        self, node: fx.Node, name: str, weight: str, weight_shape: tuple, feature: Feature, shape: tuple
    ) -> Feature:
        if feature.size != weight_shape[1] or shape != (weight_shape[0],):
            raise self._refusal(node, f"it works on the last axis of a map {feature.map}; flatten it first")
        return self.network.linear(name, weight, weight_shape, feature)

    def _layer_function(self, node: fx.Node, feature: Feature, result: torch.Tensor) -> Feature:
        """A convolution or linear layer called as a function, its weight being a tensor of the network."""
        names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
        sources = dict(zip(names, node.args, strict=False)) | node.kwargs
        weight = sources["weight"]
        if not (isinstance(weight, fx.Node) and weight.op == "get_attr"):
            raise self._refusal(node, "its weight is computed; expected a parameter of the network")
        if [other for other in node.all_input_nodes if other in self.features] != [sources["input"]]:
            raise self._refusal(node, "its weight or bias depends on the network's input")
        arguments, options = self.fetch_args_kwargs_from_env(node)
        facts = dict(zip(names, arguments, strict=False)) | options
        name, weight_shape, shape = weight.target.removesuffix(".weight"), facts["weight"].shape, result.shape[1:]
        if node.target in operations.LINEARS:
            return self._fully_connected(node, name, weight.target, tuple(weight_shape), feature, tuple(shape))
        convolution = Convolution.of(facts, weight_shape)
        return self.network.convolution(name, weight.target, tuple(weight_shape), feature, tuple(shape), convolution)

    def _pooling(self, node: fx.Node, module: nn.Module | None, feature: Feature, shape: tuple) -> Feature:
        facts = pooling_of(module) if module is not None else function_facts(self, node)
        if feature.map is None or len(shape) != 3:
            raise self._refusal(node, "expected a feature map to pool")
        kernel, stride, padding, dilation = map(pair, facts)
        return feature.seen(
            *(
                strided_windows(
                    feature.map[1 + axis], shape[1 + axis], kernel[axis], stride[axis], padding[axis], dilation[axis]
                )
                for axis in range(2)
            )
        )

    def _adaptive(self, node: fx.Node, module: nn.Module | None, feature: Feature, shape: tuple) -> Feature:
        if feature.map is None or len(shape) != 3:
            raise self._refusal(node, "expected a feature map to pool")
        return feature.seen(*(adaptive_windows(feature.map[1 + axis], shape[1 + axis]) for axis in range(2)))

    def _mean(self, node: fx.Node, module: None, feature: Feature, shape: tuple) -> Feature:
        arguments, options = self.fetch_args_kwargs_from_env(node)
        axes = options.get("dim", arguments[1] if len(arguments) > 1 else None)
        axes = {axis % 4 for axis in axes} if isinstance(axes, list | tuple) else {axes}
        if axes != {2, 3} or arguments[0].dim() != 4 or feature.map is None:
            raise self._refusal(node, "expected a reduction over height and width, dim=(2, 3)")
        _, height, width = feature.map
        return feature.seen([range(height)], [range(width)])

    def _concatenation(self, node: fx.Node, result: torch.Tensor) -> Feature:
        arguments, options = self.fetch_args_kwargs_from_env(node)
        axis = options.get("dim", options.get("axis", arguments[1] if len(arguments) > 1 else 0))
        tensors = options.get("tensors", arguments[0] if arguments else ())
        nodes = node.args[0] if node.args else node.kwargs["tensors"]
        # The tensors are listed one by one, or are all that chunk or split made.
        parts = (
            [self.features.get(other) for other in nodes] if isinstance(nodes, list | tuple) else self.features[nodes]
        )
        if not all(isinstance(part, Feature) for part in parts):
            raise self._refusal(node, "it joins a feature map with a tensor that is none")
        if axis % result.dim() != 1 or any(tensor.dim() != result.dim() for tensor in tensors):
            raise self._refusal(node, "it joins along another axis than the channels")
        pieces = tuple(piece for part in parts for piece in part.pieces)
        return Feature(pieces, frozenset().union(*(part.trail for part in parts)))

    def _parts(self, node: fx.Node, feature: Feature, result: tuple[torch.Tensor, ...]) -> tuple[Feature, ...]:
        """Of chunk and split: consecutive channels."""
        sizes = [tensor.shape[1] if tensor.dim() > 1 else 0 for tensor in result]
        if feature.map is None or sum(sizes) != feature.map[0]:
            raise self._refusal(node, "it cuts a feature map along another axis than the channels")
        last = [sum(sizes[: index + 1]) for index in range(len(sizes))]
        return tuple(
            replace(feature, pieces=tuple(feature.cut(stop - size, stop)))
            for size, stop in zip(sizes, last, strict=True)
        )

    def _item(self, node: fx.Node, inputs: list) -> Feature:
        index = node.args[1] if len(node.args) == 2 else None
        if len(inputs) != 1 or node.target is not operations.ITEM or not isinstance(index, int):
            raise self._refusal(node, "it uses several tensors at once; expected one of them by its number")
        return inputs[0][index]

    def _name(self, node: fx.Node) -> str:
        inside = list(node.meta.get("nn_module_stack") or [])
        return f"{inside[-1]}.{node.name}" if inside and inside[-1] else node.name

    def _place(self, node: fx.Node) -> str:
        if node.op == "call_module":
            return f"{type(self.fetch_attr(node.target)).__name__} {node.target!r}"
        name = getattr(node.target, "__name__", str(node.target))
        inside = list(node.meta.get("nn_module_stack") or [])
        return f"{name!r} ({node.name}, in {inside[-1]!r})" if inside else f"{name!r} ({node.name})"

    def _refusal(self, node: fx.Node, reason: str) -> UserError:
        return UserError(f"The operation {self._place(node)} cannot be represented in a graph: {reason}.")

    def _refuser(self, node: fx.Node) -> Callable[[str], UserError]:
        return lambda reason: self._refusal(node, reason)
