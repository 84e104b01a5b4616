"""A set of relational graphs on disk: one zstd frame with a checksum, which holds a safetensors payload.

Adjacencies are packed bits; the properties are there as arrays of float64, so infinity stays what it is. The same set
gives the same bytes. Reading executes nothing, and checks every graph.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from prunegraph.catalogue import known
from prunegraph.errors import UserError
from prunegraph.files import atomic
from prunegraph.relational.adjacency import checked
from prunegraph.relational.properties import COLUMNS

FORMAT = "prunegraph relational graphs"
VERSION = 1
LEVEL = 10
LIMIT_BYTES = 1 << 28


class GraphSet(NamedTuple):
    """Relational graphs with as many nodes each.

    Parameters
    ----------
    adjacency
        graphs x nodes x nodes, bool.
    rows
        For each graph its ``name`` and its properties (:data:`prunegraph.relational.properties.COLUMNS`).
    """

    adjacency: np.ndarray
    rows: list[dict[str, Any]]

    def only(self, name: str) -> "GraphSet":
        """The set of the one graph of a name.

        Raises
        ------
        UserError
            If there is none.
        """
        names = [row["name"] for row in self.rows]
        place = names.index(known(names, name, "relational graph"))
        return GraphSet(self.adjacency[place : place + 1], self.rows[place : place + 1])


def save(path: str | Path, graphs: GraphSet, /, **provenance: Any) -> None:
    """Write a set atomically, with `provenance` in its header.

    Raises
    ------
    UserError
        If the set is too large to be read again.
    """
    import zstandard
    from safetensors.numpy import save as pack

    tensors = {name: np.array([row[name] for row in graphs.rows], np.float64) for name in COLUMNS}
    tensors["adjacency"] = np.packbits(graphs.adjacency, axis=2)
    facts = {"format": FORMAT, "version": VERSION, "names": [row["name"] for row in graphs.rows]}
    facts |= {"nodes": graphs.adjacency.shape[2], "provenance": provenance}
    payload = pack(tensors, metadata={"prunegraph": json.dumps(facts, sort_keys=True)})
    if len(payload) > LIMIT_BYTES:
        raise UserError(
            f"The set of {len(graphs.rows)} graphs takes {len(payload):,} bytes; at most {LIMIT_BYTES:,} are kept in "
            "one file. Make two sets of it."
        )
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=True)
    with atomic(path) as temporary:
        temporary.write_bytes(compressor.compress(payload))


def load(path: str | Path) -> GraphSet:
    """Read a set that :func:`save` wrote.

    Raises
    ------
    UserError
        If there is none, it is damaged or of another version, or a graph in it is no simple connected one.
    """
    payload = _payload(Path(path))
    try:
        facts, arrays = _content(payload)
        names, nodes, packed = facts["names"], int(facts["nodes"]), arrays["adjacency"]
        if packed.dtype != np.uint8 or packed.shape != (len(names), nodes, -(-nodes // 8)):
            raise ValueError("its adjacencies have another shape than its header says")
        adjacency = np.unpackbits(packed, axis=2, count=nodes).astype(bool)
        columns = {name: [kind(value) for value in arrays[name]] for name, kind in COLUMNS.items()}
        rows = [
            {"name": name, **{key: values[place] for key, values in columns.items()}}
            for place, name in enumerate(names)
        ]
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        raise UserError(
            f"{path} holds no set of relational graphs of version {VERSION} ({problem}). Make it again."
        ) from None
    for graph, name in zip(adjacency, names, strict=True):
        checked(graph, f"The graph {name} in {path}")
    return GraphSet(adjacency, rows)


def _payload(path: Path) -> bytes:
    import zstandard

    try:
        data = path.read_bytes()
        frame = zstandard.get_frame_parameters(data)
        if not frame.has_checksum or frame.content_size > LIMIT_BYTES:
            raise zstandard.ZstdError("it has no checksum, or is larger than any set")
        return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except OSError as problem:
        raise UserError(f"{path} cannot be read ({problem.strerror}); expected a set of relational graphs.") from None
    except zstandard.ZstdError as problem:
        raise UserError(f"{path} is damaged or no set of relational graphs ({problem}). Make it again.") from None


def _content(payload: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack

    try:
        arrays = unpack(payload)
    except SafetensorError as problem:
        raise ValueError(str(problem)) from None
    length = int.from_bytes(payload[:8], "little")
    facts = json.loads(json.loads(payload[8 : 8 + length])["__metadata__"]["prunegraph"])
    if (facts["format"], facts["version"]) != (FORMAT, VERSION):
        raise ValueError(f"its format is {facts['format']!r:.80}, version {facts['version']!r:.20}")
    return facts, arrays
