import numpy as np
import pandas as pd
import pytest

from features.dictionary.contract import CONTRACT
from training.measures.missing_outcome import compute_metric_bounds, compute_seen_table

NAN = np.nan


def test_bounds_by_hand() -> None:
    # Known: risks 0.8 (event) and 0.3 (none). Unknown: 0.6 and 0.4. Over all four assignments
    # the Brier score is lowest with 1, 0 and highest with 0, 1; the AUC is 1 with 1, 0 and
    # 3/4 with 0, 1 (events 0.8 and 0.4, non-events 0.6 and 0.3).
    y = np.array([1.0, 0.0, NAN, NAN])
    risks = np.array([[0.8, 0.3, 0.6, 0.4]])
    folds, base = np.zeros((1, 4), dtype=np.intp), np.full((1, 4), 0.5)
    table = compute_metric_bounds(y, risks, folds, base)
    assert table.attrs["unknown"] == 2
    assert table.loc["share_of_responders"].tolist() == [0.5, 0.25, 0.75]
    assert table.loc["auc"].tolist() == pytest.approx([1, 0.75, 1])
    known = 0.04 + 0.09
    assert table.loc["brier"].tolist() == pytest.approx(
        [known / 2, (known + 0.16 + 0.16) / 4, (known + 0.36 + 0.36) / 4]
    )
    assert table.loc["brier_skill", "highest"] == pytest.approx(1 - (known + 0.32) / 4 / 0.25)
    assert table.loc["o_e"].tolist() == pytest.approx([1 / 1.1, 1 / 2.1, 3 / 2.1])


def test_bounds_hold_the_result_of_any_outcomes() -> None:
    rng = np.random.default_rng(2)
    n = 40
    truth = rng.integers(0, 2, n).astype(float)
    risks = np.clip(0.4 + 0.2 * truth + rng.normal(0, 0.15, (3, n)), 0.01, 0.99)
    folds = np.tile(np.arange(n) % 4, (3, 1)).astype(np.intp)
    base = np.full((3, n), 0.5)
    y = truth.copy()
    y[rng.choice(n, 8, replace=False)] = NAN
    table = compute_metric_bounds(y, risks, folds, base)
    for _ in range(30):
        filled = y.copy()
        filled[np.isnan(y)] = rng.integers(0, 2, 8)
        seen = compute_metric_bounds(filled, risks, folds, base)["known"]
        assert (table["lowest"] <= seen + 1e-12).all()
        assert (seen <= table["highest"] + 1e-12).all()


def test_without_unknown_outcomes_the_bounds_meet() -> None:
    rng = np.random.default_rng(3)
    y, risks = rng.integers(0, 2, 30).astype(float), rng.random((2, 30))
    folds = np.zeros((2, 30), dtype=np.intp)
    table = compute_metric_bounds(y, risks, folds, np.full((2, 30), 0.5))
    np.testing.assert_array_equal(table["lowest"], table["known"])
    np.testing.assert_array_equal(table["highest"], table["known"])


def test_those_not_seen_are_described_beside_those_seen() -> None:
    table = pd.DataFrame(
        {"nrs_t0": [8.0, 6, 7, 5, 9, 4, 6, 8], "opioid": [1.0, 1, 0, 0, 1, NAN, NAN, NAN]}
    )
    seen = np.array([False, True, True, True, False, True, True, False])
    found = compute_seen_table(table, seen, (CONTRACT["nrs_t0"], CONTRACT["opioid"]))
    assert found is not None
    assert found.loc[0, ["seen", "not seen"]].tolist() == ["5", "3"]
    # opioid is known of two of the three not seen only: left out
    assert not found["characteristic"].str.contains("pioid").any()
    assert found["characteristic"].str.contains("ain").any()


def test_two_patients_are_too_few_to_be_described() -> None:
    table = pd.DataFrame({"nrs_t0": [8.0, 6, 7, 5]})
    seen = np.array([True, True, False, False])
    assert compute_seen_table(table, seen, (CONTRACT["nrs_t0"],)) is None
