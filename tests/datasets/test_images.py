"""Image folders and archives: what is read, in which order, as which part; and what is refused."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile

import numpy as np
import pytest
import zstandard
from PIL import Image

from prunegraph import datasets, tensors
from prunegraph.datasets import imagefolder, pictures, tree
from prunegraph.datasets.preparation import moments
from prunegraph.errors import UserError

CLASSES = ("cat", "dog")
PACKINGS = {"tar": bytes, "tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress}
PACKINGS |= {"tar.zst": zstandard.compress}


def picture(number, side=6):
    return np.random.default_rng(number).integers(256, size=(side, side, 3), dtype=np.uint8)


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def files_of(parts=("train", "val", "test"), number=10):
    """Images by name, no two alike, in no particular order."""
    names = [f"{part}/{name}/{place:02d}.png" for part in parts for name in CLASSES for place in range(number)]
    return {name: png(picture(place)) for place, name in reversed(list(enumerate(names)))}


def as_folder(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def tar_bytes(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def as_archive(path, files):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        path.write_bytes(PACKINGS[path.name.partition(".")[2]](tar_bytes(files)))
    return path


def read(path, **options):
    return imagefolder.read(".", path=str(path), **{"size": 6, **options})


# ---- what is read


@pytest.mark.parametrize("packing", ["", *PACKINGS, "zip"])
def test_every_packing_gives_the_same_images_in_sorted_order(packing, tmp_path):
    files = files_of()
    path = as_archive(tmp_path / f"x.{packing}", files) if packing else as_folder(tmp_path / "x", files)
    assert tree.is_tree(path)
    original = read(path)
    assert original.classes == 2
    found = np.concatenate([part.images for part in (original.train, original.validation, original.test)])
    assert np.array_equal(found, np.stack([picture(place) for place in range(60)]).transpose(0, 3, 1, 2))
    for part in (original.train, original.validation, original.test):
        assert part.labels.tolist() == [0] * 10 + [1] * 10


def test_a_folder_around_the_parts_other_files_and_hidden_ones_do_not_matter(tmp_path):
    files = {f"./flowers/{name}": content for name, content in files_of(("train", "test")).items()}
    noise = ("flowers/README.md", "flowers/train/cat/notes.txt", "flowers/train/cat/._00.png", "x.png", "train/y.png")
    files |= dict.fromkeys(noise, b"?")
    original = read(as_archive(tmp_path / "x.tar.gz", files))
    assert (len(original.train.labels), len(original.test.labels)) == (20, 20)


@pytest.mark.parametrize(
    ("parts", "counts", "origin"),
    [
        (("train", "val", "test"), (20, 20, 20), ("validation", "test")),
        (("train", "test"), (16, 4, 20), ("0.2 of every class of train", "test")),
        (("train", "val"), (16, 4, 20), ("0.2 of every class of train", "val")),
        (("train", "valid"), (16, 4, 20), ("0.2 of every class of train", "val")),
        (("train",), (12, 4, 4), ("0.2 of every class of train", "0.2 of every class of train")),
    ],
)
def test_parts_that_are_absent_are_drawn_and_the_header_says_so(parts, counts, origin, tmp_path):
    path = as_archive(tmp_path / "x.zip", files_of(parts))
    datasets.prepare("imagefolder", ".", tmp_path / "out", 0.2, 0, path=str(path), size=6)
    data, facts = datasets.load(tmp_path / "out"), tensors.provenance(tmp_path / "out")
    assert tuple(len(part) for part in (data.train, data.validation, data.test)) == counts
    assert all(np.bincount(part.labels).tolist() == [len(part) // 2] * 2 for part in (data.train, data.test))
    assert (facts["origin"]["validation"], facts["origin"]["test"]) == origin


def test_a_name_that_is_there_twice_counts_once_and_the_last_wins(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for number in (1, 2):
            member = tarfile.TarInfo("train/cat/0.png")
            member.size = len(png(picture(number)))
            archive.addfile(member, io.BytesIO(png(picture(number))))
    original = read(tmp_path / "x.tar")
    assert np.array_equal(original.train.images, picture(2).transpose(2, 0, 1)[None])


# ---- decoding


def test_grey_is_luma_and_three_channels_of_grey_are_alike():
    pixels = picture(0)
    luma = pixels @ np.array([0.299, 0.587, 0.114])  # ITU-R 601
    found = pictures.decode(png(pixels), "x", 6, channels=1)
    assert found.shape == (1, 6, 6) and np.abs(found[0] - luma).max() <= 1
    grey = pictures.decode(png(pixels[:, :, 0]), "x", 6, channels=3)
    assert all(np.array_equal(channel, pixels[:, :, 0]) for channel in grey)


def test_the_central_square_is_averaged_over_boxes():
    pixels = np.random.default_rng(0).integers(256, size=(8, 13, 3), dtype=np.uint8)
    square = pixels[:, 2:10]
    boxes = square.reshape(4, 2, 4, 2, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
    found = pictures.decode(png(pixels), "x", 4, 3)
    assert np.abs(found - boxes).max() <= 1  # Pillow rounds after each of the two directions
    tall = pictures.decode(png(pixels.transpose(1, 0, 2)), "x", 4, 3)
    assert np.abs(tall - boxes.transpose(0, 2, 1)).max() <= 1


def test_transparency_is_dropped():
    pixels = np.dstack([picture(0), np.full((6, 6), 9, np.uint8)])
    assert np.array_equal(pictures.decode(png(pixels), "x", 6, 3), picture(0).transpose(2, 0, 1))


def test_large_images_are_decoded_on_all_cores_to_the_same(tmp_path, monkeypatch):
    files = {f"train/cat/{place}.png": png(picture(place, 64)) for place in range(20)}
    path = as_archive(tmp_path / "x.tar", files)
    assert min(map(len, files.values())) > pictures.WORTH_THREADS
    together = read(path, size=16).train.images
    monkeypatch.setattr(pictures, "WORTH_THREADS", 10**9)
    assert np.array_equal(read(path, size=16).train.images, together)


# ---- what is refused


@pytest.mark.parametrize("packing", ["", "tar.zst", "zip"])
def test_a_damaged_image_is_named(packing, tmp_path):
    files = files_of()
    files["val/dog/03.png"] = files["val/dog/03.png"][:60]
    path = as_archive(tmp_path / f"x.{packing}", files) if packing else as_folder(tmp_path / "x", files)
    with pytest.raises(UserError, match=r"x.*: val/dog/03\.png is no readable image"):
        read(path)


@pytest.mark.parametrize("packing", [*PACKINGS, "zip"])
def test_a_truncated_archive_is_refused_wherever_it_is_cut(packing, tmp_path):
    files = files_of(("train",), number=3)
    whole = as_archive(tmp_path / f"x.{packing}", files).read_bytes()
    last = len(whole) - 10_240 if packing == "tar" else len(whole) - 1
    for end in {*np.linspace(1, last, 25).astype(int).tolist(), *range(512, last, 1024)}:
        (tmp_path / f"x.{packing}").write_bytes(whole[:end])
        with pytest.raises(UserError, match=r"x.* cannot be (read|unpacked)"):
            read(tmp_path / f"x.{packing}")


def test_a_zst_stream_that_is_cut_between_two_files_is_refused(tmp_path):
    whole = tar_bytes(files_of(("train",), number=3))
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        cuts = [member.offset for member in archive][1:]
    for cut in cuts:
        (tmp_path / "x.tar.zst").write_bytes(zstandard.compress(whole[:cut]))
        with pytest.raises(UserError, match="its end is missing"):
            read(tmp_path / "x.tar.zst")


@pytest.mark.parametrize("name", ["../train/cat/0.png", "/train/cat/0.png", "train/../../0.png", "C:/train/cat/0.png"])
@pytest.mark.parametrize("packing", ["tar", "tar.gz", "zip"])
def test_names_that_lead_out_of_an_archive_are_refused(name, packing, tmp_path):
    path = as_archive(tmp_path / f"x.{packing}", {name: png(picture(0))})
    with pytest.raises(UserError, match="leads out of it"):
        read(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("packing", ["tar", "tar.gz"])
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_an_archive_is_named_and_not_followed(kind, packing, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(picture(1)))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("train/cat/0.png")
        member.size = len(png(picture(0)))
        archive.addfile(member, io.BytesIO(png(picture(0))))
        link = tarfile.TarInfo("train/cat/link.png")
        link.type, link.linkname = kind, str(secret) if kind == tarfile.SYMTYPE else "train/cat/0.png"
        archive.addfile(link)
    (tmp_path / f"x.{packing}").write_bytes(PACKINGS[packing](packed.getvalue()))
    with pytest.raises(UserError, match=r"train/cat/link.png is a link to .*--hard-dereference"):
        read(tmp_path / f"x.{packing}")


def test_bounds_stop_archives_that_hold_too_much(tmp_path, monkeypatch):
    path = as_archive(tmp_path / "x.tar", files_of())
    with pytest.raises(UserError, match=r"60 images of 3x1024x1024.*Choose a smaller `size`") as caught:
        monkeypatch.setattr(pictures, "LARGEST", 10**8)
        read(path, size=1024)
    assert "0.2 GiB" in str(caught.value)
    monkeypatch.setattr(tree, "LARGEST_FILE", 10)
    with pytest.raises(UserError, match="more than the 10 that are read at once"):
        read(path)
    monkeypatch.setattr(tree, "MOST_FILES", 10)
    with pytest.raises(UserError, match="holds more than 10 files"):
        read(path)
    monkeypatch.setattr(tree, "MOST_FILES", 10**6)
    monkeypatch.setattr(tree, "LARGEST_TREE", 1000)
    with pytest.raises(UserError, match="or 1000 bytes"):
        read(path)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "no images of the form train/<class>/<image>"),
        ({"cat/0.png": b""}, "no images of the form"),
        ({"train/cat/0.png": png(picture(0)), "test/dgo/0.png": b""}, "the class 'dgo' in test but not in train"),
        ({"train/cat/0.png": png(picture(0).astype(np.uint16)[:, :, 0])}, "expected 8 bits a channel"),
    ],
)
def test_folders_without_sense_are_refused(files, sentence, tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(UserError, match=sentence):
        read(as_folder(tmp_path / "x", files))


def test_what_is_neither_folder_nor_archive(tmp_path):
    assert "nothing is there" in datasets.missing("imagefolder", ".", path=str(tmp_path / "x.zip"))
    assert datasets.missing("imagefolder", ".", path=str(tmp_path)) is None
    with pytest.raises(UserError, match=r"There is no .*x\.zip"):
        read(tmp_path / "x.zip")
    with pytest.raises(UserError, match=r"There is no .*folder;"):
        read(tmp_path / "folder")
    (tmp_path / "x.rar").write_bytes(b"Rar!")
    with pytest.raises(UserError, match="neither a folder nor an archive"):
        read(tmp_path / "x.rar")
    (tmp_path / "y.zip").write_bytes(b"PK, not")
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "y.zip")


def test_symbolic_links_in_a_folder_are_followed(tmp_path):
    as_folder(tmp_path / "x", files_of(("train",), number=2))
    (tmp_path / "y").mkdir()
    os.symlink(tmp_path / "x" / "train", tmp_path / "y" / "train")
    assert len(read(tmp_path / "y").train.labels) == 4


def test_a_folder_that_contains_itself_is_refused(tmp_path):
    as_folder(tmp_path, files_of(("train",), number=1))
    os.symlink(tmp_path, tmp_path / "train" / "again")
    with pytest.raises(UserError, match=r"again is a link to a folder that it lies in"):
        read(tmp_path)


# ---- standing for a published data set


def test_like_gives_normalisation_and_augmentation_but_wants_as_many_classes(tmp_path):
    files = {f"{part}/{name}/0.png": png(picture(0)) for part in ("train", "test") for name in "abcdefghij"}
    path = as_archive(tmp_path / "x.zip", files)
    datasets.prepare("imagefolder", ".", tmp_path / "out", 0, 0, like="cifar10", path=str(path))
    data = datasets.load(tmp_path / "out")
    assert (data.mean, data.std, data.augmented) == ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010), True)
    datasets.prepare("imagefolder", ".", tmp_path / "own", 0, 0, path=str(path), size=6)
    own = datasets.load(tmp_path / "own")
    assert own.mean == pytest.approx(tuple(picture(0).mean(axis=(0, 1)) / 255)) and not own.augmented
    with pytest.raises(UserError, match="has 10 classes, but cifar100, which it is said to be like, has 100"):
        datasets.prepare("imagefolder", ".", tmp_path / "x", 0, 0, like="cifar100", path=str(path))
    with pytest.raises(UserError, match="Unknown published data set 'mnist'"):
        datasets.prepare("imagefolder", ".", tmp_path / "x", 0, 0, like="mnist", path=str(path))


@pytest.mark.slow
def test_cifar10_as_images_is_cifar10(shared, tmp_path):
    path = shared / "data" / "cifar10" / "cifar10-jpeg.tar.zst"
    datasets.prepare("imagefolder", ".", tmp_path / "out", 0.1, 0, like="cifar10", path=str(path), size=32)
    datasets.verify(tmp_path / "out")
    arrays, _ = tensors.load(tmp_path / "out")
    counts = {part: np.bincount(arrays[f"{part}.labels"]).tolist() for part in ("train", "validation", "test")}
    assert counts == {"train": [4500] * 10, "validation": [500] * 10, "test": [1000] * 10}
    images = np.concatenate([arrays["train.images"], arrays["validation.images"]])
    mean, std = moments(images)
    # Mean as published; JPEG loses detail, so the deviation falls short by up to one part in a hundred.
    assert mean == pytest.approx((0.4914, 0.4822, 0.4465), abs=1e-3)
    assert std == pytest.approx((0.2470, 0.2435, 0.2616), rel=1e-2)
    # The published "std" is the mean of the deviations within each image.
    within = (images / np.float32(255)).std(axis=(2, 3)).mean(axis=0)
    assert within == pytest.approx((0.2023, 0.1994, 0.2010), rel=2e-2)
