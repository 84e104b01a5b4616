"""The checked form of config.yaml: named variants, and the studies that select from them.

Runs before every job and in every dry run, so it imports neither torch nor numpy.
Whatever is wrong with a configuration is said here, in a sentence, before any work.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from prunegraph import catalogue
from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.figures.records import FIGURES
from prunegraph.variants import KINDS, Variant, checked_sparsity, variant
from prunegraph.workflow.graph_sets import ChosenGraphs, chosen
from prunegraph.workflow.rungs import check_sparsities, expanded
from prunegraph.workflow.searches import searched
from prunegraph.workflow.study import Cell, Study, network_seeds

# Where the driver shows its GPUs; asking torch would cost seconds in every dry run.
NVIDIA = Path("/dev")

# Names that a study cannot have, because rules have them.
RULES = ("all", "claims", "download", "encode", "figures", "files", "files_of_data_set", "initialise", "measure")
RULES += ("prepare", "prune", "relate", "relational", "files_of_relational_graphs", "report", "tables", "train", "tune")

# Keys of earlier versions, and what they became.
_IN_A_STUDY = (
    "belongs to a study: `studies: {{mge: {{{key}: ...}}}}`, on the command line "
    "--config 'studies={{mge: {{{key}: ...}}}}'"
)
_OLD = {
    **dict.fromkeys(("sparsities", "drawing", "networks"), _IN_A_STUDY),
    "published": "is not needed any more: the study `published` is made beside the others, and claims read its tables",
}


class Configuration:
    """What a configuration asks for: studies, and the pools of networks that they share.

    Parameters
    ----------
    config
        The merged configuration, as Snakemake gives it; ``Configuration.config`` is its typed form.
    schema
        The JSON schema of its structure. Names are checked against the catalogue.

    Raises
    ------
    UserError
        For an unknown key, name or option, a key of an earlier version, a wrong type, an impossible pair or a
        sparsity outside [0, 1): one sentence that names the legal values.
    """

    def __init__(self, config: Mapping[str, Any], schema: Mapping[str, Any]):
        config = typed(config)
        _check_old(config)
        _check_structure(config, schema)
        self.config = config
        self.results = config["results"]
        self.seeds = seeds_of(config["seeds"])
        self.encodings = _unique("encodings", [known(catalogue.ENCODINGS, n, "encoding") for n in config["encodings"]])
        self.mode = known(catalogue.MODES, config["mode"], "mode")
        self.motifs = known(catalogue.MOTIFS, config["motifs"], "count of motifs")
        for name in config["recipes"]:
            self._check_recipe(name)
        self.recipe(config["training"]["recipe"])
        self.relational = {name: chosen(name, facts) for name, facts in config["relational_graphs"].items()}
        self.methods = expanded(config["methods"], self.graphs)
        for kind in KINDS:
            for name in self._named(kind):
                self.variant(kind, name)
        self.studies = {name: self._study(name, facts) for name, facts in config["studies"].items() if facts}
        if not self.studies:
            raise UserError("There is no study. Name one under `studies` in config.yaml or an overlay.")

    def variant(self, kind: str, name: str) -> Variant:
        """What a name of a kind ("datasets", ...) stands for; see :func:`prunegraph.variants.variant`."""
        return variant(kind, name, self._named(kind))

    def _named(self, kind: str) -> Mapping[str, Any]:
        return self.methods.named if kind == "methods" else self.config[kind]

    def graphs(self, name: str) -> ChosenGraphs:
        """The set of relational graphs of a name.

        Raises
        ------
        UserError
            If the configuration has none of this name.
        """
        if not self.relational:
            raise UserError(
                f"There are no relational graphs {name!r}: name them in the configuration, such as "
                f"`relational_graphs: {{{name}: {{kind: regular, nodes: 64, degrees: [4, 8]}}}}`."
            )
        return self.relational[known(self.relational, name, "set of relational graphs")]

    def recipe(self, name: str | None = None) -> tuple[str, dict[str, Any]]:
        """The recipe of the catalogue that a name stands for, and the fields of it that the configuration changes.

        None: the recipe of models that name none.

        Raises
        ------
        UserError
            For an unknown name.
        """
        variants = self.config["recipes"]
        name = known([*catalogue.RECIPES, *variants], name or self.config["training"]["recipe"], "recipe")
        changed = {key: value for key, value in variants.get(name, {"recipe": name}).items() if key != "tuned"}
        return changed.pop("recipe"), changed

    def grid(self, name: str | None = None) -> dict[str, Any]:
        """The values over which a recipe is tuned, by its fields; none where it is as it stands."""
        return dict(self.config["recipes"].get(name or self.config["training"]["recipe"], {}).get("tuned") or {})

    def _check_recipe(self, name: str) -> None:
        base, changed = self.recipe(name)
        if name in catalogue.RECIPES:
            raise UserError(
                f"A variant of the recipe {base!r} is named {name!r}, which always means the recipe of the catalogue "
                f"as it is. Give it another name, such as {name}_mine."
            )
        if known(catalogue.RECIPES, base, "recipe") == "untrained":
            raise UserError(f"The recipe {name!r} is a variant of 'untrained', which has nothing to change.")
        from prunegraph.training.recipes import Recipe
        from prunegraph.training.tuning import points

        try:
            made = Recipe(**{"epochs": 1, **changed})
            if grid := self.grid(name):
                points(made, grid)
        except UserError as problem:
            raise UserError(f"The recipe {name!r}: {problem}") from None

    def own(self) -> list[Study]:
        """The studies with networks that are trained here."""
        return [study for study in self.studies.values() if study.own]

    def seeds_of_cell(self, cell: Cell) -> tuple[int, ...]:
        """The seeds of all studies that name a cell, and those that other cells prune.

        A cell that no study names has those of the dense networks that it could prune, else of its model.
        """
        known = self._known()
        dense = (seeds for other, seeds in known.items() if other[:2] == cell[:2] and other.sparsity == "0")
        return known.get(cell) or next(dense, None) or self.seeds_of_model(cell.dataset, cell.model)

    def seeds_of_model(self, dataset: str, model: str) -> tuple[int, ...]:
        """The seeds of all cells of a data set and a model; the run's where no study has them."""
        found = {seed for cell, seeds in self._known().items() if cell[:2] == (dataset, model) for seed in seeds}
        return tuple(sorted(found)) or self.seeds

    def _known(self) -> dict[Cell, tuple[int, ...]]:
        if not hasattr(self, "_cells"):
            self._cells = _seeds_by_cell(self.own())
        return self._cells

    def wants_gpu(self) -> bool:
        """Whether pruning and training ask for a GPU: as configured, or, for ``auto``, if this machine has one."""
        return self.config["device"] == "cuda" or (self.config["device"] == "auto" and any(NVIDIA.glob("nvidia[0-9]*")))

    def _study(self, name: str, facts: Mapping[str, Any]) -> Study:
        # A figure of the study `mge` is the rule mge_FIGURE, and its tables are made by mge_tables_NAME.
        of_another = [study for study in self.config["studies"] if name.startswith(f"{study}_")]
        if (
            name in RULES
            or name.startswith("prune_and_test")
            or any(name.removeprefix(f"{study}_") in FIGURES for study in of_another)
        ):
            raise UserError(f"A study cannot be named {name!r}, because a rule is. Give it another name.")
        try:
            study = self._selected(name, facts)
            study.check(lambda name: self.recipe(name)[0])
            for method in study.methods.values():
                if method.settings["graphs"] is not None:
                    check_sparsities(method, study.sparsities_of(method), self.graphs(method.settings["graphs"]))
        except UserError as problem:
            raise UserError(f"In the study {name}: {problem}") from None
        return study

    def _meant(self, kind: str, name: str) -> list[str]:
        """The variants that a name in a study means: the rungs of a family, else itself."""
        return self.methods.families.get(name, [name]) if kind == "methods" else [name]

    def _selected(self, name: str, facts: Mapping[str, Any]) -> Study:
        networks = facts.get("networks", "own")
        sources = ("own", "published") if networks == "both" else (networks,)
        lacking = [key for key in (*KINDS, "sparsities") if key not in facts]
        if "own" in sources and lacking:
            raise UserError(f"it has no {', '.join(lacking)}; a study names data sets, models, methods and sparsities.")
        chosen = {
            kind: {
                each: self.variant(kind, each)
                for name in _unique(kind, facts.get(kind, ()))
                for each in self._meant(kind, name)
            }
            for kind in KINDS
        }
        system = facts.get("system", name if name in catalogue.SYSTEMS else "")
        return Study(
            name,
            sources,
            system and known(catalogue.SYSTEMS, system, "system"),
            **chosen,
            sparsities=_unique("sparsities", [checked_sparsity(value) for value in facts.get("sparsities", ())]),
            seeds=seeds_of(facts["seeds"]) if "seeds" in facts else self.seeds,
            measured=facts.get("measured", True),
            analysis={**self.config["analysis"], **(facts.get("analysis") or {})},
            asked_drawing=facts.get("drawing"),
            teacher_student=facts.get("teacher_student"),
            search=searched(facts.get("search"), self.graphs),
        )


def seeds_of(given: int | list[int]) -> tuple[int, ...]:
    """The seeds that a list names, or the first n."""
    return tuple(range(given)) if isinstance(given, int) else _unique("seeds", given)


def _seeds_by_cell(studies: Iterable[Study]) -> dict[Cell, tuple[int, ...]]:
    found: dict[Cell, set[int]] = {}
    for study in studies:
        for cell in study.cells():
            found.setdefault(cell, set()).update(study.seeds_of(cell))
            method = study.methods[cell.method]
            if catalogue.PRUNERS[method.base].prunes == "trained":
                dense = Cell(cell.dataset, cell.model, study.dense(), "0")
                found.setdefault(dense, set()).update(network_seeds(method, study.seeds))
    return {cell: tuple(sorted(seeds)) for cell, seeds in found.items()}


def typed(value: Any) -> Any:
    """`value` with numbers as numbers: ``--config 'seeds=[0,1]'`` arrives from Snakemake as a list of strings."""
    if isinstance(value, Mapping):
        return {key: typed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [typed(part) for part in value]
    if isinstance(value, str):
        for kind in (int, float):
            with suppress(ValueError):
                return kind(value)
        return {"null": None, "none": None, "true": True, "false": False}.get(value.lower(), value)
    return value


def _unique(key: str, values: Iterable[Any]) -> tuple[Any, ...]:
    values = list(values)
    for place, value in enumerate(values):
        if value in values[:place]:
            raise UserError(f"`{key}` names {value!r} twice; name it once.")
    return tuple(values)


def _check_old(config: Mapping[str, Any]) -> None:
    for key, became in _OLD.items():
        if key in config:
            raise UserError(f"The key `{key}` {became.format(key=key)}.")
    for key, kind in KINDS.items():
        if isinstance(config.get(key), list):
            raise UserError(
                f"The key `{key}` is a list, as in earlier versions. Which it names {_IN_A_STUDY.format(key=key)}; "
                f"`{key}` itself holds named variants: `{key}: {{NAME: {{{kind.key}: ..., options: ...}}}}`."
            )


def _check_structure(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    problems = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda problem: len(problem.path))
    if problems:
        raise UserError(_sentence(problems[0]))


def _sentence(problem: Any) -> str:
    """What a schema violation means to the person who wrote the configuration."""
    where = ".".join(map(str, problem.absolute_path)) or "the top level"
    if problem.validator == "additionalProperties":
        legal = list(problem.schema["properties"])
        wrong = next(key for key in problem.instance if key not in legal)
        try:
            known(legal, wrong, "key")
        except UserError as sentence:
            return f"In config.yaml or an overlay, at {where}: {sentence}"
    if problem.validator == "required":
        return f"In config.yaml or an overlay, at {where}: {problem.message}."
    expected = problem.schema.get(
        "description", f"see rules/config.schema.yaml, {problem.validator} {problem.validator_value}"
    )
    return f"In config.yaml or an overlay, at {where}: found {problem.instance!r}, expected {expected}."


def read_schema(path: str | Path) -> dict[str, Any]:
    """The JSON schema in a YAML file."""
    import yaml

    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
