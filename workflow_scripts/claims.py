"""Test the claims of claims/*.yaml on published and own tables, by prunegraph/analysis/claims.py."""

from pathlib import Path

from prunegraph.analysis import claim_files
from prunegraph.analysis import claims as ledgers
from prunegraph.job import launch, logger
from prunegraph.tables.frames import read, write


def main(claims: list[Path], own: list[Path], published: list[Path], ledger: Path):
    contents = [claim_files.read(path) for path in claims]
    found = ledgers.ledger(contents, published=_tables(published), own=_tables(own) if own else None)
    write(found, ledger)
    logger.info("%d claims: %s", len(found), found.verdict.value_counts().to_dict())


def _tables(paths):
    places = {("mge", path.stem): path for path in paths}
    return lambda *table: read(places[table]) if table in places else None


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
