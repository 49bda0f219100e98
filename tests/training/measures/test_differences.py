"""Two models compared by their metrics in resamples; row 0 holds the estimates."""

import numpy as np
import pandas as pd
import pytest

from training.measures.differences import compare_draws


def _draws(n: int, seed: int, *, auc: float = 0.7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"auc": rng.normal(auc, 0.05, n), "brier": rng.normal(0.2, 0.01, n)})


def test_pairs_that_differ_by_a_constant_leave_no_doubt() -> None:
    first = _draws(201, 0)
    table = compare_draws(first, first.assign(auc=first["auc"] + 0.1), paired=True)
    assert table.loc["auc", ["difference", "low", "high"]].tolist() == pytest.approx([0.1] * 3)
    assert table.loc["brier", "difference"] == 0
    assert table["first"].tolist() == first.iloc[0].tolist()


def test_without_pairs_the_doubt_of_both_is_counted() -> None:
    first, second = _draws(4001, 1), _draws(3001, 2, auc=0.8)
    row = compare_draws(first, second, paired=False).loc["auc"]
    # Two independent normals with a deviation of 0.05 each: 0.1 -+ 1.96 * 0.05 * sqrt(2).
    centre = (row["low"] + row["high"]) / 2
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * 0.05 * np.sqrt(2), rel=0.08)
    assert centre == pytest.approx(0.1, abs=0.01)


def test_only_metrics_that_both_have_are_compared() -> None:
    first = _draws(51, 3)
    table = compare_draws(first.drop(columns="brier"), first, paired=True)
    assert table.index.tolist() == ["auc"]


def test_pairs_need_equal_numbers() -> None:
    with pytest.raises(ValueError, match="got 50, 40"):
        compare_draws(_draws(51, 4), _draws(41, 5), paired=True)


def test_resamples_in_which_it_failed_are_counted() -> None:
    first = _draws(51, 6)
    first.loc[1:3, "auc"] = np.nan
    table = compare_draws(first, _draws(51, 7), paired=True)
    assert table["n_failed"].to_dict() == {"auc": 3, "brier": 0}
