"""Own pruners, models and data sets by ``module:function``; what `prunegraph check` says of pruners."""

import os

import pytest
from helpers.workflow import snakemake

from prunegraph import catalogue, models, pruning
from prunegraph.cli.command import main
from prunegraph.errors import UserError
from prunegraph.variants import variant

OWN = '''
"""Somebody's own."""

import numpy as np

from prunegraph.catalogue import Pruner


def smallest(task, *, largest=False):
    from prunegraph.pruning.selection import keep_largest

    sign = 1 if largest else -1
    return keep_largest({name: sign * w.detach().abs() for name, w in task.weights.items()}, task.kept, task.name)


def too_many(task):
    return {name: w == w for name, w in task.weights.items()}


def drawn(task):
    import torch

    score = {name: torch.from_numpy(np.random.rand(*w.shape)) for name, w in task.weights.items()}
    from prunegraph.pruning.selection import keep_largest

    return keep_largest(score, task.kept, task.name)


def first_units(task):
    import torch

    first = {name: torch.arange(len(w)) < task.kept_in[name] for name, w in task.weights.items()}
    return {name: first[name].view(-1, *[1] * (w.dim() - 1)).expand_as(w) for name, w in task.weights.items()}


FIRST = Pruner("MODULE:first_units", "the first", prunes="trained", counts=("units",), layers="but_last", finetune=0.0)


def net(classes, *, hidden=8):
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, classes))


def plain():
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.Linear(64, 3))


def read(folder, *, number=60):
    from prunegraph.datasets.original import Images, Original

    draw = np.random.default_rng(0)
    labels = np.arange(number) % 2
    images = draw.integers(0, 99, (number, 1, 8, 8)) + 150 * labels[:, None, None, None]
    return Original(Images(images.astype(np.uint8), labels), None, classes=2)


read.input_shape = (1, 8, 8)


def shapeless(folder):
    return None
'''


@pytest.fixture
def own(tmp_path, monkeypatch, request):
    """The name of a module in the present folder, another in every test."""
    name = f"own_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(OWN.replace("MODULE", name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


@pytest.mark.parametrize("pruner", ["smallest", "FIRST"])
def test_a_pruner_that_keeps_its_promises(own, capsys, pruner):
    assert main(["check", f"{own}:{pruner}"]) == 0
    said = capsys.readouterr().out
    assert said.count("kept ") == 10
    assert "broken" not in said
    assert said.rstrip().endswith("it may be a method of any study.")


@pytest.mark.parametrize(
    ("pruner", "said"),
    [
        ("too_many", "keeps 592 of 592 weights; sparsity 0.5 asks for 296"),
        ("drawn", "two calls differ in"),
    ],
)
def test_a_pruner_that_breaks_one(own, capsys, pruner, said):
    assert main(["check", f"{own}:{pruner}"]) == 1
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("pruner", "said"),
    [
        ("{}:nothing", "has no 'nothing'; it has"),
        ("nowhere_at_all:nothing", "Importing 'nowhere_at_all' for 'nowhere_at_all:nothing' failed"),
        ("snip", "is no module:function"),
    ],
)
def test_what_is_not_there(own, capsys, pruner, said):
    assert main(["check", pruner.format(own)]) == 1
    assert said in capsys.readouterr().err


def test_options_are_known_before_any_job(own):
    facts = {"mine": {"pruner": f"{own}:smallest", "options": {"largest": True}}}
    assert variant("methods", "mine", facts).options == {"largest": True}
    facts["mine"]["options"] = {"larger": True}
    with pytest.raises(UserError, match="Its options: largest"):
        variant("methods", "mine", facts)
    with pytest.raises(UserError, match="give it a name"):
        variant("methods", f"{own}:smallest", {})


def test_a_record_says_what_is_pruned(own):
    found = variant("methods", "mine", {"mine": {"pruner": f"{own}:FIRST"}})
    assert (found.settings["counts"], found.settings["layers"], found.settings["finetune"]) == ("units", "but_last", 0)
    assert catalogue.PRUNERS[f"{own}:FIRST"].prunes == "trained"
    assert catalogue.PRUNERS[f"{own}:smallest"].counts == ("weights",)
    assert f"{own}:FIRST" not in list(catalogue.PRUNERS)


def test_a_model(own):
    network = models.create(f"{own}:net", 4, (1, 8, 8), 0, hidden=5)
    assert [tuple(weight.shape) for weight in models.prunable(network).values()] == [(5, 64), (4, 5)]
    again = models.create(f"{own}:net", 4, (1, 8, 8), 0, hidden=5)
    assert all((a == b).all() for a, b in zip(network.parameters(), again.parameters(), strict=True))
    mask = pruning.prune(network, f"{own}:smallest", 0.5, 0)
    assert mask.kept == 170
    with pytest.raises(UserError, match=r"gives \(1, 3\) for one image; expected \(1, 4\)"):
        models.create(f"{own}:plain", 4, (1, 8, 8), 0)
    with pytest.raises(UserError, match="option of model"):
        models.create(f"{own}:net", 4, (1, 8, 8), 0, width=2)


def test_a_model_of_torchvision():
    network = models.create("torchvision.models:resnet18", 7, (3, 32, 32), 0)
    assert network.fc.weight.shape == (7, 512)


def test_a_data_set_says_its_shape(own):
    assert variant("datasets", "mine", {"mine": {"dataset": f"{own}:read"}}).options == {}
    with pytest.raises(UserError, match="does not say which shape its images have"):
        variant("datasets", "mine", {"mine": {"dataset": f"{own}:shapeless"}})


def test_a_study_of_ones_own(own, tmp_path):
    config = [
        f"datasets={{'bars': {{'dataset': '{own}:read', 'options': {{'number': 80}}}}}}",
        f"models={{'tiny': {{'model': '{own}:net', 'recipe': 'untrained'}}}}",
        f"methods={{'small': {{'pruner': '{own}:smallest'}}, 'first': {{'pruner': '{own}:FIRST'}}}}",
        "studies={'mine': {'datasets': [bars], 'models': [tiny], 'methods': [dense, small, first], "
        "'sparsities': [0.5], 'seeds': 1, 'measured': false}}",
    ]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    snakemake(tmp_path, "results/tables/mine/networks.csv", config=config, env=environment)
    lines = (tmp_path / "results/tables/mine/networks.csv").read_text().splitlines()
    assert [line.split(",")[3:5] for line in lines[1:]] == [
        ["dense", "dense"],
        ["first", f"{own}:FIRST"],
        ["small", f"{own}:smallest"],
    ]
