"""A mask whose scores do not fit into a GPU's memory is made on the CPU, which has the same one."""

import pytest
import torch
from helpers import ROOT
from helpers.scripts import main_of

from prunegraph import datasets, models, pruning
from prunegraph.masks import Mask
from prunegraph.wiring import trace


@pytest.mark.parametrize("full", [False, True])
def test_the_cpu_prunes_what_the_card_has_no_room_for(full, tmp_path, monkeypatch):
    images, architecture, weights, mask = (tmp_path / name for name in ("images", "architecture", "weights", "mask"))
    datasets.prepare("digits", tmp_path, images, 0.15, 0)
    network = models.create("mlp", 10, (1, 8, 8), 0, hidden=[8])
    trace(network, (1, 8, 8)).save(architecture)
    models.save(network, weights)
    calls, prune = [], pruning.prune

    def short_of_memory(*arguments, **options):
        calls.append(arguments)
        if full and len(calls) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return prune(*arguments, **options)

    monkeypatch.setattr(pruning, "prune", short_of_memory)
    choice = {"pruner": "snip", "options": {}, "layers": "all", "counts": "weights", "repair": ""}
    main_of(ROOT / "workflow_scripts/prune.py")(
        images, architecture, [weights], [mask], {"name": "mlp", "options": {"hidden": [8]}}, choice, 0.9, [0], 1,
        "cpu", "code",
    )  # fmt: skip
    assert len(calls) == 1 + full
    found, data = Mask.load(mask), datasets.load(images)
    expected = prune(network, "snip", 0.9, 0, data)
    assert all((found[name] == expected[name]).all() for name in expected)
    assert found.provenance["device"] == "cpu"
