"""The symmetric adjacency matrix of a graph of blocks as convolutions, without a list of edges.

torch computes in float32, on a processor or a GPU.
"""

from dataclasses import dataclass
from itertools import pairwise
from itertools import product as pairs

import numpy as np
import torch

from prunegraph.graphs import Block, MultipartiteGraph
from prunegraph.graphs.geometry import Map
from prunegraph.metrics.spectrum.convolution import Convolution
from prunegraph.metrics.spectrum.images import Images, Vectors, flat, image
from prunegraph.metrics.spectrum.routed_convolution import RoutedProduct
from prunegraph.metrics.two_colours import two_colours

WAVES = 2  # waves along each axis in a smooth start
NOISE = 0.1  # share of white noise in it, so that no eigenvector is left out


@dataclass(frozen=True)
class _Place:
    """The range of a part among the operator's nodes, and the map that its blocks use."""

    start: int
    stop: int
    map: Map


class Operator:
    """Products of the weighted adjacency matrix, both directions of every edge, with vectors.

    A block maps vectors on its source to its target by a convolution, and back by the transposed convolution. A pooling
    window sums the numbers of its nodes, and in the other direction copies a number to all of them. For each vector, a
    product takes twice the multiplications of the dense network, whatever the number of edges. `device` is as in torch.

    The operator has its own order of the nodes, position after position with the channels of a position next to each
    other, because convolutions are fast in this order. If the graph has two sides, one comes after the other.

    Attributes
    ----------
    nodes
        Number of nodes.
    order
        (nodes,) Node at each position of the operator's order.
    half
        Number of nodes on the first side, which is the smaller one; None unless the graph has two sides made of whole
        parts (no edge joins two nodes of one side).
    """

    def __init__(self, graph: MultipartiteGraph, device: str = "cpu"):
        self.device, self.nodes = torch.device(device), graph.number_of_nodes()
        blocks = [block for block in graph.blocks if block.number_of_edges()]
        parts, first = _sides(graph, blocks)
        maps = [_map(graph, blocks, part) for part in range(len(graph.parts))]
        bounds = np.cumsum([0, *(graph.parts[part] for part in parts)])
        self.places = [_Place(int(a), int(b), maps[part]) for part, (a, b) in zip(parts, pairwise(bounds), strict=True)]
        self.order = np.concatenate(
            [_last(np.arange(graph.offsets[part], graph.offsets[part + 1]), maps[part]) for part in parts]
        )
        self.half = None if first is None else int(bounds[first])
        self._first = first
        self._fitted, self._loose = self._joining(graph, blocks, parts)
        if self._loose:
            self.half = None

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Compute the products; like the vectors they are (vectors, nodes) float32 in the graph's order of nodes."""
        result = np.empty_like(vectors)
        result[:, self.order] = np.asarray(self.product(np.ascontiguousarray(vectors[:, self.order])))
        return result

    def array(self, numbers: np.ndarray) -> np.ndarray | Vectors:
        """Move numbers to the operator's device: on a GPU they become a tensor, so that products need no copy."""
        return numbers if self.device.type == "cpu" else torch.from_numpy(numbers).to(self.device)

    def product(self, vectors: np.ndarray | Vectors) -> np.ndarray | Vectors:
        """Compute the products, of the same kind as the vectors and in the operator's order of nodes."""
        return self._as_given(vectors, self._product)

    def square(self, vectors: np.ndarray | Vectors) -> np.ndarray | Vectors:
        """Multiply by the squared matrix on the first of two sides (vectors, half), at the cost of one product."""
        return self._as_given(vectors, self._square)

    def _as_given(self, vectors, function):
        if isinstance(vectors, torch.Tensor):
            return function(vectors)
        return function(torch.from_numpy(vectors).to(self.device)).cpu().numpy()

    def _product(self, vectors: Vectors) -> Vectors:
        with torch.no_grad(), _full_precision():
            product = torch.zeros_like(vectors)
            here, there = self._images(vectors, self.places), self._images(product, self.places)
            for joint in self._fitted:
                joint.convolution.forward(here[joint.source], there[joint.target])
                joint.convolution.backward(here[joint.target], there[joint.source])
            for joint in self._loose:
                joint.add(vectors, product)
            return product

    def _square(self, vectors: Vectors) -> Vectors:
        near, far = self.places[: self._first], self.places[self._first :]
        with torch.no_grad(), _full_precision():
            product, across = torch.zeros_like(vectors), vectors.new_zeros(len(vectors), self.nodes - self.half)
            here, away, there = (
                self._images(vectors, near),
                self._images(across, far, self.half),
                self._images(product, near),
            )
            for joint in self._fitted:
                joint.cross(here + away, joint.source < self._first)
            for joint in self._fitted:
                joint.cross(there + away, joint.source >= self._first)
            return product

    @staticmethod
    def _images(vectors: Vectors, places: list[_Place], first: int = 0) -> list[Images]:
        """View the vectors, whose first node is `first`, as images of the parts."""
        return [image(vectors[:, place.start - first : place.stop - first], place.map) for place in places]

    def _joining(self, graph, blocks, parts) -> tuple[list["_FittedProduct"], list["_LooseProduct"]]:
        number = {(graph.offsets[part], graph.offsets[part + 1]): i for i, part in enumerate(parts)}
        where = np.empty(self.nodes, np.int64)
        where[self.order] = np.arange(self.nodes)
        fitted, loose = [], []
        for block in blocks:
            convolution = (Convolution if isinstance(block, Block) else RoutedProduct)(block, self.device)
            ranges = block.source_range, block.target_range
            maps = block.geometry.source_map, block.geometry.target_map
            ends = [number.get(ends) for ends in ranges]
            if None not in ends and all(self.places[i].map == seen for i, seen in zip(ends, maps, strict=True)):
                fitted.append(_FittedProduct(*ends, convolution))
            else:
                nodes = [where[_last(np.arange(*ends), seen)] for ends, seen in zip(ranges, maps, strict=True)]
                loose.append(_LooseProduct(*(torch.from_numpy(at).to(self.device) for at in nodes), convolution))
        return fitted, loose

    def smooth(self, vectors: int, draw: np.random.Generator) -> np.ndarray:
        """Draw random vectors (vectors, nodes) float32 in the operator's order, mostly slow waves over each map.

        The extreme eigenvectors are smooth, because the weights are not negative. A solve with this start needs fewer
        steps than one with white noise, of which the share NOISE is added.
        """
        start = NOISE * draw.standard_normal((vectors, self.nodes), dtype=np.float32)
        for place in self.places:
            channels, *size = place.map
            down, right = (_waves(length) for length in size)
            much = draw.standard_normal((vectors, len(down), len(right), channels), dtype=np.float32)
            waves = np.einsum("vijc,iy,jx->vyxc", much, down, right, optimize=True)
            start[:, place.start : place.stop] += waves.reshape(vectors, -1)
        return start


def _waves(length: int) -> np.ndarray:
    """Compute the first standing waves that are zero just outside of both ends: (waves, length) float32."""
    wave, place = np.arange(1, min(WAVES, length) + 1), np.arange(1, length + 1)
    return np.sin(np.pi * np.outer(wave, place) / (length + 1)).astype(np.float32)


def _sides(graph, blocks) -> tuple[list[int], int | None]:
    """Order the parts, those of the smaller side first; also their number, None if there are no two sides."""
    parts = list(range(len(graph.parts)))
    joined: list[set[int]] = [set() for _ in parts]
    for block in blocks:
        ends = [
            [part for part in parts if graph.offsets[part] < stop and start < graph.offsets[part + 1]]
            for start, stop in (block.source_range, block.target_range)
        ]
        for i, j in pairs(*ends):
            joined[i].add(j)
            joined[j].add(i)
    colour = two_colours(joined)
    if colour is None:
        return parts, None
    sizes = [sum(size for size, side in zip(graph.parts, colour, strict=True) if side == which) for which in (0, 1)]
    smaller = int(sizes[1] < sizes[0])
    return sorted(parts, key=lambda part: colour[part] != smaller), colour.count(smaller)


def _map(graph, blocks, part: int) -> Map:
    """Return the map of a part for the first block that uses it; single nodes if there is no block."""
    ends = graph.offsets[part], graph.offsets[part + 1]
    for block in blocks:
        if block.source_range == ends:
            return block.geometry.source_map
        if block.target_range == ends:
            return block.geometry.target_map
    return graph.parts[part], 1, 1


def _last(numbers: np.ndarray, shape: Map) -> np.ndarray:
    """Arrange the numbers of a map with channels last."""
    return numbers.reshape(shape).transpose(1, 2, 0).reshape(-1)


@dataclass(frozen=True, eq=False)
class _FittedProduct:
    """A block's convolution, and the numbers of the parts that it joins."""

    source: int
    target: int
    convolution: Convolution | RoutedProduct

    def cross(self, images: list[Images], along: bool) -> None:
        """Add the products along the edges, or against them, from the image of one end to that of the other."""
        if along:
            self.convolution.forward(images[self.source], images[self.target])
        else:
            self.convolution.backward(images[self.target], images[self.source])


@dataclass(frozen=True, eq=False)
class _LooseProduct:
    """A loose block's convolution, and the operator's numbers of the nodes on its maps, channels last.

    Loose blocks do not use whole parts with their maps: see :class:`prunegraph.metrics.implicit.layout.Layout`.
    """

    source: torch.Tensor
    target: torch.Tensor
    convolution: Convolution | RoutedProduct

    def add(self, vectors: Vectors, product: Vectors) -> None:
        """Add to `product` the products along the edges, in both directions."""
        source = image(vectors.index_select(1, self.source), self.convolution.source_map)
        target = image(vectors.index_select(1, self.target), self.convolution.target_map)
        onto = image(vectors.new_zeros(len(vectors), len(self.target)), self.convolution.target_map)
        self.convolution.forward(source, onto)
        product.index_add_(1, self.target, flat(onto))
        onto = image(vectors.new_zeros(len(vectors), len(self.source)), self.convolution.source_map)
        self.convolution.backward(target, onto)
        product.index_add_(1, self.source, flat(onto))


class _full_precision:
    """A context with full float32 precision in convolutions and products on GPUs, where the default is lower."""

    def __enter__(self):
        self.before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False

    def __exit__(self, *_):
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = self.before
