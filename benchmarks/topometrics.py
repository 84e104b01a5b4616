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

With --torchvision: networks of torchvision at full width and an MLP of three layers, 10 classes, random masks, one run
each on the chosen path, what numba has yet to compile included, stopped after 120 CPU seconds; what it did not reach
by then is left blank.
"""

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
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
    ("mobilenet_v2", 0.98),
    ("mobilenet_v2", 0.6),
]
QUICK = [("resnet20", 0.98), ("resnet20", 0.6), ("conv6", 0.6)]
# Beyond so many edges a row is not tried: time for the explicit path, memory and a microsecond an edge for igraph.
FITS = {"chosen": 10**10, "implicit": 10**10, "explicit": 8 * 10**6, "igraph": 10**6}
TORCHVISION = ["resnet18", "resnet50", "vgg16_bn", "mobilenet_v2", "densenet121", "mlp"]
CAP = 120  # CPU seconds of one of these, imports among them
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
    parser.add_argument("--torchvision", action="store_true", help="torchvision's networks instead, 32 and 224 wide")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        task = json.loads(options.one)
        if task["kind"] == "torchvision":
            torchvision_parts(**task)
        else:
            print(json.dumps(measure(**task)))
        return
    check_device(options.device)
    if options.torchvision:
        torchvision_table(options)
        return
    speed = child({"kind": "speed"}, options.cold)
    print("reading {read:.1f} GB/s, matrix product {multiply:.0f} GFLOP/s, one thread".format(**speed))
    print("           CPU s  first +    MB  floor   local counts   cuts spectrum  ways")
    measured = []
    for network, sparsity, mode in cases(options):
        heading = f"{network}, {sparsity:.1%} sparse, {mode}"
        for path in options.path:
            if path in LAYERS and mode == "compat" and "clean" in options.mode:
                continue  # the same layers in both modes but for the rounding of their weights
            repeat = 1 if options.quick or path in ("explicit", "igraph") else options.repeat
            row = child({"kind": path, "network": network, "sparsity": sparsity, "mode": mode,
                         "device": options.device, "repeat": repeat}, options.cold)  # fmt: skip
            if heading:
                print(heading if path in LAYERS else f"{heading}: {row['edges']:,} edges")
                heading = ""
            measured.append(row)
            report(row, speed)
    if options.output:
        options.output.write_text(json.dumps({"speed": speed, "rows": measured}, indent=1) + "\n")


def check_device(name: str) -> None:
    """Stop with a sentence if torch cannot work there."""
    if name == "cpu":
        return
    import torch

    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as problem:
        sys.exit(f"There is no device {name!r} here ({str(problem).split('.')[0]}); leave --device out for the CPU.")


def cases(options) -> list[tuple[str, float, str]]:
    """Network, sparsity and mode of each part of the table."""
    sys.path.insert(0, str(ROOT))
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


def child(task: dict, cold: bool, capped: bool = False) -> dict:
    """What the task measures in a process of its own; if `capped`, what it told before it was stopped."""
    environment = os.environ | dict.fromkeys(THREADS, "1") | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, __file__, "--one", json.dumps(task)]
    with tempfile.TemporaryDirectory() as cache:
        if cold:
            environment["NUMBA_CACHE_DIR"] = cache
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode and not (capped and done.returncode in (-signal.SIGXCPU, -signal.SIGKILL)):
        sys.exit(f"{task} failed:\n{done.stderr}")
    for line in done.stdout.splitlines():
        task = task | json.loads(line)
    return task


def torchvision_table(options) -> None:
    """A line for each network, width of its input, and density; the numbers into the file."""
    print("network        side  density         edges  encode  local  counts   cuts  spectrum     MB  ways")
    measured = []
    for network in options.network or TORCHVISION:
        for side in (32, 224):
            for density in (0.01, 0.2):
                task = {"kind": "torchvision", "network": network, "side": side, "density": density}
                row = child(task | {"device": options.device}, options.cold, capped=True)
                measured.append(row)
                seconds = "".join(
                    f"{row[part]:{width}.2f}" if part in row else " " * width
                    for part, width in (("encode", 8), ("local", 7), ("counts", 8), ("cuts", 7), ("spectrum", 10))
                )
                heading = f"{network:13}{side:6}{density:9.0%}{row.get('edges', 0):14,}{seconds}"
                print(f"{heading}{row.get('megabytes', 0):7.0f}  {row.get('ways', '')}".rstrip(), flush=True)
    if options.output:
        options.output.write_text(json.dumps({"rows": measured}, indent=1) + "\n")


def torchvision_parts(kind: str, network: str, side: int, density: float, device: str) -> None:
    """Print a JSON object after each part, so that those before the cap are known; CPU seconds, peak megabytes."""
    import numpy as np

    sys.path.insert(0, str(ROOT))
    load(kind, device)
    from prunegraph import encoding
    from prunegraph.metrics.measurement import Measurement
    from prunegraph.metrics.paths import plan
    from prunegraph.randomness import numpy_generator

    resource.setrlimit(resource.RLIMIT_CPU, (CAP, CAP))
    architecture = encoding.trace(torchvision_network(network, side), (3, side, side))
    draw, weights = numpy_generator(0, "benchmark", network, str(density)), {}
    for layer in architecture.layers:
        if layer.weight not in weights:
            kept = draw.random(layer.weight_shape, dtype=np.float32) < density
            weights[layer.weight] = kept * draw.standard_normal(layer.weight_shape, dtype=np.float32)
    begin = time.process_time()
    graph = encoding.encode_weights(architecture, weights)
    chosen = plan(graph)
    ways = " ".join(way[0] for way in (chosen.counts, chosen.cuts, chosen.spectrum))
    told = {"encode": time.process_time() - begin, "edges": graph.number_of_edges(), "ways": ways}
    print(json.dumps(told), flush=True)
    del architecture, weights, kept
    before, measurement = high_water(reset=True), Measurement(graph, chosen, device, {})
    for part in ("local", "counts", "cuts", "spectrum"):
        begin = time.process_time()
        measurement.local(graph.mode) if part == "local" else getattr(measurement, part)()
        told = {part: time.process_time() - begin, "megabytes": (high_water() - before) / 1024}
        print(json.dumps(told), flush=True)


def torchvision_network(name: str, side: int):
    """A network for 10 classes and images of this width."""
    import torchvision
    from torch import nn

    if name != "mlp":
        return torchvision.models.get_model(name, weights=None, num_classes=10)
    sizes = [3 * side**2, 512, 512, 10]
    layers = [nn.Linear(*two) for two in pairwise(sizes)]
    return nn.Sequential(nn.Flatten(), *(step for layer in layers for step in (nn.ReLU(), layer)))


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
    load(kind, device)
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


def load(kind: str, device: str) -> None:
    """Everything that is imported, before memory and time are looked at."""
    import torch

    torch.set_num_threads(1)
    torch.zeros(1, device=device)
    import scipy.sparse.linalg  # noqa: F401

    import prunegraph.metrics.certificate
    import prunegraph.metrics.measurement
    import prunegraph.metrics.operator
    import prunegraph.metrics.structured  # noqa: F401

    if kind == "igraph":
        import igraph  # noqa: F401


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

    laps = [clock()]

    def lap() -> float:
        laps.append(clock())
        return laps[-1] - laps[-2]

    directed = graph.to_igraph()
    undirected = directed.as_undirected(combine_edges="first")
    directed.indegree(), directed.outdegree(), undirected.strength(weights="weight")
    parts = {"local": lap()}
    directed.neighborhood_size(order=1, mode="out"), directed.neighborhood_size(order=2, mode="out")
    undirected.motifs_randesu_no(size=4)
    parts["counts"] = lap()
    undirected.coreness(), undirected.bridges(), undirected.articulation_points(), undirected.connected_components()
    parts["cuts"] = lap()
    matrix = graph.to_scipy().astype(np.float64)
    matrix = matrix + matrix.T
    eigsh(matrix, k=4, which="LM", tol=1e-6, return_eigenvectors=False)
    laplacian = diags_array(np.asarray(matrix.sum(axis=0)).ravel()) - matrix
    eigsh(laplacian, k=1, which="LA", tol=1e-6, return_eigenvectors=False)
    parts["spectrum"] = lap()
    return parts, 0, ""


def high_water(reset: bool = False) -> int:
    """Peak resident memory, KiB, since the last reset (Linux; elsewhere of the whole process)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak()
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return int(status.read_text().split("VmHWM:")[1].split()[0])


def peak() -> int:
    """Peak resident memory of this process, KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
