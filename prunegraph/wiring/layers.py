"""Collection of the layers of a network while it is traced."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import fx, nn

from prunegraph.errors import UserError
from prunegraph.wiring.architecture import Architecture, Layer
from prunegraph.wiring.features import INPUT, Feature, Piece, identity, regular, without_padding

Pair = tuple[int, int]


@dataclass(frozen=True)
class Convolution:
    """Kernel, stride, padding (above, below, left, right), dilation and groups."""

    kernel: Pair
    stride: Pair
    padding: tuple[int, int, int, int]
    dilation: Pair
    groups: int

    @classmethod
    def of(cls, facts: Mapping[str, Any], weight_shape: Sequence[int]) -> "Convolution":
        """Read the facts from the arguments of ``conv2d``."""
        kernel, dilation = tuple(weight_shape[2:]), pair(facts.get("dilation", 1))
        sides = _sides(facts.get("padding", 0), kernel, dilation)
        return cls(kernel, pair(facts.get("stride", 1)), sides, dilation, facts.get("groups", 1))


class Network:
    """Layers and maps of nodes, numbered in the order in which the network runs them."""

    def __init__(self, input_shape: tuple[int, int, int]):
        self.input_shape = input_shape
        self.layers: list[Layer] = []
        self.maps: list[tuple[int, int, int]] = []
        self.names: list[str] = []
        self.margins = [(0, 0, 0, 0)]
        # Layers without nodes of their own, and the layer whose nodes they feed.
        self.shortcuts: dict[int, int] = {}

    def convolution(
        self, name: str, weight: str, weight_shape: tuple, feature: Feature, map_: tuple, facts: Convolution
    ) -> Feature:
        """Record a convolution of `feature` with an output map `map_`, and return its output."""
        common = self._common(name, weight, False, weight_shape, facts.groups) | {
            "kernel": facts.kernel,
            "stride": facts.stride,
            "dilation": facts.dilation,
        }
        for piece, outputs, inputs in _spans(feature, weight_shape, facts.groups):
            _, *size = self._source_map(piece)
            piece, around = without_padding(piece, *size)
            sides = tuple(own + other for own, other in zip(facts.padding, around, strict=True))
            if piece.layer == INPUT and piece.map[1:] == tuple(size) and piece.direct:
                self.margins.append(sides)
            self._note(piece, padding=(sides[0], sides[2]), outputs=outputs, inputs=inputs, **common)
        return self._new_map(name, feature, map_)

    def linear(self, name: str, weight: str, weight_shape: tuple, feature: Feature) -> Feature:
        """Record a linear layer of all values of `feature`, and return its output."""
        common = self._common(name, weight, True, weight_shape, 1) | {"stride": (1, 1), "padding": (0, 0)}
        start = 0
        for piece in feature.pieces:
            channels, height, width = piece.map
            span = start, start + channels * height * width
            facts = {"kernel": (height, width), "dilation": (1, 1), "outputs": (0, weight_shape[0]), "inputs": span}
            self._note(piece, **common, **facts)
            start = span[1]
        return self._new_map(name, feature, (weight_shape[0], 1, 1))

    def identity(self, name: str, piece: Piece, target: int, outputs: Pair) -> None:
        """Record edges of weight 1 from `piece` to the channels `outputs` of layer `target`."""
        channels = piece.map[0]
        facts = self._common(name, "", False, (channels, 1, 1, 1), channels) | {
            "kernel": (1, 1),
            "stride": (1, 1),
            "padding": (0, 0),
            "dilation": (1, 1),
        }
        # The output channels of an identity are those of the map that it is added to.
        self._note(piece, outputs=outputs, inputs=(0, 1), **facts | {"target": target, "shortcut": True})

    def _common(self, name: str, weight: str, linear: bool, weight_shape: tuple, groups: int) -> dict[str, Any]:
        facts = {"name": name, "weight": weight, "linear": linear, "weight_shape": weight_shape, "groups": groups}
        return facts | {"target": len(self.maps), "shortcut": False}

    def _note(self, piece: Piece, **facts: Any) -> None:
        _, height, width = self._source_map(piece)
        pool = regular(piece.rows, height), regular(piece.columns, width)
        windows = None if all(pool) else (piece.rows, piece.columns)
        seen = {"pool": (1, 1) if windows else pool, "windows": windows}
        self.layers.append(Layer(source=piece.layer, channels=piece.channels, **seen, **facts))

    def _source_map(self, piece: Piece) -> tuple[int, int, int]:
        return self.input_shape if piece.layer == INPUT else self.maps[piece.layer]

    def _new_map(self, name: str, feature: Feature, map_: tuple[int, int, int]) -> Feature:
        number = len(self.maps)
        self.maps.append(map_)
        self.names.append(name)
        piece = Piece(number, (0, map_[0]), identity(map_[1]), identity(map_[2]))
        read = {(source.layer, *source.channels) for source in feature.pieces}
        return Feature((piece,), feature.trail | {number}, feature.read | read)

    def architecture(self) -> Architecture:
        """Make the architecture: layers join parts, shortcuts are resolved, maps without nodes are left out."""
        own = [number for number in range(len(self.maps)) if number not in self.shortcuts]
        part = {INPUT: 0} | {number: place for place, number in enumerate(own, start=1)}
        for layer in self.layers:
            if layer.source in self.shortcuts:
                raise UserError(
                    f"Layer {layer.name!r} reads the output of {self.names[layer.source]!r} before it is added to "
                    "another branch; such an output has no nodes of its own."
                )
        layers = tuple(
            replace(
                layer,
                source=part[layer.source],
                target=part[self._feeds(layer.target)],
                shortcut=layer.shortcut or layer.target in self.shortcuts,
            )
            for layer in self.layers
        )
        margin = tuple(max(sizes) for sizes in zip(*self.margins, strict=True))
        return Architecture((self.input_shape, *(self.maps[number] for number in own)), margin, layers)

    def _feeds(self, number: int) -> int:
        while number in self.shortcuts:
            number = self.shortcuts[number]
        return number


def _spans(feature: Feature, weight_shape: tuple, groups: int) -> Iterator[tuple[Piece, Pair, Pair]]:
    """Yield each piece with the outputs and inputs of the weight that belong to it, divided where groups end."""
    wide, high = weight_shape[1], weight_shape[0] // groups
    start = 0
    for piece in feature.pieces:
        stop = start + piece.map[0]
        while start < stop:
            group, offset = divmod(start, wide)
            # As many whole groups as there are, or the rest of one group.
            last = stop // wide * wide if offset == 0 and stop - start >= wide else min(stop, (group + 1) * wide)
            whole = offset == 0 and last % wide == 0
            first_group, last_group = group, (last - 1) // wide + 1
            inputs = (0, wide) if whole else (offset, offset + last - start)
            channels = tuple(piece.channels[1] - (stop - edge) for edge in (start, last))
            yield replace(piece, channels=channels), (first_group * high, last_group * high), inputs
            start = last


def convolution_of(module: nn.Conv2d) -> Convolution:
    """Read the facts of a convolution module."""
    names = ("padding", "stride", "dilation", "groups")
    return Convolution.of({name: getattr(module, name) for name in names}, module.weight.shape)


def pooling_of(module: nn.Module) -> tuple:
    """Read kernel, stride, padding and dilation of a pooling module."""
    return module.kernel_size, module.stride, module.padding, getattr(module, "dilation", 1)


def function_facts(follower: fx.Interpreter, node: fx.Node) -> tuple:
    """Read kernel, stride, padding and dilation of a pooling function."""
    arguments, options = follower.fetch_args_kwargs_from_env(node)
    names = ["kernel_size", "stride", "padding", "dilation"]
    # The fifth argument of average pooling is no dilation.
    names = names[: 3 if node.target is torch.nn.functional.avg_pool2d else 4]
    given = dict(zip(names, arguments[1:], strict=False)) | options
    kernel, stride = given.get("kernel_size"), given.get("stride")
    stride = kernel if stride is None or stride == [] else stride
    return kernel, stride, given.get("padding", 0), given.get("dilation", 1)


def pair(value: int | Sequence[int]) -> Pair:
    """Make a pair of one number for both axes, or of one number for each."""
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


def _sides(padding: Any, kernel: Pair, dilation: Pair) -> tuple[int, int, int, int]:
    """Compute the padding (above, below, left, right)."""
    if padding == "valid":
        return 0, 0, 0, 0
    if padding == "same":
        totals = [dilation[axis] * (kernel[axis] - 1) for axis in range(2)]
        above, left = (total // 2 for total in totals)
        return above, totals[0] - above, left, totals[1] - left
    above, left = pair(padding)
    return above, above, left, left
