"""Tables of networks that are relational graphs: properties, their effects on accuracy, and a few graphs to draw."""

from pathlib import Path

import prunegraph.analysis.graph_effects as effects
import prunegraph.tables.graph_properties as tables
from prunegraph.job import launch, logger
from prunegraph import relational
from prunegraph.pool import Manifest
from prunegraph.tables.frames import read, write


def main(
    networks: Path,
    graphs: list[Path],
    families: dict,
    graph_properties: list[Path],
    graph_effects: list[Path],
    drawn_graphs: list[Path],
    topometrics: Path | None = None,
    graph_topometrics: list[Path] | None = None,
):
    found = tables.of_graphs(read(networks))
    found = found[found.family.isin(list(families))]  # others have a graph that was searched for, not compared
    properties = tables.graph_properties(found)
    sets = [relational.load(Manifest(path).file("graphs", "graphs.zst")) for path in graphs]
    write(properties, *graph_properties)
    write(effects.graph_effects(properties, found), *graph_effects)
    write(tables.drawn_graphs(properties, {name: sets[place] for name, place in families.items()}), *drawn_graphs)
    if topometrics:
        write(effects.graph_topometrics(properties, read(topometrics)), *graph_topometrics)
    logger.info("%d graphs of %d sets", len(properties), len(sets))


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
