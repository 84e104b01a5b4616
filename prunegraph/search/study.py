"""A study of searches: all its parts, in some processes, and the rows of its tables."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from prunegraph import relational
from prunegraph.relational.mapping import with_loops
from prunegraph.relational.vectors import vectors
from prunegraph.search.process import fitted
from prunegraph.search.repeats import SEARCHES, Budget, Rows
from prunegraph.search.signal import Signal, intraclass
from prunegraph.search.space import space
from prunegraph.search.tasks import SET_OF, Case, Task, run, tasks
from prunegraph.search.verdict import difference, verdict

Tables = dict[str, Rows]

#: Tables that have a row for some graph; the others are made from them.
OF_TASKS = ("search_trace", "bogp_search", "search_signal", "search_trade_off")


def study(cases: Sequence[Case], processes: int = 1, say: Callable[[str], None] = lambda text: None) -> Tables:
    """Run every part of every case, in up to so many processes, and make the rows of all tables.

    What a part finds does not depend on the number of processes. `say` is told how each case ends.

    Raises
    ------
    UserError
        If the candidates are too few or all alike, a layer has fewer channels than they have nodes, or there is no
        validation part.
    """
    found: Tables = {name: [] for name in (*OF_TASKS, "search_summary", "search_posterior")}
    for case in cases:
        space(_measured(case, "graphs"))  # what cannot be searched is said before anything is trained
        parts = _together(case, tasks(case.settings), processes)
        own: Tables = {name: [row for part in parts for row in part.get(name, [])] for name in OF_TASKS}
        own["search_summary"] = [summary(case, own)]
        own["bogp_search"] = [{**row, "icc_low": own["search_summary"][0]["icc_low"]} for row in own["bogp_search"]]
        own["search_posterior"] = posterior(case, own["search_trace"])
        for name, rows in own.items():
            found[name] += rows
        say(sentence(own["search_summary"][0]))
    found["search_graphs"] = candidates(cases[0])
    names = {(row["set"], row["number"]): row["graph"] for row in found["search_graphs"]}
    for name, rows in found.items():
        if name != "search_graphs":
            _name(rows, names, "trade_off" if name == "search_trade_off" else "graphs")
    return found


def candidates(case: Case) -> Rows:
    """Every graph of every set with its properties, those that the published code has under its own name, too."""
    rows = []
    for what in dict.fromkeys(SET_OF.values()):
        if what in case.sets:
            graphs = relational.load(case.sets[what])
            found = vectors(graphs.adjacency, compat=True)
            for number, (graph, row) in enumerate(zip(graphs.adjacency, graphs.rows, strict=True)):
                facts = {"set": what, "graph": row["name"], "number": number, "nodes": row["nodes"]}
                sparsity = 1 - float(with_loops(graph, case.settings["self_loops"]).mean())
                own = {name: float(values[number]) for name, values in found.items()}
                rows.append({**facts, "edges": row["edges"], "sparsity": sparsity, **own})
    return rows


def summary(case: Case, own: Tables) -> dict[str, Any]:
    """What the repeats of a case say, with the intraclass correlation beside it."""
    accuracies = [row for row in own["search_signal"] if row["set"] == "graphs"]
    signal, shape = _signal(accuracies)
    by_search = {kind: [row for row in own["bogp_search"] if row["search"] == kind] for kind in SEARCHES}
    values = {kind: [row["best"] for row in rows] for kind, rows in by_search.items()}
    found = difference(*(values[kind] for kind in SEARCHES))
    budget, repeats = Budget(*(case.settings[name] for name in Budget._fields)), case.settings["repeats"]
    facts = {"dataset": case.dataset, "model": case.model, "alpha": case.settings["alpha"]}
    facts |= {"repeats": repeats, "evaluations": budget.evaluations, "fresh": budget.fresh}
    facts |= dict(zip(("icc", "icc_low", "icc_high"), signal, strict=True))
    facts |= {"icc_graphs": shape[0], "icc_seeds": shape[1]}
    facts |= {kind: float(np.mean(rows)) for kind, rows in values.items()}
    facts |= dict(zip(("difference", "low", "high", "p_value"), found, strict=True))
    promised = {kind: np.mean([row["expected"] - row["best"] for row in rows]) for kind, rows in by_search.items()}
    facts |= {f"{kind}_promised": float(value) for kind, value in promised.items()}
    return {**facts, "verdict": verdict(found, signal, repeats, budget.fresh)}


def sentence(row: Mapping[str, Any]) -> str:
    """The summary of a case in words, for the log."""
    return (
        f"{row['dataset']}, {row['model']}: intraclass correlation between graphs {row['icc']:.3f} "
        f"[{row['icc_low']:.3f}, {row['icc_high']:.3f}] ({row['icc_graphs']} graphs, {row['icc_seeds']} seeds); "
        f"Bayesian less random {row['difference']:+.4f} [{row['low']:+.4f}, {row['high']:+.4f}] "
        f"({row['repeats']} repeats): {row['verdict']}"
    )


def posterior(case: Case, trace: Rows) -> Rows:
    """The process at every candidate after the Bayesian search of the first repeat."""
    seen = [row for row in trace if row["repeat"] == 0 and row["search"] == "bayesian"]
    places = space(_measured(case, "graphs"))
    tried, values = [row["graph"] for row in seen], np.array([row["objective"] for row in seen])
    mean, deviation = fitted(places.values[tried], values).at(places.values)
    rows = []
    for graph in range(len(places)):
        own = values[[each == graph for each in tried]]
        found = {"dataset": case.dataset, "model": case.model, "graph": graph, "mean": float(mean[graph])}
        found |= {"deviation": float(deviation[graph]), "tried": len(own)}
        rows.append({**found, "observed": float(own.mean()) if len(own) else None})
    return rows


def _measured(case: Case, what: str) -> dict[str, np.ndarray]:
    return vectors(relational.load(case.sets[what]).adjacency)


def _signal(rows: Rows) -> tuple[Signal, tuple[int, int]]:
    graphs, seeds = (sorted({row[name] for row in rows}) for name in ("graph", "seed"))
    table = np.full((len(graphs), len(seeds)), np.nan)
    for row in rows:
        table[graphs.index(row["graph"]), seeds.index(row["seed"])] = row["accuracy"]
    return intraclass(table), table.shape


def _together(case: Case, parts: Sequence[Task], processes: int) -> list[Tables]:
    if processes == 1:
        return [run(case, part) for part in parts]
    from joblib import Parallel, delayed

    return Parallel(n_jobs=min(processes, len(parts)))(delayed(run)(case, part, os.getpid()) for part in parts)


def _name(rows: Iterable[dict[str, Any]], names: Mapping[tuple[str, int], str], what: str) -> None:
    """Put names of graphs in the place of their numbers."""
    for row in rows:
        for column in ("graph", "chosen"):
            if row.get(column) is not None:
                row[column] = names[row.get("set", what), row[column]]
