"""Multipartite graphs: graph mathematics without any knowledge of networks.

A graph is a short list of convolution blocks (mask, edge weights, geometry), from which edges, exact counts and degrees
are derived. Saving, loading and exports are functions beside the class. Only numpy is needed; scipy, networkx, igraph
and pyarrow are imported by the exports that need them.
"""

from prunegraph.graphs.blocks import Block, RoutedBlock
from prunegraph.graphs.edge_list import EdgeList
from prunegraph.graphs.exports import to_graphml, to_igraph, to_matrix_market, to_networkx, to_npz, to_parquet, to_scipy
from prunegraph.graphs.geometry import Geometry
from prunegraph.graphs.layers import LayerGraphs
from prunegraph.graphs.multipartite import MultipartiteGraph
from prunegraph.graphs.routes import Routes
from prunegraph.graphs.storage import load, provenance, save

__all__ = [
    "Block",
    "EdgeList",
    "Geometry",
    "LayerGraphs",
    "MultipartiteGraph",
    "RoutedBlock",
    "Routes",
    "load",
    "provenance",
    "save",
    "to_graphml",
    "to_igraph",
    "to_matrix_market",
    "to_networkx",
    "to_npz",
    "to_parquet",
    "to_scipy",
]
