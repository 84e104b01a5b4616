"""A mask whose scores do not fit into a GPU's memory is made on the CPU, which has the same one."""

import pytest
import torch
from helpers import ROOT
from helpers.scripts import main_of

from prunegraph import datasets, models, pruning
from prunegraph.masks import Mask


@pytest.mark.parametrize("full", [False, True])
def test_the_cpu_prunes_what_the_card_has_no_room_for(full, tmp_path, monkeypatch):
    network = {"name": "mlp", "options": {"hidden": [8]}}
    data, initial = (tmp_path / f"{name}.{'0' * 12}.manifest.json" for name in ("digits", "mlp"))
    main_of(ROOT / "workflow_scripts/prepare.py")(
        data, {"name": "digits", "options": {}, "like": None}, None, tmp_path, 0, 0.15, 0, "code"
    )
    main_of(ROOT / "workflow_scripts/initialise.py")(initial, data, network, [0], "code")
    calls, prune = [], pruning.prune

    def short_of_memory(*arguments, **options):
        calls.append(arguments)
        if full and len(calls) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return prune(*arguments, **options)

    monkeypatch.setattr(pruning, "prune", short_of_memory)
    choice = {"pruner": "snip", "options": {}, "layers": "all", "counts": "weights", "repair": ""}
    masks = tmp_path / f"snip-0.9.{'0' * 12}.manifest.json"
    main_of(ROOT / "workflow_scripts/prune.py")(
        masks, data, initial, initial, network, choice, 0.9, [0], [0], 1, "cpu", "code"
    )
    assert len(calls) == 1 + full
    found, images = (
        Mask.load(tmp_path / "snip-0.9/seed0.safetensors"),
        datasets.load(tmp_path / "digits/images.safetensors"),
    )
    expected = prune(models.create("mlp", 10, (1, 8, 8), 0, hidden=[8]), "snip", 0.9, 0, images)
    assert all((found[name] == expected[name]).all() for name in expected)
    assert found.provenance["device"] == "cpu"
