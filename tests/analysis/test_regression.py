import numpy as np
import pandas as pd
import pytest
from helpers.small_study import small_study

from prunegraph.analysis.regression import out_of_fold, regression
from prunegraph.errors import UserError


def test_the_table_of_a_small_study():
    table = regression(small_study().features, repeats=2)
    cells = table.set_index(["level", "group", "features"])
    assert len(table) == (1 + 3 + 2 + 1) * 7
    whole = cells.loc["all", "all", "unrolled"]
    assert whole.n == 84
    assert whole.r2 > whole.adjusted_r2 > whole.grouped_cv_r2
    assert table.groupby("group").n.nunique().eq(1).all()  # all sets on the same networks


def test_too_few_networks_give_no_number_but_say_how_many():
    cell = regression(small_study().features, repeats=1).set_index(["group", "features"]).loc["0.9", "unrolled"]
    assert (cell.n, cell.p) == (28, 16)
    assert np.isnan(cell.r2)
    assert np.isnan(cell.grouped_cv_r2)


def test_the_same_table_twice():
    first, second = (regression(small_study().features, repeats=2) for _ in range(2))
    assert first.equals(second)


def test_unknown_level_is_refused():
    with pytest.raises(UserError, match="Unknown level 'sparsty'"):
        regression(small_study().features, levels=["sparsty"])


def test_a_level_that_holds_all_networks_is_that_of_all_and_of_its_own_fit():
    table = small_study().features
    asked = {"sets": ["rolled_mask"], "estimators": ["ols", "lasso"], "repeats": 1, "rows_per_feature": 2}
    both = out_of_fold(table, levels=["all", "dataset"], **asked)
    copied = both[both.level == "dataset"].reset_index(drop=True)
    fitted = out_of_fold(table, levels=["dataset"], **asked)
    assert len(fitted) == len(both) / 2
    pd.testing.assert_frame_equal(copied, fitted)
