# Shared by all rules: the checked study, the paths, the legal values of wildcards.

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
from prunegraph.files import sha256
from prunegraph.fingerprint import code_of
from prunegraph.study import Study, published_as, read_schema

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
    figure="|".join(catalogue.FIGURES),


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


def reader_of(wildcards):
    """The catalogue name and options of a configured data set, and what it is like."""
    variant = STUDY.datasets[wildcards.dataset]
    return {"name": variant.base, "options": dict(variant.options), "like": variant.like}


def sources_of(wildcards):
    """What says that a data set's official files are there; nothing where they have no address."""
    variant = STUDY.datasets[wildcards.dataset]
    return [f"{RESULTS}/datasets/{variant.base}.there"] if variant.base in REMOTE else []


def state_of(wildcards):
    """What the files of a data set are like; once they are gone, what they were like when it was prepared.

    So other files rerun what depends on them, and a prepared data set needs its files no more.
    """
    variant, note = STUDY.datasets[wildcards.dataset], Path(RESULTS, "datasets", f"{wildcards.dataset}.state")
    found = state(variant.base, config["data_dir"], **variant.options)
    return found or (note.read_text() if note.exists() else "")


def reader_module(wildcards):
    """The module whose code a prepared data set depends on."""
    return module_of(catalogue.DATASETS, STUDY.datasets[wildcards.dataset].base)


def model_of(wildcards):
    """The catalogue name and options of a configured model."""
    variant = STUDY.models[wildcards.model]
    return {"name": variant.base, "options": dict(variant.options)}


def model_module(wildcards):
    """The module whose code a model's results depend on."""
    return module_of(catalogue.MODELS, STUDY.models[wildcards.model].base)


def pruner_module(wildcards):
    """The module whose code a method's masks depend on."""
    return module_of(catalogue.PRUNERS, STUDY.methods[wildcards.method].base)


def trained_by(wildcards):
    """The modules that take part in the training of a method's networks."""
    tables = catalogue.DYNAMICS, catalogue.IN_ROUNDS
    base = STUDY.methods[wildcards.method].base
    return [module_of(table, base) for table in tables if base in table]


def weights_of(wildcards):
    """Each seed's weights that a method prunes: the initial ones, or those of the trained dense network."""
    path = f"{RESULTS}/init/{{dataset}}/{{model}}/seed{{seed}}.safetensors"
    cell = dict(wildcards)
    if STUDY.methods[wildcards.method].base in catalogue.POST_TRAINING:
        path = of_network("trained", "weights.safetensors")
        cell |= {"method": STUDY.dense(), "sparsity": "0"}
    return expand(path, **cell | {"seed": STUDY.seeds})


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
