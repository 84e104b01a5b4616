"""Choosing learning rate and weight decay: the point of a grid with which the dense network validates best."""

import dataclasses
import functools
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prunegraph.errors import UserError
from prunegraph.files import read_json, write_json
from prunegraph.fingerprint import made_from
from prunegraph.pool import Manifest, filling
from prunegraph.training.recipes import Recipe
from prunegraph.training.recipes import recipe as recipe_of

logger = logging.getLogger("prunegraph")

FIELDS = ("learning_rate", "weight_decay")
"""Fields of a recipe that a grid may have values of."""


def points(recipe: Recipe, grid: Mapping[str, Any]) -> list[dict[str, float]]:
    """The points of a grid: for each combination of its values, the fields of a recipe that it replaces.

    Raises
    ------
    UserError
        If a value is out of its range, or there is none.
    """
    values = {name: grid[name] for name in FIELDS if name in grid}
    found = [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]
    if len(found) < 2:
        raise UserError("A recipe is tuned over two or more points; list values of learning_rate or weight_decay.")
    for point in found:
        dataclasses.replace(recipe, **point)
    return found


def best(found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The point of largest `validation_accuracy`; of equal ones the first. Diverged trainings count least."""
    return max(found, key=lambda point: -1 if point["diverged"] else point["validation_accuracy"])


def tune(
    manifest: Path,
    images: Manifest,
    start: Manifest,
    network: Mapping[str, Any],
    recipe: Mapping[str, Any],
    grid: Mapping[str, Any],
    published_as: str,
    seed: int,
    threads: int,
    code: str,
    device: Callable[[], str],
    lost: int = 0,
) -> None:
    """Train the dense network with every point of a grid, and write the choice, ``choice.json``, and its `manifest`.

    Parameters
    ----------
    images, start
        Manifests of the data set and of the weights to start with.
    network, recipe
        Name and options of the model; name and changed fields of the recipe.
    grid
        Values by field of a recipe; ``epochs``, if there, is the length of these trainings.
    published_as, seed, threads, code, device, lost
        As of :class:`.networks.Networks`.

    Raises
    ------
    UserError
        If the data set has no validation part.
    """
    item = f"seed{seed}"
    facts = {"network": network, "recipe": recipe, "grid": grid, "published_as": published_as, "seed": seed}
    key = made_from([*images.content(), *start.content(item)[:1]], **facts, threads=threads, code=code)
    with filling(manifest, lost) as cell:
        if cell.keep("choice", key):
            return
        length = {"epochs": grid["epochs"]} if "epochs" in grid else {}
        base = recipe_of(dataset=published_as, model=network["name"], **{**recipe, **length})
        measured = _measured(images, start.first(item), network, base, grid, seed, threads, device())
        chosen = {name: best(measured)[name] for name in FIELDS if name in grid}
        write_json(cell.path("choice.json"), {**chosen, "points": measured, "made_from": key})
        cell.add("choice", key, "choice.json")
        logger.info("%d points; chosen: %s", len(measured), chosen)


def _measured(
    images: Manifest,
    weights: Path,
    network: Mapping[str, Any],
    base: Recipe,
    grid: Mapping[str, Any],
    seed: int,
    threads: int,
    device: str,
) -> list[dict[str, Any]]:
    from prunegraph import datasets, models
    from prunegraph.precision import use_threads
    from prunegraph.training.loop import train

    use_threads(threads)
    data = datasets.load(images.file("images", "images.safetensors"), device)
    if not len(data.validation):
        raise UserError(
            f"A recipe is tuned on validation images, of which {data.name} has none; give it a `split`, or name a "
            "learning rate and a weight decay."
        )
    create = functools.partial(models.create, network["name"], data.classes, data.input_shape, seed)
    found = []
    for point in points(base, grid):
        made = models.load_weights(create(**network["options"]), weights)
        trained = train(made, None, data, dataclasses.replace(base, **point), seed)
        reached = trained.history[-1]["validation_accuracy"]
        found.append({**point, "validation_accuracy": reached, "diverged": trained.diverged})
        logger.info("%s: validation accuracy %.4f", point, reached)
    return found


def with_choice(recipe: Mapping[str, Any], tuned: Sequence[Path]) -> dict[str, Any]:
    """A recipe's fields with those that were tuned, as the first of some manifests says; without one, as they are."""
    if not tuned:
        return dict(recipe)
    chosen = read_json(Manifest(tuned[0]).file("choice", "choice.json"))
    return {**recipe, **{name: chosen[name] for name in FIELDS if name in chosen}}
