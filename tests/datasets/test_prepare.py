"""Preparation and loading: exact stratification, same seed same bytes, batches, augmentation."""

import numpy as np
import pytest
import torch

from prunegraph import datasets, tensors
from prunegraph.catalogue import INPUT_SHAPES, PUBLISHED_DATASETS
from prunegraph.datasets.augmentation import crop_and_flip
from prunegraph.datasets.checksum import checksum
from prunegraph.datasets.data import Part
from prunegraph.datasets.digits import read
from prunegraph.datasets.original import Images, Original
from prunegraph.datasets.preparation import moments, split
from prunegraph.datasets.published import PUBLISHED
from prunegraph.errors import UserError

PARTS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    path = tmp_path_factory.mktemp("digits") / "digits.safetensors"
    datasets.prepare("digits", path.parent, path, 0.15, 0)
    return path


@pytest.fixture(scope="module")
def digits(prepared):
    return datasets.load(prepared)


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def test_digits_are_the_known_ones():
    # The counts of the UCI test part: https://archive.ics.uci.edu/dataset/80
    original = read()
    assert original.train.images.shape == (1797, 1, 8, 8)
    assert np.bincount(original.train.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert set(np.unique(original.train.images)) == {round(255 / 16 * ink) for ink in range(17)}


def test_parts_are_stratified_exactly_and_share_nothing(digits):
    counts = np.bincount(read().train.labels)
    test = [round(0.2 * n) for n in counts]
    validation = [round(0.15 * (n - t)) for n, t in zip(counts, test, strict=True)]
    found = {part: np.bincount(getattr(digits, part).labels.numpy(), minlength=10).tolist() for part in PARTS}
    assert found["test"] == test
    assert found["validation"] == validation
    assert [sum(c) for c in zip(*found.values(), strict=True)] == counts.tolist()

    def rows(images):
        return sorted(image.tobytes() for image in images)

    together = np.concatenate([getattr(digits, part).images.numpy() for part in PARTS])
    assert rows(together) == rows(read().train.images)


def test_same_seed_same_bytes_and_another_seed_other_images(prepared, tmp_path):
    datasets.prepare("digits", "nowhere", tmp_path / "again", 0.15, 0)
    assert (tmp_path / "again").read_bytes() == prepared.read_bytes()
    datasets.prepare("digits", "nowhere", tmp_path / "other", 0.15, 1)
    one, other = tensors.load(prepared)[0], tensors.load(tmp_path / "other")[0]
    assert all((one[f"{part}.images"] != other[f"{part}.images"]).any() for part in PARTS)


def test_the_test_part_does_not_depend_on_the_validation_fraction(prepared, tmp_path):
    datasets.prepare("digits", "nowhere", tmp_path / "all", 0, 0)
    one, other = tensors.load(prepared)[0], tensors.load(tmp_path / "all")[0]
    assert np.array_equal(one["test.images"], other["test.images"])
    empty = datasets.load(tmp_path / "all").validation
    assert len(empty) == 0 and list(empty.batches()) == []


@pytest.mark.parametrize("fraction", [-0.1, 1, float("nan")])
def test_validation_fraction_has_a_range(fraction, tmp_path):
    with pytest.raises(UserError, match=r"outside \[0, 1\)"):
        datasets.prepare("digits", "nowhere", tmp_path / "x", fraction, 0)


def test_a_fraction_that_leaves_a_part_empty_is_refused(tmp_path):
    with pytest.raises(UserError, match="leaves a part of digits without images"):
        datasets.prepare("digits", "nowhere", tmp_path / "x", 1e-6, 0)
    assert not list(tmp_path.iterdir())


def test_what_is_published_is_said_once_for_every_name():
    assert tuple(PUBLISHED) == PUBLISHED_DATASETS
    assert all(len(facts.mean) == len(facts.std) == INPUT_SHAPES[name][0] for name, facts in PUBLISHED.items())


def test_split_keeps_the_order_of_the_images():
    images = Images(np.arange(40, dtype=np.uint8).reshape(40, 1, 1, 1), np.arange(40) % 4)
    rest, drawn = split(images, 0.3, np.random.default_rng(0))
    assert np.bincount(drawn.labels).tolist() == [3, 3, 3, 3]
    for part in (rest, drawn):
        assert (np.diff(part.images.ravel().astype(int)) > 0).all()
        assert (part.images.ravel() % 4 == part.labels).all()


def test_moments_by_hand():
    images = np.array([[0, 255], [10, 10]], dtype=np.uint8).reshape(2, 1, 1, 2).swapaxes(0, 1)
    mean, std = moments(images)
    assert mean == pytest.approx((0.5, 10 / 255))
    assert std[0] == pytest.approx(0.5)
    assert std[1] == 1  # a constant channel can be divided by


def test_header_says_what_was_prepared(digits, prepared):
    facts = tensors.provenance(prepared)
    assert (facts["dataset"], facts["classes"], facts["seed"], facts["validation_fraction"]) == ("digits", 10, 0, 0.15)
    assert (digits.name, digits.classes, digits.input_shape, digits.augmented) == ("digits", 10, (1, 8, 8), False)


def test_a_flipped_bit_and_a_truncated_file_are_refused(prepared, tmp_path):
    datasets.verify(prepared)
    content = bytearray(prepared.read_bytes())
    (tmp_path / "short").write_bytes(content[:-1])
    content[-1000] ^= 1
    (tmp_path / "flipped").write_bytes(content)
    for check in (datasets.verify, datasets.load):
        with pytest.raises(UserError, match="flipped is damaged: its images are not those of its checksum"):
            check(tmp_path / "flipped")
        with pytest.raises(UserError, match="short is not a readable safetensors file"):
            check(tmp_path / "short")


def test_the_checksum_knows_names_types_and_shapes():
    base = {"a": np.arange(6, dtype=np.uint8), "b": np.zeros(2, np.int64)}
    others = [
        {"c": base["a"], "b": base["b"]},
        {**base, "a": base["a"].reshape(2, 3)},
        {**base, "b": base["b"].view(np.uint64)},
        {"a": base["a"]},
    ]
    assert checksum(dict(reversed(base.items()))) == checksum(base)
    assert len({checksum(arrays) for arrays in [base, *others]}) == 5


def test_other_files_are_refused(tmp_path):
    tensors.save(tmp_path / "x", {"a": np.zeros(2)})
    with pytest.raises(UserError, match="has no checksum"):
        datasets.verify(tmp_path / "x")
    with pytest.raises(UserError, match=r"is no prepared data set: it lacks 'train\.images'"):
        datasets.load(tmp_path / "x")


def test_training_images_are_normalised(digits):
    images = torch.cat([images for images, _ in digits.train.batches(500)])
    assert images.dtype == torch.float32
    assert float(images.mean()) == pytest.approx(0, abs=1e-5)
    assert float(images.std()) == pytest.approx(1, abs=1e-4)
    assert torch.allclose(images[:1] * digits.std[0] + digits.mean[0], digits.train.images[:1] / 255, atol=1e-6)


def test_evaluation_batches_hold_every_image_once_in_order(digits):
    batches = list(digits.test.batches(100))
    assert [len(labels) for _, labels in batches] == [100, 100, 100, len(digits.test) - 300]
    assert torch.equal(torch.cat([labels for _, labels in batches]), digits.test.labels)


def test_an_epoch_holds_every_image_once_in_another_order(digits):
    labels = torch.cat([labels for _, labels in digits.epoch(64, draw())])
    assert not torch.equal(labels, digits.train.labels)
    assert torch.equal(labels.sort().values, digits.train.labels.sort().values)


def test_batches_never_end_are_full_and_reshuffled(digits):
    batches = digits.batches(500, draw())
    one, two, three, four = (next(batches) for _ in range(4))
    assert {len(labels) for _, labels in (one, two, three, four)} == {500}
    assert not torch.equal(one[1], three[1])
    again = digits.batches(500, draw())
    assert all(torch.equal(a, b) for a, b in zip(one, next(again), strict=True))
    assert len(next(digits.batches(10**6, draw()))[1]) == len(digits.train)
    with pytest.raises(UserError, match="at least one image, found the batch size 0"):
        next(digits.batches(0, draw()))


def test_crops_and_flips_are_what_a_loop_over_images_gives():
    images = torch.arange(50 * 3 * 5 * 6, dtype=torch.int64).remainder(251).add(1).to(torch.uint8).view(50, 3, 5, 6)
    found = crop_and_flip(images, draw(), padding=2)
    seen = set()
    for picture, result in zip(images.numpy(), found.numpy(), strict=True):
        padded = np.pad(picture, ((0, 0), (2, 2), (2, 2)))
        matches = [
            (row, column, step)
            for row in range(5)
            for column in range(5)
            for step in (1, -1)
            if np.array_equal(padded[:, row : row + 5, column : column + 6][:, :, ::step], result)
        ]
        assert len(matches) == 1
        seen.update(matches)
    assert {step for *_, step in seen} == {1, -1}
    assert {row for row, *_ in seen} == {column for _, column, _ in seen} == set(range(5))


def test_crop_and_flip_do_not_touch_their_input_and_follow_the_generator():
    images = torch.randint(256, (8, 3, 32, 32), generator=draw(), dtype=torch.uint8)
    before = images.clone()
    one, two = crop_and_flip(images, draw(1)), crop_and_flip(images, draw(1))
    assert torch.equal(images, before) and torch.equal(one, two)
    assert not torch.equal(one, crop_and_flip(images, draw(2)))
    assert one.dtype == torch.uint8 and one.shape == images.shape


def test_only_training_batches_are_augmented():
    images = torch.full((4, 1, 8, 8), 255, dtype=torch.uint8)
    part = Part(images, torch.zeros(4, dtype=torch.int64), [0.0], [1.0])
    assert all((batch == 1).all() for batch, _ in part.batches(2))
    assert any((batch == 0).any() for batch, _ in part.epoch(2, draw(), augmented=True))


@pytest.mark.parametrize(
    ("images", "labels", "sentence"),
    [
        (np.zeros((2, 1, 2, 2)), np.zeros(2, np.int64), "must be uint8"),
        (np.zeros((2, 2, 2), np.uint8), np.zeros(2, np.int64), "must be uint8"),
        (np.zeros((2, 1, 2, 2), np.uint8), np.zeros(2, np.int32), "int64 labels"),
        (np.zeros((2, 1, 2, 2), np.uint8), np.zeros(3, np.int64), "Found 2 training images and 3 labels"),
        (np.zeros((0, 1, 2, 2), np.uint8), np.zeros(0, np.int64), "Found 0 training images"),
        (np.zeros((2, 1, 2, 2), np.uint8), np.array([0, 5]), "from 0 to 5, expected 0 to 4"),
    ],
)
def test_a_reader_that_breaks_the_contract_is_told(images, labels, sentence):
    with pytest.raises(UserError, match=sentence):
        Original(Images(images, labels), None, classes=5)
