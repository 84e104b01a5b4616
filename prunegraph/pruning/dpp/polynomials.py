"""Elementary symmetric polynomials of many numbers, of which one may be 10^900 and the next 10^-900."""

import numpy as np


def polynomial_ratios(values: np.ndarray, k: int) -> np.ndarray:
    """Ratios e_j / e_(j-1) of consecutive elementary symmetric polynomials of the first n of some numbers.

    With e_j(n) = e_j(n-1) + v e_(j-1)(n-1), the ratios r follow r_j(n) = r_(j-1)(n-1) (r_j(n-1) + v) / (r_(j-1)(n-1) +
    v): sums, products and quotients of positive numbers, about as large as the numbers themselves.

    Parameters
    ----------
    values
        Numbers v of at least 0, (N,), the largest about 1.

    Returns
    -------
    ndarray
        float64 (N + 1, k + 1): entry (n, j) of the first n; 0 where e_j is. Column 0 is 0 and means nothing.
    """
    table = np.zeros((len(values) + 1, k + 1))
    for place, value in enumerate(values):
        last, new = table[place], table[place + 1]
        if value == 0:
            new[:] = last
            continue
        width = min(place + 1, k) + 1
        sums = last[:width] + value
        np.divide(sums[1:], sums[:-1], out=new[1:width])
        new[1:width] *= last[: width - 1]
        new[1] = sums[1]
    return table


def log_polynomials(logs: np.ndarray, k: int) -> np.ndarray:
    """Logarithms of the elementary symmetric polynomials of the first n of some numbers.

    Parameters
    ----------
    logs
        Logarithms of the numbers, (N,); -inf for 0. Numbers below 1e-300 of the largest count as 0.

    Returns
    -------
    ndarray
        float64 (N + 1, k + 1): entry (n, j) of e_j of the first n.
    """
    largest = logs.max()
    with np.errstate(divide="ignore"):
        table = np.log(polynomial_ratios(np.exp(logs - largest), k)) + largest
    table[:, 0] = 0
    return np.cumsum(table, axis=1)
