"""The examples in the help texts run, in a folder that holds the files they name."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import torch
from helpers.small_study import small_study
from safetensors.torch import save_file

from prunegraph import models
from prunegraph.analysis import transfer
from prunegraph.cli import main
from prunegraph.files import write_json
from prunegraph.masks import Mask

COMMANDS = ("measure", "graph", "draw", "predict")

MODEL = """
from torch import nn

def build():
    return nn.Sequential(nn.Conv2d(1, 3, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(192, 10))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("examples")
    (here / "my_models.py").write_text(MODEL)
    made = {}
    exec(MODEL, made)
    torch.manual_seed(0)
    torch.save(made["build"]().state_dict(), here / "pruned.pt")
    narrow = models.create("resnet20", 10, (3, 32, 32), width=0.25)
    with torch.no_grad():
        for weight in models.prunable(narrow).values():
            weight *= torch.rand(weight.shape) < 0.1
    torch.save(narrow.state_dict(), here / "narrow.pt")
    other = models.create("conv6", 10, (1, 8, 8), width=0.1)
    save_file(other.state_dict(), here / "network.safetensors")
    Mask({name: torch.rand(w.shape) < 0.3 for name, w in models.prunable(other).items()}).save(
        here / "mask.safetensors"
    )
    table = small_study().features
    content = transfer.fitted(table, transfer.coverage(table, rows_per_feature=2), rows_per_feature=2)
    for study in ("mge", "published"):
        write_json(here / f"results/predictors/{study}.json", content)
    network = [str(here / "narrow.pt"), "--model", "resnet20", "--option", "width=0.25", "--input", "3,32,32"]
    assert main(["graph", *network, "--output", str(here / "network.graph")]) == 0
    assert main(["measure", *network, "--output", str(here / "measured.json")]) == 0
    return here


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_run(command, folder, tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = capsys.readouterr().out
    examples = re.findall(r"^  prunegraph (.*)$", said[said.index("examples:") :], flags=re.M)
    assert len(examples) > 1 and all(example.startswith(command) for example in examples)
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for example in examples:
        words = shlex.split(example)
        output = Path(words[words.index("--output") + 1]) if "--output" in words else None
        if output:
            output.unlink(missing_ok=True)
        assert main(words) == 0, capsys.readouterr().err
        found = capsys.readouterr()
        assert found.out and not found.err
        # Layer graphs go to one file each.
        assert output is None or output.exists() or list(tmp_path.glob(f"{output.stem}.*{output.suffix}"))
    sys.modules.pop("my_models", None)
