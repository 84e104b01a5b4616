"""Several networks of one architecture as one, so that they train in the same operations."""

from collections.abc import Iterator, Sequence

import torch
from torch import nn
from torch.func import functional_call, vmap


class Stack:
    """K networks that compute together: their parameters and buffers are slices of common tensors (K, ...).

    Each network stays usable by itself, since what it owns are views of the common tensors. A convolution of
    the stack is one grouped convolution, a linear layer one batched product (torch's vmap).

    Parameters
    ----------
    networks
        Of the same architecture, on the same device. From now on they share memory with the stack.
    """

    def __init__(self, networks: Sequence[nn.Module]):
        self.networks = list(networks)
        self._parameters = _shared([dict(network.named_parameters()) for network in networks])
        self._buffers = _shared([dict(network.named_buffers()) for network in networks])
        for parameter in self._parameters.values():
            parameter.requires_grad_()

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Images (K, N, channels, height, width), some for each network, to logits (K, N, classes)."""

        def one(parameters: dict, buffers: dict, images: torch.Tensor) -> torch.Tensor:
            return functional_call(self.networks[0], (parameters, buffers), (images,))

        return vmap(one)(self._parameters, self._buffers, images)

    def named_parameters(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Parameters of all networks by name, (K, ...)."""
        yield from self._parameters.items()

    def named_buffers(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Buffers of all networks by name, (K, ...)."""
        yield from self._buffers.items()

    def train(self) -> None:
        """Put every network into training mode."""
        for network in self.networks:
            network.train()

    def release(self) -> None:
        """Give every network memory of its own again."""
        for network in self.networks:
            for value in [*network.parameters(), *network.buffers()]:
                value.data = value.data.clone()


@torch.no_grad()
def _shared(owned: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The tensors of all networks by name, stacked; each network's own become views of them."""
    stacked = {name: torch.stack([tensors[name].detach() for tensors in owned]) for name in owned[0]}
    for place, tensors in enumerate(owned):
        for name, value in tensors.items():
            value.data = stacked[name][place]
    return stacked
