"""Products of a routed block's weights with vectors: a convolution between gathered rows and columns."""

import numpy as np
import torch
from torch.nn import functional

from prunegraph.graphs import RoutedBlock
from prunegraph.metrics.spectrum.images import Images, clear


class RoutedProduct:
    """Products of a routed block's weights with images, along its edges and against them.

    For each tap the source rows that are joined with a target row are summed, and columns likewise. The results for all
    taps, side by side, form an image; a convolution whose stride is its kernel makes the product. Against the edges the
    same steps are transposed.
    """

    def __init__(self, block: RoutedBlock, device: "str | torch.device"):
        geometry = block.geometry
        self.source_map, self.target_map = geometry.source_map, geometry.target_map
        self.weight = torch.from_numpy(block.dense_values).to(device)
        self.options = {"stride": geometry.kernel, "groups": geometry.groups}
        self.rows = torch.from_numpy(_gathering(geometry.rows, geometry.target_map[1])).to(device)
        self.columns = torch.from_numpy(_gathering(geometry.columns, geometry.target_map[2])).to(device)

    def forward(self, image: Images, onto: Images) -> None:
        """Add to `onto`, an image of the target, the products of the weights with an image of the source."""
        onto += functional.conv2d(self.rows @ clear(image) @ self.columns.T, self.weight, **self.options)

    def backward(self, image: Images, onto: Images) -> None:
        """Add to `onto`, an image of the source, the products of the transposed weights with an image of the target."""
        taps = functional.conv_transpose2d(clear(image), self.weight, **self.options)
        onto += self.rows.T @ taps @ self.columns


def _gathering(table: np.ndarray, targets: int) -> np.ndarray:
    """Make a 0/1 matrix (targets * taps, sources): whether a tap joins a source row with a target row."""
    taps, sources = table.shape
    matrix = np.zeros((targets * taps, sources), np.float32)
    tap, source = np.nonzero(table >= 0)
    matrix[table[tap, source] * taps + tap, source] = 1
    return matrix
