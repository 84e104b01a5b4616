"""Golden networks: pruned networks and every number that the reference implementation of MGE gives for them.

`tests/data/golden/NAME.npz` holds a network (all kept weights as they are, one bit for every place),
`NAME.json` the numbers; README.md there says what each is.
"""

import json
from pathlib import Path

import numpy as np

from helpers import ROOT

FOLDER = ROOT / "tests/data/golden"
NETWORKS = {
    "resnet20-0.98": "resnet20",
    "resnet20-0.9": "resnet20",
    "conv6-0.99": "conv6",
    "wrn-0.99": "wide_resnet28_2",
}


def facts(name: str) -> dict:
    """What the reference gives for the network `name`."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def weights(name: str, folder: Path = FOLDER) -> dict[str, np.ndarray]:
    """The state dict of the network `name`: float32, and int64 counters of BatchNorm; removed weights are zero."""
    with np.load(folder / f"{name}.npz") as file:
        shapes = json.loads(str(file["shapes"]))
        sizes = [int(np.prod(shape, dtype=int)) for shape, _ in shapes.values()]
        kept = np.unpackbits(file["kept"], count=sum(sizes)).astype(bool)
        full = np.zeros(kept.size, np.float32)
        full[kept] = file["values"]
    parts = np.split(full, np.cumsum(sizes)[:-1])
    return {
        name: part.reshape(shape).astype(kind)
        for (name, (shape, kind)), part in zip(shapes.items(), parts, strict=True)
    }


def store(name: str, state: dict[str, np.ndarray], folder: Path = FOLDER) -> None:
    """Write a state dict of float32 tensors and small whole numbers as :func:`weights` reads it."""
    full = np.concatenate([values.ravel().astype(np.float32) for values in state.values()])
    kept = full != 0
    shapes = json.dumps({key: [list(values.shape), values.dtype.str] for key, values in state.items()})
    np.savez_compressed(folder / f"{name}.npz", kept=np.packbits(kept), values=full[kept], shapes=np.array(shapes))
