"""Tests whether one predictor ranks the pruners better than another, over the same scenarios."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunegraph.analysis.scopes import SCENARIO
from prunegraph.statistics.agreement import TIE_DECIMALS
from prunegraph.statistics.resampling import mean_interval
from prunegraph.tables.frames import shaped


def tests(
    scenarios: pd.DataFrame,
    *,
    predictors: Sequence[str] = ("unrolled", "unrolled_mask"),
    times: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare each of `predictors` with every other one on the scenarios that both rank, by Spearman's rho.

    Parameters
    ----------
    scenarios
        The table of :func:`prunegraph.analysis.ranking.ranking`.
    predictors
        Names of predictors; each is compared with every other predictor in the table.
    times
        Number of bootstrap samples of scenarios.
    seed
        Seed of the bootstrap.

    Returns
    -------
    pd.DataFrame
        The table "ranking_tests" of :mod:`prunegraph.tables.schemas`. The p value is that of Wilcoxon's two-sided
        signed-rank test, not corrected for the number of tests. Differences that are equal to 12 decimals are ties.
    """
    groups = scenarios.groupby(list(_KEY), sort=False)
    found = {key: part.set_index(list(SCENARIO)).spearman for key, part in groups}
    results = []
    for predictor, kind, protocol, level in (key for key in found if key[0] in predictors):
        others = [key for key in found if key[0] != predictor and key[2:] in ((protocol, level), ("", ""))]
        for other in others:
            both = (found[predictor, kind, protocol, level] - found[other]).dropna().to_numpy()
            if len(both) < 2:
                continue
            low, high = mean_interval(both, times, seed, "ranking tests", predictor, protocol, level, *other)
            row = {"predictor": predictor, "kind": kind, "protocol": protocol, "level": level, "against": other[0]}
            row |= {"scenarios": len(both), "difference": both.mean(), "low": low, "high": high}
            results.append(row | {"wilcoxon_p": _signed_rank(both)})
    return shaped(pd.DataFrame(results), "ranking_tests")


_KEY = ("predictor", "kind", "protocol", "level")


def _signed_rank(differences: np.ndarray) -> float:
    from scipy.stats import wilcoxon  # takes seconds to import, and most figures do not need it

    # With few methods there are few possible rank correlations. Many differences are then equal, or zero, except for
    # rounding errors, which must not decide their ranks.
    differences = differences.round(TIE_DECIMALS)
    if not np.any(differences):
        return 1.0
    return float(wilcoxon(differences, method="asymptotic" if len(differences) > 25 else "auto").pvalue)
