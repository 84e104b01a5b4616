"""Tracing of networks: from a torch module to its architecture, which says which layer feeds which.

Importing this package needs no torch; tracing a module does.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prunegraph.wiring.architecture import Architecture, Layer

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Architecture", "Layer", "trace"]


def trace(network: "nn.Module", input_shape: Sequence[int], identity_edges: bool = False) -> Architecture:
    """Find the architecture of a torch network; see :func:`prunegraph.wiring.tracing.trace`."""
    from prunegraph.wiring.tracing import trace

    return trace(network, input_shape, identity_edges)
