"""Graphs for other libraries. Each library is imported when it is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prunegraph.files import atomic

if TYPE_CHECKING:
    import igraph
    import networkx
    import scipy.sparse

    from prunegraph.graphs.multipartite import MultipartiteGraph


def to_scipy(graph: "MultipartiteGraph") -> "scipy.sparse.csr_array":
    """Directed adjacency matrix, float32, edges of weight zero stored explicitly."""
    from scipy.sparse import csr_array

    nodes = graph.number_of_nodes()
    source, target, weight = graph.edges()
    width = np.int32 if max(nodes, len(source)) < 2**31 else np.int64
    starts = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=nodes))]).astype(width)
    return csr_array((weight, target.astype(width), starts), shape=(nodes, nodes))


def to_networkx(graph: "MultipartiteGraph") -> "networkx.DiGraph":
    """DiGraph with node attribute ``part`` and edge attribute ``weight``."""
    import networkx

    result = networkx.DiGraph()
    result.add_nodes_from((node, {"part": part}) for node, part in enumerate(_part_of_node(graph)))
    result.add_weighted_edges_from(zip(*(array.tolist() for array in graph.edges()), strict=True))
    return result


def to_igraph(graph: "MultipartiteGraph") -> "igraph.Graph":
    """Directed graph with vertex attribute ``part`` and edge attribute ``weight``."""
    import igraph

    source, target, weight = graph.edges()
    return igraph.Graph(
        n=graph.number_of_nodes(),
        edges=np.column_stack([source, target]),
        directed=True,
        vertex_attrs={"part": _part_of_node(graph)},
        edge_attrs={"weight": weight.tolist()},
    )


def to_parquet(graph: "MultipartiteGraph", path: str | Path) -> None:
    """Table of edges with columns source, target, weight."""
    import pyarrow
    from pyarrow import parquet

    columns = dict(zip(("source", "target", "weight"), graph.edges(), strict=True))
    with atomic(path) as temporary:
        parquet.write_table(pyarrow.table(columns), temporary, compression="zstd")


def _part_of_node(graph: "MultipartiteGraph") -> list[int]:
    return np.repeat(np.arange(len(graph.parts)), graph.parts).tolist()
