"""What every job of the pools is asked for: its parameters, what it reads, and a hash of the whole question.

The stages, from images to measurements: ``prepare`` (a data set), ``initialise`` (a model for a data set), ``tune``
(its recipe, where the configuration says so), ``prune``,
``train``, ``encode``, ``measure`` (a cell). Where networks are not trained after pruning, or train faster than a job
starts (the method key ``together``), one job, ``prune_and_test``, makes those of all cells of a method or of a family
of methods. Beside them ``relate`` makes a set of relational graphs. Runs in every dry run, so it imports neither torch
nor numpy.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prunegraph import catalogue
from prunegraph.catalogue import module, module_of
from prunegraph.datasets.state import STATE, state
from prunegraph.errors import UserError
from prunegraph.files import read_json, sha256
from prunegraph.fingerprint import code_of
from prunegraph.pool import losses, manifest_path
from prunegraph.variants import Variant, input_shape, published_as
from prunegraph.workflow.configuration import Configuration
from prunegraph.workflow.study import Cell, network_seeds

# Side of images, in pixels, from which `measure` asks for a GPU.
GPU_FROM_SIDE = 96

#: Stage -> the pool of its results, and what lies there: a set of graphs, a data set, a model for it, or a cell.
POOLS = {
    "relate": ("relational", 1),
    "prepare": ("datasets", 1),
    "initialise": ("init", 2),
    "tune": ("tuning", 2),
    "prune": ("masks", 4),
    "train": ("trained", 4),
    "encode": ("graphs", 4),
    "measure": ("metrics", 4),
}

#: The stages that lead to a cell, in their order.
OF_CELLS = tuple(stage for stage in POOLS if stage not in ("relate", "tune"))

#: The stage that prunes, trains and tests every cell of a method or a family of methods.
AT_ONCE = "prune_and_test"


class Plan:
    """The jobs of a configuration's pools.

    A place is a tuple: (set of relational graphs,), (data set,), (data set, model), (data set, model, method or family)
    or a :class:`prunegraph.workflow.study.Cell`; a longer one than a stage needs is cut.
    """

    def __init__(self, configuration: Configuration):
        self.configuration = configuration
        self.asked = functools.cache(self._asked)
        self.facts = functools.cache(self._facts_and_script)
        self.lost = functools.cache(self._lost)
        self._variant = functools.cache(configuration.variant)

    def folder(self, stage: str, place: tuple[str, ...]) -> str:
        """Where the files of a stage lie."""
        pool, length = POOLS[stage]
        return f"{self.configuration.results}/{pool}/{_path(place[:length])}"

    def at_once(self) -> dict[tuple[str, ...], list[tuple[str, ...]]]:
        """The jobs of :data:`AT_ONCE`: what the names of their cells end with -> places (data set, model, family).

        The family is a method alone, whose cells end with "-SPARSITY", or has rungs: "_RUNG-SPARSITY".
        """
        found: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for place, cells in self._together.items():
            ends = tuple(f"{cell.method.removeprefix(place[2])}-{cell.sparsity}" for cell in cells)
            found.setdefault(ends, []).append(place)
        return found

    def cells_at_once(self, place: tuple[str, ...]) -> tuple[Cell, ...]:
        """The cells that a job of :data:`AT_ONCE` makes."""
        return self._together[tuple(place[:3])]

    def is_tested_at_once(self, place: tuple[str, ...]) -> bool:
        """Whether a cell is made by a job of :data:`AT_ONCE`."""
        return len(place) == 4 and Cell(*place) in self._together.get(self.family(place), ())

    @functools.cached_property
    def _together(self) -> dict[tuple[str, ...], tuple[Cell, ...]]:
        """The places whose cells one job makes: rungs in the order of their set, sparsities from low to high."""
        found: dict[tuple[str, ...], dict[Cell, None]] = {}
        for study in self.configuration.own():
            for cell in study.cells():
                if study.methods[cell.method].settings["together"]:
                    found.setdefault(self.family(cell), {})[cell] = None
        order = {method: place for place, method in enumerate(self.configuration.methods.named)}
        return {
            place: tuple(sorted(cells, key=lambda cell: (order.get(cell.method, -1), float(cell.sparsity))))
            for place, cells in found.items()
        }

    def family(self, place: tuple[str, ...]) -> tuple[str, ...]:
        """(data set, model, family) of a cell; a place of a family stays."""
        if place[2] in self.configuration.methods.families:
            return tuple(place[:3])
        return (*place[:2], self._variant("methods", place[2]).settings["family"] or place[2])

    def _method(self, place: tuple[str, ...]) -> Variant:
        """The method of a place, of a family its first."""
        family = self.configuration.methods.families.get(place[2])
        return self._variant("methods", self._together[tuple(place[:3])][0].method if family else place[2])

    def manifest(self, stage: str, place: tuple[str, ...]) -> str:
        """The manifest that a stage's job writes: its one output."""
        place = _cut(stage, place)
        return manifest_path(self.folder(stage, place), self.asked(stage, place))

    def reads(self, stage: str, place: tuple[str, ...]) -> dict[str, str]:
        """The manifests that a stage's job reads, by the names of the script's arguments."""
        return {name: self.manifest(*source) for name, source in self._sources(stage, _cut(stage, place)).items()}

    def request(self, stage: str, place: tuple[str, ...]) -> dict[str, Any]:
        """What a stage's job is given, beside files: the facts that its results depend on, and what was lost."""
        place = _cut(stage, place)
        return self.facts(stage, place) | ({} if stage == AT_ONCE else {"lost": self.lost(stage, place)})

    def accepted(self, stage: str, place: tuple[str, ...], asked: str) -> dict[str, Any] | None:
        """The :meth:`request` that has the hash `asked`; None where another question is asked by now.

        A job that died between a file and its receipt leaves a file that counts as lost. Where the job is started
        again for the same question, as on SLURM, it makes that file again anyway: no more is lost than was known.
        """
        place = _cut(stage, place)
        if self.asked(stage, place) == asked:
            return self.request(stage, place)
        for lost in range(self.lost(stage, place)):
            if self._hash(stage, place, lost) == asked:
                return {**self.facts(stage, place), "lost": lost}
        return None

    def gpus(self, stage: str, place: tuple[str, ...]) -> int:
        """How many GPUs a stage's job asks for: one or none; no part of what it is asked.

        One to train; to prune where the method computes gradients; to measure where graphs are so large that a GPU
        finds their eigenvalues sooner than a CPU. On an H100, 25.6 s became 6.7 s (ResNet-18) and 20.1 s became 13.8 s
        (ResNet-50) with images of 224 x 224. Those of 32 x 32 take a CPU a second or two, less than starting a GPU
        costs; nothing in between was timed.
        """
        if not self.configuration.wants_gpu():
            return 0
        if stage == AT_ONCE and self._method(place).settings["finetune"]:
            return 1
        if stage in ("prune", AT_ONCE):
            return int(differentiates(self._method(place)))
        if stage == "measure":
            return int(max(input_shape(self._variant("datasets", place[0]))[1:]) >= GPU_FROM_SIDE)
        return int(stage in ("train", "tune"))

    def _sources(self, stage: str, place: tuple[str, ...]) -> dict[str, tuple[str, tuple[str, ...]]]:
        if stage in ("relate", "prepare"):
            return {}
        if stage == "initialise":
            return {"images": ("prepare", place[:1])}
        if stage == "tune":
            return {"images": ("prepare", place[:1]), "start": ("initialise", place[:2])}
        if stage in ("prune", "train", AT_ONCE):
            found = {"images": ("prepare", place[:1]), "start": self._start(place)}
            if stage != "prune" and self.is_tuned(place):
                found["tuned"] = ("tune", place[:2])
            if stage == "train":
                return {**found, "masks": ("prune", place)}
            graphs = self._method(place).settings["graphs"]
            of_graphs = {} if graphs is None else {"graphs": ("relate", (graphs,))}
            return {**found, "initial": ("initialise", place[:2]), **of_graphs}
        if stage == "encode":
            return {"initial": ("initialise", place[:2]), "trained": ("train", place)}
        return {"encoded": ("encode", place)}

    def _start(self, place: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """Where the weights come from that a method prunes: its model's, or the trained dense network's."""
        method = self._method(place)
        if catalogue.PRUNERS[method.base].prunes == "initial":
            return ("initialise", place[:2])
        for study in self.configuration.own():
            if method.name in study.methods:
                return ("train", Cell(place[0], place[1], study.dense(), "0"))
        return ("train", Cell(place[0], place[1], "dense", "0"))

    def _asked(self, stage: str, place: tuple[str, ...]) -> str:
        """A hash of all that the results of a stage depend on, 12 hexadecimal digits."""
        if stage in ("prune", "train") and self.is_tested_at_once(place):
            return self.asked(AT_ONCE, self.family(place))
        return self._hash(stage, place, self.lost(stage, place))

    def _hash(self, stage: str, place: tuple[str, ...], lost: int) -> str:
        sources = {name: self.asked(*source) for name, source in self._sources(stage, place).items()}
        question = [stage, place, self.facts(stage, place), sources, lost]
        return digest(question)

    def _lost(self, stage: str, place: tuple[str, ...]) -> int:
        if stage == AT_ONCE:
            return 0  # those of its cells are among its facts
        return losses(self.folder(stage, place), self.items(stage, place))

    def items(self, stage: str, place: tuple[str, ...]) -> list[str]:
        """The names of what a stage's job makes: see :class:`prunegraph.pool.Manifest`."""
        if stage == "relate":
            return ["graphs"]
        if stage == "prepare":
            return ["images"]
        if stage == "tune":
            return ["choice"]
        seeds = [f"seed{seed}" for seed in self._seeds(stage, place)]
        if stage == "initialise":
            return ["architecture", *seeds]
        if stage == "encode":
            return [f"{seed}/{encoding}" for seed in seeds for encoding in self.configuration.encodings]
        return seeds

    def _seeds(self, stage: str, place: tuple[str, ...]) -> list[int]:
        if stage == "initialise":
            return list(self.configuration.seeds_of_model(*place))
        return list(self.configuration.seeds_of_cell(Cell(*place)))

    def _facts_and_script(self, stage: str, place: tuple[str, ...]) -> dict[str, Any]:
        facts, script = self._facts(stage, place), code_of(f"workflow_scripts.{stage}")
        if stage == AT_ONCE:
            return {**facts, "code": {**facts["code"], "script": script}}
        return {**facts, "code": f"{facts['code']}-{script}"}

    def _facts(self, stage: str, place: tuple[str, ...]) -> dict[str, Any]:
        """What the results of a stage depend on, beside files: plain values."""
        if stage == "relate":
            return self._of_graphs(place[0])
        dataset = self._variant("datasets", place[0])
        if stage == "prepare":
            return self._of_data_set(dataset)
        if stage == "encode":
            modules = [module_of(catalogue.ENCODINGS, name) for name in self.configuration.encodings]
            facts = {"encodings": list(self.configuration.encodings), "mode": self.configuration.mode}
            return {**facts, "seeds": self._seeds(stage, place), "code": code_of("prunegraph.encoding", *modules)}
        if stage == "measure":
            code = code_of("prunegraph.metrics.topometrics", "prunegraph.metrics.ramanujan")
            facts = {"encodings": list(self.configuration.encodings), "motifs": self.configuration.motifs}
            return {**facts, "seeds": self._seeds(stage, place), "code": code}
        if stage == AT_ONCE:
            return self._of_all_cells(place)
        model = self._variant("models", place[1])
        return getattr(self, f"_of_{stage}")(dataset, model, place)

    def _of_graphs(self, name: str) -> dict[str, Any]:
        _, kind, seed, options = self.configuration.graphs(name)
        path = options.get("path")
        return {
            "kind": kind,
            "seed": seed,
            "options": dict(options),
            "content": None if path is None else _content(path, f"The relational graphs {name!r} lie", "path"),
            "code": code_of("prunegraph.relational.sets", module_of(catalogue.RELATIONAL, kind)),
        }

    def _of_data_set(self, dataset: Variant) -> dict[str, Any]:
        split = {**self.configuration.config["split"], **(dataset.settings["split"] or {})}
        return {
            "reader": {"name": dataset.base, "options": dict(dataset.options), "like": dataset.settings["like"]},
            "normalise": dataset.settings["normalise"],
            "generation": self._generation(dataset),
            "validation": split["validation"],
            "split_seed": split["seed"],
            "code": code_of("prunegraph.datasets.preparation", module_of(catalogue.DATASETS, dataset.base)),
        }

    def _generation(self, dataset: Variant) -> int:
        """How often the files of a data set were found to be others than before.

        What they are like is no part of what is asked for, because files that have still to be fetched are like nothing
        yet; the number is, so other files make the data set, and whatever depends on it, anew. A prepared data set
        needs its files no more.
        """
        note = read_json(Path(self.folder("prepare", (dataset.name,)), STATE), {})
        found = state(dataset.base, self.configuration.config["data_dir"], **dataset.options)
        changed = bool(note) and found not in ("", note["state"])
        return note.get("generation", 0) + changed

    def _of_initialise(self, dataset: Variant, model: Variant, place: tuple[str, ...]) -> dict[str, Any]:
        del dataset
        return {
            "network": network_of(model),
            "weights": model.settings["weights"],
            "weights_content": _weights_content(model),
            "seeds": self._seeds("initialise", place),
            "code": code_of("prunegraph.models", "prunegraph.wiring.tracing", module_of(catalogue.MODELS, model.base)),
        }

    def _of_tune(self, dataset: Variant, model: Variant, place: tuple[str, ...]) -> dict[str, Any]:
        return {
            "network": network_of(model),
            "recipe": self.recipe_of(model),
            "grid": self._grid(model),
            "published_as": published_as(dataset),
            "seed": self._seeds("initialise", place)[0],
            "threads": self.configuration.config["threads"],
            "code": code_of("prunegraph.training.tuning", module_of(catalogue.MODELS, model.base)),
        }

    def _of_prune(self, dataset: Variant, model: Variant, place: tuple[str, ...]) -> dict[str, Any]:
        del dataset
        method = self._variant("methods", place[2])
        modules = [*prunes_by(method), module_of(catalogue.MODELS, model.base)]
        return {
            "network": network_of(model),
            "choice": choice_of(method),
            **self._draws(method, place),
            "threads": self.configuration.config["threads"],
            "code": code_of("prunegraph.pruning.cell", *modules),
        }

    def _of_train(self, dataset: Variant, model: Variant, place: tuple[str, ...]) -> dict[str, Any]:
        method = self._variant("methods", place[2])
        record = catalogue.PRUNERS[method.base]
        modules = [module_of(catalogue.MODELS, model.base)]
        modules += [module(part) for part in (record.moves, record.trains) if part]
        return {
            "network": network_of(model),
            "choice": choice_of(method),
            "finetune": method.settings["finetune"],
            "published_as": published_as(dataset),
            "recipe": self.recipe_of(model),
            **self._draws(method, place),
            "threads": self.configuration.config["threads"],
            "code": code_of("prunegraph.training.networks", *modules),
        }

    def _of_all_cells(self, place: tuple[str, ...]) -> dict[str, Any]:
        """The facts of pruning and testing of all cells of a method; what they have in common stands once."""
        cells = []
        for cell in self._together[place]:
            pruned, tested = self.facts("prune", cell), self.facts("train", cell)
            choice = dict(tested["choice"])
            own = {"method": cell.method, "sparsity": cell.sparsity, "rung": choice.pop("rung", None)}
            own |= {name: pruned[name] for name in ("seeds", "network_seeds")}
            cells.append({**own, "lost": [self.lost(stage, cell) for stage in ("prune", "train")]})
        shared = {name: tested[name] for name in ("network", "finetune", "recipe", "published_as", "threads")}
        shared["choice"] = choice
        return {**shared, "cells": cells, "code": {"prune": pruned["code"], "train": tested["code"]}}

    def _draws(self, method: Variant, place: tuple[str, ...]) -> dict[str, list[int]]:
        seeds = self._seeds("prune", place)
        return {"seeds": seeds, "network_seeds": network_seeds(method, tuple(seeds))}

    def is_tuned(self, place: tuple[str, ...]) -> bool:
        """Whether the recipe of a place's model is tuned for its data set."""
        return bool(self._grid(self._variant("models", place[1])))

    def _grid(self, model: Variant) -> dict[str, Any]:
        return self.configuration.grid(model.settings["recipe"])

    def recipe_of(self, model: Variant) -> dict[str, Any]:
        """How networks of a model are trained: the name of a recipe, the catalogue's behind it, the fields replaced."""
        training = self.configuration.config["training"]
        name = model.settings["recipe"] or training["recipe"]
        base, fields = self.configuration.recipe(name)
        own = {"epochs": model.settings["epochs"] or training["epochs"], "precision": training["precision"]}
        if base == "untrained":  # is not trained, whatever the run's number of epochs
            own["epochs"] = None
        return {"name": name, "base": base, **fields, **{key: value for key, value in own.items() if value is not None}}


def choice_of(method: Variant) -> dict[str, Any]:
    """How a configured method chooses: pruner, options, layers, counts, repair, and the one graph that it may take."""
    chosen = {name: method.settings[name] for name in ("layers", "counts", "repair")}
    if method.settings["rung"] is not None:
        chosen["rung"] = method.settings["rung"]
    return {"pruner": method.base, "options": dict(method.options), **chosen}


def network_of(model: Variant) -> dict[str, Any]:
    """The catalogue's name and the options of a configured model."""
    return {"name": model.base, "options": dict(model.options)}


def prunes_by(method: Variant) -> list[str]:
    """The modules whose code a method's masks depend on."""
    repair = catalogue.REPAIRS.get(method.settings["repair"], "")
    return [module(part) for part in (*catalogue.PRUNERS[method.base].references, repair) if part]


def differentiates(method: Variant) -> bool:
    """Whether a method chooses by gradients; a GPU's start alone takes longer than drawing or ranking weights."""
    record = catalogue.PRUNERS[method.base]
    return record.data or record.gradients


def digest(question: Any) -> str:
    """A hash of plain values, 12 hexadecimal digits."""
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:12]


def _weights_content(model: Variant) -> str | None:
    """The sha256 of the file of a model's weights, None where it has none."""
    path = model.settings["weights"]
    return None if path is None else _content(path, f"The model {model.name!r} starts with the weights", "weights")


def _content(path: str, what: str, key: str) -> str:
    """The sha256 of a file that the configuration names by a key."""
    if not Path(path).is_file():
        raise UserError(
            f"{what} in {path}, and there is no such file. Correct its `{key}`, a path from where the workflow runs."
        )
    return _sha256(path)


_sha256 = functools.cache(sha256)


def _cut(stage: str, place: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(place[: 3 if stage == AT_ONCE else POOLS[stage][1]])


def _path(place: tuple[str, ...]) -> str:
    """The path of a place inside its pool."""
    return "/".join(place) if len(place) < 4 else f"{place[0]}/{place[1]}/{place[2]}-{place[3]}"


def place_of(wildcards: Mapping[str, str]) -> tuple[str, ...]:
    """The place that wildcards name."""
    return tuple(wildcards[name] for name in ("graphs", *Cell._fields) if name in wildcards)
