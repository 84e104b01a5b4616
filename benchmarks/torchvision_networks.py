"""How long the topometrics of torchvision's networks take, part by part, and how much memory.

    python benchmarks/torchvision_networks.py [--network resnet50 ...] [--device cuda]

Networks of torchvision at full width and an MLP of three layers, 10 classes, inputs 32 and 224 wide, random masks; one
run each on the chosen path in a process of its own on one thread, what numba has yet to compile included, stopped
after 120 CPU seconds; what it did not reach by then is left blank. Ways: e(xplicit) or i(mplicit) for counts, cuts and
spectrum.
"""

import argparse
import json
import resource
import time
from itertools import pairwise
from pathlib import Path

from isolation import check_device, child, high_water, load

NETWORKS = ["resnet18", "resnet50", "vgg16_bn", "mobilenet_v2", "densenet121", "mlp"]
CAP = 120  # CPU seconds of one of these, imports among them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", help="where the implicit path multiplies, as torch names it")
    parser.add_argument("--network", nargs="+", help="only these, by torchvision's names")
    parser.add_argument("--cold", action="store_true", help="compile everything anew")
    parser.add_argument("--output", type=Path, help="a JSON file for all numbers")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        parts(**json.loads(options.one))
        return
    check_device(options.device)
    table(options)


def table(options) -> None:
    """A line for each network, width of its input, and density; the numbers into the file."""
    print("network        side  density         edges  encode  local  counts   cuts  spectrum     MB  ways")
    measured = []
    for network in options.network or NETWORKS:
        for side in (32, 224):
            for density in (0.01, 0.2):
                task = {"network": network, "side": side, "density": density}
                row = child(__file__, task | {"device": options.device}, options.cold, capped=True)
                measured.append(row)
                seconds = "".join(
                    f"{row[part]:{width}.2f}" if part in row else " " * width
                    for part, width in (("encode", 8), ("local", 7), ("counts", 8), ("cuts", 7), ("spectrum", 10))
                )
                heading = f"{network:13}{side:6}{density:9.0%}{row.get('edges', 0):14,}{seconds}"
                print(f"{heading}{row.get('megabytes', 0):7.0f}  {row.get('ways', '')}".rstrip(), flush=True)
    if options.output:
        options.output.write_text(json.dumps({"rows": measured}, indent=1) + "\n")


def parts(network: str, side: int, density: float, device: str) -> None:
    """Print a JSON object after each part, so that those before the cap are known; CPU seconds, peak megabytes."""
    import numpy as np

    load(device)
    from prunegraph import encoding
    from prunegraph.metrics.measurement import Measurement
    from prunegraph.metrics.paths import plan
    from prunegraph.randomness import numpy_generator

    resource.setrlimit(resource.RLIMIT_CPU, (CAP, CAP))
    architecture = encoding.trace(named(network, side), (3, side, side))
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


def named(name: str, side: int):
    """A network for 10 classes and images of this width."""
    import torchvision
    from torch import nn

    if name != "mlp":
        return torchvision.models.get_model(name, weights=None, num_classes=10)
    sizes = [3 * side**2, 512, 512, 10]
    layers = [nn.Linear(*two) for two in pairwise(sizes)]
    return nn.Sequential(nn.Flatten(), *(step for layer in layers for step in (nn.ReLU(), layer)))


if __name__ == "__main__":
    main()
