"""Drop and grow: the update that all methods of dynamic sparse training share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch

from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.selection import largest
from prunegraph.randomness import torch_generator

Tensors = Mapping[str, torch.Tensor]
Masks = dict[str, torch.Tensor]


class Memory(Protocol):
    """What a method remembers from step to step."""

    def watch(self, gradients: Tensors, kept: Tensors) -> None:
        """See the dense gradients of a step."""
        ...

    def state(self) -> dict[str, torch.Tensor]:
        """All that it remembers, as tensors by name."""
        ...

    def restore(self, state: Tensors) -> None:
        """Go on from what :meth:`state` gave."""
        ...


# The three parts of a method.

Drop = Callable[[Tensors, Tensors, float], Masks]
"""(weights, kept, fraction) -> what is left when about that fraction of the kept weights is dropped."""

Share = Callable[[Tensors, Masks], dict[str, int]]
"""(kept, survivors) -> how many weights each layer grows; they add up to those dropped."""

Grow = Callable[[str, Tensors, int], torch.Tensor]
"""(layer, gradients, step) -> scores, not negative: the removed weights of largest score grow."""


def weakest(weights: Tensors, kept: Tensors, fraction: float) -> Masks:
    """Drop in each layer the `fraction` of smallest magnitude, rounded down."""
    return {name: keep_strongest(weights[name], mask, _rest(mask, fraction)) for name, mask in kept.items()}


def as_dropped(kept: Tensors, survivors: Masks) -> dict[str, int]:
    """Grow in each layer as many as it lost."""
    return {name: int(mask.sum()) - int(survivors[name].sum()) for name, mask in kept.items()}


def at_random(seed: int, pruner: str) -> Grow:
    """Grow at random, by stream (seed, "dynamics", pruner, step, layer).

    An update depends on nothing random before it, so a resumed training continues bit by bit.
    """

    def grow(name: str, gradients: Tensors, step: int) -> torch.Tensor:
        draw = torch_generator(seed, "dynamics", pruner, step, name)
        return torch.rand(gradients[name].shape, generator=draw, dtype=torch.float64).to(gradients[name].device)

    return grow


def steepest(name: str, gradients: Tensors, step: int) -> torch.Tensor:
    """Grow where the magnitude of the dense gradient is largest: where the loss would fall fastest."""
    return gradients[name].detach().abs()


@dataclass
class Moving:
    """A mask that moves: every update drops weights, shares their number among layers, and grows as many.

    The number of weights kept never changes in the network. A weight just dropped may grow again, as in the published
    code of RigL; it then keeps its value. It is a :class:`prunegraph.training.dynamics.MovingMask`.

    Parameters
    ----------
    schedule
        When, and how much.
    grow, drop, share
        The parts of the method.
    memory
        What the parts remember, if they do.
    skip_step_on_update
        Whether an update takes the place of that step of gradient descent.
    """

    schedule: Schedule
    grow: Grow
    drop: Drop = weakest
    share: Share = as_dropped
    memory: Memory | None = None
    skip_step_on_update: bool = False
    updates: int = 0
    explored: Masks = field(default_factory=dict)
    # Weights that grew, those of them in channels that kept no weight before, and channels without weights now.
    grown: int = 0
    grown_in_dead: int = 0
    dead: int = 0

    def update(self, step: int, steps: int, weights: Tensors, gradients: Tensors, kept: Tensors) -> Masks | None:
        """The masks from now on, or None if they stay as they are.

        Parameters
        ----------
        step, steps
            The number of this step, from 0, and of all steps.
        weights, gradients
            By parameter name; gradients are dense: those of removed weights are not masked.
        kept
            The present boolean masks. They are not altered.
        """
        if self.memory:
            self.memory.watch(gradients, kept)
        if not self.explored:
            self.explored = {name: mask.clone() for name, mask in kept.items()}
            self.dead = sum(int((~_alive(mask)).sum()) for mask in kept.values())
        fraction = self.schedule.fraction_at(step, steps)
        if fraction is None:
            return None
        with torch.no_grad():
            survivors = self.drop(weights, kept, fraction)
            counts = self.share(kept, survivors)
            grown = {name: self._grow(name, survivors[name], counts[name], gradients, step) for name in kept}
        self.updates += 1
        self._count(kept, survivors, grown)
        for name, mask in grown.items():
            self.explored[name] = self.explored[name].to(mask.device) | mask  # restored ones lie on the CPU
        return grown

    def state(self) -> dict[str, torch.Tensor]:
        """All that a resumed training needs, as tensors by name."""
        explored = {f"explored.{name}": mask.clone() for name, mask in self.explored.items()}
        counts = torch.tensor([self.updates, self.grown, self.grown_in_dead, self.dead])
        return {"counts": counts, **explored, **(self.memory.state() if self.memory else {})}

    def restore(self, state: Tensors) -> None:
        """Go on from what :meth:`state` gave."""
        self.updates, self.grown, self.grown_in_dead, self.dead = map(int, state["counts"])
        self.explored = with_prefix(state, "explored.")
        if self.memory:
            self.memory.restore(state)

    def facts(self) -> dict[str, float | int]:
        """What a training says of its mask.

        ``mask_updates``, their number. ``explored``, the share of all weights that were ever kept: the in-time
        exploration rate R_s of Liu et al. (ICML 2021, section 3.2). ``dead_channels``, how many output channels (rows
        of weights) kept none in the end; ``grown_in_dead``, the share of what grew that grew in such channels.
        """
        size = sum(mask.numel() for mask in self.explored.values())
        active = sum(int(mask.sum()) for mask in self.explored.values())
        return {
            "mask_updates": self.updates,
            "explored": active / size if size else 0.0,
            "dead_channels": self.dead,
            "grown_in_dead": self.grown_in_dead / self.grown if self.grown else 0.0,
        }

    def _count(self, kept: Tensors, survivors: Masks, grown: Masks) -> None:
        """Note what an update grew where."""
        self.dead = 0
        for name, mask in grown.items():
            new = (mask & ~survivors[name]).view(len(mask), -1).sum(1)
            self.grown += int(new.sum())
            self.grown_in_dead += int(new[~_alive(kept[name])].sum())
            self.dead += int((~_alive(mask)).sum())

    def _grow(self, name: str, survivors: torch.Tensor, count: int, gradients: Tensors, step: int) -> torch.Tensor:
        if not count:
            return survivors
        # A training that diverges still keeps its budget.
        score = torch.nan_to_num(self.grow(name, gradients, step))
        free = score.masked_fill(survivors, -1.0)
        return survivors | largest(free.flatten(), count).view(survivors.shape)


def _alive(mask: torch.Tensor) -> torch.Tensor:
    """Which output channels keep a weight."""
    return mask.view(len(mask), -1).any(1)


def keep_strongest(weight: torch.Tensor, mask: torch.Tensor, count: int) -> torch.Tensor:
    """The `count` weights of largest magnitude among those that `mask` keeps; of equal ones the earlier."""
    magnitude = torch.nan_to_num(weight.detach().abs()).masked_fill(~mask, -1.0)
    return largest(magnitude.flatten(), count).view(mask.shape)


def with_prefix(state: Tensors, prefix: str) -> dict[str, torch.Tensor]:
    """Copies of the entries of `state` whose name begins with `prefix`, without it."""
    return {name.removeprefix(prefix): value.clone() for name, value in state.items() if name.startswith(prefix)}


def _rest(mask: torch.Tensor, fraction: float) -> int:
    count = int(mask.sum())
    return count - int(fraction * count)
