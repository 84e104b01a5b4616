"""Blocks whose edges are the weights that are not zero."""

import numpy as np

from prunegraph.graphs import Block


def block_of(name, weights, geometry):
    """`weights` are reshaped to the geometry's; magnitudes are the edge weights."""
    weights = np.asarray(weights, dtype=np.float32).reshape(geometry.weight_shape)
    return Block(name, weights != 0, np.abs(weights[weights != 0]), geometry)
