"""Figures of networks that are relational graphs hold the numbers of their tables."""

import numpy as np
import pytest
from helpers.graph_study import graph_tables

from prunegraph.errors import UserError
from prunegraph.figures import relational


@pytest.fixture(scope="module")
def tables():
    return graph_tables()


def test_every_graph_is_a_point_of_its_degree(tables):
    table = tables["graph_properties"]
    (axes,) = relational.draw(table).axes
    seen = sorted(
        (round(x, 9), round(y, 9))
        for line in axes.get_lines()
        if line.get_marker() == "o"
        for x, y in line.get_xydata()
    )
    assert seen == sorted(zip(table.aspl.round(9), (100 * table.accuracy).round(9), strict=True))


def test_the_plane_is_coloured_by_what_is_over_the_mean_of_the_panel(tables):
    table = tables["graph_properties"]
    axes = relational.draw_plane(table).axes[:2]
    for panel, (degree, part) in zip(axes, table.groupby("degree"), strict=True):
        assert panel.get_title() == f"Degree {degree:g}"
        points = panel.collections[0]
        assert np.allclose(points.get_array(), 100 * (part.accuracy - part.accuracy.mean()))
        assert np.allclose(points.get_offsets(), part[["clustering", "aspl"]])


def test_resistance_and_paths_of_every_graph_once(tables):
    twice = tables["graph_properties"]
    left, right = relational.draw_walks(twice).axes
    assert sum(len(line.get_xdata()) for line in right.get_lines()) == len(twice)
    drawn = np.concatenate([line.get_ydata() for line in left.get_lines()])
    assert np.allclose(np.sort(drawn), np.sort(twice.gradient_resistance))


def test_three_graphs_of_every_degree_are_drawn(tables):
    panels = relational.draw_graphs(tables["drawn_graphs"]).axes
    assert len(panels) == 2 * 3
    assert [panel.get_title().split("\n")[0] for panel in panels[:3]] == ["Best", "Middle", "Worst"]


@pytest.mark.parametrize("draw", [relational.draw, relational.draw_plane, relational.draw_walks])
def test_an_empty_table_is_one_sentence(tables, draw):
    with pytest.raises(UserError, match="need networks that are graphs"):
        draw(tables["graph_properties"].iloc[:0])
    with pytest.raises(UserError, match="needs graphs to draw"):
        relational.draw_graphs(tables["drawn_graphs"].iloc[:0])


def test_topometrics_are_a_map_with_a_dot_where_an_interval_leaves_zero_out(tables):
    table = tables["graph_topometrics"]
    axes = relational.draw_topometrics(table).axes[0]
    image = axes.get_images()[0].get_array()
    assert image.shape == (16, 6)
    row, column = list(dict.fromkeys(table.topometric)).index("two_hop"), 0
    assert image[row, column] == pytest.approx(-1)
    sure = table[(table.low > 0) | (table.high < 0)]
    assert len(axes.get_lines()[0].get_xdata()) == len(sure)
    with pytest.raises(UserError, match="relational graphs that were measured"):
        relational.draw_topometrics(table.iloc[:0])
