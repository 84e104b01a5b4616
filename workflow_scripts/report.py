"""Write the report: gather what the page shows, fill the template. Both are in prunegraph/report."""

from pathlib import Path

import yaml

from prunegraph.analysis.claims import read_ledger
from prunegraph.files import write_text
from prunegraph.fingerprint import ROOT
from prunegraph.job import launch
from prunegraph.report import content, facts, page
from prunegraph.tables.frames import read
from prunegraph.tables.grid import beyond


def main(
    pictures: list[Path],
    tables: list[Path],
    hyperparameters: Path,
    ledger: Path,
    report_file: Path,
    config: dict,
    captions: dict,
    networks: int,
    snakemake_version: str,
):
    read_tables = {path.stem: read(path) for path in tables}
    context = content.study(read_tables, read(hyperparameters), config, expected=networks)
    context |= content.verdicts(read_ledger(ledger), {"mge": int((beyond(read_tables["networks"]) == "").sum())})
    context |= content.costs(read_tables.get("costs"), report_file.parent / "benchmarks")
    context["figures"] = content.figures(pictures, captions, report_file.parent)
    context["tables"] = [content.link(path, read_tables[path.stem], report_file.parent) for path in tables]
    context |= {
        "configuration": yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
        "versions": {"snakemake": snakemake_version} | facts.versions(),
        "hardware": facts.hardware(),
        "commit": facts.commit(ROOT),
    }
    write_text(report_file, page.render(context))


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
