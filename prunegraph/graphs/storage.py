"""The compact graph file: masks, edge weights and geometry, from which edges are derived.

One zstd frame (level 10, checksum, content size) holds one safetensors payload: for each block the mask as packed bits
and the edge weights as float32, and one header entry ``prunegraph`` with everything else as JSON. The same graph with
the same provenance gives the same bytes.

Reading runs no code from the file. Every size in a file is checked before memory is allocated for it: the header may
have `container.LIMIT_HEADER` bytes and the content `container.LIMIT_BYTES`; the masks may have `LIMIT_WEIGHTS` weights
(one byte each in memory), the parts `LIMIT_NODES` nodes, and the tables of taps and rows `LIMIT_TABLES` numbers.
Reading takes less memory than the sum of five times the size of the content, the masks, and 0.5 GB for the largest
possible header.
"""

from pathlib import Path
from typing import Any

import numpy as np

import prunegraph
from prunegraph.errors import UserError
from prunegraph.files import atomic
from prunegraph.graphs import container
from prunegraph.graphs.blocks import Block, Bundle, RoutedBlock
from prunegraph.graphs.container import Refused
from prunegraph.graphs.edge_list import EdgeList
from prunegraph.graphs.geometry import Geometry
from prunegraph.graphs.layers import LayerGraphs
from prunegraph.graphs.multipartite import MultipartiteGraph
from prunegraph.graphs.routes import Routes
from prunegraph.tensors import commit

LIMIT_WEIGHTS = 1 << 29
LIMIT_NODES = 1 << 28
LIMIT_TABLES = 1 << 24

Graphs = MultipartiteGraph | LayerGraphs


def save(path: str | Path, graphs: Graphs, /, **provenance: Any) -> None:
    """Write a graph, or the graphs of all layers, atomically.

    Raises
    ------
    UserError
        If the graph exceeds the limits of :func:`load`.
    """
    layers = graphs if isinstance(graphs, LayerGraphs) else {"": graphs}
    described, tensors = [], {}
    for number, (name, graph) in enumerate(layers.items()):
        described.append({"name": name, **_describe(graph)})
        for place, block in enumerate(graph.blocks):
            tensors |= {f"{number}.{place}.{key}": value for key, value in _tensors(block).items()}
    facts = {
        "format": container.FORMAT,
        "version": container.VERSION,
        "kind": "layers" if isinstance(graphs, LayerGraphs) else "graph",
        "graphs": described,
        "provenance": {"version": prunegraph.__version__, "commit": commit(), **provenance},
    }
    try:
        _check_limits(described)
    except Refused as problem:
        raise UserError(f"The graph cannot be saved to {path}: it {problem}.") from None
    with atomic(path) as temporary:
        temporary.write_bytes(container.compress(tensors, facts))


def load(path: str | Path) -> Graphs:
    """Read what :func:`save` wrote: a MultipartiteGraph or a LayerGraphs, exactly as it was.

    Raises
    ------
    UserError
        If the file is missing, truncated, damaged, of another version, no graph, or exceeds the limits.
    """
    try:
        payload = container.decompress(container.read(path))
        facts = container.header_of(payload)
        _check_limits(facts["graphs"])
        tensors = container.unpack_tensors(payload)
        graphs = {
            described["name"]: _graph(described, tensors, number) for number, described in enumerate(facts["graphs"])
        }
        return LayerGraphs(graphs) if facts["kind"] == "layers" else graphs[""]
    except (Refused, UserError) as problem:
        raise UserError(f"{path} {_sentence(problem)}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UserError(f"{path} {_sentence(Refused('describes no graph'))}") from problem


def provenance(path: str | Path) -> dict[str, Any]:
    """Read from the header how a graph file was made: the keyword arguments of :func:`save`, version and commit.

    Raises
    ------
    UserError
        If the file is missing or is no graph file.
    """
    import zstandard

    try:
        with open(path, "rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
            start = stream.read(8)
            header = stream.read(min(int.from_bytes(start, "little"), container.LIMIT_HEADER))
        facts = container.header_of(start + header).get("provenance")
        if not isinstance(facts, dict):
            raise Refused("does not say how it was made")
        return facts
    except (Refused, zstandard.ZstdError) as problem:
        problem = problem if isinstance(problem, Refused) else Refused("is not a graph file")
        raise UserError(f"{path} {_sentence(problem)}") from None
    except OSError as problem:
        raise UserError(f"{path} cannot be read ({problem.strerror}); expected a graph file.") from None


def _sentence(problem: Exception) -> str:
    if isinstance(problem, Refused):
        return f"{problem}. Expected a file that prunegraph's graphs.save wrote; make it again."
    return f"holds an impossible graph: {problem}"


def _describe(graph: MultipartiteGraph) -> dict[str, Any]:
    return {
        "parts": list(graph.parts),
        "mode": graph.mode,
        "weights": graph.weights,
        "parameters": graph.parameters,
        "blocks": [
            {"name": block.name, "geometry": block.geometry.to_dict() if isinstance(block, Bundle) else None}
            for block in graph.blocks
        ],
    }


def _tensors(block: Bundle | EdgeList) -> dict[str, np.ndarray]:
    if isinstance(block, EdgeList):
        return {"source": block.source, "target": block.target, "values": block.values}
    return {"mask": np.packbits(block.mask), "values": block.values}


def _check_limits(graphs: list[dict[str, Any]]) -> None:
    blocks = [block["geometry"] for graph in graphs for block in graph["blocks"]]
    geometries = [_geometry(facts) for facts in blocks if facts]
    weights = sum(int(np.prod(geometry.weight_shape, dtype=object)) for geometry in geometries)
    numbers = sum(
        taps * size
        for geometry in geometries
        for taps, size in zip(geometry.kernel, geometry.source_map[1:], strict=True)
    )
    nodes = sum(sum(graph["parts"]) for graph in graphs)
    if weights > LIMIT_WEIGHTS:
        raise Refused(f"has masks of {weights:,} weights; at most {LIMIT_WEIGHTS:,} are read")
    if nodes > LIMIT_NODES:
        raise Refused(f"has {nodes:,} nodes; at most {LIMIT_NODES:,} are read")
    if numbers > LIMIT_TABLES:
        raise Refused(f"has kernels of {numbers:,} taps times rows and columns; at most {LIMIT_TABLES:,} are read")


def _geometry(facts: dict[str, Any]) -> Geometry | Routes:
    return (Routes if isinstance(facts, dict) and "row_table" in facts else Geometry).from_dict(facts)


def _graph(described: dict[str, Any], tensors: dict[str, np.ndarray], number: int) -> MultipartiteGraph:
    blocks = tuple(
        _block(block["name"], block["geometry"], tensors, f"{number}.{place}")
        for place, block in enumerate(described["blocks"])
    )
    facts = {key: described[key] for key in ("mode", "weights", "parameters")}
    return MultipartiteGraph(tuple(described["parts"]), blocks, **facts)


def _block(name: str, geometry: dict | None, tensors: dict[str, np.ndarray], key: str) -> Bundle | EdgeList:
    values = _tensor(tensors, f"{key}.values", np.float32)
    if geometry is None:
        source, target = (_tensor(tensors, f"{key}.{end}", np.int64) for end in ("source", "target"))
        return EdgeList(name, source, target, values)
    geometry = _geometry(geometry)
    bits = _tensor(tensors, f"{key}.mask", np.uint8)
    size = int(np.prod(geometry.weight_shape))
    if bits.shape != (-(-size // 8),):
        raise Refused(f"has {bits.size} mask bytes for the {size} weights of {name!r:.80}")
    mask = np.unpackbits(bits, count=size).view(bool).reshape(geometry.weight_shape)
    return (Block if isinstance(geometry, Geometry) else RoutedBlock)(name, mask, values, geometry)


def _tensor(tensors: dict[str, np.ndarray], name: str, dtype: type) -> np.ndarray:
    if name not in tensors or tensors[name].dtype != dtype:
        raise Refused(f"lacks the array {name} of {np.dtype(dtype)}")
    return tensors[name]
