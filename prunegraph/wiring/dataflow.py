"""Following the feature maps of a network from layer to layer: what each operation makes of them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional

from prunegraph.wiring import joining, operations
from prunegraph.wiring.features import Feature, adaptive_windows, strided_windows
from prunegraph.wiring.layers import Convolution, convolution_of, function_facts, pair, pooling_of
from prunegraph.wiring.moving import Arranged, Arrangement, arranged, moved, places_of, pooled, same
from prunegraph.wiring.running import Run

POINTWISE = Convolution((1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1)
REARRANGED = "are not in the order of a feature map (channels, rows, columns), but were reshaped or permuted before"


class Follower(Run):
    """A run of a traced network that records its layers; see :func:`prunegraph.wiring.tracing.trace`."""

    def _feature(self, node: fx.Node, result: Any) -> Arranged | tuple[Arranged, ...]:
        """Find what the operation makes of its inputs; a `UserError` if it has no place in a graph."""
        module = self.fetch_attr(node.target) if node.op == "call_module" else None
        kind = node.target if module is None else None
        inputs = [self.features[other] for other in self._sources(node)]
        if kind in operations.CONCATENATIONS:
            return self._concatenation(node, result)
        if any(isinstance(feature, tuple) for feature in inputs):
            return self._item(node, inputs)
        if isinstance(module, operations.PRODUCT_MODULES) or self._multiplies(node, inputs):
            raise self._refusal(
                node,
                "it multiplies feature maps with each other, as attention and squeeze-and-excitation do; what joins "
                "its inputs to its outputs is then no weight, and an edge stands for a weight",
            )
        if len(inputs) == 2 and kind in operations.ADDITIONS:
            if not all(isinstance(feature, Feature) for feature in inputs):
                raise self._refusal(node, f"it adds values that {REARRANGED}")
            return joining.add(self.network, *inputs, self._name(node), self.identity_edges, self._refuser(node))
        if kind in operations.SHAPED:
            inputs = inputs[:1]
        if any(not same(inputs[0], other) for other in inputs[1:]):
            raise self._refusal(node, "it joins several feature maps in another way than by addition")
        if kind in operations.CONVOLUTIONS | operations.LINEARS:
            return self._layer_function(node, inputs[0], result)
        for modules, kinds, follow in self._followed():
            if isinstance(result, torch.Tensor) and (isinstance(module, modules) or kind in kinds):
                return follow(node, module, inputs[0], tuple(result.shape[1:]))
        return self._moved(node, module, inputs[0], result)

    def _multiplies(self, node: fx.Node, inputs: list[Arranged]) -> bool:
        """Whether the operation is a product of different feature maps, or a matrix product of any."""
        if node.target in operations.MATRIX_PRODUCTS:
            return sum(isinstance(value, fx.Node) and value in self.features for value in node.args) > 1
        return node.target in operations.PRODUCTS and any(not same(inputs[0], other) for other in inputs[1:])

    def _moved(self, node: fx.Node, module: nn.Module | None, feature: Arranged, result: Any) -> Any:
        """Follow an operation of any name that only moves values."""
        unknown = self._refusal(node, "its effect on a feature map is not known")
        arguments, options = self.fetch_args_kwargs_from_env(node)
        tensor = self.env[self._sources(node)[0]]
        alone = len(self._sources(node)) == 1 or node.target in operations.SHAPED
        parameters = [] if module is None else list(module.parameters())
        if not alone or parameters or any(isinstance(self.env[other], nn.Parameter) for other in node.all_input_nodes):
            raise unknown

        def operation(values: torch.Tensor) -> Any:
            swapped = fx.node.map_aggregate((arguments, options), lambda value: values if value is tensor else value)
            return getattr(self, node.op)(node.target, *swapped)

        found = moved(operation, places_of(feature, tuple(tensor.shape)))
        if found is None:
            raise unknown
        source = feature if isinstance(feature, Feature) else feature.feature
        made = tuple(arranged(source, places) for places in found)
        return made if isinstance(result, list | tuple) else made[0]

    def _followed(self) -> tuple[tuple[Any, Any, Callable], ...]:
        """List modules and functions with the method that follows them."""
        return (
            (nn.Conv2d, (), self._convolution),
            (nn.Linear, (), self._linear),
            (operations.POOLING_MODULES, operations.POOLING, self._pooling),
            (operations.ADAPTIVE_MODULES, operations.ADAPTIVE, self._adaptive),
            ((), operations.MEANS, self._mean),
            (operations.KEEPING_MODULES, operations.KEEPING, self._keeping),
        )

    def _keeping(self, node: fx.Node, module: nn.Module | None, feature: Arranged, shape: tuple) -> Arranged:
        return feature

    def _convolution(self, node: fx.Node, module: nn.Conv2d, feature: Arranged, shape: tuple) -> Feature:
        facts, feature = convolution_of(module), self._map(node, feature)
        if module.padding_mode != "zeros" and any(facts.padding):
            # This padding copies values; it is treated as an operation of its own before the convolution.
            above, below, left, right = facts.padding
            copies = partial(functional.pad, pad=(left, right, above, below), mode=module.padding_mode)
            (places,) = moved(copies, places_of(feature, (1, *feature.map)))
            feature, facts = arranged(feature, places), replace(facts, padding=(0, 0, 0, 0))
        weight = tuple(module.weight.shape)
        return self.network.convolution(str(node.target), f"{node.target}.weight", weight, feature, shape, facts)

    def _map(self, node: fx.Node, feature: Arranged) -> Feature:
        """Return the feature if it is a map; refuse it otherwise."""
        if isinstance(feature, Arrangement):
            raise self._refusal(node, f"it reads values that {REARRANGED}")
        if feature.map is None:
            raise self._refusal(node, "it reads flattened maps of different size, expected one feature map")
        return feature

    def _linear(self, node: fx.Node, module: nn.Linear, feature: Arranged, shape: tuple) -> Arranged:
        return self._fully_connected(
            node, str(node.target), f"{node.target}.weight", tuple(module.weight.shape), feature, shape
        )

    def _fully_connected(
        self, node: fx.Node, name: str, weight: str, weight_shape: tuple, feature: Arranged, shape: tuple
    ) -> Arranged:
        outputs, inputs = weight_shape
        if isinstance(feature, Feature) and feature.size == inputs and shape == (outputs,):
            return self.network.linear(name, weight, weight_shape, feature)
        # A linear layer over the last axis of a tensor whose other axes are positions is a 1x1 convolution.
        source = feature if isinstance(feature, Feature) else feature.feature
        places = places_of(feature, (1, *shape[:-1], inputs))
        positions = source.map[1:] if source.map and len(shape) == 2 else shape[:-1]
        channels_first = np.moveaxis(places, -1, min(1, places.ndim - 1))
        if len(positions) == 2 and channels_first.size == inputs * positions[0] * positions[1]:
            map_ = arranged(source, channels_first.reshape(1, inputs, *positions))
            if isinstance(map_, Feature):
                made = self.network.convolution(name, weight, weight_shape, map_, (outputs, *positions), POINTWISE)
                numbers = np.arange(made.size).reshape(1, outputs, *shape[:-1])
                return arranged(made, np.moveaxis(numbers, 1, -1))
        raise self._refusal(
            node,
            f"it works on the last axis of a tensor {(1, *shape[:-1], inputs)}, which is not that of its channels; "
            "flatten it first",
        )

    def _layer_function(self, node: fx.Node, feature: Arranged, result: torch.Tensor) -> Arranged:
        """Follow a convolution or linear layer that is called as a function; its weight is a tensor of the network."""
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
        convolution, feature = Convolution.of(facts, weight_shape), self._map(node, feature)
        return self.network.convolution(name, weight.target, tuple(weight_shape), feature, tuple(shape), convolution)

    def _pooling(self, node: fx.Node, module: nn.Module | None, feature: Arranged, shape: tuple) -> Feature:
        facts = pooling_of(module) if module is not None else function_facts(self, node)
        feature = self._map(node, feature)
        if len(shape) != 3:
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

    def _adaptive(self, node: fx.Node, module: nn.Module | None, feature: Arranged, shape: tuple) -> Feature:
        feature = self._map(node, feature)
        if len(shape) != 3:
            raise self._refusal(node, "expected a feature map to pool")
        return feature.seen(*(adaptive_windows(feature.map[1 + axis], shape[1 + axis]) for axis in range(2)))

    def _mean(self, node: fx.Node, module: None, feature: Arranged, shape: tuple) -> Arranged:
        arguments, options = self.fetch_args_kwargs_from_env(node)
        tensor = options.get("input", arguments[0] if arguments else None)
        axes = options.get("dim", options.get("axis", arguments[1] if len(arguments) > 1 else None))
        places = places_of(feature, tuple(tensor.shape))
        numbers = axes if isinstance(axes, list | tuple) else [] if axes is None else [axes]
        found = pooled(feature, places, {axis % tensor.dim() for axis in numbers}, (1, *shape)) if numbers else None
        if found is None:
            raise self._refusal(node, "expected a reduction over height, width or both, such as dim=(2, 3)")
        return found

    def _concatenation(self, node: fx.Node, result: torch.Tensor) -> Feature:
        arguments, options = self.fetch_args_kwargs_from_env(node)
        axis = options.get("dim", options.get("axis", arguments[1] if len(arguments) > 1 else 0))
        tensors = options.get("tensors", arguments[0] if arguments else ())
        nodes = node.args[0] if node.args else node.kwargs["tensors"]
        # The tensors are listed one by one, or they are all results of chunk or split.
        parts = (
            [self.features.get(other) for other in nodes] if isinstance(nodes, list | tuple) else self.features[nodes]
        )
        if any(isinstance(part, Arrangement) for part in parts):
            raise self._refusal(node, f"it joins values that {REARRANGED}")
        if not all(isinstance(part, Feature) for part in parts):
            raise self._refusal(node, "it joins a feature map with a tensor that is none")
        if axis % result.dim() != 1 or any(tensor.dim() != result.dim() for tensor in tensors):
            raise self._refusal(node, "it joins along another axis than the channels")
        pieces = tuple(piece for part in parts for piece in part.pieces)
        trail, read = (frozenset().union(*(getattr(part, name) for part in parts)) for name in ("trail", "read"))
        return Feature(pieces, trail, read)

    def _item(self, node: fx.Node, inputs: list) -> Feature:
        index = node.args[1] if len(node.args) == 2 else None
        if len(inputs) != 1 or node.target is not operations.ITEM or not isinstance(index, int):
            raise self._refusal(node, "it uses several tensors at once; expected one of them by its number")
        return inputs[0][index]
