"""What a pruner leaves: masks, new values of weights, and facts about its choice."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prunegraph import tensors
from prunegraph.errors import UserError
from prunegraph.masks import VALUE, Mask

if TYPE_CHECKING:
    import torch


class Pruned(Mask):
    """A mask, with new values for weights and biases if a repair changed them, and facts.

    Parameters
    ----------
    layers, provenance
        Arguments of :class:`prunegraph.masks.Mask`.
    values
        float32 arrays by the names of parameters or buffers; these take the place of the network's own. May be empty.
    facts
        Numbers, words and truth values by name, for the tables: a path length, an effective rank. May be empty.

    Raises
    ------
    UserError
        If there is no layer, a mask holds something else than 0 and 1, a new value is not finite, or a fact is no
        plain value.
    """

    def __init__(
        self,
        layers: Mapping[str, Any],
        values: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
        provenance: Mapping[str, Any] | None = None,
    ):
        super().__init__(layers, provenance)
        self.new_values = {name: _floats(name, value) for name, value in (values or {}).items()}
        self.facts = dict(facts or {})
        for name, fact in self.facts.items():
            if not (fact is None or isinstance(fact, bool | int | float | str)):
                raise UserError(
                    f"The fact {name!r} of a pruner is {fact!r}; expected a number, a word or a truth value."
                )

    def check(self, network: "torch.nn.Module", sparsity: float | None = None) -> "Pruned":
        """As :meth:`.Mask.check`, and the new values fit parameters or buffers of `network`, too.

        Raises
        ------
        UserError
            Naming the layer, the value or the two counts that differ.
        """
        shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
        for name, values in self.new_values.items():
            if name not in shapes:
                raise UserError(f"There is a new value for {name!r}, which the network lacks; is it of another model?")
            if shapes[name] != values.shape:
                raise UserError(f"The new value of {name!r} has shape {values.shape}, the network's {shapes[name]}.")
        super().check(network, sparsity)
        return self

    def apply(self, network: "torch.nn.Module") -> "torch.nn.Module":
        """Give `network` the new values and set its removed weights to zero, in place, and return it."""
        import torch

        self.check(network)
        state = network.state_dict()
        with torch.no_grad():
            for name, values in self.new_values.items():
                state[name].copy_(torch.from_numpy(values))
        return super().apply(network)

    def save(self, path: str | Path, **provenance: Any) -> None:
        """Write as one safetensors file: masks (BOOL) under their names, values (F32) under ``value:NAME``, facts in
        the header."""
        facts = {"facts": self.facts} if self.facts else {}
        values = {f"{VALUE}{name}": value for name, value in self.new_values.items()}
        tensors.save(path, {**self, **values}, **{**self.provenance, **provenance, **facts})

    @classmethod
    def load(cls, path: str | Path) -> "Pruned":
        """Read what :meth:`save` or :meth:`.Mask.save` wrote."""
        arrays, provenance = tensors.load(path)
        values = {name.removeprefix(VALUE): arrays.pop(name) for name in list(arrays) if name.startswith(VALUE)}
        return cls(arrays, values, provenance.pop("facts", {}), provenance)


def _floats(name: str, value: Any) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    value = np.asarray(value, dtype=np.float32)
    if not np.isfinite(value).all():
        raise UserError(f"The new value of {name!r} holds numbers that are not finite; look for them in its repair.")
    return value
