"""Steps of stochastic gradient descent that leave removed weights at zero."""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional
from torch.optim.sgd import sgd

from prunegraph.training.dynamics import MovingMask
from prunegraph.training.recipes import Recipe


class Descent:
    """Steps of stochastic gradient descent that leave removed weights at zero.

    Parameters
    ----------
    network
        Trained in place. Anything with ``named_parameters()`` that maps images to logits: a module, or
        several as one (:class:`prunegraph.training.stack.Stack`).
    kept
        Boolean tensors by parameter name; the weights outside them are set to zero at once. May be empty.
    recipe, steps_per_epoch
        Decide the learning rate of every step.
    dynamics
        Changes `kept` on the way, if given.
    """

    def __init__(
        self,
        network: nn.Module,
        kept: Mapping[str, torch.Tensor],
        recipe: Recipe,
        steps_per_epoch: int,
        dynamics: MovingMask | None = None,
    ):
        self.network, self.recipe, self.steps_per_epoch, self.dynamics = network, recipe, steps_per_epoch, dynamics
        self.step_number = 0
        self.learning_rate = recipe.learning_rate
        self.parameters = dict(network.named_parameters())
        # A parameter without a momentum has had no gradient yet.
        self.momenta: dict[str, torch.Tensor | None] = dict.fromkeys(self.parameters)
        self.kept: dict[str, torch.Tensor] = {}
        self._factors: list[torch.Tensor] = []
        self.set_kept(kept)

    def set_kept(self, kept: Mapping[str, torch.Tensor]) -> None:
        """Take `kept` as masks, and set to zero the weights outside them."""
        self.kept = {name: values.to(self.parameters[name].device) for name, values in kept.items()}
        # Factors of the weights' own type and layout multiply several times faster than booleans.
        self._factors = [torch.empty_like(self.parameters[name]).copy_(values) for name, values in self.kept.items()]
        self._clear([self.parameters[name] for name in self.kept])

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """One step on one batch: images (..., N, channels, height, width), labels (..., N); the logits before it."""
        self.learning_rate = self.recipe.learning_rate_at(self.step_number, self.steps_per_epoch)
        for parameter in self.parameters.values():
            parameter.grad = None
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=images.is_cuda):
            logits = self.network(images)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        # Networks trained together: the sum of their losses, so that each has the gradients of its own.
        loss = functional.cross_entropy(logits.flatten(0, -2), labels.flatten())
        (loss * labels[..., 0].numel()).backward()
        moved = self.dynamics is not None and self._move()
        self._clear([self.parameters[name].grad for name in self.kept])
        if not (moved and getattr(self.dynamics, "skip_step_on_update", False)):
            self._descend()
        self._clear([self.parameters[name] for name in self.kept])
        self.step_number += 1
        return logits.detach()

    @torch.no_grad()
    def _move(self) -> bool:
        """Let the dynamics change the masks; whether it did."""
        weights = {name: self.parameters[name].detach() for name in self.kept}
        gradients = {name: _dense(self.parameters[name]) for name in self.kept}
        steps = self.recipe.epochs * self.steps_per_epoch
        kept = self.dynamics.update(self.step_number, steps, weights, gradients, dict(self.kept))
        if kept is None:
            return False
        for name, values in kept.items():
            if self.momenta[name] is not None:
                self.momenta[name].mul_(self.kept[name] & values)
        # Copies: these tensors are set back in place when a network diverges, and others may hold on to theirs.
        self.set_kept({name: kept[name].clone() for name in self.kept})
        return True

    @torch.no_grad()
    def _descend(self) -> None:
        # torch's own step in its functional form: the class torch.optim.SGD imports torch's compiler, which takes
        # longer than training a small network.
        used = [name for name, parameter in self.parameters.items() if parameter.grad is not None]
        momenta = [self.momenta[name] for name in used]
        sgd(
            [self.parameters[name] for name in used],
            [self.parameters[name].grad for name in used],
            momenta,
            foreach=True,
            weight_decay=self.recipe.weight_decay,
            momentum=self.recipe.momentum,
            lr=self.learning_rate,
            dampening=0.0,
            nesterov=self.recipe.nesterov,
            maximize=False,
        )
        self.momenta.update(zip(used, momenta, strict=True))

    @torch.no_grad()
    def _clear(self, values: list[torch.Tensor | None]) -> None:
        # A layer that takes no part in the forward pass has no gradient.
        pairs = [(value, factor) for value, factor in zip(values, self._factors, strict=True) if value is not None]
        if pairs:
            torch._foreach_mul_(*zip(*pairs, strict=True))


def _dense(parameter: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
