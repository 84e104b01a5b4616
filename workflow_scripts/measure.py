"""Measure graphs: topometrics of all, Ramanujan properties of the layers. The metrics are in prunegraph/metrics."""

from functools import partial
from pathlib import Path

from prunegraph import graphs
from prunegraph.files import read_json, write_json
from prunegraph.fingerprint import made_from
from prunegraph.graphs import LayerGraphs
from prunegraph.job import launch, logger
from prunegraph.metrics import ramanujan, topometrics


def main(
    encoded: list[Path],
    topometrics_files: list[Path],
    ramanujan_files: list[Path],
    encodings: list[str],
    motifs: str,
    dataset: str,
    model: str,
    method: str,
    sparsity: float,
    seeds: list[int],
    device: str,
    code: str,
):
    each = len(encodings)
    for place, (seed, topo, rama) in enumerate(zip(seeds, topometrics_files, ramanujan_files, strict=True)):
        files = encoded[place * each : (place + 1) * each]
        facts = {"dataset": dataset, "model": model, "method": method, "sparsity": sparsity, "seed": seed}
        facts["made_from"] = made_from(files, code=code, motifs=motifs, **facts)
        if all(read_json(path, {}).get("made_from") == facts["made_from"] for path in (topo, rama)):
            logger.info("seed %d: kept, it is up to date", seed)
            continue
        layers = [
            (encoding, layer, graph)
            for encoding, path in zip(encodings, files, strict=True)
            for layer, graph in _layers(graphs.load(path))
        ]
        measured = partial(topometrics, motifs=motifs, seed=seed, device=device)
        write_json(topo, {**facts, "rows": [_row(*one, measured) for one in layers]})
        write_json(rama, {**facts, "rows": [_row(*one, ramanujan) for one in layers if one[1]]})
        logger.info("seed %d: %d graphs measured", seed, len(layers))


def _layers(graph):
    return graph.items() if isinstance(graph, LayerGraphs) else [("", graph)]


def _row(encoding, layer, graph, metric):
    size = {"nodes": graph.number_of_nodes(), "edges": graph.number_of_edges()}
    return {"encoding": encoding, "layer": layer, "mode": graph.mode, **size, **metric(graph)}


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
