"""Following the feature maps of a network from layer to layer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import fx, nn

from prunegraph.encoding import operations
from prunegraph.encoding.architecture import Architecture, Layer
from prunegraph.errors import UserError

INPUT = -1


@dataclass(frozen=True)
class Feature:
    """What a tensor is made of: windows of the output map of one layer.

    Attributes
    ----------
    layer
        Index of the layer whose outputs it holds, `INPUT` for the network's input.
    map
        (channels, height, width); a flat tensor keeps the map it was flattened from.
    pool
        Size of the window of the layer's outputs behind each position.
    trail
        The layers on the main path from the input to here.
    """

    layer: int
    map: tuple[int, int, int]
    pool: tuple[int, int] = (1, 1)
    trail: tuple[int, ...] = ()


class Follower(fx.Interpreter):
    """Runs a traced network node by node and notes its layers; see :func:`prunegraph.encoding.tracing.trace`."""

    def __init__(self, network: fx.GraphModule, input_shape: tuple[int, int, int]):
        super().__init__(network)
        # Errors are told in a sentence; torch.fx would load its logging for seconds to add its own view.
        self.extra_traceback = False
        self.input_shape = input_shape
        self.features: dict[fx.Node, Feature] = {}
        self.layers: list[Layer] = []
        self.maps: list[tuple[int, int, int]] = []
        self.margins = [(0, 0, 0, 0)]
        # Layers without nodes of their own, and the layer whose nodes they feed.
        self.shortcuts: dict[int, int] = {}

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
            self.features[node] = Feature(INPUT, self.input_shape)
        elif node.op != "output" and any(other in self.features for other in node.all_input_nodes):
            self._follow(node, result)
        return result

    def architecture(self) -> Architecture:
        """What was found, shortcuts resolved and parts of nodes numbered."""
        own = [index for index in range(len(self.layers)) if index not in self.shortcuts]
        part = {INPUT: 0} | {index: number for number, index in enumerate(own, start=1)}
        for layer in self.layers:
            if layer.source in self.shortcuts:
                name = self.layers[layer.source].name
                raise UserError(
                    f"Layer {layer.name!r} reads the output of {name!r} before it is added to another branch; "
                    "such an output has no nodes of its own."
                )
        layers = tuple(
            replace(
                layer,
                source=part[layer.source],
                target=part[self._feeds(index)],
                shortcut=index in self.shortcuts,
            )
            for index, layer in enumerate(self.layers)
        )
        margin = tuple(max(sizes) for sizes in zip(*self.margins, strict=True))
        pooled = [layer.name for layer in self.layers if layer.source == INPUT and layer.pool != (1, 1)]
        if any(margin) and pooled:
            raise UserError(
                f"Layer {pooled[0]!r} reads the pooled input, while another layer reads it padded; "
                "their positions do not match."
            )
        return Architecture((self.input_shape, *(self.maps[index] for index in own)), margin, layers)

    def _feeds(self, index: int) -> int:
        while index in self.shortcuts:
            index = self.shortcuts[index]
        return index

    def _follow(self, node: fx.Node, result: Any) -> None:
        if not isinstance(result, torch.Tensor):
            if isinstance(result, list | tuple) and any(isinstance(item, torch.Tensor) for item in result):
                raise self._refusal(node, "it makes several tensors")
            return
        inputs = [self.features[other] for other in node.all_input_nodes if other in self.features]
        shape = tuple(result.shape[1:])
        feature = self._feature(node, inputs, shape)
        channels, height, width = feature.map
        if result.shape[0] != 1 or shape not in (feature.map, (channels * height * width,)):
            raise self._refusal(node, f"it turns a map {inputs[0].map} into a tensor {tuple(result.shape)}")
        self.features[node] = feature

    def _feature(self, node: fx.Node, inputs: list[Feature], shape: tuple[int, ...]) -> Feature:
        """What the operation makes of its inputs; `shape` is that of its result, without the batch."""
        module = self.fetch_attr(node.target) if node.op == "call_module" else None
        kind = node.target if module is None else None
        if len(inputs) > 1 and kind in operations.ADDITIONS:
            return self._add(node, *inputs)
        if any(other != inputs[0] for other in inputs):
            raise self._refusal(node, "it joins several feature maps in another way than by addition")
        if isinstance(module, nn.Conv2d):
            return self._convolution(node, module, inputs[0], shape)
        if isinstance(module, nn.Linear):
            return self._linear(node, module, inputs[0], shape)
        if isinstance(module, operations.POOLING_MODULES) or kind in operations.POOLING:
            return self._pooling(node, module, inputs[0], shape)
        if isinstance(module, operations.ADAPTIVE_MODULES) or kind in operations.ADAPTIVE:
            return self._pooled(node, inputs[0], _quotient(inputs[0].map[1:], shape[1:]), shape)
        if kind in operations.MEANS:
            return self._mean(node, inputs[0])
        if isinstance(module, operations.KEEPING_MODULES) or kind in operations.KEEPING:
            return inputs[0]
        raise self._refusal(node, "its effect on a feature map is not known")

    def _new_layer(self, node: fx.Node, feature: Feature, map_: tuple[int, int, int], **facts: Any) -> Feature:
        index = len(self.layers)
        layer = Layer(
            name=str(node.target),
            weight=f"{node.target}.weight",
            source=feature.layer,
            target=index,
            pool=feature.pool,
            shortcut=False,
            **facts,
        )
        self.layers.append(layer)
        self.maps.append(map_)
        return Feature(index, map_, trail=(*feature.trail, index))

    def _convolution(self, node: fx.Node, module: nn.Conv2d, feature: Feature, shape: tuple) -> Feature:
        sides = _padding(module)
        if module.padding_mode != "zeros" and any(sides):
            raise self._refusal(node, f"its padding is {module.padding_mode!r}, expected zeros")
        if feature.layer == INPUT and feature.pool == (1, 1):
            self.margins.append(sides)
        return self._new_layer(
            node,
            feature,
            shape,
            linear=False,
            weight_shape=tuple(module.weight.shape),
            kernel=module.kernel_size,
            stride=module.stride,
            padding=(sides[0], sides[2]),
            dilation=module.dilation,
            groups=module.groups,
        )

    def _linear(self, node: fx.Node, module: nn.Linear, feature: Feature, shape: tuple) -> Feature:
        channels, height, width = feature.map
        if channels * height * width != module.in_features or shape != (module.out_features,):
            raise self._refusal(node, f"it works on the last axis of a map {feature.map}; flatten it first")
        return self._new_layer(
            node,
            feature,
            (module.out_features, 1, 1),
            linear=True,
            weight_shape=tuple(module.weight.shape),
            kernel=(height, width),
            stride=(1, 1),
            padding=(0, 0),
            dilation=(1, 1),
            groups=1,
        )

    def _add(self, node: fx.Node, left: Feature, right: Feature) -> Feature:
        if left.map != right.map:
            raise self._refusal(node, f"it adds maps of different shapes, {left.map} and {right.map}")
        common = 0
        for one, other in zip(left.trail, right.trail, strict=False):
            if one != other:
                break
            common += 1
        short, main = sorted((left, right), key=lambda branch: len(branch.trail) - common)
        lengths = len(short.trail) - common, len(main.trail) - common
        if lengths[0] == 0:
            return main
        if lengths == (1, 1):
            names = [self.layers[branch.layer].name for branch in (short, main)]
            raise self._refusal(
                node,
                f"it adds two single layers of one input, {names[0]!r} and {names[1]!r}, which would join "
                "the same nodes twice",
            )
        if lengths[0] > 1 and short.layer > main.layer:
            # Neither branch is a shortcut; the later layer lends the nodes, so that edges lead onwards.
            short, main = main, short
        if short.pool != (1, 1) or main.pool != (1, 1):
            raise self._refusal(node, "it adds branches that were pooled after their last layer")
        self.shortcuts[short.layer] = main.layer
        return main

    def _pooling(self, node: fx.Node, module: nn.Module | None, feature: Feature, shape: tuple) -> Feature:
        kernel, stride, padding, dilation = _pooling_facts(self, node, module)
        if len(shape) != 3:
            raise self._refusal(node, "expected a feature map to pool")
        for axis in range(2):
            single = shape[1 + axis] == 1
            if padding[axis] or dilation[axis] != 1 or not (single or kernel[axis] == stride[axis]):
                raise self._refusal(node, "its windows overlap, are padded or leave gaps; expected disjoint windows")
        return self._pooled(node, feature, kernel, shape)

    def _mean(self, node: fx.Node, feature: Feature) -> Feature:
        arguments, options = self.fetch_args_kwargs_from_env(node)
        axes = options.get("dim", arguments[1] if len(arguments) > 1 else None)
        axes = {axis % 4 for axis in axes} if isinstance(axes, list | tuple) else {axes}
        if axes != {2, 3} or arguments[0].dim() != 4:
            raise self._refusal(node, "expected a reduction over height and width, dim=(2, 3)")
        channels, height, width = feature.map
        return self._pooled(node, feature, (height, width), (channels, 1, 1))

    def _pooled(self, node: fx.Node, feature: Feature, window: tuple | None, shape: tuple) -> Feature:
        channels, height, width = feature.map
        if window is None or shape != (channels, height // window[0], width // window[1]):
            raise self._refusal(node, f"{feature.map} to {shape} is no pooling with equal, whole, disjoint windows")
        pool = feature.pool[0] * window[0], feature.pool[1] * window[1]
        return replace(feature, map=shape, pool=pool)

    def _place(self, node: fx.Node) -> str:
        if node.op == "call_module":
            return f"{type(self.fetch_attr(node.target)).__name__} {node.target!r}"
        name = getattr(node.target, "__name__", str(node.target))
        inside = list(node.meta.get("nn_module_stack") or [])
        return f"{name!r} ({node.name}, in {inside[-1]!r})" if inside else f"{name!r} ({node.name})"

    def _refusal(self, node: fx.Node, reason: str) -> UserError:
        return UserError(f"The operation {self._place(node)} cannot be represented in a graph: {reason}.")


def _padding(module: nn.Conv2d) -> tuple[int, int, int, int]:
    """Padding (above, below, left, right)."""
    if module.padding == "valid":
        return 0, 0, 0, 0
    if module.padding == "same":
        totals = [module.dilation[axis] * (module.kernel_size[axis] - 1) for axis in range(2)]
        above, left = (total // 2 for total in totals)
        return above, totals[0] - above, left, totals[1] - left
    above, left = module.padding
    return above, above, left, left


def _pooling_facts(follower: Follower, node: fx.Node, module: nn.Module | None) -> tuple[tuple[int, int], ...]:
    """Kernel, stride, padding and dilation of a pooling, as pairs."""
    if module is not None:
        facts = [module.kernel_size, module.stride, module.padding, getattr(module, "dilation", 1)]
    else:
        arguments, options = follower.fetch_args_kwargs_from_env(node)
        names = ["kernel_size", "stride", "padding", "dilation"]
        # The fifth argument of average pooling is no dilation.
        names = names[: 3 if node.target is torch.nn.functional.avg_pool2d else 4]
        given = dict(zip(names, arguments[1:], strict=False)) | options
        facts = [given.get("kernel_size"), given.get("stride"), given.get("padding", 0), given.get("dilation", 1)]
    facts[1] = facts[0] if facts[1] is None or facts[1] == [] else facts[1]
    return tuple(_pair(fact) for fact in facts)


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


def _quotient(before: tuple, after: tuple) -> tuple[int, int] | None:
    """Window of an adaptive pooling, None if its windows differ in size."""
    if len(after) != 2 or any(size % pooled for size, pooled in zip(before, after, strict=True)):
        return None
    return before[0] // after[0], before[1] // after[1]
