"""Encode trained networks as multipartite graphs. The encodings are in prunegraph/encoding."""

from itertools import product
from pathlib import Path

from prunegraph import graphs, tensors
from prunegraph.encoding import encode_weights
from prunegraph.errors import UserError
from prunegraph.fingerprint import made_from
from prunegraph.job import launch, logger
from prunegraph.masks import Mask
from prunegraph.wiring import Architecture


def main(
    architecture: Path,
    trained: list[Path],
    masks: list[Path],
    encoded: list[Path],
    encodings: list[str],
    mode: str,
    seeds: list[int],
    code: str,
):
    geometry = Architecture.load(architecture)
    for ((seed, source, mask), encoding), path in zip(
        product(zip(seeds, trained, masks, strict=True), encodings), encoded, strict=True
    ):
        key = made_from([architecture, source, mask], encoding=encoding, mode=mode, code=code)
        if _made_from(path) == key:
            logger.info("seed %d %s: kept, it is up to date", seed, encoding)
            continue
        weights, facts = tensors.load(source)
        graph = encode_weights(geometry, weights, encoding, mode, Mask.load(mask))
        graphs.save(path, graph, **{**facts, "made_from": key})
        logger.info("seed %d %s: written, %d bytes", seed, encoding, path.stat().st_size)


def _made_from(path):
    try:
        return graphs.provenance(path).get("made_from")
    except UserError:  # not there yet, or damaged
        return None


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
