"""Numbers that describe a graph: topometrics, Ramanujan properties, and their normalisation.

Metrics need graphs only (:mod:`prunegraph.graphs`). The first call of :func:`topometrics` imports numba. torch is
imported where its products are faster (:mod:`prunegraph.metrics.paths`); everything works without it.
"""

from prunegraph.metrics.normalise import normalise
from prunegraph.metrics.ramanujan import ramanujan
from prunegraph.metrics.topometrics import topometrics

__all__ = ["normalise", "ramanujan", "topometrics"]
