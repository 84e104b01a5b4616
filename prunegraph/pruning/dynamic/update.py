"""Drop and grow: the update that all methods of dynamic sparse training share."""

from collections.abc import Mapping

import torch

from prunegraph.pruning.dynamic.schedule import Schedule
from prunegraph.pruning.selection import largest
from prunegraph.randomness import torch_generator

Tensors = Mapping[str, torch.Tensor]
Masks = dict[str, torch.Tensor]


class SparseDynamics:
    """The :class:`prunegraph.training.dynamics.MovingMask` of all methods; itself SET, others change a part of it.

    Each update drops in every layer a fraction of the weights kept, those of smallest
    magnitude, and grows as many at random (Mocanu et al., Nature Communications 2018). The number
    of weights kept never changes: in the network, and here in every layer. A weight just dropped may grow
    again, as in the published code of RigL; it then keeps its value.

    Parameters
    ----------
    name
        Of the pruner.
    seed
        Of random growth, stream (seed, "dynamics", name, step, layer): an update depends on nothing
        random before it, so a resumed training continues bit by bit.
    schedule
        When, and how much.
    """

    skip_step_on_update = False
    """Whether an update takes the place of that step of gradient descent."""

    def __init__(self, name: str, seed: int, schedule: Schedule):
        self.name, self.seed, self.schedule = name, seed, schedule
        self.updates = 0
        self.explored: Masks = {}

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
        self.watch(gradients, kept)
        if not self.explored:
            self.explored = {name: mask.clone() for name, mask in kept.items()}
        fraction = self.schedule.fraction_at(step, steps)
        if fraction is None:
            return None
        with torch.no_grad():
            survivors = self.drop(weights, kept, fraction)
            counts = self.share(weights, kept, survivors)
            grown = {name: self._grow(name, survivors[name], counts[name], gradients, step) for name in kept}
        self.updates += 1
        for name, mask in grown.items():
            self.explored[name] = self.explored[name].to(mask.device) | mask  # restored ones lie on the CPU
        return grown

    def watch(self, gradients: Tensors, kept: Tensors) -> None:
        """See the gradients of every step, for methods with a memory."""

    def drop(self, weights: Tensors, kept: Tensors, fraction: float) -> Masks:
        """What is left when in each layer the `fraction` of smallest magnitude is dropped, rounded down."""
        return {name: keep_strongest(weights[name], mask, _rest(mask, fraction)) for name, mask in kept.items()}

    def share(self, weights: Tensors, kept: Tensors, survivors: Tensors) -> dict[str, int]:
        """How many weights each layer grows; they add up to those dropped."""
        return {name: int(mask.sum()) - int(survivors[name].sum()) for name, mask in kept.items()}

    def score(self, name: str, gradients: Tensors, step: int) -> torch.Tensor:
        """What grows: in layer `name`, the removed weights of largest score, which is not negative."""
        like = gradients[name]
        draw = torch_generator(self.seed, "dynamics", self.name, step, name)
        return torch.rand(like.shape, generator=draw, dtype=torch.float64).to(like.device)

    def state(self) -> dict[str, torch.Tensor]:
        """All that a resumed training needs, as tensors by name."""
        explored = {f"explored.{name}": mask.clone() for name, mask in self.explored.items()}
        return {"updates": torch.tensor(self.updates), **explored}

    def restore(self, state: Tensors) -> None:
        """Go on from what :meth:`state` gave."""
        self.updates = int(state["updates"])
        self.explored = with_prefix(state, "explored.")

    def facts(self) -> dict[str, float | int]:
        """What became of it: the number of updates, and the share of all weights that were ever kept.

        The second is the in-time exploration rate R_s of Liu et al. (ICML 2021, section 3.2).
        """
        size = sum(mask.numel() for mask in self.explored.values())
        active = sum(int(mask.sum()) for mask in self.explored.values())
        return {"mask_updates": self.updates, "explored": active / size if size else 0.0}

    def _grow(self, name: str, survivors: torch.Tensor, count: int, gradients: Tensors, step: int) -> torch.Tensor:
        if not count:
            return survivors
        # A training that diverges still keeps its budget.
        score = torch.nan_to_num(self.score(name, gradients, step))
        free = score.masked_fill(survivors, -1.0)
        return survivors | largest(free.flatten(), count).view(survivors.shape)


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
