"""Shares of layers beside published ones: by hand, then as published networks beside themselves."""

import pandas as pd
import pytest

from prunegraph.analysis.layer_shares import beside_published
from prunegraph.tables import published_shipped
from prunegraph.tables.schemas import SCHEMAS


def rows(model, method, sparsity, seed, kept, sizes, dataset="cifar10"):
    return [
        {
            **{"dataset": dataset, "model": model, "method": method, "sparsity": sparsity, "seed": seed},
            **{"encoding": "rolled", "layer": name, "edges": count, "layer_density": count / size},
        }
        for (name, size), count in zip(sizes.items(), kept, strict=True)
    ]


WIDE, NARROW = {"a": 100, "b": 300}, {"a": 10, "b": 30}


def test_by_hand():
    theirs = [
        *rows("conv6", "erk", 0.5, 0, (80, 120), WIDE),
        *rows("conv6", "erk", 0.5, 1, (100, 100), WIDE),
    ]
    # Densities 1 and 1/3 of layers of 100 and 300 weights: 100 and 100. Densities 0.5 and 0.5: 50 and 150.
    ours = [
        *rows("narrow", "mine", 0.5, 0, (10, 10), NARROW, "digits"),
        *rows("narrow", "mine", 0.5, 1, (5, 15), NARROW, "digits"),
        *rows("narrow", "mine", 0.9, 0, (2, 2), NARROW, "digits"),  # not published
        *rows("other", "mine", 0.5, 0, (10, 10), NARROW, "digits"),
    ]
    found = beside_published(
        pd.DataFrame(ours), pd.DataFrame(theirs), {"digits": ""}, {"narrow": "conv6"}, {"mine": "erk"}
    )
    assert list(found) == list(SCHEMAS["published_layers"])
    assert found.layer.tolist() == ["a", "b"] and found.position.tolist() == [1, 2]
    assert found.share.tolist() == pytest.approx([0.375, 0.625])
    assert found.published_share.tolist() == pytest.approx([0.45, 0.55])
    # Pairs: 0.5 with 0.4 and 0.5, 0.25 with both.
    assert found.distance.tolist() == pytest.approx([(0.1 + 0 + 0.15 + 0.25) / 4] * 2)
    assert found.published_distance.tolist() == pytest.approx([0.1] * 2)
    assert found[["n", "published_n"]].iloc[0].tolist() == [2, 2]
    assert set(found.published_dataset) == {"cifar10"}


def test_nothing_was_published():
    ours = pd.DataFrame(rows("narrow", "mine", 0.5, 0, (10, 10), NARROW, "digits"))
    theirs = pd.DataFrame(rows("conv6", "erk", 0.5, 0, (80, 120), WIDE))
    found = beside_published(ours, theirs, {}, {"narrow": "conv6"}, {"mine": "snip"})
    assert found.empty and list(found) == list(SCHEMAS["published_layers"])


def test_published_networks_lie_as_far_from_themselves_as_from_each_other():
    theirs = published_shipped.sources().ramanujan.assign(encoding="rolled")
    ours = theirs[(theirs.dataset == "cifar10") & (theirs.model == "resnet20") & theirs.method.isin(["erk", "snfs"])]
    names = {"erk": "erk", "snfs": "snfs"}
    found = beside_published(ours, theirs, {"cifar10": "cifar10"}, {"resnet20": "resnet20"}, names)
    assert len(found) == 2 * 5 * 22
    cells = found.drop_duplicates(["method", "sparsity"])
    # Of nine pairs three are a network with itself.
    assert (cells.distance - 2 / 3 * cells.published_distance).abs().max() < 1e-3
    assert (found.share - found.published_share).abs().max() < 1e-3
