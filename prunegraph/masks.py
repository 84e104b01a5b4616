"""Which weights of a network are kept: the one format in which every pruning method ends."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prunegraph import tensors
from prunegraph.errors import UserError

if TYPE_CHECKING:
    import torch


def kept_weights(size: int, sparsity: float) -> int:
    """The number of weights that a sparsity leaves: round(N (1 - s)), halves rounded to even.

    Raises
    ------
    UserError
        If `sparsity` is outside [0, 1).
    """
    if not 0 <= sparsity < 1:
        raise UserError(f"Sparsity {sparsity} is outside [0, 1): it is the fraction of weights removed.")
    return round(size * (1 - sparsity))


VALUE = "value:"
"""In the file of a pruned network, what stands before the names of new values."""


class Mask(Mapping[str, np.ndarray]):
    """Boolean arrays by parameter name, True where the weight is kept.

    Parameters
    ----------
    layers
        For each prunable parameter (``"layer1.0.conv1.weight"``), an array of its
        shape that holds only 0 and 1. Torch tensors are accepted.
    provenance
        Plain facts about its making (method, sparsity, seed, ...), kept in the file header.

    Raises
    ------
    UserError
        If a value is neither 0 nor 1, or there is no layer.
    """

    def __init__(self, layers: Mapping[str, Any], provenance: Mapping[str, Any] | None = None):
        if not layers:
            raise UserError("A mask needs at least one layer, found none.")
        self._layers = {name: _boolean(name, values) for name, values in layers.items()}
        self.provenance = dict(provenance or {})

    def __getitem__(self, name: str) -> np.ndarray:
        return self._layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        return f"Mask({len(self)} layers, {self.kept:,} of {self.size:,} weights kept)"

    @property
    def size(self) -> int:
        """Prunable weights, kept or not."""
        return sum(values.size for values in self.values())

    @property
    def kept(self) -> int:
        """Weights kept."""
        return sum(int(np.count_nonzero(values)) for values in self.values())

    @property
    def density(self) -> float:
        """Kept divided by all."""
        return self.kept / self.size

    @property
    def collapsed(self) -> tuple[str, ...]:
        """Names of the layers that lost every weight; a fact about the result, not an error."""
        return tuple(name for name, values in self.items() if not values.any())

    def layer_density(self) -> dict[str, float]:
        """Kept divided by all, for each layer."""
        return {name: float(values.mean()) for name, values in self.items()}

    def check(self, network: "torch.nn.Module", sparsity: float | None = None) -> "Mask":
        """Return self if it fits the parameters of `network` and, if given, meets `sparsity` exactly.

        Raises
        ------
        UserError
            Naming the layer or the two counts that differ.
        """
        shapes = {name: tuple(value.shape) for name, value in network.named_parameters()}
        for name, values in self.items():
            if name not in shapes:
                raise UserError(f"The mask has a layer {name!r} that the network lacks; is it of another model?")
            if shapes[name] != values.shape:
                raise UserError(f"Layer {name!r}: the mask has shape {values.shape}, the network {shapes[name]}.")
        if sparsity is not None and self.kept != kept_weights(self.size, sparsity):
            raise UserError(
                f"The mask keeps {self.kept} of {self.size} weights; sparsity {sparsity} "
                f"asks for {kept_weights(self.size, sparsity)}."
            )
        return self

    def apply(self, network: "torch.nn.Module") -> "torch.nn.Module":
        """Set the removed weights of `network` to zero, in place, and return it."""
        import torch

        parameters = dict(self.check(network) and network.named_parameters())
        with torch.no_grad():
            for name, values in self.items():
                parameters[name].mul_(torch.from_numpy(values).to(parameters[name].device))
        return network

    def save(self, path: str | Path, **provenance: Any) -> None:
        """Write as safetensors (BOOL), `provenance` merged into what the mask already carries."""
        tensors.save(path, self._layers, **{**self.provenance, **provenance})

    @classmethod
    def load(cls, path: str | Path) -> "Mask":
        """Read what :meth:`save` wrote, layers in their order in the network if that was recorded.

        Of the file of a :class:`prunegraph.pruning.pruned.Pruned`, the masks are read.
        """
        arrays, provenance = tensors.load(path)
        return cls({name: values for name, values in arrays.items() if not name.startswith(VALUE)}, provenance)


def _boolean(name: str, values: Any) -> np.ndarray:
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    values = np.asarray(values)
    if values.dtype != bool:
        wrong = values[(values != 0) & (values != 1)]
        if wrong.size:
            raise UserError(f"Layer {name!r}: a mask holds only 0 and 1, found {wrong.flat[0]!r}.")
        values = values.astype(bool)
    return values
