"""The architecture of a network: the geometry of its layers, from which graphs are made, without weights and torch."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from prunegraph.errors import UserError
from prunegraph.files import write_text

VERSION = 2

Windows = tuple[tuple[int, ...], ...]
Span = tuple[int, int]


@dataclass(frozen=True)
class Layer:
    """One use of a convolution or linear layer, or the part of it that reads one feature map.

    A layer that reads a concatenation has several such records, each with its span of the weight.

    Attributes
    ----------
    name, weight
        Names of the module (``layer1.0.conv1``) and of its weight (``layer1.0.conv1.weight``). The weight is ``""`` for
        the edges of an identity shortcut, which are all of weight 1.
    linear
        Whether the layer is a linear layer of all values of its input map; its kernel is then as large as the map. A
        linear layer over the channels of every position is a 1x1 convolution whose weight has two axes.
    weight_shape
        Shape of the parameter.
    source, target
        Parts of nodes (index into ``Architecture.maps``) that the layer reads and feeds.
    pool
        Size (vertical, horizontal) of the pooling windows between the source and the layer.
    kernel, stride, padding, dilation, groups
        Facts of the layer, (vertical, horizontal); padding (above, left).
    shortcut
        Whether the layer adds no nodes, but feeds those of the layer to which it is added.
    channels
        First channel of the source map that the layer reads, and the last one plus 1.
    outputs, inputs
        Spans of the first and of the second axis of the weight.
    windows
        None; or, for windows that overlap, differ in size or leave gaps, in place of `pool`: for each row that the
        kernel reads, the rows of the source (without margin) in its window, and columns likewise; empty for padding.
    """

    name: str
    weight: str
    linear: bool
    weight_shape: tuple[int, ...]
    source: int
    target: int
    pool: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    shortcut: bool
    channels: Span
    outputs: Span
    inputs: Span
    windows: tuple[Windows, Windows] | None = None

    @property
    def own_groups(self) -> int:
        """Number of groups of the convolution within its span of the weight."""
        if self.inputs != (0, self.weight_shape[1]):
            return 1
        return self.groups * (self.outputs[1] - self.outputs[0]) // self.weight_shape[0]


@dataclass(frozen=True)
class Architecture:
    """Feature maps of a network and the layers between them; plain data that JSON can hold.

    Attributes
    ----------
    maps
        Shape (channels, height, width) of each part of nodes: the input, without padding, then the output of every
        layer that is no shortcut.
    margin
        Padding around the input (above, below, left, right); its positions are nodes of part 0.
    layers
        Layers in the order in which the network runs them.

    Raises
    ------
    UserError
        If there is no layer, or a layer names a part that does not exist.
    """

    maps: tuple[tuple[int, int, int], ...]
    margin: tuple[int, int, int, int]
    layers: tuple[Layer, ...]

    def __post_init__(self):
        if not self.layers:
            raise UserError("The network has no convolution and no linear layer, so it has no graph.")
        for layer in self.layers:
            if not (0 <= layer.source < len(self.maps) and 0 < layer.target < len(self.maps)):
                raise UserError(
                    f"Layer {layer.name!r} joins part {layer.source} to {layer.target}; "
                    f"there are {len(self.maps)} parts."
                )

    @property
    def parts(self) -> tuple[int, ...]:
        """Number of nodes of each part; part 0 is the padded input."""
        return tuple(channels * height * width for channels, height, width in self.node_maps)

    @property
    def node_maps(self) -> tuple[tuple[int, int, int], ...]:
        """The maps, the first with its margin."""
        (channels, height, width), *others = self.maps
        above, below, left, right = self.margin
        return (channels, height + above + below, width + left + right), *others

    def weights_of(self, layer: Layer, weights: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the layer's weight as float32 in the shape of the parameter; ones for an identity.

        Raises
        ------
        UserError
            If the weight is missing or has another shape.
        """
        if not layer.weight:
            return np.ones(layer.weight_shape, np.float32)
        if layer.weight not in weights:
            raise UserError(f"There is no weight {layer.weight!r}; found {', '.join(weights)!s:.300}.")
        values = np.asarray(weights[layer.weight], dtype=np.float32)
        if values.shape != layer.weight_shape:
            raise UserError(
                f"Weight {layer.weight!r} is of shape {values.shape}; the architecture has {layer.weight_shape}."
            )
        return values

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"format": "prunegraph architecture", "version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> "Architecture":
        """Make an architecture from the result of :meth:`to_dict`.

        Raises
        ------
        UserError
            If `facts` describe no architecture, or one of another version.
        """
        try:
            version = facts["version"] if facts["format"] == "prunegraph architecture" else None
            layers = tuple(Layer(**{key: _tuple(value) for key, value in layer.items()}) for layer in facts["layers"])
            maps, margin = tuple(map(_tuple, facts["maps"])), _tuple(facts["margin"])
        except (KeyError, TypeError, AttributeError) as problem:
            raise UserError(f"This is no architecture: {problem!r}.") from None
        if version != VERSION:
            raise UserError(f"The architecture is of format version {version}; this program reads {VERSION}.")
        return cls(maps, margin, layers)

    def save(self, path: str | Path) -> None:
        """Write as JSON."""
        write_text(path, json.dumps(self.to_dict(), indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> "Architecture":
        """Read what :meth:`save` wrote.

        Raises
        ------
        UserError
            If the file is missing or holds no architecture.
        """
        try:
            facts = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise UserError(f"{path} holds no architecture ({problem}); expected a JSON file.") from None
        return cls.from_dict(facts)


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
