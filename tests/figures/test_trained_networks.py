"""Figures of pruned trained networks: what they show of small tables, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import timed
from test_draw import check_layout

from prunegraph.errors import UserError
from prunegraph.figures import edges_and_nodes, kernels, retention, speed, style
from prunegraph.figures.speed import saved
from prunegraph.tables.collect import accuracy_drop


def networks(methods, seeds=3, models=("mlp_small",)):
    """Networks by `methods`: name -> (pruner, repair, counts); each loses a tenth of what it should by sparsity."""
    rows = []
    for model in models:
        for seed in range(seeds):
            common = {"dataset": "digits", "model": model, "seed": seed, "network_seed": seed, "parameters": 1000}
            rows.append({**common, "method": "dense", "pruner": "dense", "sparsity": 0.0, "accuracy": 0.9})
            for place, (method, (pruner, repair, counts)) in enumerate(methods.items()):
                for sparsity in (0.5, 0.9):
                    facts = {"method": method, "pruner": pruner, "repair": repair, "counts": counts}
                    accuracy = 0.9 - 0.1 * sparsity - 0.01 * place - 0.001 * seed
                    nonzero = 1000 * (1 - sparsity)
                    facts |= {"sparsity": sparsity, "accuracy": accuracy, "nonzero": nonzero}
                    if pruner.startswith("dpp"):
                        facts |= {f"kernel_{name}": 0.5 + seed for name in ("effective_rank", "median_similarity")}
                        facts |= {f"kernel_{name}": 0.5 for name in ("distance_from_uniform", "log10_e_k")}
                    rows.append({**common, **facts})
    frame = pd.DataFrame(rows)
    frame["repair"] = frame.repair.fillna("")
    return frame.assign(accuracy_drop=accuracy_drop(frame))


RULES = {
    f"{rule}_{kind}{name}": (f"{rule}_{kind}", "" if not name else how, counts)
    for rule in ("dpp", "random", "importance")
    for kind, how, counts in (("edge", "least_squares", "inputs"), ("node", "compensate", "weights"))
    for name in ("", "_reweighted")
}
UNITS = {
    f"{name}{scope}": (name, "", "units")
    for name in ("page_rank", "unit_l1", "unit_random")
    for scope in ("", "_global")
}


def lines(axes):
    """The lines of error bars: label, x, y."""
    return [container.lines[0].get_xydata() for container in axes.containers]


@pytest.mark.parametrize("models", [("mlp_small",), ("mlp_small", "mlp_large")])
def test_edges_and_nodes(models):
    table = networks(RULES, models=models)
    figure = edges_and_nodes.draw(table)
    check_layout(figure)
    found = lines(figure.axes[0])
    assert len(found) == 6  # three rules for edges and nodes
    edges = table[table.method == "dpp_edge"].groupby("sparsity").accuracy.mean()
    assert np.allclose(found[0], [[50, 100 * (1 - edges[0.5])], [10, 100 * (1 - edges[0.9])]])
    # A node rule that counts units stands at other sizes, and gives way to one that counts weights.
    units = networks({**RULES, "by_units": ("dpp_node", "", "units")})
    assert len(lines(edges_and_nodes.draw(units).axes[0])[1]) == 2
    with pytest.raises(UserError, match="one is missing"):
        edges_and_nodes.draw(networks({"dpp_edge": RULES["dpp_edge"]}))


def test_kernels_once_whether_repaired_or_not():
    figure = kernels.draw(networks(RULES))
    check_layout(figure)
    assert [len(axes.containers) for axes in figure.axes] == [2, 2, 2, 2]
    assert np.allclose(lines(figure.axes[0])[0][:, 1], 1.5)
    with pytest.raises(UserError, match="determinantal point process; there are none"):
        kernels.draw(networks(UNITS))


@pytest.mark.parametrize("models", [("mlp_small",), ("mlp_small", "mlp_large")])
def test_retention(models):
    table = networks(UNITS, models=models)
    figure = retention.draw(table)
    check_layout(figure)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == [
        "PageRank",
        "L1 norm of units",
        "Random units",
    ]
    parts = [table[table.sparsity == 0.5].assign(sparsity=amount) for amount in (0.1, 0.2, 0.3, 0.4)]
    check_layout(retention.draw(pd.concat([table, *parts])))  # as many amounts as the paper has
    page_rank = table[(table.method == "page_rank") & (table.sparsity == 0.5) & (table.model == models[0])]
    assert lines(figure.axes[0])[0][0, 0] == pytest.approx(100 * page_rank.accuracy.mean() / 0.9)
    with pytest.raises(UserError, match="and their dense ones"):
        retention.draw(table[table.pruner != "dense"].assign(accuracy_drop=np.nan))


def test_speed_is_relative_to_the_dense_network():
    table = networks(UNITS)
    found = saved(timed(type("Study", (), {"networks": table})), table)
    assert len(found) == 12 and (found.batch == 256).all()
    half = found[found.sparsity == 0.5]
    assert np.allclose(half.parameters_ratio, 2) and np.allclose(half.seconds_ratio, 10_500 / 5_500)
    assert np.allclose(half.low_ratio, half.seconds_ratio / 0.9)
    check_layout(speed.draw(timed(type("Study", (), {"networks": table})), table))
    dense = table[table.pruner == "dense"]
    with pytest.raises(UserError, match="measured beside their dense one"):
        speed.draw(timed(type("Study", (), {"networks": dense})), dense)


def test_a_variant_without_its_pruner_looks_like_it():
    looks = style.method_styles(["dpp_node_equal", "dpp_node_equal_reweighted", "dpp_edge", "dpp_edge_reweighted"])
    assert looks["dpp_node_equal"] == style.method_styles(["dpp_node"])["dpp_node"]
    assert looks["dpp_node_equal_reweighted"]["linestyle"] == looks["dpp_edge_reweighted"]["linestyle"] == "--"
    assert looks["dpp_edge"] == style.method_styles(["dpp_edge"])["dpp_edge"]
