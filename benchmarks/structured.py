"""How much faster are networks whose layers are relational graphs, if their zeros are not multiplied?

    python benchmarks/structured.py [--degrees 4 16] [--batches 1 64] [--models resnet18 resnet50] [--device cpu]
                                    [--threads 1] [--side 32] [--rounds 5]

First single convolutions: a dense one against the structured one of a regular graph of 64 nodes (gathered channels and
a grouped convolution), by channels, kernel and batch. Then whole networks with the small stem: dense, and with the
structured layers that were measured faster, side by side; and the largest difference of their outputs. Times are
medians; what else the machine does falls on both.
"""

import argparse
import copy

import root  # noqa: F401
import torch
from torch import nn

from prunegraph import models
from prunegraph.metrics.cost import latencies
from prunegraph.models.structured import BlockConv2d, structured
from prunegraph.precision import use_threads
from prunegraph.pruning import prune
from prunegraph.randomness import numpy_generator
from prunegraph.relational.generators import random_regular
from prunegraph.relational.properties import properties
from prunegraph.relational.storage import GraphSet

# channels, kernel, side of the map: of ResNet-18 and -50.
LAYERS = [(64, 3, 32), (128, 3, 16), (256, 3, 8), (512, 3, 4), (512, 3, 7), (2048, 1, 7)]
NODES = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--degrees", nargs="+", type=int, default=[4, 16])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 64])
    parser.add_argument("--models", nargs="*", default=["resnet18", "resnet50"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--side", type=int, default=32, help="pixels of the images of whole networks")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    use_threads(given.threads)
    name = torch.cuda.get_device_name() if given.device == "cuda" else f"cpu, {given.threads} threads"
    print(f"{name}, torch {torch.__version__}, {given.rounds} rounds")
    graphs = {
        degree: random_regular(NODES, degree, numpy_generator(0, "benchmark", degree)) for degree in given.degrees
    }
    print("channels kernel side batch degree  dense ms blocks ms  times")
    for channels, kernel, side in LAYERS:
        for batch in given.batches:
            for degree, graph in graphs.items():
                layer = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False).to(given.device)
                images = torch.randn(batch, channels, side, side, device=given.device)
                found = latencies([layer, BlockConv2d(layer, graph)], images, rounds=given.rounds)
                dense, blocks = (1000 * each["median"] for each in found)
                facts = f"{channels:8} {kernel:6} {side:4} {batch:5} {degree:6}"
                print(f"{facts} {dense:9.2f} {blocks:9.2f} {dense / blocks:6.2f}")
    for model in given.models:
        for degree, graph in graphs.items():
            whole(model, degree, graph, given)


@torch.no_grad()
def whole(model, degree, graph, given) -> None:
    """Measure a whole network, dense and structured."""
    network = models.create(model, 10, (3, given.side, given.side)).eval()
    graphs = GraphSet(graph[None], [{"name": "drawn", **properties(graph)}])
    prune(network, "rgp", 1 - degree / NODES, 0, graphs=graphs).apply(network)
    network.to(given.device)
    for batch in given.batches:
        images = torch.randn(batch, 3, given.side, given.side, device=given.device)
        faster = copy.deepcopy(network)
        gains = structured(faster, graph, images, times=3)
        dense, blocks = latencies([network, faster], images, rounds=given.rounds)
        expected, found = network(images), faster(images)
        difference = float((found - expected).abs().max() / expected.abs().max())
        print(
            f"{model} degree {degree} batch {batch}: dense {1000 * dense['median']:.1f} ms, structured "
            f"{1000 * blocks['median']:.1f} ms, {dense['median'] / blocks['median']:.2f} times as fast; "
            f"{sum(gain > 1 for gain in gains.values())} of {len(gains)} layers replaced, "
            f"relative difference {difference:.0e}"
        )


if __name__ == "__main__":
    main()
