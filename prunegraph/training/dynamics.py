"""What a method must offer that changes its mask while the network trains (dynamic sparse training)."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class MovingMask(Protocol):
    """A mask that moves during training, such as SET's or RigL's.

    Attributes
    ----------
    skip_step_on_update
        Whether a change of the mask takes the place of the step of gradient descent, as in RigL (Evci et al. 2020,
        algorithm 1). Without this attribute the step is taken with the new mask.
    """

    def update(
        self,
        step: int,
        steps: int,
        weights: "dict[str, Tensor]",
        gradients: "dict[str, Tensor]",
        kept: "dict[str, Tensor]",
    ) -> "dict[str, Tensor] | None":
        """The masks from now on, or None to leave them. Called after the backward pass of every step.

        Parameters
        ----------
        step, steps
            Number of the step, from 0, and of all steps of the whole training.
        weights, gradients
            Of the prunable layers by parameter name. Removed weights are zero; gradients are dense: they tell of
            removed weights too. Neither is to be changed in place.
        kept
            The present masks, boolean, of the same names and shapes.

        Returns
        -------
        A boolean tensor for every name of `kept`, or None. Weights that come back start at zero; the momentum of
        weights that come or go starts at zero.
        """
        ...

    def state(self) -> "dict[str, Tensor]":
        """Everything that :meth:`update` remembers, its random state included, for a checkpoint."""
        ...

    def restore(self, state: "dict[str, Tensor]") -> None:
        """Continue from what :meth:`state` gave, so that a resumed training ends with the same weights bit for bit."""
        ...

    def facts(self) -> dict[str, float | int]:
        """What became of it, for the score of the network. May be missing."""
        ...
