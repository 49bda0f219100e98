"""Two AUCs of the same patients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from features.arrays import FloatArray
from training.measures.delong_test import compare_auc, compute_auc_parts
from training.measures.discrimination import compute_auc_delong
from training.measures.performance import compute_cv_performance

# DeLong 1988, doi:10.2307/2531595: ovarian cancer with bowel obstruction, the 43 patients with all
# three tests: albumin, total protein, the K-G score (lower is better), benefit from surgery.
OVARIAN = np.array(
    """
    3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0
    1.6 5.6 5 1  3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1
    4.3 7.0 4 1  3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1
    3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1
    3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1
    3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1
    3.6 6.6 5 1
    """.split(),
    dtype=float,
).reshape(-1, 4)


@pytest.mark.parametrize(
    ("column", "auc", "difference", "low", "high", "p_value"),
    [(0, 0.7366, 0.0108, -0.1761, 0.1976, 0.9102), (1, 0.6478, -0.0780, -0.2830, 0.1271, 0.4561)],
)
def test_the_paper_s_data_give_what_sas_prints(
    column: int, auc: float, difference: float, low: float, high: float, p_value: float
) -> None:
    # SAS/STAT, PROC LOGISTIC, "Comparing Receiver Operating Characteristic Curves", ROCCONTRAST
    # against the K-G score, whose area is 0.7258. Scores are scaled to lie between 0 and 1.
    y, score = OVARIAN[:, 3], 1 - OVARIAN[:, 2] / 10
    found = compare_auc(compute_auc_parts(y, score), compute_auc_parts(y, OVARIAN[:, column] / 10))
    assert (found.first, found.second) == pytest.approx((0.7258, auc), abs=5e-5)
    assert found.difference == pytest.approx(difference, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    assert found.p_value == pytest.approx(p_value, abs=1e-4)


def _simulate(seed: int, n: int = 60) -> tuple[FloatArray, FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    first = rng.random(n).round(2)
    second = np.clip(first + rng.normal(0, 0.3, n), 0, 1).round(2)
    return (rng.random(n) < first).astype(float), first, second


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_difference_is_that_of_both_and_turns_with_them(seed: int) -> None:
    y, first, second = _simulate(seed)
    y[0] = np.nan
    weight = np.random.default_rng(seed).uniform(1, 3, len(y))
    a, b = (compute_auc_parts(y, p, sample_weight=weight) for p in (first, second))
    there, back = compare_auc(a, b), compare_auc(b, a)
    assert there.difference == pytest.approx(-back.difference)
    assert (there.low, there.p_value) == pytest.approx((-back.high, back.p_value))
    # against a coin, whose placements are all one half, it is the variance of one AUC
    coin = compute_auc_parts(y, np.full(len(y), 0.5), sample_weight=weight)
    auc, _, _, variance = compute_auc_delong(y, first, sample_weight=weight)
    against = compare_auc(coin, a)
    assert against.difference == pytest.approx(auc - 0.5)
    assert against.high - against.difference == pytest.approx(norm.ppf(0.975) * variance**0.5)


def test_in_cross_validation_it_is_the_auc_within_folds() -> None:
    rng = np.random.default_rng(5)
    y, first, _ = _simulate(5)
    rows = np.clip(first + rng.normal(0, 0.1, (3, len(y))), 0, 1)
    folds = np.stack([rng.permutation(len(y)) % 5 for _ in range(3)])
    parts = compute_auc_parts(y, rows, folds)
    expected = compute_cv_performance(y, rows, folds, n_bootstrap=0, seed=1)
    assert parts.auc == pytest.approx(expected.loc["auc", "estimate"])
    assert parts.parts[y == 1].sum() == pytest.approx(0) == parts.parts[y == 0].sum()


def test_out_of_fold_the_variance_is_that_of_drawing_other_patients() -> None:
    # Fixed risks, ten times in five folds, drawn again and again: the error is their spread. A
    # single repeat, in which each patient meets few of the other class, gives a tenth too much.
    differences, errors = [], []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        y, first, second = _simulate(seed, 100)
        folds = np.stack([rng.permutation(100) % 5 for _ in range(10)])
        found = compare_auc(
            *(compute_auc_parts(y, np.tile(p, (10, 1)), folds) for p in (first, second))
        )
        differences.append(found.difference)
        errors.append((found.high - found.low) / (2 * norm.ppf(0.975)))
    assert np.mean(errors) == pytest.approx(np.std(differences), rel=0.1)


def test_equal_models_are_equally_good_at_chance() -> None:
    # two scores that know as much of the outcome, each with an error of its own: p is uniform
    p_values = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        y = (rng.random(150) < 0.4).astype(float)
        a, b = (norm.cdf(rng.normal(size=150) + 0.8 * y) for _ in range(2))
        p_values.append(compare_auc(compute_auc_parts(y, a), compute_auc_parts(y, b)).p_value)
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.025)


def test_what_cannot_be_told_is_not_given() -> None:
    y = np.array([0, 0, 0, 1, 1, 1.0])
    perfect, coin = compute_auc_parts(y, y), compute_auc_parts(y, np.full(6, 0.5))
    sure = compare_auc(coin, perfect)  # every patient differs alike: no variance to be had
    assert sure.difference == 0.5 and np.isnan([sure.low, sure.high, sure.p_value]).all()
    same = compare_auc(perfect, perfect)
    assert (same.difference, same.p_value) == (0, 1) and np.isnan(same.low)
    one = [compute_auc_parts([0, 0, 1], p) for p in ([0.1, 0.5, 0.3], [0.4, 0.1, 0.3])]
    assert np.isnan(compare_auc(*one).p_value)
    assert np.isnan(compute_auc_parts([1, 1], [0.2, 0.3]).auc)
    with pytest.raises(ValueError, match="same patients"):
        compare_auc(perfect, compute_auc_parts(1 - y, y))
