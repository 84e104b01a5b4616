"""One bipartite graph for each layer of a network."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prunegraph.errors import UserError
from prunegraph.graphs.multipartite import MultipartiteGraph


class LayerGraphs(Mapping[str, MultipartiteGraph]):
    """Graphs by layer name (``"layer1.0.conv1"``), in the order of the network.

    Raises
    ------
    UserError
        If there is no layer, or the graphs are of different modes.
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

    def save(self, path: str | Path, /, **provenance: Any) -> None:
        """Write all layers into one compact file, with `provenance` in its header."""
        from prunegraph.graphs import storage

        storage.save(path, self, **provenance)

    @classmethod
    def load(cls, path: str | Path) -> "LayerGraphs":
        """Read what :meth:`save` wrote, exactly.

        Raises
        ------
        UserError
            If the file is damaged, of another version, or holds a single graph.
        """
        from prunegraph.graphs import storage

        graphs = storage.load(path)
        if not isinstance(graphs, cls):
            raise UserError(f"{path} holds a single graph; open it with MultipartiteGraph.load.")
        return graphs
