"""The switch for TF32 is as before after every block; the conditions of a result say what it ran on."""

import pytest
import torch

from prunegraph.precision import PRECISIONS, computing, conditions, tf32, use_threads


def switches():
    return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize("allowed", [False, True])
def test_tf32_is_a_matter_of_the_block(allowed):
    before = switches()
    with tf32(allowed):
        assert switches() == (allowed, allowed)
        with pytest.raises(ZeroDivisionError), tf32(not allowed):
            assert switches() == (not allowed, not allowed)
            raise ZeroDivisionError
        assert switches() == (allowed, allowed)
    assert switches() == before


@pytest.mark.parametrize("precision", PRECISIONS)
def test_what_a_layer_computes_with(precision):
    layer, images = torch.nn.Linear(3, 2), torch.ones(1, 3)
    with computing(precision, torch.device("cpu")):
        assert switches() == (precision == "tf32",) * 2
        assert layer(images).dtype == (torch.bfloat16 if precision == "bfloat16" else torch.float32)
        if precision != "bfloat16":
            assert layer.double()(images.double()).dtype == torch.float64


def test_conditions_of_a_cpu():
    before = torch.get_num_threads()
    use_threads(1)
    found = conditions("cpu")
    use_threads(before)
    assert found == {"device": "cpu", "threads": 1, "torch": torch.__version__}
