"""A sweep through a network: a score for every unit of every layer, from those of the units before it.

The units of a layer and those of the next are joined by the magnitudes of weights, of convolutions summed over the
kernel: this is the weight between two channels in the unrolled graph, up to what the border cuts off. Each layer's
scores are not negative and sum to 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import fx, nn

from prunegraph.wiring import channels
from prunegraph.wiring.tracing import evaluation, symbolic
from prunegraph.wiring.units import Wires, follow
from prunegraph.wiring.unsharing import unshare

PASSING = (channels.NORM, channels.POOLING, channels.POINTWISE)
"""Operations that leave channels where they are; a norm's scale is not looked at."""


@dataclass(frozen=True)
class Stage:
    """A layer as a sweep sees it.

    Attributes
    ----------
    name
        Of its weight.
    weights
        Outputs x inputs: magnitudes, summed over the kernel.
    inputs, outputs
        Norm over all images (and positions) of what each input and each output channel or neuron holds; of outputs,
        behind the activation function.
    """

    name: str
    weights: torch.Tensor
    inputs: torch.Tensor
    outputs: torch.Tensor


Step = Callable[[Stage, torch.Tensor], torch.Tensor]
"""The scores of a layer's outputs, from the layer and the scores of its inputs."""


@torch.no_grad()
def sweep(
    network: nn.Module, draws: Sequence[torch.Tensor], step: Step, compat: bool = False
) -> list[dict[str, torch.Tensor]]:
    """Scores of the rows of each layer, by the name of its weight: from all images, then from each draw of them.

    What is added, multiplied or concatenated passes on the mean of what comes in; flattening shares a channel's score
    among its positions. The network's inputs, and what comes out of an operation that may mix channels, have scores
    in proportion to their norms.

    Parameters
    ----------
    network
        Any module that torch.fx can trace, in the mode in which its activations are to be measured.
    draws
        Each float, N x C x H x W; the network sees one at a time.
    compat
        As MLP-Rank's public code: outputs are measured behind a ReLU right after the layer, whatever follows, and
        a layer reads the scores of the one before it, in the order of running, wherever their number fits. (Skip
        connections are then not seen.)
    """
    graph = symbolic(network)
    unshare(graph)
    with evaluation(graph):  # one image is too few for a BatchNorm in train mode
        wires = follow(graph, draws[0].shape[1:])
    squares = [_squares(graph, draw, compat) for draw in draws]
    everything = {key: sum(some[key] for some in squares) for key in squares[0]}
    return [_scores(wires, some, step, compat) for some in (everything, *squares)]


def _scores(
    wires: Wires, squares: dict[tuple[fx.Node, bool], torch.Tensor], step: Step, compat: bool
) -> dict[str, torch.Tensor]:
    norms = {node: total.sqrt() for (node, rectified), total in squares.items() if not rectified}
    flow: dict[fx.Node, torch.Tensor | None] = {}
    found: dict[str, torch.Tensor] = {}
    for node in wires.module.graph.nodes:
        kind = wires.kinds.get(node)
        if kind not in (channels.LAYER, channels.DEPTHWISE):
            flow[node] = _passed(node, kind, flow, norms)
            continue
        source = node.all_input_nodes[0]
        scores = _known(source, flow, norms)
        behind = squares[node, True].sqrt() if compat else norms[_behind(node, wires)]
        stage = Stage(f"{node.target}.weight", _matrix(wires.module.get_submodule(node.target)), norms[source], behind)
        before = next(reversed(found.values()), None)
        if compat and before is not None and len(before) == len(scores):
            scores = before
        found[stage.name] = flow[node] = step(stage, scores)
    return found


def share(values: torch.Tensor) -> torch.Tensor:
    """Values divided by their sum; if that is 0, the same for all."""
    total = values.sum()
    return torch.full_like(values, 1 / len(values)) if total == 0 else values / total


def _squares(graph: fx.GraphModule, images: torch.Tensor, rectified: bool) -> dict[tuple[fx.Node, bool], torch.Tensor]:
    """Sums of the squares of every channel; with True behind the operation, of its positive part."""
    squares = Squares(graph, rectified)
    squares.run(images)
    return squares.total


class Squares(fx.Interpreter):
    """Sums, over images and positions, the squares of every channel.

    Attributes
    ----------
    total
        float64 sums of the result of each operation (operation, False), and where that was asked for of its positive
        part (operation, True).
    """

    def __init__(self, graph: fx.GraphModule, rectified: bool = False):
        super().__init__(graph)
        self.extra_traceback = False
        self.total: dict[tuple[fx.Node, bool], torch.Tensor] = {}
        self._too = rectified

    def run_node(self, node: fx.Node) -> object:
        """Run one operation and sum its squares."""
        result = super().run_node(node)
        if isinstance(result, torch.Tensor) and result.dim() > 1 and result.is_floating_point():
            others = [axis for axis in range(result.dim()) if axis != channels.axis_of(result)]
            self.total[node, False] = result.double().square().sum(others)
            if self._too:
                self.total[node, True] = result.relu().double().square().sum(others)
        return result


def _passed(
    node: fx.Node, kind: str | None, flow: dict[fx.Node, torch.Tensor | None], norms: dict[fx.Node, torch.Tensor]
) -> torch.Tensor | None:
    """What an operation that is no layer passes on; None where scores begin anew."""
    sources = [source for source in node.all_input_nodes if source in norms]
    if kind in (None, channels.OTHER) or all(flow.get(source) is None for source in sources):
        return None
    scores = [_known(source, flow, norms) for source in sources]
    if kind == channels.CONCATENATION:
        return share(torch.cat(scores))
    if kind == channels.FLATTENING:
        positions = len(norms[node]) // len(scores[0])
        return scores[0].repeat_interleave(positions) / positions
    return torch.stack(scores).mean(0)


def _known(node: fx.Node, flow: dict[fx.Node, torch.Tensor | None], norms: dict[fx.Node, torch.Tensor]) -> torch.Tensor:
    scores = flow.get(node)
    return share(norms[node]) if scores is None else scores


def _behind(layer: fx.Node, wires: Wires) -> fx.Node:
    """The last of the norms and activation functions that follow a layer, one after the other."""
    node = layer
    while len(node.users) == 1 and wires.kinds.get(after := next(iter(node.users))) in (
        channels.NORM,
        channels.POINTWISE,
    ):
        node = after
    return node


def _matrix(layer: nn.Module) -> torch.Tensor:
    """Magnitudes between all outputs and all inputs of a layer; of a depthwise one most are 0."""
    weight = layer.weight.detach().double().abs()
    weight = weight.flatten(2).sum(2) if weight.dim() > 2 else weight
    groups = getattr(layer, "groups", 1)
    if groups == 1:
        return weight
    outputs, inputs = weight.shape
    matrix = weight.new_zeros(outputs, inputs * groups)
    for group, rows in enumerate(torch.arange(outputs, device=weight.device).chunk(groups)):
        matrix[rows, group * inputs : (group + 1) * inputs] = weight[rows]
    return matrix


def columns_shared(weights: torch.Tensor) -> torch.Tensor:
    """A matrix whose columns sum to 1, those without a weight to 0."""
    totals = weights.sum(0)
    return weights / torch.where(totals == 0, torch.ones_like(totals), totals)
