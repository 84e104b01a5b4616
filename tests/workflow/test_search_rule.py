"""A study of searches in the workflow: tables and figures of one job, which goes on where it was killed."""

import pandas as pd
import pytest
import yaml
from helpers import ROOT
from helpers.workflow import jobs, snakemake

from prunegraph.errors import UserError
from prunegraph.figures.records import FIGURES
from prunegraph.verification import Verification
from prunegraph.workflow.configuration import Configuration, read_schema
from prunegraph.workflow.plan import Plan
from prunegraph.workflow.questions import SEARCHES, Questions

OTHERS = "'mge': null, 'published': null, 'dpp': null, 'mlp_rank': null, 'bogp': null, 'rgp': null"
SEARCH = "'graphs': few, 'epochs': 1, 'start': 3, 'rounds': 1, 'batch': 2, 'repeats': 2, 'fresh': 1, 'signal': "
SEARCH += "{'graphs': 3, 'seeds': 2}, 'small': {'graphs': 'three', 'seeds': 1}, "
SEARCH += "'trade_off': {'graphs': 'few', 'alphas': [0.5], 'repeats': 1}"
SETS = "'few': {'kind': 'candidates', 'nodes': 8, 'edges': [12], 'number': 1}, 'three': {'kind': 'every', 'nodes': 3}"


def config():
    return [
        "models={'tiny': {'model': 'mlp', 'options': {'hidden': [8, 8, 8]}, 'epochs': 1}}",
        f"relational_graphs={{{SETS}}}",
        f"studies={{{OTHERS}, 'hunt': {{'datasets': [digits], 'models': [tiny], 'methods': [dense], "
        f"'sparsities': [0.5], 'measured': false, 'search': {{{SEARCH}}}}}}}",
    ]


@pytest.mark.slow
def test_a_search_is_seven_tables_and_five_figures_and_evaluates_nothing_twice(tmp_path):
    figures = [name for name, record in FIGURES.items() if set(record.reads) <= set(SEARCHES) and record.reads]
    made = jobs(snakemake(tmp_path, *(f"hunt_{name}" for name in figures), config=config()))
    assert made == {"prepare": 1, "relate": 2, "hunt_tables_search": 1, "total": 9} | {f"hunt_{n}": 1 for n in figures}
    tables = tmp_path / "results/tables/hunt"
    content = {name: (tables / f"{name}.csv").read_bytes() for name in SEARCHES}
    assert len(pd.read_csv(tables / "search_trace.csv")) == 2 * 2 * 5
    assert "Bayesian less random" in (tmp_path / "results/logs/search/hunt.log").read_text()
    assert not list(Verification(tmp_path / "results").problems())
    ledgers = sorted((tmp_path / "results/search/hunt/digits/tiny").iterdir())
    lines = [path.read_bytes() for path in ledgers]
    ledgers[0].write_bytes(lines[0][: len(lines[0]) // 2])  # as if killed there
    (tables / "search_trace.csv").unlink()
    snakemake(tmp_path, "hunt_tables_search", config=config())
    assert {name: (tables / f"{name}.csv").read_bytes() for name in SEARCHES} == content
    assert [path.read_bytes().count(b'"seal"') for path in ledgers] >= [text.count(b'"seal"') for text in lines]


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"graphs": "many"}, "Unknown set of relational graphs 'many'"),
        ({"start": 0}, "search.start: found 0, expected a whole number from 2 up, because a search begins"),
        ({"rounds": 0}, "search.rounds: found 0, expected a whole number from 1 up, because without rounds"),
        ({"batch": 0}, "search.batch: found 0, expected"),
        ({"alpha": 1}, r"search.alpha: found 1, expected a number in \[0, 1\)"),
        ({"small": {"graphs": "all", "seeds": 1}}, "Unknown set of relational graphs 'all'"),
        ({"trade_off": {"graphs": "densities_32", "alphas": [0.5, 0.5], "repeats": 1}}, "names the alpha 0.5 twice"),
        ({"signal": {"graphs": 24, "seeds": 1}}, "signal.seeds: found 1, expected a whole number from 2 up"),
        ({"repeat": 3}, "Unknown key 'repeat'. Did you mean 'repeats'"),
    ],
)
def test_what_cannot_be_searched_is_said_before_any_job(search, said):
    found = yaml.safe_load((ROOT / "config.yaml").read_text())
    found["studies"]["bogp"]["search"] |= search
    with pytest.raises(UserError, match=said):
        Configuration(found, read_schema(ROOT / "rules/config.schema.yaml"))


@pytest.mark.slow
def test_the_network_of_a_search_is_measured_like_any_other(tmp_path):
    method = (
        "{'pruner': 'graph_search', 'graphs': 'few', 'options': {'start': 2, 'rounds': 1, 'batch': 1, 'epochs': 1}}"
    )
    changed = [
        *config()[:2],
        f"methods={{'hunted': {method}}}",
        f"studies={{{OTHERS}, 'hunt': {{'datasets': [digits], 'models': [tiny], 'methods': [dense, hunted], "
        "'sparsities': [0.625], 'seeds': 1}}",
    ]
    snakemake(tmp_path, "hunt_tables_networks", config=changed)
    tables = tmp_path / "results/tables/hunt"
    networks = pd.read_csv(tables / "networks.csv").set_index("method")
    assert networks.kept["hunted"] == 64 * 8 + 2 * 24 + 80 and networks.graph_degree["hunted"] == 3
    assert networks.search_by["hunted"] == "bayesian" and networks.search_evaluations["hunted"] == 3
    measured = pd.read_csv(tables / "topometrics.csv").query("method == 'hunted' and encoding == 'unrolled'")
    assert measured.edges.tolist() == [640]


def test_the_study_of_the_report_is_planned():
    found = yaml.safe_load((ROOT / "config.yaml").read_text())
    overlay = yaml.safe_load((ROOT / "studies/paper_bogp.yaml").read_text())
    for key, entries in overlay.items():
        found[key] |= entries
    asked = Questions(Plan(Configuration(found, read_schema(ROOT / "rules/config.schema.yaml"))))
    assert "bogp" not in asked and {*SEARCHES, "networks"} <= set(
        asked.tables(asked.plan.configuration.studies["paper_bogp"])
    )
    assert len(list(asked.plan.configuration.studies["paper_bogp"].cells())) == 1 + 9 * 6
