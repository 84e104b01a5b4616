"""Products of a block's weights with vectors: a convolution, or a product of matrices where windows do not overlap."""

import torch
from torch.nn import functional

from prunegraph.graphs import Block, Geometry
from prunegraph.metrics.spectrum.images import Images, clear, flat, places


class Convolution:
    """Products of one block's weights with images, along its edges and against them."""

    def __init__(self, block: Block, device: torch.device):
        geometry = block.geometry
        weight = torch.from_numpy(block.dense_values).to(device)
        self.weight = weight.contiguous(memory_format=torch.channels_last)
        self.source_map, self.target_map = geometry.source_map, geometry.target_map
        self.pool = geometry.pool
        size = [length // window for length, window in zip(geometry.source_map[1:], self.pool, strict=True)]
        self.size = size
        reach = [d * (k - 1) + 1 for d, k in zip(geometry.dilation, geometry.kernel, strict=True)]
        spans = [(m - 1) * s + r for m, s, r in zip(geometry.target_map[1:], geometry.stride, reach, strict=True)]
        before = geometry.padding
        after = [span - n - p for span, n, p in zip(spans, size, before, strict=True)]
        # torch pads both sides by the same length; nothing after the last window is read, so that it needs no padding.
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
        self.rows = None if any(before) or not even else _rows(geometry, size)
        self.matrix = None if self.rows is None else flat(weight).contiguous()

    def forward(self, image: Images, onto: Images) -> None:
        """Add to `onto`, an image of the target, the products of the weights with an image of the source."""
        image = self._pooled(image)
        if self.matrix is not None:
            _add_product(self.rows(image), self.matrix.T, self.rows(onto))
            return
        if self.margin is not None:
            image = functional.pad(image, self.margin)
        onto += functional.conv2d(clear(image), self.weight, **self.options)

    def backward(self, image: Images, onto: Images) -> None:
        """Add to `onto`, an image of the source, the products of the transposed weights with an image of the target."""
        if self.matrix is None:
            image = functional.conv_transpose2d(clear(image), self.weight, output_padding=self.rest, **self.options)
            if self.margin is not None:
                image = functional.pad(image, tuple(-edge for edge in self.margin))
            self._spread(image, onto)
        elif self.pool == (1, 1):
            _add_product(self.rows(image), self.matrix, self.rows(onto))
        else:
            _, channels, *_ = onto.shape
            windows = image.new_zeros(len(image), *self.size, channels).permute(0, 3, 1, 2)
            _add_product(self.rows(image), self.matrix, self.rows(windows))
            self._spread(windows, onto)

    def _pooled(self, image: Images) -> Images:
        return image if self.pool == (1, 1) else self._windows(image).sum(dim=(2, 4)).permute(0, 3, 1, 2)

    def _spread(self, image: Images, onto: Images) -> None:
        if self.pool == (1, 1):
            onto += image
        else:
            self._windows(onto).add_(image.permute(0, 2, 3, 1)[:, :, None, :, None])

    def _windows(self, image: Images) -> torch.Tensor:
        """View the nodes of each pooling window: (vectors, rows, nodes down, columns, nodes to the right, channels)."""
        (height, width), (down, right) = self.size, self.pool
        inside = image[:, :, : height * down, : width * right].permute(0, 2, 3, 1)
        return inside.unflatten(2, (width, right)).unflatten(1, (height, down))


def _rows(geometry: Geometry, size: list[int]):
    """View images as rows (batches, rows, numbers) that the weights multiply as a matrix; None if there is no view.

    A linear layer, or a layer with a single position, multiplies whole images; a 1x1 convolution multiplies the
    channels of a position.
    """
    if geometry.groups == 1 and list(geometry.kernel) == size and geometry.target_map[1:] == (1, 1):
        return lambda image: flat(image)[None]
    if geometry.groups == 1 and geometry.kernel == geometry.stride == (1, 1):
        return places
    return None


def _add_product(rows: torch.Tensor, matrix: torch.Tensor, onto: torch.Tensor) -> None:
    """Add rows times matrix in place, without a copy of either."""
    onto.baddbmm_(rows, matrix.expand(len(rows), *matrix.shape))
