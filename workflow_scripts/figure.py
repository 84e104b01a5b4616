"""Draw one figure from the tables, or the graphs, that it shows. The drawings are in prunegraph/figures."""

from pathlib import Path

from prunegraph.job import launch, logger
from prunegraph import graphs
from prunegraph.catalogue import load
from prunegraph.errors import UserError
from prunegraph.figures import notice
from prunegraph.figures.style import label, save
from prunegraph.pool import Manifest
from prunegraph.tables.frames import read


def main(sources: list[Path], pictures: list[Path], draw: str, several: bool, seed: int | None = None):
    drawing = load(draw)
    try:
        if seed is not None:
            item = f"seed{seed}/unrolled"
            picture = _of_graphs(drawing, [Manifest(path).file(item, f"{item}.graph") for path in sources], several)
        else:
            picture = drawing(*map(read, sources))
    except UserError as problem:
        # A study too small for one figure still gets the others and its report.
        logger.warning("not drawn: %s", problem)
        picture = notice.draw(str(problem))
    save(picture, *pictures)


def _of_graphs(draw, sources, several):
    facts = [graphs.provenance(source) for source in sources]
    model, dataset, method = (label(facts[0][name]) for name in ("model", "dataset", "method"))
    at = f"at sparsity {facts[0]['sparsity']}, seed {facts[0]['seed']}"
    if not several:
        return draw(graphs.load(sources[0]), title=f"{model} on {dataset}, {method} {at}")
    titles = [label(fact["method"]) for fact in facts]
    return draw(map(graphs.load, sources), titles=titles, title=f"{model} on {dataset} {at}")


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
