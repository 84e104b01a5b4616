"""The parts of a study of searches: each can run in a process of its own, and has a ledger of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from prunegraph import datasets, relational
from prunegraph.precision import use_threads
from prunegraph.randomness import numpy_generator
from prunegraph.relational.vectors import vectors
from prunegraph.search.evaluation import Bench
from prunegraph.search.ledger import Ledger
from prunegraph.search.repeats import SEARCHES, Budget, Objective, Rows, fresh_seeds, of_network, search, worth
from prunegraph.search.space import Space, space
from prunegraph.training.recipes import recipe

#: The set of relational graphs behind each kind of task, as the settings name it.
SET_OF = {"repeat": "graphs", "signal": "graphs", "small": "small", "trade_off": "trade_off"}


@dataclass(frozen=True)
class Case:
    """A data set and a model on which a study searches.

    Parameters
    ----------
    dataset, model
        Their names.
    images
        File of the prepared data set.
    network, recipe, published_as
        As the plan has them (:mod:`prunegraph.workflow.plan`).
    sets
        Files of relational graphs by the words of :data:`SET_OF`.
    settings
        Of the study's key ``search``.
    seed, threads
        Of all random draws; threads of an evaluation.
    ledgers
        Folder of the evaluations.
    made_from
        Hash of images and code.
    """

    dataset: str
    model: str
    images: Path
    network: Mapping[str, Any]
    recipe: Mapping[str, Any]
    published_as: str
    sets: Mapping[str, Path]
    settings: Mapping[str, Any]
    seed: int
    threads: int
    ledgers: Path
    made_from: str


class Task(NamedTuple):
    """A part of a study.

    Parameters
    ----------
    what, number
        ``repeat`` of the comparison, or ``trade_off``: its number. ``signal``, ``small``: accuracies with the seed of
        this number.
    alpha
        Weight of sparsity.
    """

    what: str
    number: int
    alpha: float = 0.0

    @property
    def name(self) -> str:
        """Of its ledger."""
        return f"{self.what}_{self.number}" + (f"_{self.alpha:g}" if self.what == "trade_off" else "")


def tasks(settings: Mapping[str, Any]) -> list[Task]:
    """All parts of a study, the longest first."""
    found = [Task("repeat", number, settings["alpha"]) for number in range(settings["repeats"])]
    trade_off = settings["trade_off"]
    if trade_off:
        found += [Task("trade_off", n, alpha) for alpha in trade_off["alphas"] for n in range(trade_off["repeats"])]
    for what in ("signal", "small"):
        found += [Task(what, number) for number in range(settings[what]["seeds"] if settings[what] else 0)]
    return found


def run(case: Case, task: Task, parent: int | None = None) -> dict[str, Rows]:
    """Rows by the name of their table; graphs are numbers. `parent` is as of :class:`.Ledger`."""
    use_threads(case.threads)
    data = datasets.load(case.images)
    graphs = relational.load(case.sets[SET_OF[task.what]]).adjacency
    how = {**case.recipe, "dataset": case.published_as, "model": case.network["name"]}
    how = recipe(**{**how, "epochs": case.settings["epochs"]})
    with Ledger(case.ledgers / f"{task.name}.jsonl", parent) as ledger:
        settings = (case.settings["layers"], case.settings["self_loops"], ledger, case.made_from)
        bench = Bench(data, case.network, how, graphs, *settings)
        found = {"repeat": _repeat, "trade_off": _trade_off}.get(task.what, _accuracies)(case, task, bench)
    return {
        table: [{"dataset": case.dataset, "model": case.model, **row} for row in rows] for table, rows in found.items()
    }


def _space(bench: Bench) -> Space:
    return space(vectors(bench.graphs))


def _budget(settings: Mapping[str, Any]) -> Budget:
    return Budget(*(settings[name] for name in Budget._fields))


def _repeat(case: Case, task: Task, bench: Bench) -> dict[str, Rows]:
    budget, sparsity = _budget(case.settings), bench.sparsity()
    objective, places = Objective(bench.validation, sparsity, task.alpha), _space(bench)
    trace, winners = [], []
    for kind in SEARCHES:
        rows, chosen, expected = search(kind, places, objective, budget, case.seed, task.number)
        trace += [{"repeat": task.number, "search": kind, **row} for row in rows]
        best, test = worth(bench.final, chosen, fresh_seeds(case.seed, task.number, budget.fresh))
        row = {"sparsity": float(sparsity[chosen]), "seed": task.number, "search": kind, "graph": chosen}
        row |= {"expected": expected, "best": objective.value(chosen, best), "accuracy": best, "test_accuracy": test}
        winners.append({**row, "fresh": budget.fresh})
    return {"search_trace": trace, "bogp_search": winners}


def _trade_off(case: Case, task: Task, bench: Bench) -> dict[str, Rows]:
    budget, sparsity = _budget(case.settings), bench.sparsity()
    objective = Objective(bench.validation, sparsity, task.alpha)
    _, chosen, expected = search("bayesian", _space(bench), objective, budget, case.seed, task.number)
    best, test = worth(bench.final, chosen, fresh_seeds(case.seed, task.number, budget.fresh))
    row = {"alpha": task.alpha, "repeat": task.number, "graph": chosen, "sparsity": float(sparsity[chosen])}
    row |= {"expected": expected, "accuracy": best, "test_accuracy": test}
    return {"search_trade_off": [row]}


def _accuracies(case: Case, task: Task, bench: Bench) -> dict[str, Rows]:
    """The accuracy of some candidates, drawn at random, or of all small graphs, with one seed."""
    chosen = range(len(bench.graphs))
    if task.what == "signal":
        draw = numpy_generator(case.seed, "search", "signal")
        number = min(case.settings["signal"]["graphs"], len(bench.graphs))
        chosen = sorted(int(place) for place in draw.choice(len(bench.graphs), number, replace=False))
    seed = of_network(case.seed, -1, task.number)
    rows = [{"set": SET_OF[task.what], "graph": graph, "seed": task.number} for graph in chosen]
    return {"search_signal": [{**row, "accuracy": bench.validation(row["graph"], seed)} for row in rows]}
