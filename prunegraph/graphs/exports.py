"""Exports of graphs to objects and files of other libraries, each of which is imported where it is used."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prunegraph.files import atomic
from prunegraph.graphs.multipartite import MultipartiteGraph

if TYPE_CHECKING:
    import igraph
    import networkx
    import scipy.sparse


def to_scipy(graph: MultipartiteGraph) -> "scipy.sparse.csr_array":
    """Make the directed adjacency matrix, nodes x nodes, float32; edges of weight zero are stored zeros."""
    from scipy.sparse import csr_array

    nodes = graph.number_of_nodes()
    source, target, weight = graph.edges()
    width = np.int32 if max(nodes, len(source)) < 2**31 else np.int64
    starts = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=nodes))]).astype(width)
    return csr_array((weight, target.astype(width), starts), shape=(nodes, nodes))


def to_networkx(graph: MultipartiteGraph) -> "networkx.DiGraph":
    """Make a DiGraph with node attribute ``part`` and edge attribute ``weight``; for small graphs."""
    import networkx

    result = networkx.DiGraph()
    result.add_nodes_from((node, {"part": part}) for node, part in enumerate(_part_of_node(graph)))
    result.add_weighted_edges_from(zip(*(array.tolist() for array in graph.edges()), strict=True))
    return result


def to_igraph(graph: MultipartiteGraph) -> "igraph.Graph":
    """Make a directed graph with vertex attribute ``part`` and edge attribute ``weight``; about 1 us an edge."""
    import igraph

    source, target, weight = graph.edges()
    return igraph.Graph(
        n=graph.number_of_nodes(),
        edges=np.column_stack([source, target]),
        directed=True,
        vertex_attrs={"part": _part_of_node(graph)},
        edge_attrs={"weight": weight.tolist()},
    )


def to_parquet(graph: MultipartiteGraph, path: str | Path) -> None:
    """Write the edges as a table with columns source, target, weight."""
    import pyarrow
    from pyarrow import parquet

    columns = dict(zip(("source", "target", "weight"), graph.edges(), strict=True))
    with atomic(path) as temporary:
        parquet.write_table(pyarrow.table(columns), temporary, compression="zstd")


def to_graphml(graph: MultipartiteGraph, path: str | Path) -> None:
    """Write directed GraphML with node attribute ``part`` and edge attribute ``weight``, a part of it at a time."""
    source, target, weight = graph.edges()
    with atomic(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write(_GRAPHML)
        for node, part in enumerate(_part_of_node(graph)):
            file.write(f'<node id="n{node}"><data key="part">{part}</data></node>\n')
        for first in range(0, len(source), CHUNK):
            piece = (array[first : first + CHUNK].tolist() for array in (source, target, weight))
            file.writelines(
                f'<edge source="n{s}" target="n{t}"><data key="weight">{w!r}</data></edge>\n'
                for s, t, w in zip(*piece, strict=True)
            )
        file.write("</graph>\n</graphml>\n")


def to_matrix_market(graph: MultipartiteGraph, path: str | Path) -> None:
    """Write Matrix Market coordinates of the directed adjacency matrix, nodes numbered from 1, parts in a comment."""
    from scipy.io import mmwrite

    comment = "prunegraph; nodes of each part: " + " ".join(map(str, graph.parts))
    with atomic(path) as temporary, open(temporary, "wb") as file:
        mmwrite(file, to_scipy(graph).tocoo(), comment=comment, field="real", symmetry="general")


def to_npz(graph: MultipartiteGraph, path: str | Path) -> None:
    """Write the directed adjacency matrix for ``scipy.sparse.load_npz``, with an array ``parts``."""
    matrix = to_scipy(graph)
    arrays = {name: getattr(matrix, name) for name in ("data", "indices", "indptr")}
    facts = {"format": np.array(b"csr"), "shape": np.array(matrix.shape), "_is_array": np.array(True)}
    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **facts, **arrays, parts=np.array(graph.parts))


# Number of edges that are turned into text in one step.
CHUNK = 1 << 16

# The function that writes files of each suffix.
BY_SUFFIX = {".parquet": to_parquet, ".graphml": to_graphml, ".mtx": to_matrix_market, ".npz": to_npz}

_GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="part" for="node" attr.name="part" attr.type="int"/>
<key id="weight" for="edge" attr.name="weight" attr.type="double"/>
<graph edgedefault="directed">
"""


def _part_of_node(graph: MultipartiteGraph) -> list[int]:
    return np.repeat(np.arange(len(graph.parts)), graph.parts).tolist()
