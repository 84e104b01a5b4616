"""The symmetric adjacency matrix of a graph of blocks as convolutions, edges never listed.

Torch does the arithmetic, in float32, on a processor or a GPU; it is imported here only.
"""

from collections.abc import Callable
from itertools import product

import numpy as np
import torch
from torch.nn import functional

from prunegraph.graphs import Block, MultipartiteGraph, RoutedBlock
from prunegraph.graphs.blocks import Bundle
from prunegraph.metrics.routed import RoutedProduct

Vectors = torch.Tensor  # (vectors, nodes) float32


class Operator:
    """Products of the weighted adjacency matrix, both directions of every edge, with vectors.

    A block maps vectors on its source to its target as a convolution, and back as the
    transposed convolution; pooling windows sum what they hold, and repeat what they get.
    One product costs twice the multiplications of the dense network for each vector, whatever the
    number of edges. `device` as in torch.
    """

    def __init__(self, graph: MultipartiteGraph, device: str = "cpu"):
        self.device = device
        self.nodes = graph.number_of_nodes()
        self._arms = [_arm(block, device) for block in graph.blocks if block.number_of_edges()]

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """The products, as the vectors (vectors, nodes) float32."""
        return self._times(vectors, [(True, True)] * len(self._arms))

    @torch.inference_mode()
    def _times(self, vectors, ways) -> np.ndarray:
        given = torch.from_numpy(np.ascontiguousarray(vectors)).to(self.device)
        product = torch.zeros_like(given)
        with _exact():
            for arm, (forth, back) in zip(self._arms, ways, strict=True):
                if forth:
                    arm.forth(given, product)
                if back:
                    arm.back(given, product)
        return product.cpu().numpy()

    def side(self) -> np.ndarray | None:
        """For a graph of two sides (no edge joins two nodes of one side) which nodes are on the first; else None."""
        # Parts of nodes that no block's end divides, and which of them are joined.
        ends = [(arm.source.start, arm.source.stop, arm.target.start, arm.target.stop) for arm in self._arms]
        bounds = sorted({0, self.nodes, *(bound for four in ends for bound in four)})
        number = {bound: i for i, bound in enumerate(bounds)}
        joined: list[set[int]] = [set() for _ in bounds]
        for four in ends:
            first, last, begin, end = (number[bound] for bound in four)
            for i, j in product(range(first, last), range(begin, end)):
                joined[i].add(j)
                joined[j].add(i)
        sides = _two_colours(joined)
        return None if sides is None else np.repeat(np.array(sides[:-1]) == 0, np.diff(bounds))

    def squared(self, side: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """The matrix's square on one side of a graph of two, at the price of one product with the whole."""
        first = [bool(side[arm.source.start]) for arm in self._arms]
        across = [(own, not own) for own in first]
        home = [(not own, own) for own in first]

        def apply(vectors: np.ndarray) -> np.ndarray:
            whole = np.zeros((len(vectors), self.nodes), np.float32)
            whole[:, side] = vectors
            return self._times(self._times(whole, across), home)[:, side]

        return apply


def _two_colours(joined: list[set[int]]) -> list[int] | None:
    """0 or 1 for every vertex, so that joined ones differ; None if that cannot be."""
    colour = [-1] * len(joined)
    for root in range(len(joined)):
        if colour[root] >= 0:
            continue
        colour[root], stack = 0, [root]
        while stack:
            i = stack.pop()
            for j in joined[i]:
                if colour[j] == colour[i]:
                    return None
                if colour[j] < 0:
                    colour[j] = 1 - colour[i]
                    stack.append(j)
    return colour


def _arm(block: Bundle, device: str) -> "_Convolution | _Routed":
    return _Convolution(block, device) if isinstance(block, Block) else _Routed(block, device)


class _Routed:
    """One routed block."""

    def __init__(self, block: RoutedBlock, device: str):
        self.source, self.target = slice(*block.source_range), slice(*block.target_range)
        self.source_map, self.target_map = block.geometry.source_map, block.geometry.target_map
        self.product = RoutedProduct(block, device)

    def forth(self, given: Vectors, product: Vectors) -> None:
        """Add to `product` what flows along the edges."""
        product[:, self.target] += self.product.forth(given[:, self.source].reshape(-1, *self.source_map)).flatten(1)

    def back(self, given: Vectors, product: Vectors) -> None:
        """Add to `product` what flows against the edges."""
        product[:, self.source] += self.product.back(given[:, self.target].reshape(-1, *self.target_map)).flatten(1)


class _Convolution:
    """One block as a convolution of torch."""

    def __init__(self, block: Block, device: str):
        geometry = block.geometry
        self.weight = torch.from_numpy(block.dense_values).to(device)
        self.source, self.target = slice(*block.source_range), slice(*block.target_range)
        self.source_map, self.target_map = geometry.source_map, geometry.target_map
        self.pool = geometry.pool
        size = [length // window for length, window in zip(geometry.source_map[1:], self.pool, strict=True)]
        self.size = size
        reach = [d * (k - 1) + 1 for d, k in zip(geometry.dilation, geometry.kernel, strict=True)]
        spans = [(m - 1) * s + r for m, s, r in zip(geometry.target_map[1:], geometry.stride, reach, strict=True)]
        before = geometry.padding
        after = [span - n - p for span, n, p in zip(spans, size, before, strict=True)]
        # torch pads both sides alike; what its convolution does not look at behind the last window is not padding.
        even = all(
            0 <= p < r and -s < a <= p and (a == p or n + 2 * p - span < s)
            for p, a, r, s, n, span in zip(before, after, reach, geometry.stride, size, spans, strict=True)
        )
        self.options = {
            "stride": geometry.stride,
            "dilation": geometry.dilation,
            "groups": geometry.groups,
            "padding": before if even else (0, 0),
        }
        self.margin = None if even else (before[1], after[1], before[0], after[0])
        rest = [n + 2 * p - span for n, p, span in zip(size, before, spans, strict=True)] if even else (0, 0)
        self.rest = tuple(rest)
        # A linear layer, or one that sees a single place, is a matrix product.
        self.matrix = None
        full = list(geometry.kernel) == size and self.target_map[1:] == (1, 1) and geometry.groups == 1
        if full and self.margin is None and not any(before):
            self.matrix = self.weight.reshape(self.weight.shape[0], -1)

    def forth(self, given: Vectors, product: Vectors) -> None:
        """Add to `product` what flows along the edges."""
        image = self._pooled(given[:, self.source])
        if self.matrix is not None:
            product[:, self.target] += image.flatten(1) @ self.matrix.T
            return
        if self.margin is not None:
            image = functional.pad(image, self.margin)
        product[:, self.target] += functional.conv2d(image, self.weight, **self.options).flatten(1)

    def back(self, given: Vectors, product: Vectors) -> None:
        """Add to `product` what flows against the edges."""
        onto = given[:, self.target]
        if self.matrix is not None:
            return self._spread(product, (onto @ self.matrix).reshape(-1, self.source_map[0], *self.size))
        onto = onto.reshape(-1, *self.target_map)
        image = functional.conv_transpose2d(onto, self.weight, output_padding=self.rest, **self.options)
        if self.margin is not None:
            image = functional.pad(image, tuple(-edge for edge in self.margin))
        self._spread(product, image)

    def _pooled(self, image: Vectors) -> Vectors:
        image = image.reshape(-1, *self.source_map)
        if self.pool == (1, 1):
            return image
        (height, width), (down, right) = self.size, self.pool
        image = image[:, :, : height * down, : width * right]
        return image.reshape(*image.shape[:2], height, down, width, right).sum(dim=(3, 5))

    def _spread(self, product: Vectors, back: Vectors) -> None:
        product = product[:, self.source].reshape(-1, *self.source_map)
        if self.pool == (1, 1):
            product += back
            return
        (height, width), (down, right) = self.size, self.pool
        for y in range(down):
            for x in range(right):
                product[:, :, y : height * down : down, x : width * right : right] += back


class _exact:
    """Full float32 in convolutions and products on GPUs, where the default is less."""

    def __enter__(self):
        self.before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False

    def __exit__(self, *_):
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = self.before
