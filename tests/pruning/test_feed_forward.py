"""Units of the feed-forward layers of a transformer, on a small one made here (after LLM-Rank, arXiv 2410.13299)."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from prunegraph.errors import UserError
from prunegraph.masks import Mask
from prunegraph.metrics.cost import savings
from prunegraph.pruning import prune
from prunegraph.pruning.page_rank import unit_scores
from prunegraph.wiring.shrink import shrink
from prunegraph.wiring.units import find_units


class Block(nn.Module):
    """Attention with one head, then a feed-forward layer, each behind a LayerNorm and beside a skip connection."""

    def __init__(self, width):
        super().__init__()
        self.before, self.query, self.key, self.value = (
            nn.LayerNorm(width),
            *(nn.Linear(width, width) for _ in range(3)),
        )
        self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, tokens):
        seen = self.before(tokens)
        tokens = tokens + F.scaled_dot_product_attention(self.query(seen), self.key(seen), self.value(seen))
        return tokens + self.down(F.gelu(self.up(self.norm(tokens))))


class Transformer(nn.Module):
    """Patches of 2 x 2 pixels as tokens, two blocks, the mean token."""

    def __init__(self, width=6):
        super().__init__()
        self.embed = nn.Conv2d(1, width, 2, stride=2)
        self.blocks = nn.Sequential(Block(width), Block(width))
        self.head = nn.Linear(width, 3)

    def forward(self, images):
        tokens = self.embed(images).flatten(2).transpose(1, 2)
        return self.head(self.blocks(tokens).mean(1))


UP = ["blocks.0.up.weight", "blocks.1.up.weight"]


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Transformer().eval()


@pytest.fixture
def images():
    return torch.randn(32, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def test_only_the_inner_units_of_feed_forward_layers_can_be_removed(network):
    groups = find_units(network, (1, 8, 8))
    assert [group.rows[0][0] for group in groups] == UP
    assert all(group.units == 24 and group.columns[0][0].endswith("down.weight") for group in groups)


def test_their_scores_by_hand(network, images):
    network, images = network.double(), images.double()
    found = unit_scores(network, images)["blocks.0.up.weight"]
    block = network.blocks[0]
    tokens = network.embed(images).flatten(2).transpose(1, 2)
    seen = block.before(tokens)
    tokens = tokens + F.scaled_dot_product_attention(block.query(seen), block.key(seen), block.value(seen))
    read = block.norm(tokens)
    share = lambda values: values / values.sum()  # noqa: E731
    weights = block.up.weight.abs()
    flow = 0.5 * weights / weights.sum(0) + 0.5 / 24
    emitted = F.gelu(block.up(read)).norm(dim=(0, 1))
    assert torch.allclose(found, 0.9 * flow @ share(read.norm(dim=(0, 1))) + 0.1 * share(emitted))


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("pruner", ["page_rank", "modified_page_rank", "unit_wanda", "unit_activation", "unit_l1"])
def test_half_of_them_leave_the_network(pruner, columns, network, images):
    batches = [(images, torch.zeros(32, dtype=torch.int64))] * 2
    found = prune(network, pruner, 0.5, 0, batches, layers=UP, columns=columns)
    assert found.provenance["layers"] == UP
    assert [int(found[name].any(1).sum()) for name in UP] == [12, 12]
    assert all(values.all() for name, values in found.items() if "up" not in name and "down" not in name)
    smaller = shrink(network, (1, 8, 8), found)
    assert [tuple(block.down.weight.shape) for block in smaller.blocks] == [(6, 12)] * 2
    assert torch.allclose(smaller(images), Mask(found).apply(network)(images), atol=1e-5)


def test_what_it_saves(network, images):
    found = prune(network, "unit_l1", 0.5, 0, [(images, torch.zeros(32))], layers=UP, columns=True)
    saved = savings(network, (1, 8, 8), found)
    # 16 tokens; two blocks of 3 x 36 and 2 x 144; the embedding 24; the head 18, once.
    assert saved["macs"] == 16 * (2 * (108 + 288) + 24) + 18
    assert saved["macs_left"] == 16 * (2 * (108 + 144) + 24) + 18


def test_other_layers_are_refused_with_a_reason(network, images):
    batches = [(images, torch.zeros(32))] * 2
    with pytest.raises(UserError, match=r"cannot remove 6 of the 6 units of 'embed\.weight': .* may mix or count them"):
        prune(network, "unit_l1", 0.5, 0, batches)
    with pytest.raises(UserError, match=r"units of 'blocks\.0\.query\.weight': .*attention.* may mix or count them"):
        prune(network, "unit_l1", 0.5, 0, batches, layers=["blocks.0.query.weight"])
    with pytest.raises(UserError, match=r"Unknown layer of the network: 'blocks\.0\.up'"):
        prune(network, "unit_l1", 0.5, 0, batches, layers=["blocks.0.up"])
    with pytest.raises(UserError, match="list of layers to prune is empty"):
        prune(network, "unit_l1", 0.5, 0, batches, layers=[])
    with pytest.raises(UserError, match="'rigl' goes on choosing in training, in all layers; found a list"):
        prune(network, "rigl", 0.5, 0, layers=UP)
