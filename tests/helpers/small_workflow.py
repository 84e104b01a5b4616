"""A small study made by the workflow's scripts and its plan, without Snakemake: every job whose manifest is missing.

That is all that Snakemake decides here, because the default target lists every manifest; so faults can be tried in
tenths of a second. tests/workflow and some of tests/faults run Snakemake itself.
"""

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import yaml

from helpers import ROOT
from helpers.scripts import main_of
from prunegraph.workflow.configuration import Configuration, read_schema
from prunegraph.workflow.plan import AT_ONCE, OF_CELLS, Plan
from prunegraph.workflow.questions import Questions

#: What becomes of a script's arguments that no request gives.
GIVEN = {"device": "cpu", "source": "data", "checkpoints": "results/checkpoints", "scalars": "results/tensorboard"}
STUDY = {"datasets": ["digits"], "models": ["tiny"], "methods": ["dense", "pruned"], "sparsities": [0.9]}


#: A second study, of networks that are pruned and tested at once, and a set of graphs.
TESTED = {"datasets": ["digits"], "models": ["tiny"], "methods": ["dense", "cut"], "sparsities": [0.5, 0.75]}
GRAPHS = {"few": {"kind": "random", "nodes": 8, "degrees": [3], "number": 2}}


def configuration(seeds=2, batch_size=128, hidden=16, analysis=None, tested=None, **changes):
    """The configuration of a study of two cells, with the keys that differ.

    `tested` are the options of the pruner of the second study, and the seed of its graphs; None: without these.
    """
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    study = {**STUDY, "seeds": seeds}
    config |= {
        "threads": 1,
        "models": {"tiny": {"model": "mlp", "options": {"hidden": [hidden]}}},
        "methods": {"pruned": {"pruner": "snip", "options": {"batch_size": batch_size}}},
        "studies": {"small": study},
        "training": {**config["training"], "epochs": 1},
        "analysis": {**config["analysis"], **(analysis or {})},
    }
    if tested is not None:
        repair = {"repair": tested["repair"]} if "repair" in tested else {}
        config["methods"]["cut"] = {"pruner": "random_node", **repair}
        config["studies"]["tested"] = {**TESTED, "seeds": seeds, "measured": False}
        config["relational_graphs"] = {"few": {**GRAPHS["few"], "seed": tested.get("graphs", 0)}}
    for key, value in changes.items():
        config[key] = {**config[key], **value} if isinstance(value, dict) else value
    return Configuration(config, read_schema(ROOT / "rules/config.schema.yaml"))


class Jobs:
    """The process that runs jobs: :mod:`helpers.job_server`."""

    def __init__(self):
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "helpers.job_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def run(self, **order):
        """Run one job; its exit code (below 0 where it was killed), what it said, how many lasting moments it had."""
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class Workflow:
    """The workflow in a folder, for a configuration.

    `tables` names those that are made beside the pools; all, and the ledger of claims, if None. `figures` names
    figures of the first study; with any, the report is made, too.
    """

    def __init__(self, jobs, folder, tables=None, figures=(), **changes):
        self.tables, self.figures = tables, figures
        self.jobs, self.folder = jobs, Path(folder)
        self.configuration = configuration(**changes)
        self.moments, self.died = {}, {}

    def command(self, kill=None):
        """Run all jobs whose manifest is missing, as one command does; what the first that failed said.

        `kill` maps a job to where it dies: see :func:`helpers.job_server.watch`.
        """
        kill = kill or {}
        self.moments, self.died = {}, {}
        with chdir(self.folder):
            plan = Plan(self.configuration)
            orders = {**_graphs(plan), **_pools(plan), **_answers(plan, self.tables, self.figures)}
            for name, (made, order) in orders.items():
                if all(Path(manifest).exists() for manifest in made):
                    continue
                done = self.jobs.run(folder=str(self.folder), kill=kill.get(name, {}), **order)
                self.moments[name] = done["moments"]
                if done["code"]:
                    self.died[name] = done["code"]
                    return done["said"] or f"{name} was killed"
        return ""

    def finish(self, times=6):
        """Run the same command until it has nothing more to say; all that it said."""
        said = []
        for _ in range(times):
            said.append(self.command())
            if not said[-1]:
                return said[:-1]
        raise AssertionError(f"the workflow does not finish: {said}")

    def content(self):
        """Every file's bytes, but for what holds times and for what is about the making."""
        found = {}
        results = self.folder / "results"
        for path in sorted(results.rglob("*")):
            name = str(path.relative_to(results))
            apart = name.startswith("checkpoints") or path.name in ("history.csv", "journal.jsonl")
            if path.is_file() and not apart and not path.name.startswith(".tmp."):
                # A file that was half written when its job died counts as lost, which is part of what is asked for;
                # the manifest of a training names its history, which holds times.
                name = re.sub(r"\.[0-9a-f]{12}\.manifest", ".manifest", name)
                found[name] = b"" if re.match(r"trained/.*manifest", name) else path.read_bytes()
        return found


def killed_workflow(jobs, complete, place, job, kill, *chosen, **settings):
    """A changed copy of a complete study in which a job was killed; a job faster than its timer gets a shorter one."""
    for attempt in range(5):
        folder = shutil.copytree(complete, place / f"copy{attempt}")
        workflow = Workflow(jobs, folder, *chosen, **settings)
        if said := workflow.command({job: kill}):
            assert said == f"{job} was killed"
            return workflow
        assert "seconds" in kill, f"{job} was not killed"
        kill = {"seconds": kill["seconds"] / 4}
    raise AssertionError(f"{job} is done before any timer")


def _graphs(plan):
    orders = {}
    for name in plan.configuration.config["relational_graphs"]:
        manifest = plan.manifest("relate", (name,))
        arguments = _wanted("relate", {"manifest": manifest, **plan.request("relate", (name,))})
        orders[f"relational/{name}"] = ([manifest], {"script": "relate", "arguments": arguments, "answer": None})
    return orders


def _pools(plan):
    measured = {cell for study in plan.configuration.own() if study.measured for cell in study.cells()}
    cells = {cell for study in plan.configuration.own() for cell in study.cells()}
    orders = {}
    for cell in sorted(cells, key=lambda c: (c.method != "dense", c)):
        stages = [stage for stage in OF_CELLS if cell in measured or stage not in ("encode", "measure")]
        for stage in stages:
            if stage in ("prune", "train") and plan.is_tested_at_once(cell):
                orders["/".join((AT_ONCE, *plan.family(cell)))] = _at_once(plan, cell)
                continue
            manifest = plan.manifest(stage, cell)
            given = {**GIVEN, **cell._asdict(), "manifest": manifest}
            given |= {**plan.reads(stage, cell), **plan.request(stage, cell)}
            for place in ("checkpoints", "scalars"):
                given[place] = f"{GIVEN[place]}/{'/'.join(cell)}"
            place = plan.folder(stage, cell).removeprefix("results/")
            orders[place] = ([manifest], {"script": stage, "arguments": _wanted(stage, given), "answer": None})
    return orders


def _at_once(plan, cell):
    """The job that prunes and tests a method's networks of every sparsity."""
    place = plan.family(cell)
    made = {
        name: [plan.manifest(stage, one) for one in plan.cells_at_once(place)]
        for name, stage in (("masks", "prune"), ("trained", "train"))
    }
    given = {**GIVEN, **cell._asdict(), **made, **plan.reads(AT_ONCE, place), **plan.request(AT_ONCE, place)}
    order = {"script": AT_ONCE, "arguments": _wanted(AT_ONCE, given), "answer": None}
    return ([*made["masks"], *made["trained"]], order)


def _answers(plan, tables, figures):
    questions = Questions(plan)
    orders = {}
    for name, question in questions["small"].items():
        # Most figures and the stability of masks take long, and their rules are like those of other tables.
        kind, _, figure = name.partition("_")
        chosen = tables is None or name in tables
        if figure in figures if kind == "figure" else chosen and (tables or name != "mask_stability"):
            script = "figure" if kind == "figure" else name
            orders[f"tables/{name}"] = ([question.answer], _order(script, question))
    if tables is None or figures:
        orders["claims"] = ([questions.claims.answer], _order("claims", questions.claims))
    return orders


def _order(script, question):
    reads = [path for value in question.reads.values() if not callable(value) for path in _listed(value)]
    files = [path for name, value in question.writes.items() if name != "answer" for path in _listed(value)]
    answers = _listed(question.reads.get("answers", []))
    answer = {"answer": question.answer, "answers": answers, "reads": reads, "files": files}
    given = {**GIVEN, **question.facts, **question.reads, **question.writes}
    given.pop("asked", None)
    return {"script": script, "arguments": _wanted(script, given), "answer": answer}


def _listed(value):
    return [value] if isinstance(value, str) else list(value)


def _wanted(script, given):
    parameters = inspect.signature(main_of(ROOT / f"workflow_scripts/{script}.py")).parameters
    return {name: given[name] for name in parameters if name in given}
