"""Gathering exactly the samples a pruner asks for from a supply of batches."""

import itertools
from collections.abc import Iterable, Iterator

import torch

from prunegraph.errors import UserError

Batch = tuple[torch.Tensor, torch.Tensor]

PATIENCE = 100
"""How many images, for each one asked for, are looked at before a class counts as missing."""


def supply(batches: Iterable[Batch] | None, pruner: str) -> Iterator[Batch]:
    """An iterator over `batches`.

    Raises
    ------
    UserError
        If there are none.
    """
    if batches is None:
        raise UserError(
            f"Pruner {pruner!r} scores weights on training data, but no batches were given; "
            "pass batches=..., an iterable of (images, labels)."
        )
    return iter(batches)


def take(batches: Iterable[Batch] | None, count: int, pruner: str, like: torch.Tensor) -> Batch:
    """The first `count` samples, with the device (and images with the number type) of `like`.

    Raises
    ------
    UserError
        If the supply ends before.
    """
    images, labels, found = [], [], 0
    for some, their in supply(batches, pruner):
        images.append(some[: count - found])
        labels.append(their[: count - found])
        found += len(images[-1])
        if found == count:
            return torch.cat(images).to(like), torch.cat(labels).to(like.device)
    raise UserError(
        f"Pruner {pruner!r} needs {count} samples, but the batches ended after {found}; "
        "give a longer or endless iterator, or lower its options."
    )


def take_per_class(batches: Iterable[Batch] | None, classes: int, count: int, pruner: str, like: torch.Tensor) -> Batch:
    """The first `count` samples of each class, ordered by class; device and number type of `like`.

    Raises
    ------
    UserError
        If a label is not in 0 ... classes - 1, if the supply ends before every
        class is complete, or if it goes on for 100 times the images asked for.
    """
    found: list[list[torch.Tensor]] = [[] for _ in range(classes)]
    seen = 0
    for images, labels in supply(batches, pruner):
        for image, label in zip(images, labels.tolist(), strict=True):
            if not 0 <= label < classes:
                raise UserError(f"Found label {label}, but the network has {classes} outputs (labels from 0).")
            if len(found[label]) < count:
                found[label].append(image)
        seen += len(images)
        if all(len(some) == count for some in found):
            order = torch.arange(classes, device=like.device).repeat_interleave(count)
            return torch.stack([image for some in found for image in some]).to(like), order
        if seen >= PATIENCE * classes * count:
            break
    short = min(range(classes), key=lambda label: len(found[label]))
    raise UserError(
        f"Pruner {pruner!r} needs {count} samples of each of {classes} classes, but among {seen} images "
        f"class {short} has {len(found[short])}; give data of every class, or lower its options."
    )


def peek(batches: Iterable[Batch] | None, pruner: str) -> tuple[torch.Tensor, Iterator[Batch]]:
    """The images of the first batch, and an iterator that still begins with that batch.

    Raises
    ------
    UserError
        If there is no batch.
    """
    rest = supply(batches, pruner)
    first = next(rest, None)
    if first is None:
        raise UserError(f"Pruner {pruner!r} needs training data, but the batches are empty.")
    return first[0], itertools.chain([first], rest)
