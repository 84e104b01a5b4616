"""The paper's own grid of networks, and the published networks beyond it."""

import numpy as np
import pandas as pd

from prunegraph.catalogue import PUBLISHED_MODELS

#: The grid of the paper: the networks that its studies use.
MODELS = PUBLISHED_MODELS
PRUNERS = ("snip", "grasp", "synflow", "prospr", "uniform", "er", "erk")

#: Names of the two groups of published networks beyond the grid.
BEYOND = ("mge_dynamic", "mge_mobilenet_v2")


def beyond(networks: pd.DataFrame) -> pd.Series:
    """Name the group of networks beyond the grid: "mge_mobilenet_v2" (another model) or "mge_dynamic" (another pruner).

    The name is empty for published networks of the grid, for dense networks, and for networks that this project
    trained.
    """
    dynamic, mobilenet = BEYOND
    groups = np.where(networks.model.isin(MODELS), np.where(networks.pruner.isin(PRUNERS), "", dynamic), mobilenet)
    outside = (networks.source == "published") & (networks.pruner != "dense")
    return pd.Series(groups, index=networks.index).where(outside, "")
