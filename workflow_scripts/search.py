"""Search for relational graphs that make good masks, by Bayesian optimisation and by chance, by prunegraph/search."""

from pathlib import Path

import pandas as pd

from prunegraph.job import launch, logger
from prunegraph.fingerprint import made_from
from prunegraph.pool import Manifest
from prunegraph.search.study import study
from prunegraph.search.tasks import Case
from prunegraph.tables.frames import shaped, write


def main(
    search_summary: list[Path],
    search_graphs: list[Path],
    search_signal: list[Path],
    search_trace: list[Path],
    bogp_search: list[Path],
    search_posterior: list[Path],
    search_trade_off: list[Path],
    images: list[Path],
    sets: list[Path],
    cases: list[dict],
    kinds: list[str],
    settings: dict,
    seed: int,
    threads: int,
    ledgers: Path,
    trained_by: str,
    processes: int = 1,
):
    written = {name: paths for name, paths in locals().items() if name.startswith(("search_", "bogp_"))}
    data = {path: Manifest(path).file("images", "images.safetensors") for path in set(images)}
    files = {kind: Manifest(path).file("graphs", "graphs.zst") for kind, path in zip(kinds, sets, strict=True)}
    made = [
        Case(
            **case,
            images=data[path],
            sets=files,
            settings=settings,
            seed=seed,
            threads=threads,
            ledgers=ledgers / case["dataset"] / case["model"],
            made_from=made_from(Manifest(path).content(), code=trained_by, threads=threads),
        )
        for path, case in zip(images, cases, strict=True)
    ]
    for name, rows in study(made, processes, logger.info).items():
        write(shaped(pd.DataFrame(rows), name), *written[name])


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
