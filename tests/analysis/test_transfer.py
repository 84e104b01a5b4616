"""Predicting the accuracy drop of networks that are not in the tables."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import small_study

from prunegraph.analysis import predictor, transfer
from prunegraph.errors import UserError
from prunegraph.statistics import ols
from prunegraph.tables import features

COLUMNS = ["log_edges"]


def _networks(configurations=120, seeds=2, noise=1.0, seed=0, far=0.0) -> pd.DataFrame:
    """Networks whose drop is 2 log_edges + normal noise; the seeds of a configuration share most of theirs."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(configurations):
        place, shared = draw.standard_normal() + far, draw.standard_normal()
        for one in range(seeds):
            drop = 2 * place + noise * (0.9 * shared + 0.4 * draw.standard_normal())
            row = {"source": "own", "dataset": "digits", "model": "conv6", "method": "snip"}
            row |= {"pruner": "snip", "sparsity": number / configurations, "seed": one}
            rows.append({**row, "log_edges": place, "accuracy_drop": drop})
    return pd.DataFrame(rows)


def test_slope_and_interval_of_a_known_line():
    model = predictor.fit(_networks(noise=1.0), "log_edges")
    found = model.predict(np.array([[0.0], [1.0]]))
    assert found["drop"].diff().iloc[1] == pytest.approx(2, abs=0.15)
    # 90 % of normal errors with deviation sqrt(0.9**2 + 0.4**2) lie within 1.645 deviations.
    assert found.high[0] - found["drop"][0] == pytest.approx(1.645 * np.sqrt(0.97), rel=0.15)
    assert found.t_high[0] - found["drop"][0] == pytest.approx(1.645 * np.sqrt(0.97), rel=0.15)


def test_intervals_hold_new_networks_of_the_same_kind():
    inside = []
    for seed in range(20):
        model = predictor.fit(_networks(40, seed=seed), "log_edges")
        new = _networks(200, seeds=1, seed=1000 + seed)
        found = model.predict(new[COLUMNS].to_numpy())
        inside.append(new.accuracy_drop.between(found.low, found.high).mean())
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)


def test_distance_is_mahalanobis_and_far_networks_are_outside():
    rows = _networks()
    model = predictor.fit(rows, "log_edges")
    values = rows.log_edges.to_numpy()
    found = model.predict(np.array([[values.mean() + 2 * values.std(ddof=1)], [values.mean() + 20]]))
    assert found.distance[0] == pytest.approx(2)
    assert found.outside.tolist() == [False, True]
    assert found.percentile[1] == 1
    assert found.high[1] - found.low[1] > found.high[0] - found.low[0]
    assert list(model.beyond([values.max() + 1])) == ["log_edges"]
    assert not model.beyond([values.mean()])


def test_a_direction_that_no_network_of_the_fit_has_is_outside():
    study = small_study().features
    rows = features.pruned(study).assign(**{"unrolled.motifs": 0.5})
    columns = list(features.feature_set("unrolled_bipartite"))
    model = predictor.fit(rows, "unrolled_bipartite")
    usual = rows[columns].iloc[[0]].to_numpy()
    assert not model.predict(usual).outside[0]
    usual[0, columns.index("unrolled.motifs")] += 10
    assert model.predict(usual).outside[0]
    assert np.isinf(model.predict(usual).distance[0])


def test_json_keeps_every_digit():
    model = predictor.fit(features.pruned(small_study().features), "unrolled_mask")
    again = predictor.Predictor.from_dict(json.loads(json.dumps(model.to_dict())))
    values = np.random.default_rng(0).standard_normal((3, 13))
    assert again.predict(values).equals(model.predict(values))
    with pytest.raises(UserError, match="it lacks columns"):
        predictor.Predictor.from_dict({"features": "unrolled"})


def test_predictions_are_those_of_least_squares():
    rows = features.pruned(small_study().features)
    columns = list(features.feature_set("unrolled_mask"))
    x, y = rows[columns].to_numpy(float), rows.accuracy_drop.to_numpy(float)
    found = predictor.fit(rows, "unrolled_mask").predict(x)
    assert np.allclose(found["drop"], ols.fit(x, y).predict(x))


def test_coverage_of_each_kind_of_new_network():
    found = transfer.coverage(small_study().features, sets=["log_edges"], rows_per_feature=2).set_index("folds")
    assert set(found.index) == {"grouped", "leave_sparsity_out", "leave_model_out", "leave_method_out"}
    assert found.coverage.between(0, 1).all()
    assert found.coverage["grouped"] > 0.75
    assert (found.nominal == 0.9).all()


def test_missing_systems_say_so_and_those_there_are_predicted():
    own = small_study().features
    moved = features.pruned(own)
    found = transfer.transfer(own, others={"dpp": moved}, rows_per_feature=2)
    missing = found[found.system == "rgp"]
    assert missing.status.tolist() == ["not yet: no networks of this system in the tables"]
    assert missing.features.tolist() == [""]
    row = found[(found.system == "dpp") & (found.features == "log_edges")].iloc[0]
    assert (row.status, row.n) == ("predicted", len(moved))
    own_row = found[(found.system == "mge") & (found.features == "log_edges")].iloc[0]
    assert own_row.status == "held out by configuration"
    assert row.r2 > own_row.r2  # the same networks, which the fit has seen


def test_two_sources_predict_each_other():
    own = small_study().features
    both = pd.concat([own, own.assign(source="published")], ignore_index=True)
    found = transfer.transfer(both, systems=["mge"], sets=["log_edges"], rows_per_feature=2)
    assert found.source.tolist() == ["own", "published"]
    assert found.trained_on.tolist() == [84, 84]
    assert (found.status == "predicted").all()


def test_a_system_without_dense_networks_says_why():
    other = features.pruned(small_study().features).assign(accuracy_drop=np.nan)
    found = transfer.transfer(small_study().features, others={"bogp": other}, systems=["bogp"], sets=["log_edges"])
    assert "no dense network" in found.status[0]


def test_content_of_the_predictor_file():
    table = small_study().features
    tested = transfer.coverage(table, rows_per_feature=2)
    content = transfer.fitted(table, tested, rows_per_feature=2)
    assert list(content["models"]) == ["log_edges", "unrolled_mask", "unrolled"]
    assert content["fitted_to"]["model"] == ["conv6", "resnet20"]
    assert set(content["coverage"]["log_edges"]) == set(tested[tested.features == "log_edges"].folds)
    json.dumps(content, allow_nan=False)
