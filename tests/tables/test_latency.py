"""The table of latencies: what is measured is the network without the removed units."""

import torch

from prunegraph import datasets, models
from prunegraph.datasets.data import Data, Part
from prunegraph.masks import Mask
from prunegraph.tables.latency import Measured, table


def test_networks_are_measured_without_the_units_that_were_removed(tmp_path, monkeypatch):
    pixels = torch.randint(0, 256, (300, 1, 4, 4), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    part = Part(pixels, torch.arange(300) % 3, [0.5], [0.5])
    data = Data("noise", 3, (1, 4, 4), (0.5,), (0.5,), False, part, part, part)
    monkeypatch.setattr(datasets, "load", lambda path, device: data)
    network = {"name": "mlp", "options": {"hidden": [20]}}
    made = models.create("mlp", 3, (1, 4, 4), 0, hidden=[20])
    models.save(made, tmp_path / "weights.safetensors")
    measured = []
    for method, sparsity, kept in (("unit_random", 0.5, 10), ("dense", 0.0, 20)):
        masks = {name: torch.ones(weight.shape) for name, weight in models.prunable(made).items()}
        first = next(iter(masks))
        masks[first][kept:] = 0
        Mask(masks).save(tmp_path / f"{method}.safetensors")
        files = (tmp_path / "weights.safetensors", tmp_path / f"{method}.safetensors")
        measured.append(Measured("noise", "small", method, sparsity, 0, network, *files))
    found = table(measured, {"noise": tmp_path / "images.safetensors"}, "cpu")
    assert found[["method", "batch", "parameters", "macs"]].to_numpy().tolist() == [
        ["dense", 1, 20 * 17 + 63, 20 * 19],
        ["dense", 256, 20 * 17 + 63, 20 * 19],
        ["unit_random", 1, 10 * 17 + 33, 10 * 19],
        ["unit_random", 256, 10 * 17 + 33, 10 * 19],
    ]
    assert (found.seconds_low <= found.seconds).all() and (found.seconds <= found.seconds_high).all()
    assert (found.seconds > 0).all() and (found.calls >= 15).all() and (found.device == "cpu").all()
