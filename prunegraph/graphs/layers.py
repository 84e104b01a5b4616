"""One bipartite graph for each layer of a network."""

from collections.abc import Iterator, Mapping

from prunegraph.errors import UserError
from prunegraph.graphs.multipartite import MultipartiteGraph


class LayerGraphs(Mapping[str, MultipartiteGraph]):
    """Graphs by layer name (``"layer1.0.conv1"``), in the order of the network.

    Raises
    ------
    UserError
        If there is no layer, or the graphs have different modes.
    """

    def __init__(self, layers: Mapping[str, MultipartiteGraph]):
        modes = sorted({graph.mode for graph in layers.values()})
        if len(modes) != 1:
            raise UserError(f"Layer graphs share one mode, found {modes or 'no layer'}.")
        self._layers = dict(layers)
        self.mode = modes[0]

    def __getitem__(self, name: str) -> MultipartiteGraph:
        return self._layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        edges = sum(graph.number_of_edges() for graph in self.values())
        return f"LayerGraphs({len(self)} layers, {edges:,} edges, {self.mode})"
