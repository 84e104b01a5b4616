"""Reading official files: IDX, CIFAR in both versions and as archives, Tiny-ImageNet; and what is said without them."""

import gzip
import io
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from prunegraph import datasets
from prunegraph.catalogue import DATASETS, INPUT_SHAPES, lookup
from prunegraph.datasets import cifar, fetching, idx, imagenet, pictures, svhn, tiny_imagenet
from prunegraph.datasets.plain_pickle import loads
from prunegraph.datasets.preparation import moments
from prunegraph.errors import UserError


def pixels(number, seed):
    return np.random.default_rng(seed).integers(256, size=(number, 3072), dtype=np.uint8)


def idx_bytes(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write(path: Path, content: bytes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


# ---- what is missing


@pytest.mark.parametrize(
    ("name", "file", "page"),
    [
        ("mnist", "MNIST/raw/{train-images-idx3-ubyte, train-labels", "yann.lecun.com"),
        ("fashion_mnist", "FashionMNIST/raw/{train-images", "github.com/zalandoresearch/fashion-mnist"),
        ("cifar10", "cifar-10-batches-py/{data_batch_1, ", "www.cs.toronto.edu/~kriz/cifar.html"),
        ("cifar100", "cifar-100-python/{train, test}", "www.cs.toronto.edu/~kriz/cifar.html"),
        ("tiny_imagenet", "tiny-imagenet-200/{wnids.txt, train}", "cs231n.stanford.edu"),
        ("svhn", "svhn/{train_32x32.mat, test_32x32.mat}", "ufldl.stanford.edu/housenumbers"),
        ("imagenet", "imagenet/{train, val}", "image-net.org"),
    ],
)
def test_one_sentence_names_data_set_folder_files_and_page(name, file, page, tmp_path):
    sentence = datasets.missing(name, tmp_path)
    assert f"Data set {name!r} is not in the folder {tmp_path}" in sentence
    assert file in sentence and page in sentence
    with pytest.raises(UserError) as caught:
        datasets.prepare(name, tmp_path, tmp_path / "out", 0.1, 0)
    assert str(caught.value) == sentence
    assert not (tmp_path / "out").exists()


def test_digits_are_never_missing_and_unknown_names_are_refused(tmp_path):
    assert datasets.missing("digits", tmp_path / "nowhere") is None
    with pytest.raises(UserError, match="Unknown data set 'minst'"):
        datasets.missing("minst", tmp_path)


def test_every_data_set_of_the_catalogue_has_a_reader_and_a_shape():
    assert set(INPUT_SHAPES) == set(DATASETS)
    assert all(callable(lookup(DATASETS, name, "data set")) for name in DATASETS)


# ---- IDX


def test_mnist_is_the_known_one(shared, monkeypatch):
    folder = shared / "data" / "mnist"
    assert datasets.missing("mnist", folder) is None
    monkeypatch.setattr(fetching, "fetch", None)
    datasets.download("mnist", folder)  # it is there, in the layout of torchvision
    original = idx.read_mnist(folder)
    assert original.train.images.shape == (60_000, 1, 28, 28)
    assert original.test.images.shape == (10_000, 1, 28, 28)
    # Label counts as in the tables of http://yann.lecun.com/exdb/mnist/
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(original.train.labels).tolist() == train
    assert np.bincount(original.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert original.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    mean, std = moments(original.train.images)  # the normalisation everybody uses: 0.1307, 0.3081
    assert (round(mean[0], 4), round(std[0], 4)) == (0.1307, 0.3081)


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_raw_or_gzipped(packed, tmp_path):
    images = np.random.default_rng(0).integers(256, size=(30, 28, 28), dtype=np.uint8)
    labels = np.arange(30, dtype=np.uint8) % 10
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        content = idx_bytes(images if "images" in name else labels)
        path = tmp_path / "FashionMNIST" / "raw" / f"{name}-ubyte{'.gz' if packed else ''}"
        write(path, gzip.compress(content) if packed else content)
    original = idx.read_fashion_mnist(tmp_path)
    assert np.array_equal(original.train.images[:, 0], images)
    assert np.array_equal(original.test.labels, labels)
    datasets.prepare("fashion_mnist", tmp_path, tmp_path / "out", 0.34, 0)
    assert np.bincount(datasets.load(tmp_path / "out").validation.labels).tolist() == [1] * 10


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no IDX file"),
        (b"\x89PNG", "starts with 89504e47, expected 000008"),
        (idx_bytes(np.zeros((3, 4), np.uint8))[:-1], r"array of \[3, 4\], but has 11 bytes"),
        (idx_bytes(np.zeros((3, 4), np.uint8)) + b"x", "but has 13 bytes"),
    ],
)
def test_damaged_idx_files_are_refused(content, sentence, tmp_path):
    write(tmp_path / "x", content)
    with pytest.raises(UserError, match=sentence):
        idx.read_idx(tmp_path / "x")


def test_truncated_gzip_is_refused(tmp_path):
    write(tmp_path / "x.gz", gzip.compress(bytes(1000))[:-5])
    with pytest.raises(UserError, match="cannot be unpacked"):
        idx.read_idx(tmp_path / "x.gz")


# ---- CIFAR


def cifar10_files(pickled):
    """Six small batches by their official names, in the Python or the binary version."""
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    files = {}
    for seed, name in enumerate(names):
        data, labels = pixels(10, seed), list(range(10))
        if pickled:
            batch = {b"batch_label": b"x", b"labels": labels, b"data": data, b"filenames": [b"a.png"] * 10}
            files[f"cifar-10-batches-py/{name}"] = pickle.dumps(batch, protocol=2)
        else:
            records = np.concatenate([np.array(labels, np.uint8)[:, None], data], axis=1)
            files[f"cifar-10-batches-bin/{name}.bin"] = records.tobytes()
    return files


def cifar100_files(pickled):
    files = {}
    for seed, name in enumerate(("train", "test")):
        data, fine, coarse = pixels(100, seed), list(range(100)), [0] * 100
        if pickled:
            batch = {"data": data, "fine_labels": fine, "coarse_labels": coarse}
            files[f"cifar-100-python/{name}"] = pickle.dumps(batch, protocol=2)
        else:
            labels = np.array([coarse, fine], np.uint8).T
            files[f"cifar-100-binary/{name}.bin"] = np.concatenate([labels, data], axis=1).tobytes()
    return files


def lay_out(folder, files, archive=None):
    if archive is None:
        for name, content in files.items():
            write(folder / name, content)
        return
    with tarfile.open(folder / archive, "w:gz") as packed:
        # Another order than the layout's, with a stranger among them.
        for name, content in [*reversed(files.items()), ("../escaped", b"x")]:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    ("pickled", "archive"),
    [(True, None), (True, "cifar-10-python.tar.gz"), (False, None), (False, "cifar-10-binary.tar.gz")],
)
def test_cifar10_in_every_version(pickled, archive, tmp_path):
    lay_out(tmp_path, cifar10_files(pickled), archive)
    assert datasets.missing("cifar10", tmp_path) is None
    original = cifar.read_cifar10(tmp_path)
    expected = np.concatenate([pixels(10, seed) for seed in range(5)]).reshape(50, 3, 32, 32)
    assert np.array_equal(original.train.images, expected)
    assert np.array_equal(original.test.images, pixels(10, 5).reshape(10, 3, 32, 32))
    assert original.train.labels.tolist() == [*range(10)] * 5
    assert not (tmp_path.parent / "escaped").exists()


@pytest.mark.parametrize(
    ("pickled", "archive"),
    [(True, None), (True, "cifar-100-python.tar.gz"), (False, None), (False, "cifar-100-binary.tar.gz")],
)
def test_cifar100_has_its_fine_labels_in_every_version(pickled, archive, tmp_path):
    lay_out(tmp_path, cifar100_files(pickled), archive)
    original = cifar.read_cifar100(tmp_path)
    assert original.train.labels.tolist() == original.test.labels.tolist() == [*range(100)]
    assert np.array_equal(original.test.images, pixels(100, 1).reshape(100, 3, 32, 32))


def test_cifar_keeps_the_published_normalisation_and_augmentation(tmp_path):
    lay_out(tmp_path, cifar10_files(True))
    datasets.prepare("cifar10", tmp_path, tmp_path / "out", 0.2, 0)
    data = datasets.load(tmp_path / "out")
    assert data.mean == (0.4914, 0.4822, 0.4465)
    assert data.std == (0.2023, 0.1994, 0.2010)
    assert data.augmented
    assert (len(data.train), len(data.validation), len(data.test)) == (40, 10, 10)


def test_python_2_pickles_are_read():
    # What cPickle of Python 2 wrote: text is a byte string (U), numpy.core by its old name.
    array = pickle.dumps(pixels(1, 0), protocol=2).replace(b"numpy._core", b"numpy.core")
    assert b"numpy.core.multiarray" in array
    body = array[2:-1]  # without the header and the stop
    content = b"\x80\x02}(U\x04data" + body + b"U\x06labels](K\x07eu."
    found = cifar.from_pickle(content, "labels", "batch")
    assert found.labels.tolist() == [7]
    assert np.array_equal(found.images.ravel(), pixels(1, 0).ravel())


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_that_run_code_are_refused_unopened(protocol, tmp_path):
    content = pickle.dumps({"data": Malicious(tmp_path / "harm")}, protocol=protocol)
    with pytest.raises(UserError, match=r"asks for .*open.* so it was not opened"):
        loads(content, "batch")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy\nload\n(S'x'\ntR.",
        b"cnumpy.core.multiarray\nfromfile\n(S'x'\ntR.",
        b"c_codecs\ndecode\n(S'x'\nS'zip'\ntR.",
    ],
)
def test_no_other_function_can_be_named(content):
    with pytest.raises(UserError, match="so it was not opened"):
        loads(content, "batch")


def test_damaged_or_foreign_pickles_are_refused():
    good = pickle.dumps({"data": pixels(2, 0), "fine_labels": [1, 2]}, protocol=2)
    for content, sentence in (
        (good[:-10], "no readable pickle"),
        (b"", "no readable pickle"),
        (pickle.dumps([1]), "holds a list, expected a dict"),
        (pickle.dumps({"data": [1]}), "has no `data` of uint8"),
        (good, "has no 'labels', only data, fine_labels"),
        (pickle.dumps(b"x", protocol=2).replace(b"latin1", b"rot_13"), "codec 'rot_13', expected latin1"),
    ):
        with pytest.raises(UserError, match=sentence):
            cifar.from_pickle(content, "labels", "batch")


def test_damaged_binaries_and_archives_are_refused(tmp_path):
    with pytest.raises(UserError, match="3074 bytes, expected a multiple of 3073"):
        cifar.from_binary(bytes(3074), 1, "batch")
    files = cifar10_files(True)
    files.pop("cifar-10-batches-py/test_batch")
    lay_out(tmp_path, files, "cifar-10-python.tar.gz")
    with pytest.raises(UserError, match="does not hold cifar-10-batches-py/test_batch"):
        cifar.read_cifar10(tmp_path)
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(UserError, match="cannot be unpacked"):
        cifar.read_cifar10(tmp_path)


# ---- Tiny-ImageNet


@pytest.fixture
def tiny(tmp_path):
    from PIL import Image

    root = tmp_path / "tiny-imagenet-200"
    (root / "val" / "images").mkdir(parents=True)
    (root / "wnids.txt").write_text("n02\nn01\n")
    rng = np.random.default_rng(0)
    pictures = {}
    for name in ("n01", "n02"):
        (root / "train" / name / "images").mkdir(parents=True)
        for number in range(4):
            pictures[name, number] = rng.integers(256, size=(64, 64, 3), dtype=np.uint8)
            path = root / "train" / name / "images" / f"{name}_{number}.JPEG"
            Image.fromarray(pictures[name, number]).save(path, format="PNG")  # lossless, whatever the suffix
    grey = np.full((64, 64), 77, np.uint8)
    Image.fromarray(grey).save(root / "val" / "images" / "val_0.JPEG", format="PNG")
    (root / "val" / "val_annotations.txt").write_text("val_0.JPEG\tn02\t0\t0\t63\t63\n")
    return tmp_path, pictures


def test_tiny_imagenet_is_halved_by_averaging_boxes(tiny):
    folder, pictures = tiny
    assert datasets.missing("tiny_imagenet", folder) is None
    original = tiny_imagenet.read(folder)
    assert original.classes == 2
    assert original.train.labels.tolist() == [0] * 4 + [1] * 4
    for place, picture in enumerate(pictures.values()):
        boxes = picture.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
        assert np.abs(original.train.images[place] - boxes).max() <= 1  # Pillow rounds after each of the two directions
    assert original.test.labels.tolist() == [1]
    assert (original.test.images == 77).all()
    assert original.mean == (0.4802, 0.4481, 0.3975) and original.std == (0.2770, 0.2691, 0.2821)


def test_tiny_imagenet_from_its_archive_and_at_full_size(tiny, tmp_path_factory):
    folder, pictures = tiny
    unpacked = tiny_imagenet.read(folder)
    elsewhere = tmp_path_factory.mktemp("packed")
    with zipfile.ZipFile(elsewhere / "tiny-imagenet-200.zip", "w") as archive:
        for path in sorted(folder.rglob("*"), reverse=True):
            archive.write(path, path.relative_to(folder))
    assert datasets.missing("tiny_imagenet", elsewhere) is None
    packed = tiny_imagenet.read(elsewhere)
    for part in ("train", "test"):
        for one, other in zip(getattr(packed, part), getattr(unpacked, part), strict=True):
            assert np.array_equal(one, other)
    whole = tiny_imagenet.read(elsewhere, size=64).train.images
    assert np.array_equal(whole, np.stack(list(pictures.values())).transpose(0, 3, 1, 2))


def test_damage_to_tiny_imagenet_is_named(tiny):
    folder, _ = tiny
    root = folder / "tiny-imagenet-200"
    (root / "val" / "val_annotations.txt").write_text("val_0.JPEG\tn99\n")
    with pytest.raises(UserError, match="names the class 'n99'"):
        tiny_imagenet.read(folder)
    (root / "train" / "n01" / "images" / "n01_0.JPEG").write_bytes(b"no picture")
    (root / "val" / "val_annotations.txt").write_text("val_0.JPEG\tn01\n")
    with pytest.raises(UserError, match=r"n01_0\.JPEG is no readable image"):
        tiny_imagenet.read(folder)


# ---- SVHN


def svhn_files(folder, **changes):
    from scipy.io import savemat

    pixels = np.random.default_rng(0).integers(256, size=(32, 32, 3, 20), dtype=np.uint8)
    labels = (np.arange(20, dtype=np.uint8) % 10 + 1)[:, None]  # 1 to 10, as published
    (folder / "svhn").mkdir(exist_ok=True)
    for part in ("train", "test"):
        savemat(folder / f"svhn/{part}_32x32.mat", {"X": pixels, "y": labels} | changes)
    return pixels, labels


def test_svhn_has_the_last_axis_first_and_ten_is_the_digit_0(tmp_path):
    pixels, _ = svhn_files(tmp_path)
    original = svhn.read(tmp_path)
    assert original.train.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] * 2
    assert all(np.array_equal(original.test.images[n, c], pixels[:, :, c, n]) for n in range(20) for c in range(3))
    datasets.prepare("svhn", tmp_path, tmp_path / "out", 0.5, 0)
    data = datasets.load(tmp_path / "out")
    assert np.bincount(data.validation.labels).tolist() == [1] * 10 and not data.augmented


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"X": np.zeros((32, 32, 3, 20))}, r"holds X of float64 \(32, 32, 3, 20\), expected uint8"),
        ({"X": np.zeros((20, 32, 32, 3), np.uint8)}, r"expected uint8 \(32, 32, 3, 20\)"),
        ({"y": "no labels"}, "expected uint8"),
    ],
)
def test_other_matlab_files_are_refused(changes, sentence, tmp_path):
    svhn_files(tmp_path, **changes)
    with pytest.raises(UserError, match=sentence):
        svhn.read(tmp_path)


def test_damaged_matlab_files_are_refused(tmp_path):
    svhn_files(tmp_path)
    path = tmp_path / "svhn/train_32x32.mat"
    for content in (path.read_bytes()[:1000], b"", b"<html>"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"train_32x32\.mat is no readable MATLAB file"):
            svhn.read(tmp_path)


# ---- ImageNet


@pytest.fixture
def ilsvrc(tmp_path):
    """Two classes of training images, four validation images without folders, larger than what is prepared."""
    from PIL import Image

    rng = np.random.default_rng(0)
    root = tmp_path / "imagenet"
    files = [f"train/{wnid}/{wnid}_{number}.JPEG" for wnid in ("n02", "n01") for number in (10, 7)]
    files += [f"val/ILSVRC2012_val_{number:08d}.JPEG" for number in range(1, 5)]
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(256, size=(70, 90, 3), dtype=np.uint8)).save(root / file)
    return tmp_path


def solution(root):
    rows = ["ImageId,PredictionString", "ILSVRC2012_val_00000003,n01 1 2 3 4 n01 5 6 7 8"]
    rows += [f"ILSVRC2012_val_{number:08d},n02 1 2 3 4" for number in (1, 2, 4)]
    (root / "LOC_val_solution.csv").write_text("\n".join(rows))


def development_kit(root):
    from scipy.io import savemat

    folder = root / "ILSVRC2012_devkit_t12/data"
    folder.mkdir(parents=True)
    (folder / "ILSVRC2012_validation_ground_truth.txt").write_text("1\n1\n2\n1\n")
    kind = [("ILSVRC2012_ID", "f8"), ("WNID", "O"), ("words", "O"), ("num_children", "f8")]
    rows = np.array([(1, "n02", "two", 0), (2, "n01", "one", 0), (3, "n00", "thing", 2)], dtype=kind)
    savemat(folder / "meta.mat", {"synsets": rows[:, None]})


def sorted_by_class(root):
    for number, wnid in zip(range(1, 5), ("n02", "n02", "n01", "n02"), strict=True):
        (root / "val" / wnid).mkdir(exist_ok=True)
        file = f"ILSVRC2012_val_{number:08d}.JPEG"
        (root / "val" / file).rename(root / "val" / wnid / file)


@pytest.mark.parametrize("labelled", [solution, development_kit, sorted_by_class])
def test_imagenet_with_each_form_of_its_labels(labelled, ilsvrc):
    labelled(ilsvrc / "imagenet")
    assert datasets.missing("imagenet", ilsvrc) is None
    original = imagenet.read(ilsvrc)
    assert original.train.images.shape == (4, 3, 64, 64)
    assert original.train.labels.tolist() == [0, 0, 1, 1]
    assert sorted(original.test.labels.tolist()) == [0, 1, 1, 1]
    assert (original.validation, original.tested_on) == (None, "val")
    # The image of class n01 is the third one.
    (third,) = (ilsvrc / "imagenet").rglob("ILSVRC2012_val_00000003.JPEG")
    expected = pictures.decode(third.read_bytes(), "third", 64, 3)
    assert np.array_equal(original.test.images[original.test.labels == 0][0], expected)


def test_imagenet_elsewhere_smaller_and_prepared(ilsvrc, tmp_path):
    solution(ilsvrc / "imagenet")
    moved = (ilsvrc / "imagenet").rename(ilsvrc / "ILSVRC")
    assert "image-net.org" in datasets.missing("imagenet", ilsvrc)
    datasets.prepare("imagenet", ilsvrc, tmp_path / "out", 0.5, 0, path=str(moved), size=16)
    data = datasets.load(tmp_path / "out")
    assert (data.input_shape, len(data.train), len(data.validation), len(data.test)) == ((3, 16, 16), 2, 2, 4)


def test_imagenet_without_labels_says_what_to_add(ilsvrc):
    with pytest.raises(UserError, match=r"LOC_val_solution\.csv, or ILSVRC2012_validation_ground_truth\.txt"):
        imagenet.read(ilsvrc)
    (ilsvrc / "imagenet/LOC_val_solution.csv").write_text("ImageId,PredictionString\n")
    with pytest.raises(UserError, match="labels do not name val/ILSVRC2012_val_00000001"):
        imagenet.read(ilsvrc)
    (ilsvrc / "imagenet/LOC_val_solution.csv").unlink()
    development_kit(ilsvrc / "imagenet")
    (ilsvrc / "imagenet/ILSVRC2012_devkit_t12/data/meta.mat").write_bytes(b"MATLAB?")
    with pytest.raises(UserError, match="no readable table of classes"):
        imagenet.read(ilsvrc)
