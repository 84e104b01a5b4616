"""Tensor files: provenance, atomic writing, files that are damaged."""

import os

import numpy as np
import pytest

from prunegraph import tensors
from prunegraph.errors import UserError
from prunegraph.files import atomic, read_json, write_json


def test_round_trip(tmp_path):
    path = tmp_path / "deep" / "t.safetensors"
    tensors.save(path, {"z": np.arange(3.0), "a": np.ones((2, 2), bool)}, seed=1, sparsity=0.98, options={})
    arrays, facts = tensors.load(path)
    assert list(arrays) == ["z", "a"]
    assert arrays["z"].tolist() == [0, 1, 2]
    assert arrays["a"].dtype == bool
    assert (facts["seed"], facts["sparsity"], facts["options"]) == (1, 0.98, {})
    assert tensors.provenance(path)["seed"] == 1


def test_readable_by_safetensors_alone(tmp_path):
    from safetensors.numpy import load_file

    tensors.save(tmp_path / "t", {"z": np.arange(3.0)})
    assert load_file(tmp_path / "t")["z"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("cut", [0, 4, 40, -1])
def test_truncated_file_is_refused(tmp_path, cut):
    path = tmp_path / "t.safetensors"
    tensors.save(path, {"z": np.arange(100.0)})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UserError, match="not a readable safetensors file"):
        tensors.load(path)
    assert tensors.provenance(path) == {}


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o007, 0o660), (0o077, 0o600)])
def test_a_file_may_be_read_by_whom_the_umask_allows(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        tensors.save(tmp_path / "t", {"z": np.arange(3.0)})
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert (tmp_path / "t").stat().st_mode & 0o777 == mode


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        tensors.load(tmp_path / "none")
    assert tensors.provenance(tmp_path / "none") == {}


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(RuntimeError, match="half way"), atomic(path) as temporary:
        temporary.write_text("{")
        raise RuntimeError("half way")
    assert read_json(path) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_json_refuses_nan_and_reads_a_default(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert read_json(tmp_path / "x.json", {}) == {}
    (tmp_path / "x.json").write_text('{"a": ')
    assert read_json(tmp_path / "x.json", {}) == {}


def test_a_renamed_tensor_is_named(tmp_path):
    path = tmp_path / "t.safetensors"
    tensors.save(path, {"first": np.arange(3.0), "second": np.arange(4.0)})
    path.write_bytes(path.read_bytes().replace(b'"second":{', b'"secund":{'))
    with pytest.raises(UserError, match=r"its tensors are first, secund, its header names \['first', 'second'\]"):
        tensors.load(path)
