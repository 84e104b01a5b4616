"""Teachers, and students that learn from them, one sample a step."""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from scipy.special import erf

from prunegraph.errors import UserError
from prunegraph.pruning.dpp.sampling import Decomposition, decompose
from prunegraph.randomness import numpy_generator
from prunegraph.teacher_student.theory import order_parameters

#: Samples that are drawn at once: 40 MB with 500 inputs.
CHUNK = 10_000


@dataclass(frozen=True)
class TwoLayer:
    """A network without biases: sum over units k of output_k erf(w_k . x / sqrt(2 d)).

    Attributes
    ----------
    hidden
        First-layer weights, units x inputs.
    output
        Second-layer weights, one number a unit.
    """

    hidden: np.ndarray
    output: np.ndarray

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """The outputs for inputs of shape N x d."""
        return erf(inputs @ self.hidden.T / np.sqrt(2 * self.hidden.shape[1])) @ self.output


@dataclass(frozen=True)
class Setting:
    """What is taught, and how it is learnt (Acharyya et al., arXiv 2006.16617; Goldt et al., NeurIPS 2019).

    Parameters
    ----------
    inputs, teachers, students
        d; units of the teacher, M, and of the student, K.
    samples
        Steps of the training: each sample is seen once.
    noise
        Standard deviation of what is added to the teacher's outputs.
    output
        Weight v* of every unit in the teacher's second layer.
    learning_rate
        The first layer learns with learning_rate / sqrt(d), the second with learning_rate / d.
    frozen
        A soft committee: the weights of both second layers are 1 and are not learnt.

    Raises
    ------
    UserError
        Naming the first number that is out of its range.
    """

    inputs: int = 500
    teachers: int = 2
    students: int = 6
    samples: int = 800_000
    noise: float = 0.0
    output: float = 4.0
    learning_rate: float = 0.5
    frozen: bool = False

    def __post_init__(self) -> None:
        for name in ("inputs", "teachers", "students", "samples"):
            if int(getattr(self, name)) != getattr(self, name) or getattr(self, name) < 1:
                raise UserError(f"A teacher and student have {name}: {getattr(self, name)!r}; expected a whole number.")
        if self.noise < 0 or self.learning_rate <= 0:
            raise UserError(
                f"A teacher and student have noise {self.noise} and learning rate {self.learning_rate}; expected 0 or "
                "more, and more than 0."
            )


@dataclass(frozen=True)
class Pair:
    """A teacher and the student that it taught.

    Attributes
    ----------
    gram
        d x d: mean of x x^T over the training inputs, which kernels of determinantal point processes need.
    """

    setting: Setting
    teacher: TwoLayer
    student: TwoLayer
    gram: np.ndarray

    @functools.cached_property
    def edges(self) -> list[Decomposition]:
        """The kernels of the inputs of each unit, L_ij = w_i w_j mean(x_i x_j), taken apart once for all draws."""
        return [_decomposed(np.outer(row, row) * self.gram) for row in self.student.hidden]

    @functools.cached_property
    def nodes(self) -> Decomposition:
        """The kernel of the units, W mean(x x^T) W^T."""
        return _decomposed(self.student.hidden @ self.gram @ self.student.hidden.T)

    def order(self):
        """The order parameters of both (:class:`prunegraph.teacher_student.theory.Order`)."""
        return order_parameters(self.student.hidden, self.teacher.hidden)


def _decomposed(kernel: np.ndarray) -> Decomposition:
    return decompose(torch.from_numpy((kernel + kernel.T) / 2))


def teach(setting: Setting, seed: int) -> Pair:
    """Draw a teacher, and train a student on its outputs by stochastic gradient descent.

    One epoch, one sample a step; with the error e = student - teacher, preactivations a and g = erf(. / sqrt 2):
    w_k -= learning_rate / sqrt(d) e v_k g'(a_k) x and v_k -= learning_rate / d e g(a_k).

    Raises
    ------
    UserError
        If the student diverges.
    """
    draw = numpy_generator(seed, "teacher_student")
    teacher_hidden, hidden = (
        draw.standard_normal((units, setting.inputs)) for units in (setting.teachers, setting.students)
    )
    output = np.ones(setting.students) if setting.frozen else draw.standard_normal(setting.students)
    taught = np.full(setting.teachers, 1.0 if setting.frozen else setting.output)
    teacher = TwoLayer(teacher_hidden, taught)
    gram = np.zeros((setting.inputs, setting.inputs))
    weights = np.ascontiguousarray(hidden.T)
    for inputs in samples(setting.inputs, setting.samples, draw):
        answers = teacher(inputs) + setting.noise * draw.standard_normal(len(inputs))
        _learn(inputs, answers, weights, output, setting.learning_rate, not setting.frozen)
        gram += inputs.T @ inputs
    if not (np.isfinite(weights).all() and np.isfinite(output).all()):
        raise UserError(
            f"A student of {setting.students} units diverged with the learning rate {setting.learning_rate}: lower it."
        )
    return Pair(setting, teacher, TwoLayer(np.ascontiguousarray(weights.T), output), gram / setting.samples)


def samples(inputs: int, number: int, draw: np.random.Generator) -> Iterator[np.ndarray]:
    """`number` inputs from N(0, 1), some thousands at a time."""
    for first in range(0, number, CHUNK):
        yield draw.standard_normal((min(CHUNK, number - first), inputs))


@njit(cache=True)
def _learn(inputs, answers, weights, output, rate, both):  # pragma: no cover (compiled)
    """Take a step for each sample, in place; `weights` are inputs x units, so that sums over units vectorise."""
    length, units = weights.shape
    scale, slope = 1 / np.sqrt(length), np.sqrt(2 / np.pi)
    before, change = np.empty(units), np.empty(units)
    for sample in range(len(inputs)):
        before[:] = 0.0
        for i in range(length):
            for k in range(units):
                before[k] += weights[i, k] * inputs[sample, i]
        error = -answers[sample]
        for k in range(units):
            before[k] *= scale
            error += output[k] * math.erf(before[k] / np.sqrt(2.0))
        for k in range(units):
            change[k] = rate * scale * error * output[k] * slope * np.exp(-(before[k] ** 2) / 2)
        for i in range(length):
            for k in range(units):
                weights[i, k] -= change[k] * inputs[sample, i]
        if both:
            for k in range(units):
                output[k] -= rate / length * error * math.erf(before[k] / np.sqrt(2.0))
