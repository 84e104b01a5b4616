"""Teachers and students: closed forms against published numbers and Monte Carlo, training, masks, rows."""

import numpy as np
import pytest

from prunegraph.errors import UserError
from prunegraph.randomness import numpy_generator
from prunegraph.teacher_student import theory
from prunegraph.teacher_student.masks import RULES, choose, edges_beside
from prunegraph.teacher_student.rows import of_pair, rescaled, sorted_like
from prunegraph.teacher_student.training import Pair, Setting, TwoLayer, samples, teach

SMALL = Setting(inputs=40, samples=20_000)


@pytest.fixture(scope="module")
def pair():
    return teach(SMALL, 0)


def error(student, teacher):
    order = theory.order_parameters(student.hidden, teacher.hidden)
    return theory.generalisation_error(order, student.output, teacher.output)


def test_the_idealised_student_has_the_published_errors():
    # Acharyya et al., teacher-student study: 2 teacher units of weight 4, 6 student units, 500 inputs.
    kept = np.array([83, 166, 250, 333, 417, 500]) / 500
    assert np.allclose(theory.random_edges(kept, 3, 2, 4.0), [3.7600, 2.5783, 1.6585, 0.9512, 0.3991, 0], atol=5e-5)
    best = [theory.diverse_nodes(kept, 3, 2, 4.0) for kept in range(1, 6)]
    assert np.allclose(best, [3.8519, 2.3704, 1.4815, 0.5926, 0.2963], atol=5e-5)
    mean = [theory.random_nodes(kept, 3, 2, 4.0) for kept in range(1, 6)]
    assert np.allclose(mean, [3.8519, 2.6074, 1.6000, 0.8296, 0.2963], atol=5e-5)


def test_edges_beside_nodes_are_the_published_budgets():
    assert [edges_beside(nodes, 6, 500) for nodes in range(1, 6)] == [83, 166, 250, 333, 417]
    for nodes in range(1, 6):  # as many numbers, but for rounding
        assert abs(6 * (edges_beside(nodes, 6, 500) + 1) - nodes * 501) <= 3


def test_the_closed_form_is_what_is_measured():
    draw = np.random.default_rng(1)
    teacher = TwoLayer(draw.standard_normal((3, 60)), draw.standard_normal(3))
    student = TwoLayer(draw.standard_normal((4, 60)) * (draw.random((4, 60)) < 0.5), draw.standard_normal(4))
    squares = np.concatenate([(student(part) - teacher(part)) ** 2 for part in samples(60, 200_000, draw)]) / 2
    assert abs(squares.mean() - error(student, teacher)) < 4 * squares.std() / np.sqrt(squares.size)
    assert error(teacher, teacher) == pytest.approx(0, abs=1e-12)


def test_one_step_is_the_gradient_of_half_the_squared_error():
    setting = Setting(inputs=5, teachers=1, students=2, samples=1, learning_rate=0.3)
    learned = teach(setting, 3)
    draw = numpy_generator(3, "teacher_student")
    teacher, hidden = draw.standard_normal((1, 5)), draw.standard_normal((2, 5))
    output, x = draw.standard_normal(2), draw.standard_normal(5)
    answer = TwoLayer(teacher, np.array([4.0]))(x[None])[0]

    def half(hidden, output):
        return (TwoLayer(hidden, output)(x[None])[0] - answer) ** 2 / 2

    step, slope, slopes = 1e-6, np.zeros_like(hidden), np.zeros_like(output)
    for place in np.ndindex(hidden.shape):
        more = hidden.copy()
        more[place] += step
        slope[place] = (half(more, output) - half(hidden, output)) / step
    for place in range(2):
        slopes[place] = (half(hidden, output + step * np.eye(2)[place]) - half(hidden, output)) / step
    # The first layer's step is learning_rate / sqrt(d) times the gradient times sqrt(d): its preactivation is divided.
    assert np.allclose(learned.student.hidden, hidden - 0.3 * slope, atol=1e-5)
    assert np.allclose(learned.student.output, output - 0.3 / 5 * slopes, atol=1e-5)
    assert np.allclose(learned.gram, np.outer(x, x))


def test_a_student_learns_and_the_same_seed_gives_the_same(pair):
    again = teach(SMALL, 0)
    assert pair.student.hidden.tobytes() == again.student.hidden.tobytes()
    untaught = teach(Setting(inputs=40, samples=1), 0)
    assert error(pair.student, pair.teacher) < 0.1 * error(untaught.student, untaught.teacher)
    assert not np.array_equal(teach(SMALL, 1).student.hidden, pair.student.hidden)


def test_a_soft_committee_learns_its_first_layer_alone():
    found = teach(Setting(inputs=20, samples=2_000, frozen=True), 0)
    assert (found.student.output == 1).all() and (found.teacher.output == 1).all()


def test_sorting_and_turning_units_changes_no_output(pair):
    inputs = np.random.default_rng(0).standard_normal((50, 40))
    turned = sorted_like(pair)
    assert np.allclose(turned(inputs), pair.student(inputs))
    overlap = theory.order_parameters(turned.hidden, pair.teacher.hidden).R
    nearest = np.abs(overlap).argmax(axis=1)
    assert (np.diff(nearest) >= 0).all() and (overlap[range(6), nearest] > 0).all()
    assert np.allclose(np.diag(theory.order_parameters(rescaled(turned).hidden, pair.teacher.hidden).Q), 1)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_keeps_what_was_asked(rule, pair):
    mask = choose(pair, rule, 2, np.random.default_rng(0))
    assert mask.shape == (6, 40)
    if rule.endswith("edge"):
        assert (mask.sum(axis=1) == edges_beside(2, 6, 40)).all()
    else:
        assert sorted(mask.sum(axis=1)) == [0, 0, 0, 0, 40, 40]
    assert (mask == choose(pair, rule, 2, np.random.default_rng(0))).all()
    others = [choose(pair, rule, 2, np.random.default_rng(seed)) for seed in range(1, 6)]
    assert all((mask == other).all() for other in others) == rule.startswith("importance")
    with pytest.raises(UserError, match="would keep"):
        choose(pair, rule, 6, np.random.default_rng(0))


def test_determinantal_edges_prefer_heavy_weights_and_diverse_nodes():
    # Inputs that are independent: the kernel of edges is diagonal, so heavy weights are drawn more often; units that
    # are copies of each other are never drawn together.
    hidden = np.array([[3.0, 3, 3, 0.1, 0.1, 0.1], [3.0, 3, 3, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 3, 3, 3]])
    student = TwoLayer(hidden, np.ones(3))
    made = Pair(Setting(inputs=6, teachers=1, students=3), student, student, np.eye(6))
    draw = np.random.default_rng(0)
    heavy = [RULES["dpp_edge"](made, 3, draw)[0, :3].sum() for _ in range(20)]
    assert np.mean(heavy) > 2.9
    nodes = [RULES["dpp_node"](made, 2, draw).any(axis=1) for _ in range(20)]
    assert all(kept[2] and kept[:2].sum() == 1 for kept in nodes)


def test_rows_hold_every_rule_and_agree_with_the_test_inputs():
    losses, orders = of_pair(SMALL, 0, [2, 3], draws=2, test=20_000)
    counts = {rule: sum(row["method"] == rule for row in losses) for rule in RULES}
    assert counts == {rule: 2 if rule.startswith("importance") else 4 for rule in RULES}
    for row in losses:
        assert row["test_loss"] == pytest.approx(row["loss"], rel=0.1)
        assert (row["ideal"] is not None) == (row["method"] in ("random_edge", "random_node", "dpp_node"))
    assert {row["share"] for row in losses} == {0.333, 0.5}
    teachers = [row["value"] for row in orders if row["method"] == "dense" and row["matrix"] == "T"]
    assert len(teachers) == 4 and np.allclose(teachers, np.ravel(teach(SMALL, 0).order().T))
    assert of_pair(SMALL, 0, [2, 3], draws=2, test=20_000) == (losses, orders)


@pytest.mark.parametrize("wrong", [{"inputs": 0}, {"students": 1.5}, {"noise": -1}, {"learning_rate": 0}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(UserError, match="teacher and student"):
        Setting(**wrong)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_a_student_that_diverges_is_said():
    with pytest.raises(UserError, match="diverged with the learning rate"):
        teach(Setting(inputs=10, samples=5_000, learning_rate=1e200), 0)
