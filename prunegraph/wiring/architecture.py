"""What of a network decides its graph: the geometry of its layers, without weights and without torch."""

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
    """One use of a convolution or linear layer, or of the part of it that reads one feature map.

    A layer that reads a concatenation is several of these, each with its span of the weight.

    Attributes
    ----------
    name, weight
        Of the module (``layer1.0.conv1``) and of its weight (``layer1.0.conv1.weight``). The weight is ``""`` for
        the edges of an identity shortcut, which are all of weight 1.
    linear
        Whether it is a linear layer of all values of its input map; its kernel is then as large as that. One that
        works on the channels of every position is a 1x1 convolution whose weight has two axes.
    weight_shape
        Of the parameter itself.
    source, target
        The part of nodes (index into ``Architecture.maps``) that it reads, and the one it feeds.
    pool
        Size (vertical, horizontal) of the windows pooled between its source and itself.
    kernel, stride, padding, dilation, groups
        As in the layer; padding (above, left).
    shortcut
        True if it adds no nodes, but feeds those of the layer it is added to.
    channels
        First channel that it reads of its source's map, and the channel behind the last.
    outputs, inputs
        The span of the weight's first and of its second axis that it stands for.
    windows
        None, or instead of `pool`, for windows that overlap, differ in size or leave gaps: the rows of the source
        (without margin) behind each row that the kernel sees, and the columns likewise; none behind padding.
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
        """Groups of the convolution within its span of the weight."""
        if self.inputs != (0, self.weight_shape[1]):
            return 1
        return self.groups * (self.outputs[1] - self.outputs[0]) // self.weight_shape[0]


@dataclass(frozen=True)
class Architecture:
    """Feature maps of a network and the layers between them; plain data that JSON can hold.

    Attributes
    ----------
    maps
        (channels, height, width) of each part of nodes: the input, without padding, then
        the output of every layer that is no shortcut.
    margin
        Padding around the input (above, below, left, right) whose positions are nodes of part 0.
    layers
        In the order in which the network runs them.

    Raises
    ------
    UserError
        If there is no layer, or a layer names a part that is not there.
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
        """Nodes of each part; part 0 is the padded input."""
        return tuple(channels * height * width for channels, height, width in self.node_maps)

    @property
    def node_maps(self) -> tuple[tuple[int, int, int], ...]:
        """The maps with the margin around the first."""
        (channels, height, width), *others = self.maps
        above, below, left, right = self.margin
        return (channels, height + above + below, width + left + right), *others

    def weights_of(self, layer: Layer, weights: Mapping[str, np.ndarray]) -> np.ndarray:
        """The layer's weight as float32 of the parameter's shape; ones for an identity.

        Raises
        ------
        UserError
            If it is missing or of another shape.
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
        """Plain data for JSON."""
        return {"format": "prunegraph architecture", "version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> "Architecture":
        """The inverse of :meth:`to_dict`.

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
