"""Test the claims of claims/*.yaml on published and own tables, by prunegraph/analysis/claims.py."""

from pathlib import Path

from prunegraph.job import launch, logger
from prunegraph.analysis import claim_files
from prunegraph.analysis import claims as ledgers
from prunegraph.tables.frames import read, write


def main(claims: list[Path], tables: list[Path], ledger: Path, published: dict, own: dict):
    del tables  # what Snakemake waits for; whose they are is in the other two
    contents = [claim_files.read(path) for path in claims]
    theirs = {system: _tables(places) for system, places in published.items()}
    ours = {system: {study: _tables(places) for study, places in studies.items()} for system, studies in own.items()}
    found = ledgers.ledger(contents, theirs, ours or None)
    write(found, ledger)
    logger.info("%d verdicts: %s", len(found), found.verdict.value_counts().to_dict())


def _tables(places):
    return lambda name: read(places[name]) if name in places else None


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
