"""Write the layers' shares of kept weights beside the published ones: prunegraph/analysis/layer_shares.py."""

from pathlib import Path

from prunegraph.job import launch, logger
from prunegraph.analysis.layer_shares import beside_published
from prunegraph.tables import published_shipped, published_sources
from prunegraph.tables.frames import read, write


def main(
    ramanujan: Path, published_layers: list[Path], folder: str | None, datasets: dict, models: dict, pruners: dict
):
    sources = published_shipped.sources() if folder is None else published_sources.of_folder(folder)
    theirs = sources.ramanujan.assign(encoding="rolled")
    found = beside_published(read(ramanujan), theirs, datasets, models, pruners)
    write(found, *published_layers)
    logger.info("%d cells beside published ones", len(found[["model", "method", "sparsity"]].drop_duplicates()))


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
