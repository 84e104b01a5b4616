"""What is asked of all studies together: the ledger of claims and the report. Each as reads, writes and facts."""

from typing import TYPE_CHECKING, Any

from prunegraph import catalogue
from prunegraph.files import sha256
from prunegraph.fingerprint import ROOT, code_of

if TYPE_CHECKING:
    from prunegraph.workflow.questions import Questions

Parts = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


def claims(questions: "Questions") -> Parts:
    """The ledger of claims, from the tables of every study with a system."""
    studies = [study for study in questions.plan.configuration.studies.values() if study.system]
    published: dict[str, dict[str, str]] = {}
    own: dict[str, dict[str, dict[str, str]]] = {}
    for study in studies:
        tables = questions.tables(study)
        if not study.own:
            published.setdefault(study.system, tables)
            continue
        if len(study.sources) > 1:
            # Only the tables of single scenarios tell own and published networks apart.
            tables = {name: tables[name] for name in ("networks", "ramanujan", "correlation", "ranking")}
        own.setdefault(study.system, {})[study.name] = tables
    reads = {
        "claims": [str(ROOT / f"claims/{system}.yaml") for system in catalogue.SYSTEMS],
        "tables": [path for study in studies for path in questions.tables(study).values()],
        "answers": questions.answers(*studies),
    }
    content = [sha256(path) for path in reads["claims"]]
    facts = {"published": published, "own": own, "content": content, "code": code_of("prunegraph.analysis.claims")}
    return reads, {"ledger": f"{questions.results}/claims.csv"}, facts


def report(questions: "Questions") -> Parts:
    """The report on all studies."""
    configuration = questions.plan.configuration
    studies = {
        study.name: {
            "sources": list(study.sources),
            "system": study.system,
            "expected": study.number_of_networks(),
            "tables": questions.tables(study),
            "pictures": {name: paths[-1] for name, paths in questions.pictures(study).items()},
        }
        for study in configuration.studies.values()
    }
    reads = {
        "sources": [
            path for each in studies.values() for path in (*each["tables"].values(), *each["pictures"].values())
        ],
        "ledger": questions.claims.writes["ledger"],
        "answers": [*questions.answers(*configuration.studies.values()), questions.claims.answer],
    }
    facts = {
        "studies": studies,
        "captions": {name: record.caption for name, record in questions.figures.items()},
        "config": configuration.config,
        "template": [sha256(ROOT / f"prunegraph/report/page.{suffix}") for suffix in ("html", "css")],
        "code": code_of(*(f"prunegraph.report.{name}" for name in ("page", "content", "facts"))),
    }
    return reads, {"report_file": f"{questions.results}/report.html"}, facts
