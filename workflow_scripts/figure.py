"""Draw one figure from the table, or the graph, that it shows. The drawings are in prunegraph/figures."""

from pathlib import Path

from prunegraph import graphs
from prunegraph.analysis import tables
from prunegraph.catalogue import FIGURES, lookup
from prunegraph.errors import UserError
from prunegraph.figures import notice
from prunegraph.figures.style import label, save
from prunegraph.job import launch, logger


def main(source: Path, pictures: list[Path], figure: str):
    draw = lookup(FIGURES, figure, "figure")
    try:
        picture = _of_graph(draw, source) if source.suffix == ".graph" else draw(tables.read(source))
    except UserError as problem:
        # A study too small for one figure still gets the others and its report.
        logger.warning("not drawn: %s", problem)
        picture = notice.draw(str(problem))
    save(picture, *pictures)


def _of_graph(draw, source):
    facts = graphs.provenance(source)
    model, dataset, method = (label(facts[name]) for name in ("model", "dataset", "method"))
    title = f"{model} on {dataset}, {method} at sparsity {facts['sparsity']}, seed {facts['seed']}"
    return draw(graphs.load(source), title=title)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
