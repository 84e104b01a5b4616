"""Searches among graphs: on functions that are known, on noise, and what each refuses."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from prunegraph.errors import UserError
from prunegraph.relational import sets
from prunegraph.relational.vectors import vectors
from prunegraph.search import proposals
from prunegraph.search.process import fitted
from prunegraph.search.repeats import SEARCHES, Budget, Objective, fresh_seeds, search, worth
from prunegraph.search.signal import Signal, intraclass
from prunegraph.search.space import space
from prunegraph.search.verdict import BETTER, NO_EVIDENCE, NO_SIGNAL, UNTESTED, WORSE, difference, verdict

GRAPHS = sets.make("candidates", 0, nodes=16, edges=[32], number=20).adjacency
PROPERTIES = vectors(GRAPHS)
SPACE = space(PROPERTIES)
BUDGET = Budget(start=8, rounds=4, batch=4, fresh=5)


def compared(accuracy, repeats, seed=0):
    """The worth of the winners of both searches, a row for each repeat."""
    objective = Objective(accuracy, np.zeros(len(SPACE)))
    found = []
    for number in range(repeats):
        winners = [search(kind, SPACE, objective, BUDGET, seed, number)[1] for kind in SEARCHES]
        seeds = fresh_seeds(seed, number, BUDGET.fresh)
        found.append([worth(lambda graph, s: (accuracy(graph, s), 0.0), graph, seeds)[0] for graph in winners])
    return np.array(found).T


def test_on_a_quadratic_of_the_properties_it_beats_random_search_with_the_same_budget():
    target = SPACE.values[int(SPACE.values[:, SPACE.names.index("aspl")].argmax())]
    truth = -((SPACE.values - target) ** 2).sum(axis=1)
    noise = 0.3 * truth.std()

    def accuracy(graph, seed):
        return truth[graph] + noise * np.random.default_rng([graph, seed]).normal()

    bayesian, random = compared(accuracy, 12)
    found = difference(bayesian, random)
    table = np.array([[accuracy(graph, seed) for seed in range(4)] for graph in range(24)])
    assert verdict(found, intraclass(table), 12, BUDGET.fresh) == BETTER
    assert found.p == pytest.approx(ttest_rel(bayesian, random).pvalue)


def test_on_pure_noise_there_is_no_evidence_and_no_signal():
    def accuracy(graph, seed):
        return np.random.default_rng([graph, seed]).normal()

    found = difference(*compared(accuracy, 12))
    assert found.low < 0 < found.high
    assert verdict(found, Signal(0.3, 0.1, 0.5), 12, 5) == NO_EVIDENCE
    table = np.array([[accuracy(graph, seed) for seed in range(4)] for graph in range(24)])
    assert verdict(found, intraclass(table), 12, 5) == NO_SIGNAL


def test_both_searches_begin_alike_and_spend_the_same():
    asked = []

    def accuracy(graph, seed):
        asked.append((graph, seed))
        return float(graph)

    objective = Objective(accuracy, np.zeros(len(SPACE)))
    traces = [search(kind, SPACE, objective, BUDGET, 3, 1)[0] for kind in SEARCHES]
    one, other = asked[: BUDGET.evaluations], asked[BUDGET.evaluations :]
    assert one[:8] == other[:8] and len({graph for graph, _ in one[:8]}) == 8
    assert [seed for _, seed in one] == [seed for _, seed in other] and len(set(one)) == BUDGET.evaluations
    assert len({graph for graph, _ in other}) == BUDGET.evaluations  # chance tries nothing twice
    for rows in traces:
        assert [row["evaluation"] for row in rows] == list(range(1, 25))
        assert [row["round"] for row in rows if row["chosen"] is not None] == [0, 1, 2, 3, 4]
    again = search("bayesian", SPACE, objective, BUDGET, 3, 1)[0]
    assert again == traces[0] and search("bayesian", SPACE, objective, BUDGET, 4, 1)[0] != traces[0]


def test_the_objective_weighs_sparsity():
    sparsity = np.linspace(0, 1, len(SPACE))
    objective = Objective(lambda graph, seed: 0.5, sparsity, alpha=0.25)
    assert objective.value(0, 0.5) == 0.375 and objective.value(len(SPACE) - 1, 0.5) == 0.625
    rows, chosen, _ = search("bayesian", SPACE, Objective(lambda graph, seed: 0.5, sparsity, 0.9), BUDGET, 0, 0)
    assert rows[0]["objective"] == pytest.approx(0.05 + 0.9 * sparsity[rows[0]["graph"]])
    assert sparsity[chosen] > np.median(sparsity)


def test_every_candidate_retrieves_itself_whatever_the_order_of_the_names():
    backwards = dict(reversed(PROPERTIES.items()))
    turned = space(backwards)
    for graph in range(len(SPACE)):
        wanted = {name: values[graph] for name, values in PROPERTIES.items()}
        assert SPACE.nearest(wanted) == turned.nearest(wanted)
        assert (GRAPHS[SPACE.nearest(wanted)] == GRAPHS[graph]).all() or _alike(SPACE.nearest(wanted), graph)
    wanted = {name: values.mean() for name, values in PROPERTIES.items()}
    assert SPACE.nearest(wanted) == SPACE.nearest(dict(sorted(wanted.items()))) == turned.nearest(wanted)


def _alike(one, other):
    """Whether two candidates have the same properties, as graphs with other names of their nodes do."""
    return all(values[one] == pytest.approx(values[other]) for values in PROPERTIES.values())


def test_properties_that_do_not_vary_are_left_out():
    assert not {"degree", "cyclomatic"} & set(SPACE.names) and {"aspl", "clustering"} <= set(SPACE.names)
    assert SPACE.values.mean(0) == pytest.approx(0, abs=1e-12) and SPACE.values.std(0) == pytest.approx(1)


def test_expected_improvement_is_that_of_a_simulation():
    tried = [0, 5, 9, 14]
    process = fitted(SPACE.values[tried], np.array([0.1, 0.4, 0.2, 0.3]))
    mean, deviation = process.at(SPACE.values)
    draws = mean + deviation * np.random.default_rng(0).normal(size=(40_000, 1))
    simulated = np.maximum(draws - mean[tried].max(), 0).mean(axis=0)
    assert proposals.improvement(process, SPACE, tried) == pytest.approx(simulated, abs=4e-3)


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        (
            {"aspl": np.ones(4), "girth": np.full(4, 3.0)},
            r"All 4 candidate graphs have the same properties \(aspl, girth",
        ),
        ({"aspl": np.ones(1)}, "at least two candidate graphs, found 1"),
        ({"aspl": np.array([1, np.nan])}, "'aspl' of a candidate graph is not finite"),
    ],
)
def test_a_space_that_cannot_be_searched_is_said_in_a_sentence(properties, said):
    with pytest.raises(UserError, match=said):
        space(properties)


def test_too_few_candidates_and_a_property_that_lacks_are_said_in_a_sentence():
    few = space({"aspl": np.arange(5.0)})
    with pytest.raises(UserError, match="begins with 8 different candidates, but the set has 5 graphs"):
        search("random", few, Objective(lambda graph, seed: 0.0, np.zeros(5)), BUDGET, 0, 0)
    with pytest.raises(UserError, match="'aspl' was not given; expected aspl"):
        few.nearest({"girth": 3})


def test_the_intraclass_correlation_of_a_published_example_and_of_made_up_variances():
    # Shrout & Fleiss (1979), table 2: six targets, four judges; ICC(1, 1) = .17.
    rated = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = intraclass(np.array(rated))
    assert found.value == pytest.approx(0.1657, abs=1e-4)
    assert found.low == pytest.approx(-0.133, abs=1e-3) and found.high == pytest.approx(0.723, abs=1e-3)
    draw = np.random.default_rng(0)
    values = draw.normal(size=(400, 1)) + 2 * draw.normal(size=(400, 6))
    assert intraclass(values).value == pytest.approx(0.2, abs=0.05)
    assert intraclass(np.repeat([[1.0], [2.0]], 3, 1)) == (1, 1, 1)
    assert np.isnan(intraclass(np.ones((3, 3))).value)


def test_the_interval_of_the_intraclass_correlation_covers_as_often_as_it_says():
    draw = np.random.default_rng(1)
    tables = draw.normal(size=(400, 24, 1)) * np.sqrt(0.3) + draw.normal(size=(400, 24, 4)) * np.sqrt(0.7)
    covered = np.mean([found.low <= 0.3 <= found.high for found in map(intraclass, tables)])
    assert 0.92 <= covered <= 0.98


@pytest.mark.parametrize(
    ("values", "signal", "repeats", "fresh", "said"),
    [
        ([0.1, 0.11] * 6, Signal(0.3, 0.1, 0.5), 12, 5, BETTER),
        ([-0.1, -0.11] * 6, Signal(0.3, 0.1, 0.5), 12, 5, WORSE),
        ([-0.1, 0.11] * 6, Signal(0.3, 0.1, 0.5), 12, 5, NO_EVIDENCE),
        ([0.1, 0.11] * 6, Signal(0.1, -0.1, 0.5), 12, 5, NO_SIGNAL),
        ([0.1, 0.11] * 6, Signal(*[float("nan")] * 3), 12, 5, NO_SIGNAL),
        ([0.1, 0.11] * 4, Signal(0.3, 0.1, 0.5), 8, 5, UNTESTED),
        ([0.1, 0.11] * 6, Signal(0.3, 0.1, 0.5), 12, 4, UNTESTED),
    ],
)
def test_verdicts(values, signal, repeats, fresh, said):
    assert verdict(difference(values, np.zeros(len(values))), signal, repeats, fresh) == said
