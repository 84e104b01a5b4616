"""A cell of a study: stopped between and within its networks, it ends with the same files."""

import json

import pytest
import torch
from test_checkpoint import RECIPE, Stopped, half, images

from prunegraph import models
from prunegraph.errors import Interrupted
from prunegraph.training.cell import Manner, Member, train_cell
from prunegraph.training.checkpoint import never

FACTS = {"dataset": "noise", "model": "resnet20", "method": "er", "pruner": "er"}
FILES = ("weights.safetensors", "mask.safetensors", "history.csv", "score.json")


def train(folder, stop=never):
    members = []
    for seed in (0, 1):
        network = models.create("resnet20", 4, (1, 8, 8), seed, width=0.25)
        files = [folder / f"seed{seed}" / name for name in FILES]
        members.append(Member(0.5, seed, network, half(network), f"made of {seed}", files))
    train_cell(members, images(), RECIPE, FACTS, Manner(folder / "checkpoints", 2, stop))


def contents(folder):
    """Every file but the histories' wall times."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name in [name for name in found if name.endswith(".csv")]:
        found[name] = [line.rpartition(b",")[0] for line in found[name].splitlines()]
    return found


@pytest.mark.parametrize("stop", [0, 7, 30])
def test_a_stopped_cell_ends_with_the_same_files(stop, tmp_path):
    train(tmp_path / "whole")
    expected = contents(tmp_path / "whole")
    assert sorted(expected) == sorted(f"seed{seed}/{name}" for seed in (0, 1) for name in FILES)
    with pytest.raises(Interrupted):
        train(tmp_path / "cut", Stopped(stop))
    # What Snakemake does with the outputs of a job that failed.
    for path in (tmp_path / "cut").rglob("seed*/score.json"):
        path.unlink()
    train(tmp_path / "cut")
    assert contents(tmp_path / "cut") == expected
    score = json.loads((tmp_path / "cut/seed1/score.json").read_text())
    assert (score["seed"], score["made_from"], score["diverged"]) == (1, "made of 1", False)
    assert score["sparsity"] == 0.5
    assert (score["device"], score["precision"], score["torch"]) == ("cpu", "float32", torch.__version__)
    assert score["threads"] == torch.get_num_threads()
    assert score["method"] == "er" and 0 <= score["accuracy"] <= 1 and isinstance(score["at_chance"], bool)
