"""Closed forms of the generalisation error of two-layer networks with erf units on Gaussian inputs."""

from typing import NamedTuple

import numpy as np


class Order(NamedTuple):
    """Order parameters of a student with K units and a teacher with M units on d inputs.

    Attributes
    ----------
    Q
        K x K, W W^T / d: how alike units of the student are.
    R
        K x M, W W*^T / d: how alike units of the student and of the teacher are.
    T
        M x M, W* W*^T / d.
    """

    Q: np.ndarray
    R: np.ndarray
    T: np.ndarray


def order_parameters(student: np.ndarray, teacher: np.ndarray) -> Order:
    """The order parameters of first-layer weights, K x d and M x d (Acharyya et al., arXiv 2006.16617)."""
    inputs = student.shape[1]
    return Order(student @ student.T / inputs, student @ teacher.T / inputs, teacher @ teacher.T / inputs)


def generalisation_error(order: Order, student: np.ndarray, teacher: np.ndarray) -> float:
    """Half of the expected squared error of a student on the teacher's outputs without noise.

    With units erf(x / sqrt 2) and inputs from N(0, 1) the expectation of a product of two units is an arcsine
    (Saad & Solla, Phys. Rev. E 52, 1995, equation 6), so it is exact, for pruned weights as well: a removed weight is
    zero.

    Parameters
    ----------
    order
        Of the first layers, masks included.
    student, teacher
        Weights of the second layers, K and M numbers.
    """
    q, r, t = np.diag(order.Q), order.R, np.diag(order.T)
    own = student @ np.arcsin(order.Q / np.sqrt(np.outer(1 + q, 1 + q))) @ student
    true = teacher @ np.arcsin(order.T / np.sqrt(np.outer(1 + t, 1 + t))) @ teacher
    both = student @ np.arcsin(r / np.sqrt(np.outer(1 + q, 1 + t))) @ teacher
    return float(own + true - 2 * both) / np.pi


def random_edges(kept: np.ndarray, copies: float, teachers: int, output: float) -> np.ndarray:
    """Error of an idealised student whose first-layer weights are kept at random.

    Each unit of the teacher has `copies` exact copies in the student, each with 1 / copies of its output weight
    (Acharyya et al., arXiv 2006.16617).

    Parameters
    ----------
    kept
        Shares of the weights that are kept.
    copies, teachers, output
        K / M; M; output weight of every unit of the teacher.
    """
    kept = np.asarray(kept, dtype=float)
    alone, pair = np.arcsin(kept / (1 + kept)) / copies, (1 - 1 / copies) * np.arcsin(kept**2 / (1 + kept))
    mixed = np.arcsin(kept / np.sqrt(2 + 2 * kept))
    return teachers * output**2 * ((alone + pair - 2 * mixed) / np.pi + 1 / 6)


def diverse_nodes(kept: int, copies: int, teachers: int, output: float) -> float:
    """Error of the same student when `kept` units stay, as evenly spread over the teacher's units as can be.

    The best that a choice of units can do; sum over the teacher's units t of v^2 / 6 (1 - i_t / copies)^2, where i_t of
    the copies of t stay.
    """
    stay = np.full(teachers, kept // teachers) + (np.arange(teachers) < kept % teachers)
    return float(output**2 / 6 * ((1 - stay / copies) ** 2).sum())


def random_nodes(kept: int, copies: int, teachers: int, output: float) -> float:
    """The expected error of the same student when `kept` of its units stay, drawn at random.

    How many copies of one unit of the teacher stay is hypergeometric, with mean and variance known.
    """
    units = copies * teachers
    share = kept / units
    variance = kept * (copies / units) * (1 - copies / units) * (units - kept) / max(units - 1, 1)
    return float(teachers * output**2 / 6 * ((1 - share) ** 2 + variance / copies**2))
