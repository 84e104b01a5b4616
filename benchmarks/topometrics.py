"""How long the topometrics of a network take, and how much memory: chosen path, implicit, explicit, igraph.

    python benchmarks/topometrics.py [--quick] [--device cuda] [--path implicit ...] [--repeat 5]

Every row is measured in a process of its own, on one thread: CPU seconds of the calling process (on a GPU, seconds
by the clock), the median of some repetitions in it, and peak memory above the same interpreter with its
imports and its graph loaded. What the first run takes longer (reading compiled code from numba's cache, or
with --cold compiling it) is a column of its own. Networks are randomly initialised, their masks
uniformly random; CONV-6 at 18.4 % has 197 million edges. Models that the catalogue lacks are left out.

Rows: chosen (by the cost model; the last column says which way it went), implicit, explicit and igraph are all
16 topometrics of the unrolled graph; rolled and channel are the Ramanujan properties of every layer.
Ways: e(xplicit) or i(mplicit) for counts, cuts and spectrum.

The floor is what the least possible work would take: for explicit eigenvalues, or none, reading all edges once (8
bytes, at the bandwidth of one thread measured in the same run); for implicit ones the dense multiplications of
their products at the speed of a matrix product of the same run.

Networks of torchvision have a table of their own: benchmarks/torchvision_networks.py.
"""

import argparse
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

from isolation import check_device, child, load, peak

NETWORKS = [
    ("resnet20", 0.98),
    ("resnet20", 0.9),
    ("resnet20", 0.6),
    ("resnet20", 0.0),
    ("resnet32", 0.98),
    ("resnet32", 0.6),
    ("wide_resnet28_2", 0.98),
    ("wide_resnet28_2", 0.8),
    ("conv6", 0.98),
    ("conv6", 0.6),
    ("conv6", 0.184),
    ("mobilenet_v2", 0.98),
    ("mobilenet_v2", 0.6),
]
QUICK = [("resnet20", 0.98), ("resnet20", 0.6), ("conv6", 0.6)]
# Beyond so many edges a row is not tried: time for the explicit path, memory and a microsecond an edge for igraph.
FITS = {"chosen": 10**10, "implicit": 10**10, "explicit": 8 * 10**6, "igraph": 10**6}
LAYERS = {"rolled": "rolled", "channel": "rolled_channel"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three networks, clean, one repetition")
    parser.add_argument("--device", default="cpu", help="where the implicit path multiplies, as torch names it")
    rows = [*FITS, *LAYERS]
    parser.add_argument("--path", nargs="+", choices=rows, default=rows, help="rows to measure")
    parser.add_argument("--mode", nargs="+", choices=["clean", "compat"], default=["clean", "compat"])
    parser.add_argument("--network", nargs="+", help="only these models")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs after the first, where they are quick")
    parser.add_argument("--cold", action="store_true", help="compile everything anew in every first run")
    parser.add_argument("--output", type=Path, help="a JSON file for all numbers")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(**json.loads(options.one))))
        return
    check_device(options.device)
    speed = child(__file__, {"kind": "speed"}, options.cold)
    print("reading {read:.1f} GB/s, matrix product {multiply:.0f} GFLOP/s, one thread".format(**speed))
    print("           CPU s  first +    MB  floor   local counts   cuts spectrum  ways")
    measured = []
    for network, sparsity, mode in cases(options):
        heading = f"{network}, {sparsity:.1%} sparse, {mode}"
        for path in options.path:
            if path in LAYERS and mode == "compat" and "clean" in options.mode:
                continue  # the same layers in both modes but for the rounding of their weights
            repeat = 1 if options.quick or path in ("explicit", "igraph") else options.repeat
            row = child(__file__, {"kind": path, "network": network, "sparsity": sparsity, "mode": mode,
                         "device": options.device, "repeat": repeat}, options.cold)  # fmt: skip
            if heading:
                print(heading if path in LAYERS else f"{heading}: {row['edges']:,} edges")
                heading = ""
            measured.append(row)
            report(row, speed)
    if options.output:
        options.output.write_text(json.dumps({"speed": speed, "rows": measured}, indent=1) + "\n")


def cases(options) -> list[tuple[str, float, str]]:
    """Network, sparsity and mode of each part of the table."""
    from prunegraph.catalogue import MODELS

    chosen = [
        (network, sparsity)
        for network, sparsity in (QUICK if options.quick else NETWORKS)
        if network in MODELS and (not options.network or network in options.network)
    ]
    modes = ["clean"] if options.quick else options.mode
    # CONV-6 makes the same graph in both modes but for the rounding of its weights.
    return [
        (*case, mode) for case in chosen for mode in modes if case[0] != "conv6" or mode == "clean" or len(modes) == 1
    ]


def report(row: dict, speed: dict) -> None:
    """A line of the table."""
    if "seconds" not in row:
        print(f"  {row['kind']:9}not tried: too many edges", flush=True)
        return
    floor = row["edges"] * 8 / speed["read"] / 1e9
    if row["vectors"]:
        floor = 2 * 2 * row["multiplications"] * row["vectors"] / speed["multiply"] / 1e9
    parts = "".join(
        f"{row['parts'][name]:{width}.2f}" if name in row["parts"] else " " * width
        for name, width in (("local", 6), ("counts", 7), ("cuts", 7), ("spectrum", 9))
    )
    line = f"  {row['kind']:9}{row['seconds']:5.2f}{row['first']:9.2f}{row['megabytes']:6.0f}{floor:7.3f}  {parts}"
    print(f"{line}  {row['ways']}".rstrip(), flush=True)


def measure(kind: str, **task) -> dict:
    return speeds() if kind == "speed" else rows(kind, **task)


def speeds() -> dict:
    import numpy as np

    data, square = np.ones(2**26, np.float32), np.ones((2048, 2048), np.float32)
    data.sum(), square @ square
    return {
        "read": data.nbytes / quickest(data.sum) / 1e9,
        "multiply": 2 * 2048**3 / quickest(lambda: square @ square) / 1e9,
    }


def quickest(function) -> float:
    seconds = []
    for _ in range(5):
        begin = time.process_time()
        function()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def rows(kind: str, network: str, sparsity: float, mode: str, device: str, repeat: int) -> dict:
    """A row of the table."""
    graph = encoded(network, sparsity, mode, LAYERS.get(kind, "unrolled"))
    facts = sizes(graph)
    if facts["edges"] > FITS.get(kind, 10**10):
        return facts
    run = {"igraph": igraph_parts, "rolled": layer_parts, "channel": layer_parts}.get(kind, product_parts)
    load(device)
    if kind == "igraph":
        import igraph  # noqa: F401
    clock = time.process_time if device == "cpu" else time.perf_counter
    before = peak()
    first = timed(run, graph, kind, device, clock)
    runs = sorted((timed(run, graph, kind, device, clock) for _ in range(repeat)), key=lambda found: found[0])
    seconds = statistics.median(found[0] for found in runs or [first])
    _, parts, vectors, ways = (runs or [first])[len(runs) // 2]
    megabytes = (peak() - before) / 1024
    return facts | {
        "seconds": seconds, "first": first[0] - seconds, "megabytes": megabytes,
        "parts": parts, "vectors": vectors, "ways": ways,
    }  # fmt: skip


def sizes(graph) -> dict:
    """Edges, nodes, and multiplications of the dense network, of a graph or of all layers' graphs."""
    graphs = list(graph.values()) if isinstance(graph, Mapping) else [graph]
    return {
        "edges": sum(one.number_of_edges() for one in graphs),
        "nodes": sum(one.number_of_nodes() for one in graphs),
        "multiplications": sum(
            block.mask.size * block.geometry.target_map[1] * block.geometry.target_map[2]
            for one in graphs
            for block in one.blocks
        ),
    }


def timed(run, graph, kind, device, clock) -> tuple:
    """Seconds, and what the run tells: seconds of its parts, vectors multiplied, ways chosen."""
    begin = clock()
    told = run(graph, kind, device, clock)
    return clock() - begin, *told


def encoded(network: str, sparsity: float, mode: str, encoder: str = "unrolled"):
    """A randomly initialised network, a share `sparsity` of its weights zero, uniformly at random."""
    import numpy as np

    from prunegraph import encoding, models
    from prunegraph.randomness import numpy_generator

    model = models.create(network, 10)
    draw = numpy_generator(0, "benchmark", network, str(sparsity))
    weights = {}
    for name, parameter in models.prunable(model).items():
        values = parameter.detach().numpy()
        weights[name] = np.where(draw.random(values.shape) < sparsity, 0, values)
    return encoding.encode_weights(encoding.trace(model, (3, 32, 32)), weights, encoder, mode)


def product_parts(graph, path: str, device: str, clock) -> tuple[dict, int, str]:
    """All topometrics of this project."""
    from prunegraph.metrics.measurement import Measurement
    from prunegraph.metrics.paths import plan

    report: dict = {}
    parts, begin = {}, clock()
    chosen = plan(graph, None if path == "chosen" else path)
    measurement = Measurement(graph, chosen, device, report)
    for name, function in (
        ("local", lambda: measurement.local(graph.mode)),
        ("counts", measurement.counts),
        ("cuts", measurement.cuts),
        ("spectrum", measurement.spectrum),
    ):
        function()
        parts[name], begin = clock() - begin, clock()
    # Both solvers multiply two vectors at a time.
    steps = sum(solve["steps"] for solve in report.values()) if chosen.spectrum == "implicit" else 0
    ways = " ".join(way[0] for way in (chosen.counts, chosen.cuts, chosen.spectrum))
    return parts, 2 * steps, ways


def layer_parts(graphs, kind: str, device: str, clock) -> tuple[dict, int, str]:
    """Ramanujan properties of every layer."""
    from prunegraph.metrics import ramanujan

    begin = clock()
    ramanujan(graphs)
    return {"spectrum": clock() - begin}, 0, ""


def igraph_parts(graph, path: str, device: str, clock) -> tuple[dict, int, str]:
    """The same metrics as python-igraph and scipy give them; motifs exactly, by its full enumeration.

    Building its graph counts as local.
    """
    import numpy as np
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import eigsh

    from prunegraph import graphs

    laps = [clock()]

    def lap() -> float:
        laps.append(clock())
        return laps[-1] - laps[-2]

    directed = graphs.to_igraph(graph)
    undirected = directed.as_undirected(combine_edges="first")
    directed.indegree(), directed.outdegree(), undirected.strength(weights="weight")
    parts = {"local": lap()}
    directed.neighborhood_size(order=1, mode="out"), directed.neighborhood_size(order=2, mode="out")
    undirected.motifs_randesu_no(size=4)
    parts["counts"] = lap()
    undirected.coreness(), undirected.bridges(), undirected.articulation_points(), undirected.connected_components()
    parts["cuts"] = lap()
    matrix = graphs.to_scipy(graph).astype(np.float64)
    matrix = matrix + matrix.T
    eigsh(matrix, k=4, which="LM", tol=1e-6, return_eigenvectors=False)
    laplacian = diags_array(np.asarray(matrix.sum(axis=0)).ravel()) - matrix
    eigsh(laplacian, k=1, which="LA", tol=1e-6, return_eigenvectors=False)
    parts["spectrum"] = lap()
    return parts, 0, ""


if __name__ == "__main__":
    main()
