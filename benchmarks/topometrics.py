"""How long the topometrics of an unrolled network take, and how much memory: chosen path, implicit, explicit, igraph.

    python benchmarks/topometrics.py [--quick] [--device cuda] [--path implicit ...] [--repeat 5]

Every cell is measured in a process of its own, on one thread: CPU seconds of the calling
process, the median of some repetitions in it, and peak memory above the same interpreter
with its imports and its graph loaded. What the first run takes longer (compiling, or
reading compiled code from numba's cache) is a column of its own. Networks are randomly
initialised, their masks uniformly random; CONV-6 at 18.4 %
has 197 million edges.

The floor is what reading the input once would take: for the explicit path all edges (8 bytes, at the bandwidth
of one thread measured in the same run), for the implicit path the dense multiplications of its products at the
speed of a matrix product of the same run.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
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
]
QUICK = [("resnet20", 0.98), ("resnet20", 0.6), ("conv6", 0.6)]
# Beyond so many edges a path is not tried: time for the explicit one, memory and a microsecond an edge for igraph.
FITS = {"chosen": 10**10, "implicit": 10**10, "explicit": 8 * 10**6, "igraph": 10**6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three networks, clean, one repetition")
    parser.add_argument("--device", default="cpu", help="where the implicit path multiplies, as torch names it")
    parser.add_argument("--path", nargs="+", choices=list(FITS), default=list(FITS), help="columns to measure")
    parser.add_argument("--mode", nargs="+", choices=["clean", "compat"], default=["clean", "compat"])
    parser.add_argument("--network", nargs="+", help="only these models")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs after the first, where they are quick")
    parser.add_argument("--output", type=Path, help="a JSON file for all numbers")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(**json.loads(options.one))))
        return
    rows = []
    speed = child({"kind": "speed"})
    print("reading {read:.1f} GB/s, matrix product {multiply:.0f} GFLOP/s, one thread".format(**speed))
    print(f"{'network':28}{'edges':>12}  {'path':9}{'CPU s':>7}{'first +':>9}{'MB':>6}{'floor':>7}  parts of it")
    for network, sparsity in QUICK if options.quick else NETWORKS:
        if options.network and network not in options.network:
            continue
        for mode in ["clean"] if options.quick else options.mode:
            if network == "conv6" and mode == "compat" and len(options.mode) > 1:
                continue  # the same graph in both modes but for the rounding of its weights
            for path in options.path:
                repeat = 1 if options.quick or path in ("explicit", "igraph") else options.repeat
                row = child({"kind": path, "network": network, "sparsity": sparsity, "mode": mode,
                             "device": options.device, "repeat": repeat})  # fmt: skip
                rows.append(row)
                report(row, speed)
    if options.output:
        options.output.write_text(json.dumps({"speed": speed, "rows": rows}, indent=1) + "\n")


def report(row: dict, speed: dict) -> None:
    name = f"{row['network']} {row['sparsity']:.1%} {row['mode']}"
    if "seconds" not in row:
        print(f"{name:28}{row['edges']:>12,}  {row['kind']:9} not tried")
        return
    floor = row["edges"] * 8 / speed["read"] / 1e9
    if row["vectors"]:
        floor = 2 * 2 * row["multiplications"] * row["vectors"] / speed["multiply"] / 1e9
    parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in row["parts"].items())
    print(f"{name:28}{row['edges']:>12,}  {row['kind']:9}{row['seconds']:7.2f}{row['first']:9.2f}"
          f"{row['megabytes']:6.0f}{floor:7.3f}  {parts}", flush=True)  # fmt: skip


def child(task: dict) -> dict:
    environment = os.environ | dict.fromkeys(THREADS, "1")
    command = [sys.executable, __file__, "--one", json.dumps(task)]
    root = Path(__file__).resolve().parents[1]
    environment["PYTHONPATH"] = str(root)
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{task} failed:\n{done.stderr}")
    return task | json.loads(done.stdout)


def measure(kind: str, **task) -> dict:
    return speeds() if kind == "speed" else paths(kind, **task)


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


def paths(kind: str, network: str, sparsity: float, mode: str, device: str, repeat: int) -> dict:
    graph = encoded(network, sparsity, mode)
    facts = {"edges": graph.number_of_edges(), "nodes": graph.number_of_nodes()}
    facts["multiplications"] = sum(
        block.mask.size * block.geometry.target_map[1] * block.geometry.target_map[2] for block in graph.blocks
    )
    if facts["edges"] > FITS[kind]:
        return facts
    run = igraph_parts if kind == "igraph" else product_parts
    load(kind)
    before = peak()
    first, parts = timed(run, graph, kind, device)
    runs = [timed(run, graph, kind, device) for _ in range(repeat)]
    seconds, parts = sorted(runs, key=lambda found: found[0])[len(runs) // 2] if runs else (first, parts)
    seconds = statistics.median(found[0] for found in runs) if runs else first
    vectors = parts.pop("vectors", 0)
    megabytes = (peak() - before) / 1024
    return facts | {
        "seconds": seconds, "first": first - seconds, "parts": parts, "vectors": vectors, "megabytes": megabytes,
    }  # fmt: skip


def timed(run, graph, kind, device):
    begin = time.process_time()
    parts = run(graph, kind, device)
    return time.process_time() - begin, parts


def encoded(network: str, sparsity: float, mode: str):
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
    return encoding.encode_weights(encoding.trace(model, (3, 32, 32)), weights, "unrolled", mode)


def load(kind: str) -> None:
    """Everything that is imported, before memory and time are looked at."""
    import torch

    torch.set_num_threads(1)
    import scipy.sparse.linalg  # noqa: F401

    import prunegraph.metrics.certificate
    import prunegraph.metrics.measurement
    import prunegraph.metrics.operator
    import prunegraph.metrics.structured  # noqa: F401

    if kind == "igraph":
        import igraph  # noqa: F401


def product_parts(graph, path: str, device: str) -> dict:
    from prunegraph.metrics.measurement import Measurement
    from prunegraph.metrics.paths import plan

    report: dict = {}
    chosen = plan(graph, None if path == "chosen" else path)
    measurement = Measurement(graph, chosen, device, report)
    parts = {}
    for name, function in (
        ("local", lambda: measurement.local(graph.mode)),
        ("counts", measurement.counts),
        ("cuts", measurement.cuts),
        ("spectrum", measurement.spectrum),
    ):
        begin = time.process_time()
        function()
        parts[name] = time.process_time() - begin
    # Vectors at a time: two for the gap, one for the radius.
    if chosen.spectrum == "implicit":
        parts["vectors"] = 2 * report["spectral_gap"]["steps"] + report["spectral_radius"]["steps"]
    return parts


def igraph_parts(graph, path: str, device: str) -> dict:
    """The same metrics as python-igraph and scipy give them; motifs exactly, by its full enumeration."""
    import numpy as np
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import eigsh

    del path, device
    clock = [time.process_time()]

    def lap() -> float:
        clock.append(time.process_time())
        return clock[-1] - clock[-2]

    directed = graph.to_igraph()
    undirected = directed.as_undirected(combine_edges="first")
    parts = {"build": lap()}
    directed.indegree(), directed.outdegree(), undirected.strength(weights="weight")
    parts["local"] = lap()
    directed.neighborhood_size(order=1, mode="out"), directed.neighborhood_size(order=2, mode="out")
    parts["hops"] = lap()
    undirected.motifs_randesu_no(size=4)
    parts["motifs"] = lap()
    undirected.coreness(), undirected.bridges(), undirected.articulation_points(), undirected.connected_components()
    parts["cuts"] = lap()
    matrix = graph.to_scipy().astype(np.float64)
    matrix = matrix + matrix.T
    eigsh(matrix, k=4, which="LM", tol=1e-6, return_eigenvectors=False)
    laplacian = diags_array(np.asarray(matrix.sum(axis=0)).ravel()) - matrix
    eigsh(laplacian, k=1, which="LA", tol=1e-6, return_eigenvectors=False)
    parts["spectrum"] = lap()
    return parts


def peak() -> int:
    """Peak resident memory of this process, KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
