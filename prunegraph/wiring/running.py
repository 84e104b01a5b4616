"""Running a traced network once, operation by operation, and keeping what each of its tensors is made of."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from prunegraph.errors import UserError
from prunegraph.wiring import operations
from prunegraph.wiring.architecture import Architecture
from prunegraph.wiring.features import INPUT, Feature, Piece, identity
from prunegraph.wiring.layers import Network
from prunegraph.wiring.moving import Arranged


class Run(fx.Interpreter, ABC):
    """One run of a traced network; a subclass says what each operation makes of feature maps.

    Attributes
    ----------
    features
        For each node of the traced network, what its tensor is made of; only nodes that depend on the input.
    network
        The layers found so far.
    """

    def __init__(self, network: fx.GraphModule, input_shape: tuple[int, int, int], identity_edges: bool = False):
        super().__init__(network)
        # Errors are reported in a sentence; for its own report torch.fx would load its logging, which takes seconds.
        self.extra_traceback = False
        self.input_shape = input_shape
        self.identity_edges = identity_edges
        # The result of chunk and split is a tuple of features.
        self.features: dict[fx.Node, Arranged | tuple[Arranged, ...]] = {}
        self.network = Network(input_shape)

    def architecture(self) -> Architecture:
        """Make the architecture of the layers found: shortcuts are resolved and parts of nodes numbered."""
        return self.network.architecture()

    def run_node(self, node: fx.Node) -> Any:
        """Run one operation; if it makes a tensor, find what the tensor is made of."""
        try:
            result = super().run_node(node)
        except Exception as problem:
            # After the first line torch.fx describes its own internals.
            reason = str(problem).partition("\n")[0]
            raise UserError(
                f"The network fails on an input of shape {self.input_shape} at {self._place(node)}: {reason}"
            ) from problem
        if node.op == "placeholder":
            if self.features:
                raise UserError(f"The network takes several inputs ({node.target!r} is the second); expected one.")
            channels, height, width = self.input_shape
            self.features[node] = Feature((Piece(INPUT, (0, channels), identity(height), identity(width)),))
        elif node.op != "output" and any(other in self.features for other in node.all_input_nodes):
            self._follow(node, result)
        return result

    def _follow(self, node: fx.Node, result: Any) -> None:
        several = isinstance(result, list | tuple) and any(isinstance(item, torch.Tensor) for item in result)
        if not isinstance(result, torch.Tensor) and not several:
            return
        found = self._feature(node, result)
        for made, tensor in zip(found, result, strict=True) if several else [(found, result)]:
            shape = tuple(tensor.shape)
            fits = (
                shape[:1] == (1,) and shape[1:] in (made.map, (made.size,))
                if isinstance(made, Feature)
                else shape == made.places.shape
            )
            if not fits:
                raise self._refusal(node, f"it turns {self._inputs(node)} into a tensor {shape}")
        self.features[node] = found
        if node.target in operations.ADDITIONS_IN_PLACE and len(self._sources(node)) == 2:
            self._change_in_place(node, found, result)

    def _sources(self, node: fx.Node) -> list[fx.Node]:
        """List the nodes that `node` reads and whose values depend on the network's input, each once."""
        return [other for other in node.all_input_nodes if other in self.features]

    def _change_in_place(self, node: fx.Node, found: Arranged, result: torch.Tensor) -> None:
        """Record an addition in place: operations that read the changed tensor later read the sum."""
        dead = {node, *self.user_to_last_uses.get(node, ())}
        for other, tensor in self.env.items():
            if other in dead or other not in self.features or not isinstance(tensor, torch.Tensor):
                continue
            (first, last), (other_first, other_last) = _memory(result), _memory(tensor)
            if first < other_last and other_first < last:
                if tensor.data_ptr() != result.data_ptr() or tensor.shape != result.shape:
                    raise self._refusal(node, "it changes in place a tensor that others read in another shape")
                self.features[other] = found

    @abstractmethod
    def _feature(self, node: fx.Node, result: Any) -> Arranged | tuple[Arranged, ...]:
        """Find what the operation makes of its inputs; a `UserError` if it has no place in a graph."""

    def _inputs(self, node: fx.Node) -> str:
        maps = [feature.map for feature in map(self.features.get, node.all_input_nodes) if isinstance(feature, Feature)]
        return " and ".join(f"a map {map_}" for map_ in maps) or "rearranged values"

    def _name(self, node: fx.Node) -> str:
        inside = list(node.meta.get("nn_module_stack") or [])
        return f"{inside[-1]}.{node.name}" if inside and inside[-1] else node.name

    def _place(self, node: fx.Node) -> str:
        if node.op == "call_module":
            return f"{type(self.fetch_attr(node.target)).__name__} {node.target!r}"
        name = getattr(node.target, "__name__", str(node.target))
        inside = list(node.meta.get("nn_module_stack") or [])
        return f"{name!r} ({node.name}, in {inside[-1]!r})" if inside else f"{name!r} ({node.name})"

    def _refusal(self, node: fx.Node, reason: str) -> UserError:
        return UserError(f"The operation {self._place(node)} cannot be represented in a graph: {reason}.")

    def _refuser(self, node: fx.Node) -> Callable[[str], UserError]:
        return lambda reason: self._refusal(node, reason)


def _memory(tensor: torch.Tensor) -> tuple[int, int]:
    """Return the address of a tensor's first byte, and the address just after its last byte."""
    reach = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return tensor.data_ptr(), tensor.data_ptr() + (reach + 1) * tensor.element_size()
