"""Write the report: gather what the page shows, fill the template. Both are in prunegraph/report."""

from pathlib import Path

import yaml

from prunegraph.job import launch
from prunegraph.analysis.claims import read_ledger
from prunegraph.files import write_text
from prunegraph.fingerprint import ROOT
from prunegraph.report import content, facts, page


def main(
    sources: list[Path],
    ledger: Path,
    report_file: Path,
    studies: dict,
    captions: dict,
    config: dict,
    snakemake_version: str,
):
    del sources  # what Snakemake waits for; whose they are is in `studies`
    folder = report_file.parent
    shown = [content.study(name, given, captions, config, folder) for name, given in studies.items()]
    context = {"studies": shown, **content.title(shown)}
    context |= content.verdicts(read_ledger(ledger), content.networks_by_system(shown))
    context |= content.costs([each["costs"] for each in shown], folder / "benchmarks")
    context |= {
        "configuration": yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
        "versions": {"snakemake": snakemake_version} | facts.versions(),
        "hardware": facts.hardware(),
        "commit": facts.commit(ROOT),
    }
    write_text(report_file, page.render(context))


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
