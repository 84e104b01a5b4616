"""Every figure from small, full and awkward studies: drawn, complete, with nothing on top of anything else."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from helpers.small_study import beside_itself, remade, small_study
from matplotlib.figure import Figure

from prunegraph.analysis.correlation import with_drop
from prunegraph.analysis.importance import importance
from prunegraph.analysis.ranking import ranking
from prunegraph.analysis.regression import regression
from prunegraph.errors import UserError
from prunegraph.figures import (
    accuracy,
    costs,
    encodings,
    mask_stability,
    multipartite,
    performance,
    prediction,
    published_layers,
    ramanujan,
    sizes,
    style,
)
from prunegraph.figures import importance as importance_figure
from prunegraph.figures import ranking as ranking_figure
from prunegraph.figures import regression as regression_figure
from prunegraph.figures import regression_table as regression_table_figure
from prunegraph.figures import trained_weights as trained_weights_figure
from prunegraph.tables.features import FEATURE_SETS

PAPER = {
    "datasets": ("cifar10", "cifar100", "tiny_imagenet"),
    "models": ("conv6", "resnet20", "resnet32", "wide_resnet28_2"),
    "sparsities": (0.6, 0.8, 0.9, 0.95, 0.98),
    "seeds": (0,),
}
TINY = {"models": ("conv6",), "pruners": ("snip", "er", "my_method"), "sparsities": (0.9,), "seeds": (0,)}
STUDIES = {"small": {}, "paper": PAPER, "tiny": TINY}
# What the smallest study is too small for, and the words that say so.
TOO_SMALL = {
    "performance": "at least 4 pruned networks",
    "regression_table": "at least one fitted scope",
    "prediction": "two networks per feature in the fit; there are 3",
    "trained_weights": "with and without them for the same encoding",
}

DRAWINGS = {
    "accuracy": lambda study: accuracy.draw(study.networks),
    "ramanujan": lambda study: ramanujan.draw(study.ramanujan),
    "regression": lambda study: regression_figure.draw(regression(study.features, repeats=1)),
    "importance": lambda study: importance_figure.draw(importance(study.features, times=20)),
    "ranking": lambda study: ranking_figure.draw(ranking(study.features)),
    "sizes": lambda study: sizes.draw(study.topometrics),
    "performance": lambda study: performance.draw(with_drop(study.features)),
    "regression_table": lambda study: regression_table_figure.draw(all_sets(study)),
    "trained_weights": lambda study: trained_weights_figure.draw(regression(study.features, repeats=1)),
    "prediction": lambda study: prediction.draw(study.features),
    "costs": lambda study: costs.draw(spent(study), study.topometrics),
    "encodings": lambda study: encodings.draw(),
    "mask_stability": lambda study: mask_stability.draw(remade(study)),
    "published_layers": lambda study: published_layers.draw(beside_itself(study)),
}


def all_sets(study):
    """The regression on every feature set."""
    return regression(study.features, sets=tuple(FEATURE_SETS), repeats=1, rows_per_feature=1)


def spent(study):
    """The table of costs of a study: time and memory that grow with the number of edges."""
    unrolled = study.topometrics[study.topometrics.encoding == "unrolled"]
    cells = unrolled.groupby(["dataset", "model", "method", "sparsity"], sort=False).edges.mean().astype(float)
    cells = cells.reset_index(name="edges")
    parts = [
        cells.assign(rule=rule, seconds=share * cells.edges / 1e5, memory_mb=100 + share * cells.edges / 1e4).drop(
            columns="edges"
        )
        for rule, share in (("encode", 1.0), ("measure", 5.0))
    ]
    return pd.concat(parts, ignore_index=True)


class Layers:
    """A graph of four parts with a shortcut, as plain arrays."""

    parts = (6, 40, 3000, 5)

    def edges(self):
        draw = np.random.default_rng(0)
        source = np.concatenate([draw.integers(0, 6, 500), draw.integers(6, 46, 4000), draw.integers(0, 6, 300)])
        target = np.concatenate([draw.integers(6, 46, 500), draw.integers(46, 3000, 4000), draw.integers(46, 900, 300)])
        return source, target, np.ones(len(source), np.float32)


def check_layout(figure: Figure) -> None:
    """Tick labels keep apart, legends stay off the axes, and every text lies on the page."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            boxes = [text.get_window_extent(renderer) for text in axis.get_ticklabels() if text.get_text()]
            visible = [box for box in boxes if box.width > 0]
            inside = [box for box in visible if axes.get_window_extent().padded(20).overlaps(box)]
            for one, other in combinations(inside, 2):
                assert not one.overlaps(other), (axes.get_title(), one, other)
        for text in [axes.title, axes.xaxis.label, axes.yaxis.label]:
            if text.get_text():
                box = text.get_window_extent(renderer)
                assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1, text
                assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1, text
    for legend in figure.legends:
        box = legend.get_window_extent(renderer)
        assert -1 <= box.x0 <= box.x1 <= page.x1 + 1
        for axes in figure.axes:
            assert not box.overlaps(axes.get_tightbbox(renderer))


@pytest.mark.parametrize("size", STUDIES)
@pytest.mark.parametrize("name", DRAWINGS)
def test_every_figure_from_every_size_of_study(name, size):
    if size == "tiny" and name in TOO_SMALL:
        with pytest.raises(UserError, match=TOO_SMALL[name]):
            DRAWINGS[name](small_study(**STUDIES[size]))
        return
    figure = DRAWINGS[name](small_study(**STUDIES[size]))
    assert figure.get_figwidth() <= 7.0
    check_layout(figure)


@pytest.mark.parametrize(
    ("accuracies", "classes", "expected"),
    [
        ([0.96, 0.98, 0.86], 10, 84.8),  # a tenth of 12 points below the worst
        ([0.98, 0.98], 10, 97.5),  # no span
        ([0.98, 0.53], 10, 0.0),  # nearer to chance (10) than to the best
        ([0.98, 0.55], 10, 50.7),
        ([0.98, 0.97], None, 0.0),
        ([None], 10, 0.0),
    ],
)
def test_an_axis_of_accuracies_begins_at_zero_unless_all_are_far_above_chance(accuracies, classes, expected):
    table = pd.DataFrame({"accuracy": accuracies, "classes": classes}, dtype="float64")
    table = table.assign(model="m", method=[f"{place}" for place in range(len(table))], sparsity=0.5)
    assert accuracy.bottom(table) == pytest.approx(expected)


def test_an_axis_of_accuracies_holds_the_bars():
    table = pd.DataFrame({"accuracy": [0.8, 0.6, 0.8], "classes": 10.0, "method": ["snip", "snip", "er"]})
    # snip: 70 % with a standard deviation of 14.14 points, which reaches to 55.86; a tenth of 80 - 55.86 below it.
    assert accuracy.bottom(table.assign(model="m", sparsity=0.5)) == pytest.approx(55.858 - 2.414, abs=1e-3)


@pytest.mark.parametrize("interval", accuracy.INTERVALS)
def test_accuracy_bars_show_the_interval(interval):
    study = small_study()
    figure = accuracy.draw(study.networks, interval=interval)
    rows = study.networks.query("model == 'conv6' and method == 'snip' and sparsity == 0.9").accuracy * 100
    half = rows.std() if interval == "sd" else (rows.max() - rows.min()) / 2
    line = figure.axes[0].containers[0]
    assert line.lines[0].get_ydata()[1] == pytest.approx(rows.mean())
    (bars,) = line.lines[2]
    low, high = bars.get_segments()[1][:, 1]
    assert (high - low) / 2 == pytest.approx(half)


def test_a_single_seed_has_no_bar():
    figure = accuracy.draw(small_study(**TINY).networks)
    assert all(len(segment) == 0 for segment in figure.axes[0].containers[0].lines[2][0].get_segments())


def test_missing_values_are_drawn_around():
    study = small_study()
    table = study.networks.copy()
    table.loc[table.index[::3], "accuracy"] = np.nan
    check_layout(accuracy.draw(table.assign(classes=None)))
    properties = study.ramanujan.copy()
    properties.loc[properties.index[::2], ["delta_r", "imdb"]] = np.nan
    properties["imsg"] = np.nan
    check_layout(ramanujan.draw(properties))


def test_fits_that_were_not_made_are_shown_as_such():
    study = small_study(**TINY)
    figure = regression_figure.draw(regression(study.features, repeats=1))
    assert any(text.get_text() == "Too few networks to fit" for text in figure.legends[0].get_texts())
    figure = importance_figure.draw(importance(study.features, times=20))
    assert "too few" in figure.axes[0].get_xticklabels()[0].get_text()


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda study: accuracy.draw(study.networks.query("pruner == 'dense'")), "needs pruned networks"),
        (lambda study: ramanujan.draw(study.ramanujan.query("method == 'dense'")), "with a Ramanujan property"),
        (lambda study: sizes.draw(study.topometrics.iloc[:0]), "needs graphs of pruned networks"),
        (lambda study: regression_figure.draw(regression(study.features, repeats=1).iloc[:0]), "at least one"),
        (lambda study: importance_figure.draw(importance(study.features, times=20).iloc[:0]), "needs the levels"),
        (lambda study: ranking_figure.draw(ranking(study.features).iloc[:0]), "at least 3 pruners"),
        (lambda study: accuracy.draw(study.networks, interval="iqr"), "Unknown interval 'iqr'"),
        (lambda study: performance.draw(with_drop(study.features), measure="rho"), "Unknown measure 'rho'"),
        (lambda study: costs.draw(spent(study).iloc[:0], study.topometrics), "needs benchmark files"),
        (lambda study: multipartite.draw_several([], titles=[]), "at least one pruned network"),
        (lambda study: ranking_figure.draw(ranking(study.features), measure="rho"), "Unknown measure 'rho'"),
    ],
)
def test_nothing_to_draw_says_what_is_missing(draw, sentence):
    with pytest.raises(UserError, match=sentence):
        draw(small_study())


@pytest.mark.parametrize("measure", ["kendall", "rbo", "top1", "regret"])
def test_every_measure_of_the_ranking(measure):
    check_layout(ranking_figure.draw(ranking(small_study().features), measure=measure))


def test_the_drawing_of_a_graph_says_what_it_shows():
    figure = multipartite.draw(Layers(), title="Four parts", most_edges=1000)
    axes = figure.axes[0]
    assert "3,051 nodes in 4 parts" in axes.get_xlabel()
    assert "1,000 of 4,800 edges drawn" in axes.get_xlabel()
    lines = [collection for collection in axes.collections if hasattr(collection, "get_segments")]
    assert sum(len(each.get_segments()) for each in lines) == 1000
    assert all(each.get_rasterized() for each in lines)
    check_layout(figure)


def test_a_small_graph_is_drawn_whole():
    assert "all 4,800 edges drawn" in multipartite.draw(Layers()).axes[0].get_xlabel()


def test_a_graph_without_edges_can_be_drawn():
    class Bare(Layers):
        def edges(self):
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)

    assert "3,051 of them without an edge" in multipartite.draw(Bare()).axes[0].get_xlabel()


def test_a_graph_without_nodes_is_refused():
    class Nothing(Layers):
        parts = ()

    with pytest.raises(UserError, match="graph with nodes"):
        multipartite.draw(Nothing())


def test_pruners_side_by_side_are_drawn_by_samples_of_equal_size():
    figure = multipartite.draw_several(
        iter([Layers(), Layers()]), titles=["one", "other"], title="Both", most_edges=500
    )
    for axes in figure.axes:
        lines = [collection for collection in axes.collections if hasattr(collection, "get_segments")]
        assert sum(len(each.get_segments()) for each in lines) == 500
        assert "4,800 edges" in axes.get_title()
        assert "% of nodes isolated" in axes.get_title()
    check_layout(figure)


def test_the_scheme_shows_what_the_encodings_say():
    figure = encodings.draw()
    titles = [axes.get_title() for axes in figure.axes]
    # 32 weights, half of them kept; each of the 8 kept weights of a kernel is used at 2 x 2 positions.
    assert "16 kept, 16 pruned" in titles[0]
    assert "20 nodes, 16 edges" in titles[1]
    assert "28 nodes, 40 edges" in titles[3]
    marked = [[line for line in axes.lines if line.get_color() == style.RED] for axes in figure.axes]
    assert [len(lines) for lines in marked] == [0, 1, 1, 4]


def test_a_perfect_predictor_lies_on_the_diagonal():
    study = small_study()
    exact = study.features.assign(layer_density=study.features.accuracy_drop)
    figure = prediction.draw(exact, sets=("layer_density",))
    assert "$R^2$ = 1.00, MAE = 0.0 %" in figure.axes[0].get_title()
    for line in figure.axes[0].lines[1:]:
        np.testing.assert_allclose(line.get_xdata(), line.get_ydata(), atol=1e-9)


def test_intervals_of_importance_stand_below_the_shares():
    table = importance(small_study().features, times=20)
    table = table.assign(share_low=table.share / 2, share_high=table.share * 2)
    figure = importance_figure.draw(table)
    words = [text.get_text() for text in figure.axes[0].texts]
    first = table.query("level == 'all'").iloc[0]
    assert f"{100 * first.share:.0f}" in words
    assert f"{50 * first.share:.0f}\u2013{200 * first.share:.0f}" in words


def test_trained_weights_join_both_fits_of_a_group():
    table = regression(small_study().features, repeats=1).set_index(["level", "group", "features"])
    figure = trained_weights_figure.draw(table.reset_index())
    ends = figure.axes[0].lines[0].get_xdata()
    wanted = [table.adjusted_r2["all", "all", name] for name in ("unrolled_mask", "unrolled")]
    np.testing.assert_allclose(ends, wanted)


def test_the_interval_of_a_mean():
    # Student's t with 2 degrees of freedom: 4.303; standard deviation 1, three values.
    assert style.half_interval(np.array([1.0, 2.0, 3.0])) == pytest.approx(4.3027 / np.sqrt(3), rel=1e-4)
    assert np.isnan(style.half_interval(np.array([1.0])))


def test_the_table_of_regressions_says_what_was_fitted():
    table = all_sets(small_study(**PAPER))
    table.loc[table.index[1], ["adjusted_r2", "grouped_cv_r2"]] = [-0.001, -20.0]
    table.loc[table.index[2], ["adjusted_r2", "grouped_cv_r2"]] = np.nan
    figure = regression_table_figure.draw(table)
    for axes, column, odd in zip(figure.axes, ("adjusted_r2", "grouped_cv_r2"), ("0.00", "< -9"), strict=True):
        words = {text.get_position(): text.get_text() for text in axes.texts}
        assert words[0.5, 0.5] == f"{table[column][0]:.2f}"
        assert words[0.5, 1.5] == odd
        assert (0.5, 2.5) not in words
        assert len(axes.get_yticklabels()) == len(FEATURE_SETS)


def test_a_prediction_without_a_score_does_not_say_that_it_is_bad():
    same = np.full(7, 0.1)
    assert prediction._quality(same, same + 0.02) == "$R^2$ undefined, MAE = 2.0 %"
    assert prediction._quality(np.arange(7.0), np.full(7, np.nan)) == "no other configuration to fit to"


def test_stability_shows_every_share_beside_chance():
    rows = remade(small_study())
    figure = mask_stability.draw(rows)
    points = sorted(float(y) for axes in figure.axes for line in axes.lines for y in line.get_ydata())
    bars = sorted(bar.get_height() for axes in figure.axes for bar in axes.patches)
    assert points == pytest.approx(sorted(rows.stay))
    assert bars == pytest.approx(sorted(rows[rows.change == "draw"].chance))
    with pytest.raises(UserError, match="needs a method that prunes before training"):
        mask_stability.draw(rows.iloc[:0])
