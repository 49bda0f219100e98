"""Single assays and the test of all of them."""

import numpy as np
import pytest
from scipy.special import expit

from training.panel.assays import compute_assay_table, compute_global_test
from training.panel.stability import Stability


def test_the_global_test_is_uniform_on_noise_and_small_on_signal():
    rng = np.random.default_rng(0)
    noise, signal = [], []
    for _ in range(100):
        Z = rng.normal(size=(40, 100)) + rng.normal(size=(40, 1))
        offset = rng.normal(size=40)
        y = (rng.random(40) < expit(offset)).astype(float)
        noise.append(compute_global_test(Z, y, offset, rng=rng, n_permutations=99))
        Z[:, :5] += 2.5 * y[:, np.newaxis]
        signal.append(compute_global_test(Z, y, offset, rng=rng, n_permutations=99))
    # Of 100 uniform p values 5 lie below 0.05 and 50 below 0.5, give or take 3 SD.
    assert np.mean(np.array(noise) <= 0.05) <= 0.12
    assert 0.35 <= np.mean(np.array(noise) <= 0.5) <= 0.65
    assert np.mean(np.array(signal) <= 0.05) > 0.9


def test_what_the_clinical_estimate_knows_already_is_not_found_again():
    rng = np.random.default_rng(1)
    p = []
    for _ in range(40):
        known = rng.normal(size=80)
        y = (rng.random(80) < expit(2 * known)).astype(float)
        Z = np.column_stack([known, rng.normal(size=(80, 20))])
        p.append(
            [
                compute_global_test(Z, y, 2 * known, rng=rng, n_permutations=99),
                compute_global_test(Z, y, np.zeros(80), rng=rng, n_permutations=99),
            ]
        )
    beside, without = np.median(p, axis=0)
    assert without <= 0.02
    assert beside > 0.2


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
