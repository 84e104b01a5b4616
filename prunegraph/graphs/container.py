"""The container of a graph file: a zstd frame around a safetensors payload with a header, read within limits."""

import json
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = "prunegraph graph"
VERSION = 1
LEVEL = 10
LIMIT_BYTES = 1 << 30
LIMIT_HEADER = 1 << 22


class Refused(Exception):
    """A file is refused; the message is the second half of a sentence whose subject is the file."""


def compress(tensors: dict[str, np.ndarray], facts: dict[str, Any]) -> bytes:
    """Pack arrays and the JSON that describes them; the same input gives the same bytes."""
    import zstandard
    from safetensors.numpy import save as pack

    payload = pack(tensors, metadata={"prunegraph": json.dumps(facts, sort_keys=True)})
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, write_content_size=True).compress(payload)


def read(path: str | Path) -> bytes:
    """Read the bytes of a graph file.

    Raises
    ------
    Refused
        If the file does not exist, cannot be read, or is larger than `LIMIT_BYTES`.
    """
    try:
        if Path(path).stat().st_size > LIMIT_BYTES:
            raise Refused(f"is larger than {LIMIT_BYTES:,} bytes, the most that is read")
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise Refused("does not exist") from None
    except OSError as problem:
        raise Refused(f"cannot be read ({problem.strerror})") from None


def decompress(data: bytes) -> bytes:
    """Unpack the zstd frame of a graph file: the safetensors payload.

    Raises
    ------
    Refused
        If `data` is no zstd frame with a size and a checksum, is damaged, or claims more than `LIMIT_BYTES`.
    """
    import zstandard

    try:
        frame = zstandard.get_frame_parameters(data)
    except zstandard.ZstdError:
        raise Refused("is not a graph file: it does not begin with a zstd frame") from None
    if frame.content_size == zstandard.CONTENTSIZE_UNKNOWN or not frame.has_checksum:
        raise Refused("is damaged or not a graph file: its zstd frame lacks the size or the checksum")
    if frame.content_size > LIMIT_BYTES:
        raise Refused(f"claims {frame.content_size:,} bytes of content; at most {LIMIT_BYTES:,} are read")
    try:
        return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as problem:
        raise Refused(f"is truncated or damaged ({problem})") from None


def header_of(payload: bytes) -> dict[str, Any]:
    """Return the JSON that describes the graphs, checked for format and version.

    Parameters
    ----------
    payload
        The safetensors payload, or at least its beginning up to the end of the header.

    Raises
    ------
    Refused
        If there is no such header, or one of another format or version.
    """
    length = int.from_bytes(payload[:8], "little")
    if len(payload) < 8 or not 0 < length <= min(len(payload) - 8, LIMIT_HEADER):
        raise Refused("is not a graph file: its content has no safetensors header")
    try:
        facts = json.loads(json.loads(payload[8 : 8 + length])["__metadata__"]["prunegraph"])
        form, version = facts["format"], facts["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("is not a graph file: its header describes none") from None
    if form != FORMAT:
        raise Refused(f"is not a graph file: its format is {form!r:.80}")
    if version != VERSION:
        raise Refused(f"is of format version {version!r:.80}, this program reads version {VERSION}")
    return facts


def unpack_tensors(payload: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors payload by name.

    Raises
    ------
    Refused
        If the payload is no valid one.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack

    try:
        return unpack(payload)
    except (SafetensorError, KeyError) as problem:
        raise Refused(f"holds no valid safetensors payload ({problem})") from None
