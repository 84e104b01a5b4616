"""Prediction of the accuracy drop of a new network, with an interval.

The fit is least squares. Its interval is conformal (V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random
World", 2005; leave-one-out residuals as in R. F. Barber et al., Ann. Statist. 49, 2021). Every network is predicted by
a fit to all other configurations. Its error is divided by the error that is expected at the position of its features.
A quantile of these ratios gives the half width of the interval. The interval has its nominal coverage for networks of
the same kind only. A new pruner, model or data set is extrapolation; the table "coverage" shows the coverage there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from prunegraph.analysis.folds import numbers
from prunegraph.analysis.scopes import matrix
from prunegraph.errors import UserError
from prunegraph.statistics import ols
from prunegraph.statistics.leave_out import LeaveOut
from prunegraph.tables.features import feature_set

#: Nominal coverage of the intervals.
NOMINAL = 0.9

#: A network that is further away than this share of the fitted networks counts as outside of their range.
FAR = 0.99

# A network also counts as outside if this share of the length of its standardised features has a direction in which the
# fitted networks do not differ.
_UNSEEN = 1e-6


@dataclass(frozen=True)
class Predictor:
    """A fitted predictor, made of plain numbers and lists, so that it can be written as JSON.

    `whitening` (p, rank) maps standardised features to coordinates in which the fitted networks have unit covariance.
    """

    features: str
    columns: list[str]
    means: list[float]
    scales: list[float]
    intercept: float
    slopes: list[float]
    whitening: list[list[float]]
    networks: int
    residual_sd: float
    quantile: float
    far: float
    distances: list[float]
    lowest: list[float]
    highest: list[float]
    nominal: float = NOMINAL

    def predict(self, values: np.ndarray) -> pd.DataFrame:
        """Predict the accuracy drop of networks whose raw features are the rows of `values` (n, p).

        Returns
        -------
        pd.DataFrame
            Columns drop, low, high (conformal interval), t_low, t_high (interval of least squares theory), distance
            (Mahalanobis distance from the fitted networks), percentile (share of these that lie nearer), outside
            (further away than 99 % of them, or in a direction in which they do not differ).
        """
        scores = (values - np.array(self.means)) / np.array(self.scales)
        whitening = np.array(self.whitening)
        places = scores @ whitening
        drop = self.intercept + scores @ np.array(self.slopes)
        squared = (places**2).sum(axis=1)
        spread = np.sqrt(1 + 1 / self.networks + squared)
        distance = np.sqrt(squared * (self.networks - 1))
        half, t_half = self.quantile * spread, self.residual_sd * self._t() * spread
        unseen = _unseen(scores, whitening)
        return pd.DataFrame(
            {
                **{"drop": drop, "low": drop - half, "high": drop + half},
                **{"t_low": drop - t_half, "t_high": drop + t_half},
                "distance": np.where(unseen, np.inf, distance),
                "percentile": np.searchsorted(self.distances, distance) / len(self.distances),
                "outside": unseen | (distance > self.far),
            }
        )

    def beyond(self, values: Sequence[float]) -> dict[str, tuple[float, float, float]]:
        """List the features of one network outside of the fitted range, each with its value and that range."""
        rows = zip(self.columns, values, self.lowest, self.highest, strict=True)
        return {name: (value, low, high) for name, value, low, high in rows if not low <= value <= high}

    def has_interval(self) -> bool:
        """Whether there are enough fitted networks for an interval; otherwise low and high are infinite."""
        return bool(np.isfinite(self.quantile))

    def to_dict(self) -> dict[str, Any]:
        """Return the predictor as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Predictor":
        """Make a predictor from the result of :meth:`to_dict`; `UserError` if something is missing."""
        lacking = [name for name in cls.__dataclass_fields__ if name not in content]
        if lacking:
            raise UserError(f"This is no predictor: it lacks {lacking[0]}. The rule transfer makes one.")
        return cls(**{name: content[name] for name in cls.__dataclass_fields__})

    def _t(self) -> float:
        from scipy.special import stdtrit

        freedom = self.networks - len(self.whitening[0]) - 1 if self.whitening else self.networks - 1
        return float(stdtrit(max(freedom, 1), (1 + self.nominal) / 2))


def fit(rows: pd.DataFrame, features: str, *, target: str = "accuracy_drop") -> Predictor:
    """Fit a predictor with the feature set `features` to rows of the feature table that have all of these features."""
    x, y = matrix(rows, features), rows[target].to_numpy(dtype="float64")
    model, held = ols.fit(x, y), LeaveOut(x, y)
    scores = (x - model.means) / model.scales
    _, sizes, right = np.linalg.svd(scores, full_matrices=False)
    whitening = (right[: model.rank] / sizes[: model.rank, None]).T
    distances = np.sqrt(np.sort(((scores @ whitening) ** 2).sum(axis=1)) * (len(y) - 1))
    freedom = max(len(y) - model.rank - 1, 1)
    return Predictor(
        features=features,
        columns=list(feature_set(features)),
        means=model.means.tolist(),
        scales=model.scales.tolist(),
        intercept=model.intercept,
        slopes=model.slopes.tolist(),
        whitening=whitening.tolist(),
        networks=len(y),
        residual_sd=float(np.sqrt((held.residual**2).sum() / freedom)),
        quantile=_conformal(held, numbers(rows)),
        far=float(np.quantile(distances, FAR)),
        distances=np.quantile(distances, np.linspace(0, 1, 101)).tolist(),
        lowest=x.min(axis=0).tolist(),
        highest=x.max(axis=0).tolist(),
    )


def _conformal(held: LeaveOut, configurations: np.ndarray) -> float:
    """Quantile of held-out errors, each divided by the error that is expected at the position of its network.

    Infinite if fewer than 9 networks can be predicted by other configurations: so few errors give no 90 % interval.
    """
    errors = np.abs(held.target - held.predict(configurations))
    scaled = errors / np.sqrt(1 + held.leverage_without(configurations))
    scaled = np.sort(scaled[np.isfinite(scaled)])
    place = int(np.ceil((len(scaled) + 1) * NOMINAL))
    return float(scaled[place - 1]) if place <= len(scaled) else float("inf")


def _unseen(scores: np.ndarray, whitening: np.ndarray) -> np.ndarray:
    """Whether each network differs from the fitted networks in a direction in which these do not differ: (n,)."""
    basis, _ = np.linalg.qr(whitening)
    outside = np.linalg.norm(scores - scores @ basis @ basis.T, axis=1)
    return outside > _UNSEEN * np.maximum(np.linalg.norm(scores, axis=1), 1)
