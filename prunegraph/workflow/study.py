"""A study: which networks of the pools are looked at together, and the tables and figures that come of it.

Runs before every job and in every dry run, so it imports neither torch nor numpy.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from prunegraph import catalogue
from prunegraph.errors import UserError
from prunegraph.variants import Variant, checked_sparsity, input_shape, published_as, written


class Cell(NamedTuple):
    """The networks that differ in their seed only: one job trains them all."""

    dataset: str
    model: str
    method: str
    sparsity: str


@dataclass(frozen=True)
class Study:
    """A selection of networks: a grid of data sets, models, methods and sparsities, each with some seeds.

    Parameters
    ----------
    name
        In the paths of its tables and figures.
    sources
        Whose networks: ``own`` (trained here), ``published`` (the authors' tables), or both.
    system
        The system of the catalogue whose claims it tests; the empty word for none.
    datasets, models, methods
        Variants by name.
    sparsities, seeds
        Of the grid; a method may have sparsities of its own.
    measured
        Whether its networks are encoded as graphs and measured.
    analysis
        ``rows_per_feature`` and ``bootstrap``.
    asked_drawing
        The network that its multipartite figure shows, as configured, or None.
    teacher_student
        Settings of the study of teachers and students (:mod:`prunegraph.teacher_student`), None without one.
    search
        Settings of searches among relational graphs (:mod:`prunegraph.workflow.searches`), None without one.
    """

    name: str
    sources: tuple[str, ...]
    system: str
    datasets: Mapping[str, Variant]
    models: Mapping[str, Variant]
    methods: Mapping[str, Variant]
    sparsities: tuple[float, ...]
    seeds: tuple[int, ...]
    measured: bool
    analysis: Mapping[str, Any]
    asked_drawing: Mapping[str, Any] | None = None
    teacher_student: Mapping[str, Any] | None = None
    search: Mapping[str, Any] | None = None

    @property
    def own(self) -> bool:
        """Whether it has networks that are trained here."""
        return "own" in self.sources

    def cells(self) -> Iterator[Cell]:
        """Every cell of the grid, in the order of the configuration."""
        for dataset in self.datasets:
            for model in self.models:
                for method in self.methods.values():
                    for sparsity in self.sparsities_of(method):
                        yield Cell(dataset, model, method.name, written(sparsity))

    def sparsities_of(self, method: Variant) -> tuple[float, ...]:
        """The sparsities at which `method` is studied; dense has only one."""
        if method.base == "dense":
            return (0.0,)
        return method.settings["sparsities"] or self.sparsities

    def seeds_of(self, cell: Cell) -> tuple[int, ...]:
        """The seeds of the networks of a cell: those of the study.

        Of the dense network it needs those that are pruned alone, where every other method prunes trained networks and
        many draws share one.
        """
        others = [method for method in self.methods.values() if method.base != "dense"]
        trained = all(catalogue.PRUNERS[method.base].prunes == "trained" for method in others)
        if self.methods[cell.method].base != "dense" or not others or not trained:
            return self.seeds
        return tuple(sorted({seed for method in others for seed in network_seeds(method, self.seeds)}))

    def dense(self) -> str | None:
        """The name of the method that keeps every weight, None without one."""
        return next((method.name for method in self.methods.values() if method.base == "dense"), None)

    def number_of_networks(self) -> int:
        """The networks of all cells."""
        return sum(len(self.seeds_of(cell)) for cell in self.cells())

    def drawing(self) -> dict[str, str]:
        """The wildcards of the network that the multipartite figure shows.

        By default the first data set, model and pruner at the highest sparsity, with the first seed.

        Raises
        ------
        UserError
            If the network that `drawing` names is none of the study's.
        """
        cells = list(self.cells())
        pruned = [cell for cell in cells if self.methods[cell.method].base != "dense"] or cells
        first = [cell for cell in pruned if cell[:3] == pruned[0][:3]]
        sparsest = max(first, key=lambda cell: float(cell.sparsity))
        asked = self.asked_drawing
        if asked is None:
            return {**sparsest._asdict(), "seed": str(self.seeds[0])}
        cell = Cell(asked["dataset"], asked["model"], asked["method"], written(checked_sparsity(asked["sparsity"])))
        if cell not in cells or asked["seed"] not in self.seeds_of(cell):
            raise UserError(
                f"The network to draw, {'/'.join(cell)} with seed {asked['seed']}, is not in the study {self.name}. "
                f"Set its `drawing` to one that is, for example {'/'.join(sparsest)} with seed {self.seeds[0]}, or to "
                "null."
            )
        return {**cell._asdict(), "seed": str(asked["seed"])}

    def check(self, recipe: Callable[[str | None], str]) -> None:
        """Refuse what cannot be made; `recipe` tells the catalogue's recipe of a model that names one, or none.

        Raises
        ------
        UserError
            For images too small for a model, a recipe that was not published for a data set, a method that prunes
            trained networks without the method dense or with a seed that the study lacks, a wrong drawing.
        """
        for dataset in self.datasets.values():
            for model in self.models.values():
                _check_pair(dataset, model, recipe(model.settings["recipe"]))
        for method in self.methods.values():
            if catalogue.PRUNERS[method.base].prunes == "trained" and self.dense() is None:
                raise UserError(
                    f"Method {method.name!r} prunes the trained dense network; add 'dense' to the `methods` of the "
                    f"study {self.name}."
                )
            for seed in network_seeds(method, self.seeds):
                if seed not in self.seeds:
                    raise UserError(
                        f"Method {method.name!r} with network_seeds: {method.settings['network_seeds']} prunes the "
                        f"network of seed {seed}, which the `seeds` of the study {self.name} lack; add it."
                    )
        if self.own:
            self.drawing()


def network_seeds(method: Variant, seeds: tuple[int, ...]) -> list[int]:
    """For each of `seeds`, the seed of the network that `method` prunes."""
    number = method.settings["network_seeds"]
    return [seed % number if number else seed for seed in seeds]


def _check_pair(dataset: Variant, model: Variant, recipe: str) -> None:
    needed, size = catalogue.SMALLEST_INPUT.get(model.base, 1), input_shape(dataset)[1:]
    if min(size) < needed:
        raise UserError(
            f"Model {model.base!r} needs images of at least {needed}x{needed} pixels; those of "
            f"{dataset.name!r} have {size[0]}x{size[1]}. Leave one of the two out of the study."
        )
    fits = catalogue.RECIPES[recipe]
    stands_for = published_as(dataset)
    if fits and stands_for not in fits:
        raise UserError(
            f"The recipe {recipe!r} is not published for {dataset.name!r}, only for {', '.join(fits)}. Choose another "
            f"recipe: {', '.join(name for name, sets in catalogue.RECIPES.items() if not sets or stands_for in sets)}."
        )
