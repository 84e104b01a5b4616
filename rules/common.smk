# Shared by all rules: the checked configuration, the plan of its pools, paths, the legal values of wildcards.

import os
import sys
from pathlib import Path

from snakemake import __version__ as SNAKEMAKE
from snakemake.exceptions import WorkflowError

# Snakemake hands this directory on to scripts, so that they can import prunegraph.
sys.path.insert(0, workflow.basedir)

from prunegraph.workflow.configuration import Configuration, read_schema
from prunegraph.datasets.addresses import REMOTE
from prunegraph.errors import UserError
from prunegraph.figures.records import FIGURES as FIGURE_RECORDS
from prunegraph.job import environment
from prunegraph.pool import asking
from prunegraph.workflow import clocks, locks
from prunegraph.workflow.plan import POOLS, Plan, place_of
from prunegraph.workflow.questions import Questions

if workflow.is_main_process:  # jobs, which read this file too, lock nothing
    locks.own(".snakemake")

# Jobs inherit it; what is set already stays.
os.environ.update(environment(workflow.basedir))

try:
    CONFIGURATION = Configuration(config, read_schema(f"{workflow.basedir}/rules/config.schema.yaml"))
    PLAN = Plan(CONFIGURATION)
    QUESTIONS = Questions(PLAN, FIGURE_RECORDS)
except UserError as problem:
    raise WorkflowError(str(problem)) from None
config = CONFIGURATION.config

RESULTS, STUDIES, OWN = CONFIGURATION.results, CONFIGURATION.studies, CONFIGURATION.own()
clocks.settle(RESULTS, dict(POOLS.values()))
STAGE_OF = {pool: stage for stage, (pool, _) in POOLS.items()}
MODEL = "{dataset}/{model}"
METHOD = "{dataset}/{model}/{method}"
CELL = f"{METHOD}-{{sparsity}}"
# What is asked for, as a hash, is part of the name of every job's output: see prunegraph/pool.py.
ASKED = "{asked}.manifest.json"


wildcard_constraints:
    dataset="[a-z][a-z0-9_]*",
    graphs="[a-z][a-z0-9_]*",
    source="|".join(REMOTE),
    model="[a-z][a-z0-9_]*",
    method="[a-z][a-z0-9_]*",
    sparsity=r"0(\.\d+)?",
    asked="[0-9a-f]{12}",
    pool="masks|trained|graphs|metrics",


def of_these(places):
    """A constraint of the wildcard `dataset`: what stands from there on in a path is one of some methods' places."""
    known = "|".join("/".join(place) for place in places)
    return f"(?=(?:{known})[-_])[a-z][a-z0-9_]*"


def of_no_other():
    """A constraint of the wildcard `dataset`: what stands from there on in a path is no cell that is tested at once."""
    found = PLAN.at_once().items()
    known = "|".join(f"{'/'.join(place)}{end}" for ends, places in found for place in places for end in ends)
    return rf"(?!(?:{known})\.[0-9a-f]{{12}}\.)[a-z][a-z0-9_]*".replace("0.", r"0\.")


def said(function):
    """`function` of the plan, as Snakemake calls it: what is wrong is said in a sentence."""

    def spoken(wildcards):
        try:
            return function(wildcards)
        except UserError as problem:
            raise WorkflowError(str(problem)) from None

    return spoken


def request(stage):
    """What a job of a stage is given beside files; stops where another question is asked by now."""

    def asked(wildcards):
        place = place_of(dict(wildcards))
        given = PLAN.accepted(stage, place, wildcards.asked)
        if given is None:
            raise WorkflowError(
                f"{stage} of {'/'.join(place)}: the configuration, the library or files have changed since this was "
                f"asked ({wildcards.asked}). Run the command again."
            )
        return given

    return said(asked)


def read_by(stage, name):
    """The manifest that a job of a stage reads under a name; none where it has no use for one."""
    return said(lambda wildcards: PLAN.reads(stage, place_of(dict(wildcards))).get(name, []))


def sources_of(wildcards):
    """What says that a data set's official files are there; nothing where they have no address."""
    base = CONFIGURATION.variant("datasets", wildcards.dataset).base
    return [f"{RESULTS}/datasets/{base}.there"] if base in REMOTE else []


def asked(name):
    """The studies that ask a question."""
    return [study for study, questions in QUESTIONS.items() if name in questions]


def manifest_in(pool, wildcards):
    """The manifest of a data set or a cell in a pool for what is asked."""
    return PLAN.manifest(STAGE_OF[pool], place_of(dict(wildcards)))


def listing_of(pool, wildcards):
    """The file that says to Snakemake whether the list of a cell's files is that of what is asked."""
    manifest = Path(manifest_in(pool, wildcards))
    listed = Path(f"{PLAN.folder(STAGE_OF[pool], place_of(dict(wildcards)))}.json")
    return asking(listed.parent / ".asked" / listed.stem, manifest, [listed])(wildcards)


def log_of(rule, name):
    """The log file of a rule's job."""
    return f"{RESULTS}/logs/{rule}/{name}.log"


def benchmark_of(rule, name):
    """The file for a job's time and memory."""
    return f"{RESULTS}/benchmarks/{rule}/{name}.tsv"


def check_sources(workflow):
    """Stop before any job if a data set that is about to be prepared has no source files and none may be fetched."""
    from prunegraph import datasets

    wanted = {job.wildcards.dataset for job in workflow.dag.needrun_jobs() if job.rule.name == "prepare"}
    variants = [CONFIGURATION.variant("datasets", name) for name in sorted(wanted)]
    given = [each for each in variants if not (config["download"] and each.base in REMOTE)]
    sentences = [datasets.missing(each.base, config["data_dir"], **each.options) for each in given]
    if any(sentences):
        raise WorkflowError(" ".join(filter(None, sentences)))
