"""Whether the shape of relational graphs matters: found where it was put in, and not where it was not."""

import pytest
from helpers.graph_study import GRAPHS, graph_tables, networks

from prunegraph.errors import UserError
from prunegraph.tables.graph_properties import as_families, graph_properties


def effect(tables, name, given=""):
    return tables["graph_effects"].query("property == @name and given == @given").iloc[0]


def test_an_effect_of_path_length_is_found():
    found = effect(graph_tables(), "aspl")
    assert found.rho < -0.9 and found.high < 0 and found.permutation_p < 0.01
    assert found.resolved and found.icc > 0.9
    assert (found.blocks, found.graphs, found.n, found.seeds) == (2, 5, 10, 3)
    assert found.family == "ladder"


def test_where_graphs_are_alike_nothing_is_resolved():
    found = effect(graph_tables(slope=0.0), "aspl")
    assert not found.resolved and found.icc < 0.4


def test_the_confounding_of_two_properties_is_told():
    tables = graph_tables()
    assert abs(effect(tables, "aspl", "clustering").confounding) <= 1
    assert effect(tables, "aspl", "clustering").confounding == effect(tables, "clustering", "aspl").confounding


def test_a_row_for_each_graph_with_its_properties():
    table = graph_tables()["graph_properties"]
    assert len(table) == 10 and set(table.networks) == {3}
    row = table.set_index("graph").loc["degree4_2"]
    expected = next(row for row in GRAPHS.rows if row["name"] == "degree4_2")
    assert row.aspl == expected["aspl"] and row.excess == pytest.approx(expected["aspl"] / expected["bound"] - 1)
    for _, part in table.groupby("sparsity"):
        assert part.aspl[part.place == "shortest"].tolist()[0] == part.aspl.min()
        assert part.aspl[part.place == "longest"].tolist()[0] == part.aspl.max()


def test_the_drawn_graphs_are_the_best_the_middle_and_the_worst():
    tables = graph_tables()
    drawn, table = tables["drawn_graphs"], tables["graph_properties"]
    for sparsity, part in drawn.groupby("sparsity"):
        own = table[table.sparsity == sparsity]
        best, worst = (part[part.which == rank].graph.iloc[0] for rank in ("best", "worst"))
        assert (
            best == own.graph[own.validation_accuracy.idxmax()] and worst == own.graph[own.validation_accuracy.idxmin()]
        )
        edges = part[part.which == "best"]
        assert len(edges) == GRAPHS.only(best).adjacency.sum() / 2 and (edges.one_end < edges.other_end).all()


def test_families_stand_for_their_graphs():
    assert set(as_families(networks()).method) == {"dense", "ladder"}
    plain = networks()[["method", "accuracy"]]
    assert as_families(plain) is plain
    with pytest.raises(UserError, match="no network that is a relational graph"):
        graph_properties(plain)


def test_a_topometric_that_is_the_path_length_says_so():
    found = graph_tables()["graph_topometrics"].set_index(["topometric", "property"])
    assert found.rho["two_hop", "aspl"] == pytest.approx(-1) and found.high["two_hop", "aspl"] < 0
    assert found.rho[["sink_nodes"]].isna().all()
    assert len(found) == 16 * 6
