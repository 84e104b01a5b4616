"""Data sets in the workflow: what the user put there stays, downloads are asked for once, other files are noticed."""

import io
import json
import os
import shutil
import zipfile

import numpy as np
import pytest
from helpers import ROOT
from helpers.workflow import jobs, snakemake
from PIL import Image

from prunegraph import datasets, tensors


def kept(folder):
    """Every file with its content and times."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def later(path):
    """As if changed a second later, so that no clock has to tell two moments apart."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 10**9))


def nothing_to_do(folder, targets, config):
    done = snakemake(folder, "-n", *([targets] if isinstance(targets, str) else targets), config=config)
    return "Nothing to be done" in done.stdout + done.stderr


def images(folder, name):
    return datasets.load(folder / f"results/datasets/{name}/images.safetensors")


@pytest.mark.slow
def test_mnist_is_prepared_and_the_users_files_stay(shared, tmp_path):
    shutil.copytree(shared / "data" / "mnist", tmp_path / "own", copy_function=shutil.copyfile)
    target, config = "results/datasets/mnist.json", ["data_dir=own"]
    before = kept(tmp_path / "own")
    assert len(before) == 4
    planned = jobs(snakemake(tmp_path, target, config=config))
    assert planned == {"download": 1, "prepare": 1, "files_of_data_set": 1, "total": 3}
    assert kept(tmp_path / "own") == before
    images = tmp_path / "results/datasets/mnist/images.safetensors"
    datasets.verify(images)
    data = datasets.load(images)
    assert (len(data.train), len(data.validation), len(data.test)) == (51_000, 9_000, 10_000)
    assert data.mean[0] == pytest.approx(0.1307, abs=2e-3) and data.std[0] == pytest.approx(0.3081, abs=2e-3)
    # A prepared data set needs its sources no more, nor permission to fetch them.
    (tmp_path / "own").rename(tmp_path / "away")
    assert nothing_to_do(tmp_path, target, [*config, "download=false"])
    # Other files make it anew.
    (tmp_path / "away").rename(tmp_path / "own")
    later(tmp_path / "own/MNIST/raw/t10k-labels-idx1-ubyte.gz")
    assert jobs(snakemake(tmp_path, "-n", target, config=config))["prepare"] == 1


def archive_of(path, shade):
    """Twelve images of two classes, all of one grey value."""
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8), shade, np.uint8)).save(file, format="PNG")
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(12):
            archive.writestr(f"train/class{number % 2}/{number}.png", file.getvalue())


def test_images_that_were_replaced_are_prepared_anew_and_once(tmp_path):
    entries = [
        f"'{name}':{{'dataset':'imagefolder','options':{{'path':'{path}','size':8,'channels':1}}}}"
        for name, path in (("packed", "mine.zip"), ("loose", "mine"))
    ]
    config = [f"datasets={{{','.join(entries)}}}", "split={'validation': 0, 'seed': 0}"]
    targets = [f"results/datasets/{name}.json" for name in ("packed", "loose")]
    archive_of(tmp_path / "mine.zip", shade=10)
    shutil.unpack_archive(tmp_path / "mine.zip", tmp_path / "mine")
    snakemake(tmp_path, *targets, config=config)
    assert nothing_to_do(tmp_path, targets, config)

    archive_of(tmp_path / "mine.zip", shade=20)
    later(tmp_path / "mine.zip")
    (tmp_path / "mine/train/class1/1.png").rename(tmp_path / "mine/train/class0/1.png")
    made = jobs(snakemake(tmp_path, *targets, config=config))
    assert made == {"prepare": 2, "files_of_data_set": 2, "total": 4}
    assert int(images(tmp_path, "packed").train.images.max()) == 20
    assert images(tmp_path, "loose").train.labels.bincount().tolist() == [6, 4]
    assert nothing_to_do(tmp_path, targets, config)

    (tmp_path / "mine.zip").unlink()
    shutil.rmtree(tmp_path / "mine")
    assert nothing_to_do(tmp_path, targets, config)


@pytest.mark.slow
def test_a_download_is_prepared_once(shared, tmp_path):
    # In place of the address: a module that Python imports at start puts the files there when they are asked for.
    (tmp_path / "patch").mkdir()
    copy = f"shutil.copytree({str(shared / 'data/mnist')!r}, folder, copy_function=shutil.copyfile, dirs_exist_ok=True)"
    (tmp_path / "patch/sitecustomize.py").write_text(
        f"import shutil\nfrom prunegraph.datasets import fetching\nfetching.download = lambda name, folder: {copy}\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "patch"), str(ROOT)])}
    target, config = "results/datasets/mnist.json", []
    done = snakemake(tmp_path, target, config=config, env=env)
    assert jobs(done) == {"download": 1, "prepare": 1, "files_of_data_set": 1, "total": 3}
    assert nothing_to_do(tmp_path, target, config)


@pytest.mark.slow
def test_without_network_a_download_ends_in_a_sentence(tmp_path):
    # A proxy at a closed port: every request fails at once, whatever this machine can reach.
    dead = {**os.environ, "http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1", "no_proxy": ""}
    target = "results/datasets/cifar10.json"
    done = snakemake(tmp_path, target, check=False, env=dead)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "cifar-10-python.tar.gz could not be downloaded" in said and "Connection refused" in said
    assert f"put it at {tmp_path / 'data/cifar-10-python.tar.gz'}" in said
    assert "cs.toronto.edu/~kriz/cifar.html" in said
    assert "Traceback" not in said
    assert not list((tmp_path / "data").iterdir())


def test_a_folder_that_is_not_there_stops_before_any_job(tmp_path):
    entry = "{'mine':{'dataset':'imagefolder','options':{'path':'nowhere.zip'}}}"
    target = "results/datasets/mine.json"
    done = snakemake(tmp_path, target, config=[f"datasets={entry}"], check=False)
    assert done.returncode != 0
    assert "nothing is there. Correct its option `path`" in done.stdout + done.stderr
    assert not (tmp_path / "results/logs/prepare").exists()


@pytest.mark.slow
def test_a_variant_runs_under_its_own_name_with_the_recipe_it_is_like(tmp_path):
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for number in range(400):
            label, part = number % 10, "test" if number % 4 == 0 else "train"
            file = io.BytesIO()
            noise = rng.integers(100, size=(40, 32, 3))
            Image.fromarray((noise + 15 * label).astype(np.uint8)).save(file, format="PNG")
            archive.writestr(f"{part}/class{label}/{number}.png", file.getvalue())
    entry = "{'mine':{'dataset':'imagefolder','like':'cifar10','options':{'path':'mine.zip'}}}"
    model = "{'small':{'model':'resnet20','options':{'width':0.25},'recipe':'published','epochs':1}}"
    config = [f"datasets={entry}", f"models={model}", "seeds=[0]"]
    snakemake(tmp_path, "results/trained/mine/small/erk-0.5.json", config=config)
    score = json.loads((tmp_path / "results/trained/mine/small/erk-0.5/seed0/score.json").read_text())
    assert (score["dataset"], score["recipe"], score["epochs"]) == ("mine", "published", 1)
    facts = tensors.provenance(tmp_path / "results/datasets/mine/images.safetensors")
    assert (facts["dataset"], facts["like"], facts["mean"]) == ("imagefolder", "cifar10", [0.4914, 0.4822, 0.4465])
