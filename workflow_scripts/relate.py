"""Make a set of relational graphs, with a table of their properties. The kinds are in prunegraph/relational/sets.py."""

from pathlib import Path

from prunegraph.job import launch, logger
from prunegraph.files import write_table
from prunegraph.fingerprint import made_from
from prunegraph.pool import filling


def main(manifest: Path, kind: str, seed: int, options: dict, code: str, content: str | None = None, lost: int = 0):
    with filling(manifest, lost) as cell:
        key = made_from([content] if content else [], kind=kind, seed=seed, options=options, code=code)
        if cell.keep("graphs", key):
            return
        from prunegraph import relational
        from prunegraph.relational import sets

        found = sets.make(kind, seed, **options)
        graphs, table = cell.path("graphs.zst"), cell.path("properties.csv")
        relational.save(graphs, found, kind=kind, seed=seed, options=options, made_from=key)
        write_table(table, found.rows)
        cell.add("graphs", key, graphs.name, table.name)
        logger.info("%d graphs of %d nodes", *found.adjacency.shape[:2])


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
