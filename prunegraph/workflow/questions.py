"""What is asked of each study: its tables and figures, what they are made from, and the hash of each question.

The answer to a question lies in files whose names stay (tables/STUDY/..., figures/STUDY/...), so that people can ask
for them by path. Beside them a manifest (:mod:`prunegraph.pool`) has the hash in its name, and an empty file, an input
of the question's rule, tells Snakemake whether it is answered (:func:`prunegraph.pool.asking`). Runs in every dry run,
so it imports neither torch nor numpy.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from prunegraph import catalogue
from prunegraph.catalogue import module, module_of
from prunegraph.errors import UserError
from prunegraph.figures.records import FIGURES, Figure
from prunegraph.fingerprint import code_of
from prunegraph.pool import asking, manifest_path
from prunegraph.tables import published_files
from prunegraph.variants import published_as
from prunegraph.workflow import summaries
from prunegraph.workflow.plan import AT_ONCE, OF_CELLS, POOLS, Plan, choice_of, digest, network_of
from prunegraph.workflow.searches import sets_of
from prunegraph.workflow.study import Cell, Study, network_seeds

#: Tables of the networks of a study; the first is there when nothing is measured, too.
NETWORKS = ("networks", "quality", "topometrics", "topometrics_normalised", "ramanujan", "features")

#: Tables of searches among relational graphs.
SEARCHES = ("search_summary", "search_graphs", "search_signal", "search_trace", "bogp_search", "search_posterior")
SEARCHES += ("search_trade_off",)

#: Tables of networks that are relational graphs; the last where they are measured.
GRAPHS = ("graph_properties", "graph_effects", "drawn_graphs", "graph_topometrics")

#: The analyses of measured networks, with their tables and the modules behind them.
ANALYSES = {
    "correlation": (("correlation", "correlation_summary", "correlation_layers"), ("correlation",)),
    "regression": (("regression", "regression_folds", "regression_differences"), ("regression", "differences")),
    "importance": (("importance", "importance_stability"), ("importance",)),
    "ranking": (("ranking", "ranking_summary", "ranking_tests"), ("ranking", "ranking_tests")),
    "transfer": (("transfer", "coverage"), ("transfer",)),
}


class Question(NamedTuple):
    """One rule of a study.

    Parameters
    ----------
    reads
        Paths by the names of the script's arguments; ``answers`` are manifests that say what these files must be, and
        ``asked`` is a function that gives the empty file.
    writes
        The same for what it makes; ``answer`` is its own manifest.
    facts
        What else the answer depends on: the script's other arguments, and the library's code.
    """

    reads: dict[str, Any]
    writes: dict[str, Any]
    facts: dict[str, Any]

    @property
    def answer(self) -> str:
        """Its manifest."""
        return self.writes["answer"]


class Questions(dict[str, dict[str, Question]]):
    """Study -> name -> question, of all studies of a plan; figures are named ``figure_NAME``."""

    def __init__(self, plan: Plan, figures: Mapping[str, Figure] = FIGURES):
        self.plan = plan
        self.results = plan.configuration.results
        self.figures = figures
        for study in plan.configuration.studies.values():
            self[study.name] = {}
            self._networks(study)
            if study.own:
                self._of_own(study)
            if self.measured(study):
                self._analyses(study)
            for name, record in figures.items():
                self._figure(study, name, record)
        self.claims = self._add(self.results, "", "claims", *summaries.claims(self))
        self.report = self._add(self.results, "", "report", *summaries.report(self))

    def measured(self, study: Study) -> bool:
        """Whether a study has graphs to analyse, its own or published ones."""
        return "published" in study.sources or study.measured

    def tables(self, study: Study) -> dict[str, str]:
        """The tables of a study by name, as Parquet files."""
        found = {}
        for question in self[study.name].values():
            for name, paths in question.writes.items():
                if isinstance(paths, list) and paths[-1].endswith(".parquet"):
                    found[name] = paths[-1]
        return found

    def pictures(self, study: Study) -> dict[str, list[str]]:
        """The figures of a study by name, each as PDF and as PNG."""
        asked = self[study.name].items()
        return {
            name.removeprefix("figure_"): question.writes["pictures"] for name, question in asked if "figure_" in name
        }

    def files(self, study: Study) -> list[str]:
        """The tables, figures and predictor of a study."""
        writes = [question.writes for question in self[study.name].values()]
        return [path for each in writes for path in _files(each) if path != each["answer"]]

    def answers(self, *studies: Study) -> list[str]:
        """The manifests of all answers to what is asked of some studies."""
        return [question.answer for study in studies for question in self[study.name].values()]

    def manifests(self, study: Study) -> list[str]:
        """Every manifest of the pools that a study needs, each once."""
        stages = [stage for stage in OF_CELLS if study.measured or stage not in ("encode", "measure")]
        cells = list(study.cells()) if study.own else []
        tuned = [self.plan.manifest("tune", place) for place in self._tuned(study)]
        return list(dict.fromkeys([*(self.plan.manifest(stage, cell) for stage in stages for cell in cells), *tuned]))

    def _add(self, folder: str, group: str, name: str, reads: dict, writes: dict, facts: dict) -> Question:
        script = "figure" if name.startswith("figure_") else name
        asked = digest([name, facts, reads, writes, code_of(f"workflow_scripts.{script}")])
        answer = manifest_path(f"{folder}/.answers/{name}", asked)
        flag = asking(f"{folder}/.asked/{name}", answer, _files(writes))
        question = Question({**reads, "asked": flag}, {**writes, "answer": answer}, facts)
        if group:
            self[group][name] = question
        return question

    def _table(
        self, study: Study, name: str, reads: dict, tables: tuple[str, ...], facts: dict, **more: str
    ) -> Question:
        folder = f"{self.results}/tables/{study.name}"
        return self._add(folder, study.name, name, reads, {**self._paths(study, tables), **more}, facts)

    def _paths(self, study: Study, tables: tuple[str, ...], part: str = "") -> dict[str, list[str]]:
        folder = f"{self.results}/tables/{study.name}{part and f'/{part}'}"
        return {name: [f"{folder}/{name}.csv", f"{folder}/{name}.parquet"] for name in tables}

    def _networks(self, study: Study) -> None:
        """The tables of each source: those of the study where there is only one, else parts that are joined."""
        alone = len(study.sources) == 1
        parts = []
        if study.own:
            names = NETWORKS if study.measured else NETWORKS[:1]
            reads = {"trained": self._of_cells("train", study)}
            reads["measured"] = self._of_cells("measure", study) if study.measured else []
            facts = {"seeds": self._seeds(study), "code": _code("tables", "collect", "features", "quality")}
            writes = self._paths(study, names, "" if alone else "own")
            parts.append(self._add(self._folder(study), study.name, "collect", reads, writes, facts))
        if "published" in study.sources:
            folder = self.plan.configuration.config["published_dir"]
            facts = {"folder": folder, "code": _code("tables", "published")}
            writes = self._paths(study, NETWORKS, "" if alone else "published")
            reads = {"files": published(folder)}
            parts.append(self._add(self._folder(study), study.name, "read_published", reads, writes, facts))
        if not alone:
            paths = [paths[1] for part in parts for paths in part.writes.values() if isinstance(paths, list)]
            reads = {"parts": paths, "answers": [part.answer for part in parts]}
            self._table(study, "join", reads, NETWORKS, {"code": _code("tables", "frames")})

    def _of_own(self, study: Study) -> None:
        datasets = {name: published_as(variant) for name, variant in study.datasets.items()}
        models = {name: variant.base for name, variant in study.models.items()}
        whole = {name: variant.base for name, variant in study.models.items() if not variant.options}
        trained = {"trained": self._of_cells("train", study)}
        facts = {"seeds": self._seeds(study), "datasets": datasets, "models": whole}
        facts["code"] = _code("analysis", "accuracies")
        self._table(study, "published_accuracy", trained, ("published_accuracy",), facts)
        recipes = {name: self.plan.recipe_of(variant) for name, variant in study.models.items()}
        facts = {
            "datasets": datasets,
            "models": models,
            "recipes": recipes,
            "code": _code("training", "recipes", "tuning"),
        }
        tuned = self._tuned(study)
        reads = {"tuned": [self.plan.manifest("tune", place) for place in tuned]}
        self._table(study, "hyperparameters", reads, ("hyperparameters",), {**facts, "cells": tuned})
        if comparable_methods(study):
            self._stability(study)
        self._layers(study)
        self._latency(study)
        if study.teacher_student:
            facts = {"settings": dict(study.teacher_student), "code": code_of("prunegraph.teacher_student.rows")}
            self._table(study, "teacher_student", {}, ("teacher_student", "order_parameters"), facts)
        if study.search:
            self._search(study)
        source = self[study.name]["collect"]
        reads = {"networks": source.writes["networks"][1], "answers": [source.answer]}
        self._graph_properties(study, reads)
        facts = {"jobs": self._jobs(study), "benchmarks": f"{self.results}/benchmarks"}
        self._table(study, "costs", reads, ("costs",), {**facts, "code": _code("tables", "costs")})

    def _layers(self, study: Study) -> None:
        """Where the methods keep their weights, beside published networks; of measured models that were published."""
        models = {name: variant.base for name, variant in study.models.items()}
        models = {name: base for name, base in models.items() if base in catalogue.PUBLISHED_MODELS}
        if not (models and study.measured):
            return
        source, folder = self[study.name]["collect"], self.plan.configuration.config["published_dir"]
        reads = {"ramanujan": source.writes["ramanujan"][1], "files": published(folder), "answers": [source.answer]}
        datasets = {name: published_as(variant) for name, variant in study.datasets.items()}
        pruners = {name: method.base for name, method in study.methods.items()}
        facts = {"folder": folder, "datasets": datasets, "models": models, "pruners": pruners}
        facts["code"] = code_of("prunegraph.analysis.layer_shares", "prunegraph.tables.published_shipped")
        self._table(study, "published_layers", reads, ("published_layers",), facts)

    def _latency(self, study: Study) -> None:
        """The time of networks that lost units, beside the dense one; of every cell the network of its first seed."""
        methods = shrinking_methods(study)
        if not methods:
            return
        cells = [cell for cell in study.cells() if cell.method in {*methods, study.dense()}]
        reads = {
            "images": [self.plan.manifest("prepare", (name,)) for name in study.datasets],
            "trained": [self.plan.manifest("train", cell) for cell in cells],
        }
        modules = [module_of(catalogue.MODELS, variant.base) for variant in study.models.values()]
        facts = {
            "datasets": list(study.datasets),
            "cells": [[*cell, study.seeds_of(cell)[0]] for cell in cells],
            "networks": {name: network_of(variant) for name, variant in study.models.items()},
            "threads": self.plan.configuration.config["threads"],
            "code": code_of("prunegraph.tables.latency", *modules),
        }
        self._table(study, "latency", reads, ("latency",), facts)

    def _tuned(self, study: Study) -> list[tuple[str, str]]:
        """The data sets and models whose recipe is tuned."""
        pairs = ((dataset, model) for dataset in study.datasets for model in study.models)
        return [pair for pair in pairs if study.own and self.plan.is_tuned(pair)]

    def _seeds(self, study: Study) -> list[list[int]]:
        """The seeds of the networks of every cell of a study."""
        return [list(study.seeds_of(cell)) for cell in study.cells()]

    def _stability(self, study: Study) -> None:
        methods = comparable_methods(study)
        cells = [list(cell) for cell in study.cells() if cell.method in methods]
        reads = {
            "images": [self.plan.manifest("prepare", (name,)) for name in study.datasets],
            "masks": [self.plan.manifest("prune", tuple(cell)) for cell in cells],
        }
        pruners = [catalogue.module(catalogue.PRUNERS[study.methods[name].base].choose) for name in methods]
        modules = [module_of(catalogue.MODELS, variant.base) for variant in study.models.values()]
        facts = {
            "datasets": list(study.datasets),
            "cells": cells,
            "networks": {name: network_of(variant) for name, variant in study.models.items()},
            "methods": methods,
            "seed": study.seeds[0],
            "threads": self.plan.configuration.config["threads"],
            "code": code_of("prunegraph.pruning.stability", *pruners, *modules),
        }
        self._table(study, "mask_stability", reads, ("mask_stability",), facts)

    def _search(self, study: Study) -> None:
        sets = sets_of(study.search)
        cases, images = [], []
        for dataset, data in study.datasets.items():
            for name, model in study.models.items():
                if self.plan.is_tuned((dataset, name)):
                    raise UserError(
                        f"The search of the study {study.name} trains {name!r}, whose recipe is tuned; name one with "
                        "a learning rate and a weight decay."
                    )
                case = {"dataset": dataset, "model": name, "network": network_of(model)}
                cases.append({**case, "recipe": self.plan.recipe_of(model), "published_as": published_as(data)})
                images.append(self.plan.manifest("prepare", (dataset,)))
        reads = {"images": images, "sets": [self.plan.manifest("relate", (each,)) for each in sets.values()]}
        facts = {
            "cases": cases,
            "kinds": list(sets),
            "settings": dict(study.search),
            "seed": study.seeds[0],
            "threads": self.plan.configuration.config["threads"],
            "ledgers": f"{self.results}/search/{study.name}",
            "code": code_of("prunegraph.search.study"),
            # What is written down of networks outlives another way to search.
            "trained_by": code_of(
                "prunegraph.search.evaluation",
                *(module_of(catalogue.MODELS, each.base) for each in study.models.values()),
            ),
        }
        self._table(study, "search", reads, SEARCHES, facts)

    def _graph_properties(self, study: Study, reads: dict[str, Any]) -> None:
        """What the relational graphs of a study are like, and whether that matters; nothing where it has none."""
        families = {
            method.settings["family"]: method.settings["graphs"]
            for method in study.methods.values()
            if method.settings["family"] is not None
        }
        if not families:
            return
        sets = list(dict.fromkeys(families.values()))
        reads = {**reads, "graphs": [self.plan.manifest("relate", (name,)) for name in sets]}
        facts = {"families": {family: sets.index(name) for family, name in families.items()}}
        facts["code"] = code_of("prunegraph.analysis.graph_effects", "prunegraph.tables.graph_properties")
        if study.measured:
            reads["topometrics"] = self[study.name]["collect"].writes["topometrics"][1]
        self._table(study, "graph_properties", reads, GRAPHS if study.measured else GRAPHS[:-1], facts)

    def _jobs(self, study: Study) -> list[list[str]]:
        """The jobs of the pools that a study's networks come from: [rule, folder, name]."""
        found = {}
        for stage in OF_CELLS:
            if study.measured or stage not in ("encode", "measure"):
                for cell in study.cells():
                    folder = self.plan.folder(stage, cell)
                    found[folder] = [stage, folder, folder.removeprefix(f"{self.results}/{POOLS[stage][0]}/")]
                    if stage in ("prune", "train") and self.plan.is_tested_at_once(cell):
                        found[folder] = [AT_ONCE, folder, "/".join(self.plan.family(cell))]
        return list(found.values())

    def _analyses(self, study: Study) -> None:
        sources = self._tables_of_networks(study)
        for name, (tables, modules) in ANALYSES.items():
            read = ("features", "ramanujan") if name == "correlation" else ("features",)
            reads = {table: sources.writes[table][1] for table in read} | {"answers": [sources.answer]}
            facts = {**study.analysis, "code": _code("analysis", *modules)}
            if name == "correlation":
                facts.pop("rows_per_feature")
            if name == "transfer":
                facts.pop("bootstrap")
            if name == "regression":
                # The published protocol deals the lasso twice.
                facts["lasso_repeats"] = 2 if "published" in study.sources else 1
            more = {"predictor": f"{self.results}/predictors/{study.name}.json"} if name == "transfer" else {}
            self._table(study, name, reads, tables, facts, **more)

    def _tables_of_networks(self, study: Study) -> Question:
        asked = self[study.name]
        return next(asked[name] for name in ("join", "collect", "read_published") if name in asked)

    def _figure(self, study: Study, name: str, record: Figure) -> None:
        reads = self._drawn_from(study, record)
        if reads is None:
            return
        folder = f"{self.results}/figures/{study.name}"
        facts = {"draw": record.draw, "several": "graphs" in record.reads, "code": code_of(module(record.draw))}
        if {"graph", "graphs"} & set(record.reads):
            facts["seed"] = int(study.drawing()["seed"])
        writes = {"pictures": [f"{folder}/{name}.{suffix}" for suffix in ("pdf", "png")]}
        question = self._add(folder, study.name, f"figure_{name}", reads, writes, facts)
        question.facts["caption"] = record.caption

    def _drawn_from(self, study: Study, record: Figure) -> dict[str, Any] | None:
        """What a figure reads; None where the study has it not."""
        if not record.reads and not self.measured(study):  # it explains the encodings
            return None
        if record.systems and study.system not in record.systems:
            return None
        tables = self.tables(study)
        answered = {path: question.answer for question in self[study.name].values() for path in _files(question.writes)}
        sources, answers = [], []
        for name in record.reads:
            if name in ("graph", "graphs"):
                if not (study.own and study.measured):
                    return None
                sources += self._graphs(study, several=name == "graphs")
            elif name in tables:
                sources.append(tables[name])
                answers.append(answered[tables[name]])
            else:
                return None
        return {"sources": sources, "answers": answers}

    def _graphs(self, study: Study, several: bool) -> list[str]:
        """The manifest of the network to draw, or those of all methods for the same model and sparsity."""
        drawn = study.drawing()
        cell = Cell(*(drawn[name] for name in Cell._fields))
        same = [each for each in study.cells() if (each[:2], each.sparsity) == (cell[:2], cell.sparsity)]
        return [self.plan.manifest("encode", each) for each in (same if several else [cell])]

    def _of_cells(self, stage: str, study: Study) -> list[str]:
        return [self.plan.manifest(stage, cell) for cell in study.cells()]

    def _folder(self, study: Study) -> str:
        return f"{self.results}/tables/{study.name}"


def comparable_methods(study: Study) -> dict[str, dict[str, Any]]:
    """Methods that choose a mask before training: their masks can be made again. Each with how it chooses.

    Without those that published code scored in float32, those that take a graph as it is, and dense.
    """
    found = {}
    for name, method in study.methods.items():
        record = catalogue.PRUNERS[method.base]
        still = not (record.moves or record.trains or record.graphs or method.options.get("compat"))
        if record.prunes == "initial" and still:
            found[name] = {"choice": choice_of(method), "network_seed": network_seeds(method, study.seeds)[0]}
    return {name: facts for name, facts in found.items() if study.methods[name].base != "dense"}


def shrinking_methods(study: Study) -> list[str]:
    """Methods that remove whole units, so that a network without them is smaller."""
    return [name for name, method in study.methods.items() if "units" in catalogue.PRUNERS[method.base].counts]


def published(folder: str | None) -> list[str]:
    """The files with the authors' numbers: their own in a folder, or those that come with the package.

    Raises
    ------
    UserError
        If the folder lacks one.
    """
    if folder is None:
        return [str(published_files.SHIPPED_IN / file) for file in published_files.SHIPPED.values()]
    if sentence := published_files.lacking(folder):
        raise UserError(sentence)
    return [str(Path(folder, path)) for path in published_files.FILES]


def _files(paths: Mapping[str, Any]) -> list[str]:
    return [path for value in paths.values() for path in (value if isinstance(value, list) else [value])]


def _code(room: str, *modules: str) -> str:
    return code_of(*(f"prunegraph.{room}.{name}" for name in modules))
