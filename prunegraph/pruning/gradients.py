"""Gradients and Hessian-vector products of a network's loss at given parameters.

Every function evaluates the network functionally: parameters are an argument,
and the buffers (BatchNorm statistics) that a forward pass in train mode alters
are clones, so the network never changes.
"""

from collections.abc import Mapping

import torch
from torch.nn.functional import cross_entropy

Parameters = Mapping[str, torch.Tensor]


def loss(
    network: torch.nn.Module,
    parameters: Parameters,
    images: torch.Tensor,
    labels: torch.Tensor,
    temperature: float = 1.0,
) -> torch.Tensor:
    """Mean cross-entropy of softmax(logits / temperature), at `parameters` instead of the network's own."""
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    logits = torch.func.functional_call(network, {**buffers, **parameters}, (images,))
    return cross_entropy(logits / temperature, labels)


def gradient(
    network: torch.nn.Module,
    parameters: Parameters,
    images: torch.Tensor,
    labels: torch.Tensor,
    temperature: float = 1.0,
) -> dict[str, torch.Tensor]:
    """dL/dp for each of `parameters`; zero where the loss does not depend on one."""
    free = _free(parameters)
    value = loss(network, free, images, labels, temperature)
    found = torch.autograd.grad(value, list(free.values()), materialize_grads=True)
    return dict(zip(free, found, strict=True))


def hessian_vector(
    network: torch.nn.Module,
    parameters: Parameters,
    vector: Parameters,
    images: torch.Tensor,
    labels: torch.Tensor,
    temperature: float = 1.0,
) -> dict[str, torch.Tensor]:
    """H v for each of `parameters`, H being the Hessian of the loss with respect to all of them.

    The gradient's graph is kept and differentiated once more (Pearlmutter 1994),
    so no entry of H is ever formed; about three times the cost of a gradient.
    """
    free = _free(parameters)
    value = loss(network, free, images, labels, temperature)
    slopes = torch.autograd.grad(value, list(free.values()), create_graph=True, materialize_grads=True)
    # A gradient that is constant has no graph, and contributes nothing.
    used = [(slope, vector[name]) for name, slope in zip(free, slopes, strict=True) if slope.requires_grad]
    found = torch.autograd.grad(
        [slope for slope, _ in used],
        list(free.values()),
        grad_outputs=[direction for _, direction in used],
        materialize_grads=True,
    )
    return dict(zip(free, found, strict=True))


def _free(parameters: Parameters) -> dict[str, torch.Tensor]:
    return {name: value.detach().requires_grad_(True) for name, value in parameters.items()}
