"""What to evaluate next, and which candidate to take in the end."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from prunegraph.search.process import Process, fitted
from prunegraph.search.space import Space


def first(space: Space, number: int, draw: np.random.Generator) -> list[int]:
    """`number` different candidates at random: how every search begins."""
    return [int(place) for place in draw.choice(len(space), number, replace=False)]


def at_random(space: Space, tried: Sequence[int], number: int, draw: np.random.Generator) -> list[int]:
    """`number` candidates at random, none that was tried as long as there are others."""
    left = np.setdiff1d(np.arange(len(space)), tried)
    more = draw.permutation(left)[:number]
    return [int(place) for place in np.concatenate([more, draw.integers(len(space), size=number - len(more))])]


def by_process(space: Space, tried: Sequence[int], values: Sequence[float], number: int) -> list[int]:
    """`number` candidates, one after the other the one with the largest expected improvement.

    Improvement is over the largest mean of the process at a candidate that was tried, not over the largest value, which
    is mostly luck. For the later ones of a batch the process believes that the earlier ones gave what it expects
    (Ginsbourger, Le Riche & Carraro 2010). A candidate may be proposed again, where its noise is what matters.
    """
    process = fitted(space.values[list(tried)], np.array(values))
    found: list[int] = []
    for _ in range(number):
        place = int(improvement(process, space, [*tried, *found]).argmax())
        found.append(place)
        process = process.believing(space.values[place])
    return found


def improvement(process: Process, space: Space, tried: Sequence[int]) -> np.ndarray:
    """The expected improvement of every candidate (J. Mockus 1975) over the largest mean among those tried."""
    mean, deviation = process.at(space.values)
    gain = mean - mean[list(tried)].max()
    deviation = np.maximum(deviation, 1e-12 * process.scale)
    ratio = gain / deviation
    return gain * ndtr(ratio) + deviation * np.exp(-(ratio**2) / 2) / np.sqrt(2 * np.pi)


def winner(space: Space, tried: Sequence[int], values: Sequence[float]) -> tuple[int, float]:
    """The candidate among those tried with the largest mean of the process, and that mean.

    The rule of every search, so that none wins by its way to choose alone.
    """
    places = list(dict.fromkeys(tried))
    mean, _ = fitted(space.values[list(tried)], np.array(values)).at(space.values[places])
    return places[int(mean.argmax())], float(mean.max())
