# Shared by all rules: the checked study, the paths, the legal values of wildcards.

import os
import sys
from pathlib import Path

from snakemake import __version__ as SNAKEMAKE
from snakemake.exceptions import WorkflowError

# Snakemake hands this directory on to scripts, so that they can import prunegraph.
sys.path.insert(0, workflow.basedir)

from prunegraph import catalogue
from prunegraph.catalogue import module_of
from prunegraph.datasets.addresses import REMOTE
from prunegraph.datasets.state import state
from prunegraph.errors import UserError
from prunegraph.figures.records import FIGURES as FIGURE_RECORDS
from prunegraph.files import sha256
from prunegraph.fingerprint import code_of
from prunegraph.job import environment
from prunegraph.study import Study, published_as, read_schema

# Jobs inherit it; what is set already stays.
os.environ.update(environment(workflow.basedir))

try:
    STUDY = Study(config, read_schema(f"{workflow.basedir}/rules/config.schema.yaml"))
    DRAWING = STUDY.drawing()
except UserError as problem:
    raise WorkflowError(str(problem)) from None
config = STUDY.config

RESULTS = STUDY.results
CELL = "{dataset}/{model}/{method}-{sparsity}"
NETWORK = "{dataset}/{model}/{method}-{sparsity}/seed{seed}"


wildcard_constraints:
    dataset="|".join(STUDY.datasets),
    source="|".join(REMOTE),
    model="|".join(STUDY.models),
    method="|".join(STUDY.methods),
    sparsity=r"0(\.\d+)?",
    seed=r"\d+",
    figure="|".join(FIGURE_RECORDS),


# How networks are trained: a recipe by name, and the fields of it that are replaced (null: none).
RECIPE = {"name": config["training"]["recipe"], **{key: config["training"][key] for key in ("epochs", "precision")}}

# A GPU is asked for where there is one, or where the configuration says so (a cluster's head node has none).
GPU = int(STUDY.wants_gpu())


def of_network(folder, name):
    """The path of one network's file, with wildcards."""
    return f"{RESULTS}/{folder}/{NETWORK}/{name}"


def each_seed(pattern, **values):
    """The pattern for every seed of the study: one job makes them all, because importing torch costs seconds.

    Rules flag such outputs with update(): Snakemake then leaves the seeds that are there, and the script keeps
    those that are still right.
    """
    return expand(pattern, seed=STUDY.seeds, allow_missing=True, **values)


def of_study(pattern, **values):
    """The pattern for every network of the study."""
    return [path for cell in STUDY.cells() for path in expand(pattern, **cell._asdict(), seed=STUDY.seeds, **values)]


def table_of(name):
    """A table as CSV and as Parquet."""
    return [f"{RESULTS}/tables/{name}.csv", f"{RESULTS}/tables/{name}.parquet"]


def studies(*names):
    """The tables that a study writes, by name."""
    return {name: table_of(name) for name in names}


def published_tables():
    """The tables of studies/published.yaml, where that study has been made; without them the ledger says so."""
    return sorted(str(path) for path in Path(config["published"], "tables").glob("*.parquet"))


def drawing_of(figure):
    """A figure as PDF and as PNG."""
    return [f"{RESULTS}/figures/mge/{figure}.pdf", f"{RESULTS}/figures/mge/{figure}.png"]


def log_of(rule, name):
    """The log file of a rule's job."""
    return f"{RESULTS}/logs/{rule}/{name}.log"


def benchmark_of(rule, name):
    """The file for a job's time and memory."""
    return f"{RESULTS}/benchmarks/{rule}/{name}.tsv"


def stop_if(problem):
    """Stop with the sentence `problem`, unless it is empty."""
    if problem:
        raise WorkflowError(problem)


def check_sources(workflow):
    """Stop before any job if a data set that is about to be prepared has no source files and none may be fetched."""
    from prunegraph import datasets

    wanted = {job.wildcards.dataset for job in workflow.dag.needrun_jobs() if job.rule.name == "prepare"}
    variants = [STUDY.datasets[name] for name in sorted(wanted)]
    given = [each for each in variants if not (config["download"] and each.base in REMOTE)]
    sentences = [datasets.missing(each.base, config["data_dir"], **each.options) for each in given]
    if any(sentences):
        raise WorkflowError(" ".join(filter(None, sentences)))
