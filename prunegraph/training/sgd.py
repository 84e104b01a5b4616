"""Steps of gradient descent that leave removed weights at zero."""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from prunegraph.precision import computing
from prunegraph.training.dynamics import MovingMask
from prunegraph.training.evaluation import Tally
from prunegraph.training.optimiser import OPTIMISERS
from prunegraph.training.recipes import Recipe


class Descent:
    """Steps of gradient descent that leave removed weights at zero.

    A step has three parts: :meth:`differentiate`, :meth:`move`, :meth:`descend`. The first and the last
    decide nothing and keep everything at its place in memory, so that a GPU can record them once and repeat them;
    what differs from step to step (images, learning rate, masks) lies in tensors.

    Parameters
    ----------
    network
        Trained in place, where it lies.
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
        self.step_number, self.learning_rate = 0, recipe.learning_rate
        self.parameters = dict(network.named_parameters())
        self.device = next(iter(self.parameters.values())).device
        # float32, because the fused steps read it so on a GPU
        self._rate = torch.tensor(recipe.learning_rate, dtype=torch.float32, device=self.device)
        self.precision = recipe.precision_on(self.device.type)
        self._optimiser = OPTIMISERS[recipe.optimiser]
        # By what is remembered and parameter; a parameter that never had a gradient has none.
        self.memory: dict[str, dict[str, torch.Tensor]] = {
            name: {} for name in (*self._optimiser.remembers, *self._optimiser.counts)
        }
        self.tally = Tally(self.device)
        self.kept = {name: values.to(self.device, copy=True) for name, values in kept.items()}
        # Factors of the weights' own type and layout multiply several times faster than booleans.
        self._factors = {name: torch.empty_like(self.parameters[name]) for name in self.kept}
        self.apply_kept()

    @torch.no_grad()
    def apply_kept(self) -> None:
        """Set to zero the weights outside `kept`, after its tensors were changed in place."""
        for name, values in self.kept.items():
            self._factors[name].copy_(values)
        self._clear(self.parameters)

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        """One whole step on one batch: images (N, channels, height, width), labels (N,)."""
        self.set_learning_rate()
        self.differentiate(images, labels)
        if self.move():
            self.descend()
        self.count(len(labels))

    def count(self, images: int) -> None:
        """Note that a step on so many images was taken."""
        self.step_number += 1
        self.tally.images += images

    def set_learning_rate(self) -> None:
        """Take the learning rate of the coming step."""
        self.learning_rate = self.recipe.learning_rate_at(self.step_number, self.steps_per_epoch)
        self._rate.fill_(self.learning_rate)

    def differentiate(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        """Gradients of the mean cross-entropy of one batch; `tally` counts its answers."""
        for parameter in self.parameters.values():
            parameter.grad = None
        with computing(self.precision, self.device):
            logits = self.network(images)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        functional.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing).backward()
        self.tally.compare(logits.detach(), labels)

    @torch.no_grad()
    def move(self) -> bool:
        """Let the dynamics change the masks; whether the step of gradient descent is taken."""
        if self.dynamics is None:
            return True
        weights = {name: self.parameters[name].detach() for name in self.kept}
        gradients = {name: _dense(self.parameters[name]) for name in self.kept}
        steps = self.recipe.epochs * self.steps_per_epoch
        found = self.dynamics.update(self.step_number, steps, weights, gradients, dict(self.kept))
        if found is None:
            return True
        for name, values in found.items():
            stays = self.kept[name] & values
            for part in self._optimiser.remembers:
                if name in self.memory[part]:
                    self.memory[part][name].mul_(stays)
            self.kept[name].copy_(values)
        self.apply_kept()
        return not getattr(self.dynamics, "skip_step_on_update", False)

    @torch.no_grad()
    def descend(self) -> None:
        """Move the weights along their gradients, those of removed weights left out."""
        self.remember()
        used = {name: parameter for name, parameter in self.parameters.items() if parameter.grad is not None}
        self._clear({name: parameter.grad for name, parameter in used.items()})
        memory = {part: [values[name] for name in used] for part, values in self.memory.items()}
        gradients = [parameter.grad for parameter in used.values()]
        self._optimiser.step(self.recipe, list(used.values()), gradients, memory, self._rate)
        self._clear(self.parameters)

    def remember(self) -> None:
        """Make room for what the optimiser remembers of the parameters that have a gradient, where there is none."""
        for name, parameter in self.parameters.items():
            if parameter.grad is not None and name not in next(iter(self.memory.values())):
                self.make_room(name)

    def make_room(self, name: str) -> None:
        """Zeros, of all that the optimiser remembers of one parameter, in its layout."""
        parameter = self.parameters[name].detach()
        for part in self._optimiser.remembers:
            self.memory[part][name] = torch.zeros_like(parameter)
        for part in self._optimiser.counts:
            self.memory[part][name] = torch.zeros((), device=self.device)

    @torch.no_grad()
    def _clear(self, values: Mapping[str, torch.Tensor]) -> None:
        names = [name for name in self.kept if name in values]  # a layer without part in the network has no gradient
        if names:
            torch._foreach_mul_([values[name] for name in names], [self._factors[name] for name in names])


def _dense(parameter: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
