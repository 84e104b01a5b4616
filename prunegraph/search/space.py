"""The space of a search: candidate graphs, told apart by named and standardised properties."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from prunegraph.errors import UserError

#: Relative spread below which a property is the same for all, but for rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Space:
    """Candidates and their properties.

    Parameters
    ----------
    names
        Of the properties, in the order of the columns.
    values
        candidates x properties: mean 0 and standard deviation 1 in every column.
    mean, deviation
        What was subtracted from each column, and what it was then divided by.
    """

    names: tuple[str, ...]
    values: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def nearest(self, wanted: Mapping[str, float]) -> int:
        """The candidate whose standardised properties are nearest (Euclidean) to those wanted, by name.

        Properties that do not vary are left out; of candidates as near the first.

        Raises
        ------
        UserError
            If a property of the space is not given.
        """
        lacking = [name for name in self.names if name not in wanted]
        if lacking:
            raise UserError(f"The property {lacking[0]!r} was not given; expected {', '.join(self.names)}.")
        place = (np.array([wanted[name] for name in self.names]) - self.mean) / self.deviation
        return int(((self.values - place) ** 2).sum(axis=1).argmin())


def space(properties: Mapping[str, np.ndarray]) -> Space:
    """Standardise properties, each an array with a number for each candidate; constant ones are left out.

    Raises
    ------
    UserError
        If there are fewer than two candidates, a number is not finite, or no property varies.
    """
    names = list(properties)
    table = np.stack([np.asarray(properties[name], np.float64) for name in names], axis=1)
    if len(table) < 2:
        raise UserError(f"A search needs at least two candidate graphs, found {len(table)}.")
    if not np.isfinite(table).all():
        wrong = names[int(np.argmin(np.isfinite(table).all(axis=0)))]
        raise UserError(f"The property {wrong!r} of a candidate graph is not finite; expected a number.")
    mean, deviation = table.mean(axis=0), table.std(axis=0)
    varies = deviation > ROUNDING * np.maximum(abs(mean), 1e-300)
    if not varies.any():
        raise UserError(
            f"All {len(table)} candidate graphs have the same properties ({', '.join(names)}), so there is nothing to "
            "search. Take a set with several families or numbers of edges (kind: candidates)."
        )
    mean, deviation = mean[varies], deviation[varies]
    kept = tuple(name for name, there in zip(names, varies, strict=True) if there)
    return Space(kept, (table[:, varies] - mean) / deviation, mean, deviation)
