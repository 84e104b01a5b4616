"""Figures of searches among relational graphs, of a small study on real networks."""

import pandas as pd
import pytest
from helpers.small_search import small_case

from prunegraph.errors import UserError
from prunegraph.figures import baselines, graph_properties, searches
from prunegraph.search.study import study
from prunegraph.tables.frames import shaped


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    found = study([small_case(tmp_path_factory.mktemp("search"))])
    return {name: shaped(pd.DataFrame(rows), name) for name, rows in found.items()}


def text_of(figure):
    return " ".join(
        text.get_text() for axes in figure.axes for text in (axes.title, axes.xaxis.label, axes.yaxis.label)
    )


def test_the_trace_shows_both_searches_their_winners_and_the_verdict(tables):
    read = ("search_trace", "bogp_search", "search_summary", "search_signal")
    figure = searches.draw_trace(*(tables[name] for name in read))
    left, right = figure.axes
    bayesian = left.lines[0]
    rows = tables["search_trace"].query("search == 'bayesian'")
    assert bayesian.get_ydata()[-1] == pytest.approx(rows.groupby("repeat").objective.max().mean())
    winners = tables["bogp_search"].pivot(index="seed", columns="search", values="best")
    drawn = next(line for line in right.lines if line.get_marker() == "o")
    assert list(drawn.get_xdata()) == list(winners.random) and list(drawn.get_ydata()) == list(winners.bayesian)
    assert tables["search_summary"].verdict[0] in text_of(figure) and "Intraclass correlation" in text_of(figure)


def test_the_posterior_is_sorted_and_shows_what_was_evaluated(tables):
    rows = tables["search_posterior"]
    [axes] = searches.draw_posterior(rows).axes
    assert list(axes.lines[0].get_ydata()) == sorted(rows["mean"])
    assert len(axes.collections[-1].get_offsets()) == (rows.tried > 0).sum()


def test_constant_properties_are_named_and_not_drawn(tables):
    figure = graph_properties.draw_correlation(tables["search_graphs"])
    assert "constant: degree, " in text_of(figure) and "independent cycles" in text_of(figure)
    labels = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert "ASPL" in labels and "Degree" not in labels


def test_every_small_graph_is_a_point_in_three_panels(tables):
    figure = graph_properties.draw_small(tables["search_graphs"], tables["search_signal"])
    panels = figure.axes[:3]
    assert [axes.get_xlabel() for axes in panels] == ["Clustering", "ASPL", "Eigenvector centrality"]
    assert all(len(axes.collections[-1].get_offsets()) == 6 for axes in panels)


def test_the_trade_off_has_a_point_for_each_alpha(tables):
    [axes] = searches.draw_trade_off(tables["search_trade_off"]).axes
    assert list(axes.lines[0].get_xdata()) == [0.1, 0.9]


@pytest.mark.parametrize(
    ("draw", "names"),
    [
        (searches.draw_trace, ("search_trace", "bogp_search", "search_summary", "search_signal")),
        (searches.draw_posterior, ("search_posterior",)),
        (searches.draw_trade_off, ("search_trade_off",)),
        (graph_properties.draw_correlation, ("search_graphs",)),
        (graph_properties.draw_small, ("search_graphs", "search_signal")),
    ],
)
def test_empty_tables_are_said_in_a_sentence(draw, names, tables):
    with pytest.raises(UserError, match="needs"):
        draw(*(tables[name][:0] for name in names))


def test_the_table_of_baselines_has_the_best_on_top_and_its_numbers():
    accuracies = {"dense": [0.97, 0.97], "bogp": [0.9, 0.92], "lamp_hidden": [0.95, 0.95]}
    rows = [
        {"dataset": "digits", "model": "tiny", "method": name, "sparsity": 0.5 * (name != "dense"), "seed": seed}
        | {"accuracy": value, "kept": 100}
        for name, values in accuracies.items()
        for seed, value in enumerate(values)
    ]
    networks = pd.DataFrame(rows)
    [axes] = baselines.draw(networks, pd.DataFrame()).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["BoGP", "LAMP hidden"]
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["0.9100 ± 0.1271, n = 2, 100 weights", "0.9500 ± 0.0000, n = 2, 100 weights"]
    assert "dense, 0.9700" in axes.get_title()
    with pytest.raises(UserError, match="needs pruned networks"):
        baselines.draw(networks[networks.method == "dense"], pd.DataFrame())
