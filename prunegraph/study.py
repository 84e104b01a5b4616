"""A study: the checked form of config.yaml, and the list of networks that it asks for.

Runs before every job and in every dry run, so it imports neither torch nor numpy.
Whatever is wrong with a configuration is said here, in a sentence, before any work.
"""

import ast
import functools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from prunegraph import catalogue
from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.fingerprint import ROOT

# Where the driver shows its GPUs; asking torch would cost seconds in every dry run.
NVIDIA = Path("/dev")

# Side of images, in pixels, from which `measure` asks for a GPU.
GPU_FROM_SIDE = 96


class Cell(NamedTuple):
    """The networks that differ in their seed only: one job trains them all."""

    dataset: str
    model: str
    method: str
    sparsity: str


@dataclass(frozen=True)
class Variant:
    """A configured data set, model or method: an entry of the catalogue with some of its options set.

    `like` is the published data set that a data set stands for; it gives normalisation, augmentation and recipe.
    `settings` are those of a method (:func:`settings_of`).
    """

    name: str
    base: str
    options: Mapping[str, Any] = field(default_factory=dict)
    sparsities: tuple[float, ...] = ()
    like: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


class Study:
    """What a configuration asks for.

    Parameters
    ----------
    config
        The merged configuration, as Snakemake gives it; ``Study.config`` is its typed form.
    schema
        The JSON schema of its structure. Names are checked against the catalogue.

    Raises
    ------
    UserError
        For an unknown key, name or option, a wrong type, an impossible pair or a
        sparsity outside [0, 1): one sentence that names the legal values.
    """

    def __init__(self, config: Mapping[str, Any], schema: Mapping[str, Any]):
        config = typed(config)
        _check_structure(config, schema)
        self.config = config
        self.results = config["results"]
        self.sources = ("own", "published") if config["networks"] == "both" else (config["networks"],)
        self.seeds = _unique("seeds", config["seeds"])
        self.sparsities = _unique("sparsities", [_sparsity(value) for value in config["sparsities"]])
        self.datasets = _variants(config["datasets"], "dataset", catalogue.DATASETS)
        self.models = _variants(config["models"], "model", catalogue.MODELS)
        self.methods = _variants(config["methods"], "pruner", catalogue.PRUNERS)
        self.encodings = _unique("encodings", [known(catalogue.ENCODINGS, n, "encoding") for n in config["encodings"]])
        self.mode = known(catalogue.MODES, config["mode"], "mode")
        self.motifs = known(catalogue.MOTIFS, config["motifs"], "count of motifs")
        known(catalogue.RECIPES, config["training"]["recipe"], "recipe")
        for dataset in self.datasets.values():
            _check_dataset(dataset)
            self._check_pairs(dataset)
        for method in self.methods.values():
            if catalogue.PRUNERS[method.base].prunes == "trained" and self.dense() is None:
                raise UserError(f"Method {method.name!r} prunes the trained dense network; add 'dense' to `methods`.")
            for seed in self.network_seeds(method):
                if seed not in self.seeds:
                    raise UserError(
                        f"Method {method.name!r} with network_seeds: {method.settings['network_seeds']} prunes the "
                        f"network of seed {seed}, which `seeds` lacks; add it."
                    )

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
        return method.sparsities or self.sparsities

    def network_seeds(self, method: Variant) -> list[int]:
        """For each seed of the study, the seed of the network that `method` prunes."""
        number = method.settings["network_seeds"]
        return [seed % number if number else seed for seed in self.seeds]

    def dense(self) -> str | None:
        """The name of the method that keeps every weight, None without one."""
        return next((method.name for method in self.methods.values() if method.base == "dense"), None)

    def number_of_networks(self) -> int:
        """Cells times seeds."""
        return sum(1 for _ in self.cells()) * len(self.seeds)

    def wants_gpu(self) -> bool:
        """Whether pruning and training ask for a GPU: as configured, or, for ``auto``, if this machine has one."""
        return self.config["device"] == "cuda" or (self.config["device"] == "auto" and any(NVIDIA.glob("nvidia[0-9]*")))

    def differentiates(self, method: str) -> bool:
        """Whether `method` chooses by gradients; a GPU's start alone takes longer than drawing or ranking weights."""
        record = catalogue.PRUNERS[self.methods[method].base]
        return record.data or record.gradients

    def large_graphs(self, dataset: str) -> bool:
        """Whether graphs of networks for a data set are so large that a GPU finds their eigenvalues sooner than a CPU.

        On an H100, 25.6 s became 6.7 s (ResNet-18) and 20.1 s became 13.8 s (ResNet-50) with images of 224 x 224. Those
        of 32 x 32 take a CPU a second or two, less than starting a GPU costs; nothing in between was timed.
        """
        return max(input_shape(self.datasets[dataset])[1:]) >= GPU_FROM_SIDE

    def drawing(self) -> dict[str, str]:
        """The wildcards of the network that the multipartite figure shows.

        By default the first data set, model and pruner at the highest sparsity, with the first seed.
        """
        cells = list(self.cells())
        pruned = [cell for cell in cells if self.methods[cell.method].base != "dense"] or cells
        first = [cell for cell in pruned if cell[:3] == pruned[0][:3]]
        sparsest = max(first, key=lambda cell: float(cell.sparsity))
        asked = self.config["drawing"]
        if asked is None:
            return {**sparsest._asdict(), "seed": str(self.seeds[0])}
        cell = Cell(asked["dataset"], asked["model"], asked["method"], written(_sparsity(asked["sparsity"])))
        if cell not in cells or asked["seed"] not in self.seeds:
            raise UserError(
                f"The network to draw, {'/'.join(cell)} with seed {asked['seed']}, is not in the study. "
                f"Set `drawing` to one that is, for example {'/'.join(sparsest)} with seed {self.seeds[0]}, or to null."
            )
        return {**cell._asdict(), "seed": str(asked["seed"])}

    def _check_pairs(self, dataset: Variant) -> None:
        for model in self.models.values():
            needed, size = catalogue.SMALLEST_INPUT[model.base], input_shape(dataset)[1:]
            if min(size) < needed:
                raise UserError(
                    f"Model {model.base!r} needs images of at least {needed}x{needed} pixels; those of "
                    f"{dataset.name!r} have {size[0]}x{size[1]}. Leave one of the two out of the study."
                )
        fits = catalogue.RECIPES[self.config["training"]["recipe"]]
        stands_for = published_as(dataset)
        if fits and stands_for not in fits:
            raise UserError(
                f"The recipe {self.config['training']['recipe']!r} is not published for {dataset.name!r}, "
                f"only for {', '.join(fits)}. Choose another recipe: "
                f"{', '.join(name for name, sets in catalogue.RECIPES.items() if not sets or stands_for in sets)}."
            )


def input_shape(dataset: Variant) -> tuple[int, int, int]:
    """The shape (channels, height, width) of a configured data set's images."""
    channels, height, width = catalogue.INPUT_SHAPES[dataset.base]
    size = dataset.options.get("size")
    return (dataset.options.get("channels", channels), size or height, size or width)


def published_as(dataset: Variant) -> str:
    """The catalogue's name whose training recipes fit a configured data set.

    That of its reader, or what it is `like`; the empty name, which fits none, where its images have another shape.
    """
    name = dataset.like or dataset.base
    return name if input_shape(dataset) == catalogue.INPUT_SHAPES[name] else ""


def _check_dataset(dataset: Variant) -> None:
    if dataset.name in catalogue.DATASETS and dataset.name != dataset.base:
        raise UserError(
            f"A variant of {dataset.base!r} is named {dataset.name!r}, which is another data set. Give it another name."
        )
    lacking = [name for name in required_of(catalogue.DATASETS[dataset.base]) if name not in dataset.options]
    if lacking:
        raise UserError(
            f"The data set {dataset.base!r} needs the option {lacking[0]!r}: name a variant, such as "
            f"{{name: my_{dataset.base}, dataset: {dataset.base}, options: {{{lacking[0]}: ...}}}}."
        )
    if dataset.like is None:
        return
    known(catalogue.PUBLISHED_DATASETS, dataset.like, "published data set")
    found, expected = input_shape(dataset), catalogue.INPUT_SHAPES[dataset.like]
    if found != expected:
        raise UserError(
            f"The data set {dataset.name!r} is said to be like {dataset.like!r}, whose images are "
            f"{'x'.join(map(str, expected))}, but has images of {'x'.join(map(str, found))}. "
            "Set its options, or leave `like` out."
        )


def written(sparsity: float) -> str:
    """A sparsity as it stands in a path: the shortest decimal, such as ``0.98`` or ``0``."""
    return f"{sparsity:.10g}"


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


def options_of(reference: str) -> tuple[str, ...]:
    """The names of the keyword-only parameters of ``"module:function"``, read without importing it.

    They are the options that a configuration may set.
    """
    return tuple(argument.arg for argument in _signature(reference).kwonlyargs)


def required_of(reference: str) -> tuple[str, ...]:
    """Those of :func:`options_of` that have no default."""
    arguments = _signature(reference)
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return tuple(argument.arg for argument, default in pairs if default is None)


@functools.cache
def _signature(reference: str) -> ast.arguments:
    module, _, function = reference.partition(":")
    base = ROOT.joinpath(*module.split("."))
    path = base.with_suffix(".py") if base.with_suffix(".py").exists() else base / "__init__.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return node.args
    raise LookupError(f"{reference} is in the catalogue, but {path.name} defines no such function")


def options_of_entry(entry: "str | catalogue.Pruner") -> tuple[str, ...]:
    """The options of what stands in a table of the catalogue, a reference or the record of a pruner."""
    references = (entry,) if isinstance(entry, str) else entry.references
    return tuple(option for reference in references for option in options_of(reference))


#: The settings of a method, beside its options.
SETTINGS = ("layers", "counts", "repair", "finetune", "network_seeds")


def settings_of(pruner: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All :data:`SETTINGS` of a method: those `given`, else as the pruner's record says.

    ``network_seeds: n``: draw s is made on the network of seed s mod n; None: on that of seed s.

    Raises
    ------
    UserError
        If the pruner cannot do what it is asked to, or there is no such word.
    """
    chosen = catalogue.settings(pruner, *(given.get(name) for name in ("layers", "counts", "repair")))
    finetune = given.get("finetune", catalogue.PRUNERS[pruner].finetune)
    return {**chosen, "finetune": finetune, "network_seeds": given.get("network_seeds")}


def _variants(entries: list[Any], key: str, table: Mapping[str, Any]) -> dict[str, Variant]:
    kind = {"dataset": "data set"}.get(key, key)
    found = {}
    for entry in entries:
        facts = {"name": entry} if isinstance(entry, str) else dict(entry)
        name = facts["name"]
        base = facts.get(key, name)
        if key == "pruner":
            catalogue.pruner(base)  # says what an old name became
        known(table, base, kind)
        options = facts.get("options") or {}
        for option in options:
            legal = options_of_entry(table[base])
            if option in SETTINGS and key == "pruner":
                raise UserError(f"{option!r} is no option but a key of method {name!r}: write it beside `options`.")
            if option not in legal:
                listed = ", ".join(legal) or "none"
                raise UserError(f"Unknown option {option!r} of {kind} {base!r}. Its options: {listed}.")
        sparsities = tuple(_sparsity(value) for value in facts.get("sparsities", ()))
        if base == "dense" and any(sparsities):
            raise UserError("The pruner 'dense' keeps every weight, so its only sparsity is 0.")
        if name in found:
            raise UserError(f"The {kind} {name!r} is named twice. Give each variant a name of its own.")
        settings = settings_of(base, facts) if key == "pruner" else {}
        found[name] = Variant(name, base, options, sparsities, facts.get("like"), settings)
    return found


def _sparsity(value: float) -> float:
    if not 0 <= value < 1:
        raise UserError(f"Sparsity {value} is outside [0, 1): it is the fraction of weights removed, for example 0.9.")
    return float(value)


def _unique(key: str, values: list[Any]) -> tuple[Any, ...]:
    for place, value in enumerate(values):
        if value in values[:place]:
            raise UserError(f"`{key}` names {value!r} twice; name it once.")
    return tuple(values)


def _check_structure(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    problems = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda problem: len(problem.path))
    if problems:
        raise UserError(_sentence(problems[0]))


def _sentence(problem: Any) -> str:
    """What a schema violation means to the person who wrote the configuration."""
    if problem.validator == "anyOf" and isinstance(problem.instance, Mapping):
        # An entry is a name or a mapping; of a mapping, say what is wrong with it as a mapping.
        return _sentence(next(part for part in problem.context if part.validator != "type" or part.path))
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
