"""Published facts about data sets, besides their images: normalisation, and whether networks are trained on crops."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Published:
    """Number of classes; mean and deviation of each channel for pixels in [0, 1]; whether crops and flips are used."""

    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmented: bool


# Source: the code of Cunegatti et al. 2024.
PUBLISHED: Mapping[str, Published] = {
    "cifar10": Published(10, (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010), augmented=True),
    "cifar100": Published(100, (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761), augmented=True),
    "tiny_imagenet": Published(200, (0.4802, 0.4481, 0.3975), (0.2770, 0.2691, 0.2821), augmented=True),
}


def published(name: str) -> dict[str, Any]:
    """Return the published `mean`, `std` and `augmented` of a data set, as arguments of :class:`.original.Original`."""
    facts = PUBLISHED[name]
    return {"mean": facts.mean, "std": facts.std, "augmented": facts.augmented}
