"""Single assays beside the clinical estimate."""

import numpy as np
import pytest

from training.panel.assays import compute_assay_table
from training.panel.stability import Stability


def test_the_table_of_assays_has_direction_and_false_discovery_rate():
    rng = np.random.default_rng(2)
    y = np.repeat([0.0, 1.0], 40)
    Z = rng.normal(size=(80, 3))
    Z[:, 1] -= 1.5 * y  # less Ct, so more of the microRNA, in responders
    Z = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    table = compute_assay_table(
        Z,
        y,
        np.zeros(80),
        ["a", "b", "c"],
        detected=np.ones(3),
        stability=Stability(np.array([0.1, 0.9, 0.2]), 1.2, 50),
        chosen=np.zeros(3),
        coef=np.array([0.0, -0.5, 0.0]),
    )
    first = table.iloc[0]
    assert first["assay"] == "b"
    assert first["odds_ratio"] < first["high"] < 1
    assert first["half_samples"] == 0.9
    # Benjamini-Hochberg by hand: the smallest of three p values times 3, unless a later one,
    # times 3 over its rank, is smaller.
    p = table["p_value"].to_numpy()
    q = np.minimum.accumulate((p * 3 / np.arange(1, 4))[::-1])[::-1]
    np.testing.assert_allclose(table["q_value"], np.minimum(q, 1))


def test_the_trend_is_the_same_however_rows_are_ordered():
    rng = np.random.default_rng(3)
    Z, y, offset = rng.normal(size=(30, 6)), np.repeat([0.0, 1.0], 15), rng.normal(size=30)
    order = rng.permutation(30)
    kwargs = {
        "detected": np.ones(6),
        "stability": Stability(np.zeros(6), 0.0, 2),
        "chosen": np.zeros(6),
        "coef": np.zeros(6),
    }
    one = compute_assay_table(Z, y, offset, list("abcdef"), **kwargs)
    other = compute_assay_table(Z[order], y[order], offset[order], list("abcdef"), **kwargs)
    assert one["assay"].tolist() == other["assay"].tolist()
    np.testing.assert_allclose(one["p_value"], other["p_value"])
    assert one["p_value"].to_numpy() == pytest.approx(np.sort(one["p_value"]))
