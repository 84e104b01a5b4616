"""Encode trained networks as multipartite graphs. The encodings are in prunegraph/encoding."""

from itertools import product
from pathlib import Path

from prunegraph.job import launch, logger
from prunegraph.fingerprint import made_from
from prunegraph.pool import Manifest, filling


def main(
    manifest: Path,
    initial: Path,
    trained: Path,
    encodings: list[str],
    mode: str,
    seeds: list[int],
    code: str,
    lost: int = 0,
):
    wiring, networks = Manifest(initial), Manifest(trained)
    with filling(manifest, lost) as cell:
        for seed, encoding in product(seeds, encodings):
            # Weights and mask; the other files of a network tell how it was trained and how well.
            read = [*wiring.content("architecture"), *networks.content(f"seed{seed}")[:2]]
            key = made_from(read, encoding=encoding, mode=mode, code=code)
            if cell.keep(f"seed{seed}/{encoding}", key):
                continue
            from prunegraph import graphs, tensors
            from prunegraph.encoding import encode_weights
            from prunegraph.masks import Mask
            from prunegraph.wiring import Architecture

            weights, mask = (networks.file(f"seed{seed}", f"seed{seed}/{n}.safetensors") for n in ("weights", "mask"))
            arrays, facts = tensors.load(weights)
            geometry = Architecture.load(wiring.file("architecture", "architecture.json"))
            path = cell.path(f"seed{seed}/{encoding}.graph")
            graph = encode_weights(geometry, arrays, encoding, mode, Mask.load(mask))
            graphs.save(path, graph, **{**facts, "made_from": key})
            cell.add(f"seed{seed}/{encoding}", key, f"seed{seed}/{encoding}.graph")
            logger.info("seed %d %s: written, %d bytes", seed, encoding, path.stat().st_size)


if __name__ == "__main__":
    launch(main, globals().get("snakemake"))
