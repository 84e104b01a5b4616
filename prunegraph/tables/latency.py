"""The table of latencies: the time that networks take once the units that pruning removed are gone."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from prunegraph.tables.frames import shaped, sort

logger = logging.getLogger("prunegraph")

BATCHES = (1, 256)
"""Images of a call: of one, the overhead of calls may be all that is measured in a small network."""


class Measured(NamedTuple):
    """A trained network: its cell, the name and options of its model, the files of its weights and mask."""

    dataset: str
    model: str
    method: str
    sparsity: float
    seed: int
    network: Mapping[str, Any]
    weights: Path
    mask: Path


def table(networks: Iterable[Measured], images: Mapping[str, Path], device: str) -> pd.DataFrame:
    """Shrink each network and measure it beside the others of its data set and model, on test images.

    Parameters
    ----------
    images
        The file of the images of each data set.

    Returns
    -------
    pd.DataFrame
        The table ``latency`` of :mod:`prunegraph.tables.schemas`, a row for each network and size of a batch.
    """
    from prunegraph import datasets
    from prunegraph.metrics.cost import cost, latencies

    rows, groups = [], {}
    for one in networks:
        groups.setdefault((one.dataset, one.model), []).append(one)
    for (dataset, model), several in groups.items():
        data = datasets.load(images[dataset], device)
        small = [_shrunk(one, data).to(device) for one in several]
        costs = [cost(network, data.input_shape) for network in small]
        for batch in BATCHES:
            pictures = data.test.normalise(data.test.images[:batch])
            for one, size, found in zip(several, costs, latencies(small, pictures), strict=True):
                facts = {"seconds": found["median"], "seconds_low": found["low"], "seconds_high": found["high"]}
                facts |= {"calls": found["runs"], "parameters": size.parameters, "macs": size.macs}
                rows.append({**found, **one._asdict(), **facts})
        logger.info("%s %s: %d networks measured", dataset, model, len(several))
    return sort(shaped(pd.DataFrame(rows), "latency"), "dataset", "model", "method", "sparsity", "batch")


def _shrunk(one: Measured, data: Any) -> Any:
    from prunegraph import models
    from prunegraph.masks import Mask
    from prunegraph.wiring.shrink import shrink

    made = models.create(one.network["name"], data.classes, data.input_shape, one.seed, **one.network["options"])
    models.load_weights(made, one.weights)
    return shrink(made, data.input_shape, Mask.load(one.mask))
