"""Measure graphs: topometrics of all, Ramanujan properties of the layers. The metrics are in prunegraph/metrics."""

from pathlib import Path

from prunegraph.job import launch, logger, usable_device
from prunegraph.files import write_json
from prunegraph.fingerprint import made_from
from prunegraph.pool import Manifest, filling

FILES = ("topometrics.json", "ramanujan.json")


def main(
    manifest: Path,
    encoded: Path,
    encodings: list[str],
    motifs: str,
    dataset: str,
    model: str,
    method: str,
    sparsity: float,
    seeds: list[int],
    device: str,
    code: str,
    lost: int = 0,
):
    stored = Manifest(encoded)
    with filling(manifest, lost) as cell:
        for seed in seeds:
            facts = {"dataset": dataset, "model": model, "method": method, "sparsity": sparsity, "seed": seed}
            items = [f"seed{seed}/{encoding}" for encoding in encodings]
            key = made_from(stored.content(*items), code=code, motifs=motifs, **facts)
            if cell.keep(f"seed{seed}", key):
                continue
            files = {name: stored.file(item, f"{item}.graph") for name, item in zip(encodings, items, strict=True)}
            found = _measured(files, motifs, seed, usable_device(device))
            for name, rows in zip(FILES, found, strict=True):
                write_json(cell.path(f"seed{seed}/{name}"), {**facts, "made_from": key, "rows": rows})
            cell.add(f"seed{seed}", key, *(f"seed{seed}/{name}" for name in FILES))
            logger.info("seed %d: %d graphs measured", seed, len(found[0]))


def _measured(files, motifs, seed, device):
    """Rows of topometrics of all graphs, and of Ramanujan properties of the layers."""
    from prunegraph import graphs
    from prunegraph.graphs import LayerGraphs
    from prunegraph.metrics import ramanujan, topometrics

    rows = [], []
    for encoding, path in files.items():
        graph = graphs.load(path)
        for layer, part in graph.items() if isinstance(graph, LayerGraphs) else [("", graph)]:
            row = {"encoding": encoding, "layer": layer, "mode": part.mode}
            row |= {"nodes": part.number_of_nodes(), "edges": part.number_of_edges()}
            rows[0].append(row | topometrics(part, motifs=motifs, seed=seed, device=device))
            if layer:
                rows[1].append(row | ramanujan(part))
    return rows


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
