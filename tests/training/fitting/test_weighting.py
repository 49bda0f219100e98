from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from features.arrays import BoolArray, FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from tests.training.helpers.training_data import make_training_data
from training.fitting.response import TrainingData
from training.fitting.weighting import (
    WEIGHTINGS,
    compute_outcome_weights,
    compute_seen_weights,
    describe_weighting,
)

NAN = np.nan


def test_seen_weights_by_hand() -> None:
    # Nothing to tell the unseen from the seen (a predictor without spread): of 8 responders 6
    # were seen, so each stands for 8/6; nonresponders stand for themselves.
    n = 12
    t1 = np.array([1.0] * 8 + [0.0] * 4)
    kept = np.array([1.0, 1, 1, 0, 0, 0, NAN, NAN] + [NAN] * 4)
    data = TrainingData(
        np.full((n, 1), 5.0),
        (CONTRACT["nrs_t0"],),
        ("t1", "t2"),
        {"t1": t1, "t2": np.where(t1 == 1, kept, 0.0)},
        kept,
        np.arange(n),
    )
    weights = compute_seen_weights(data)
    assert weights[:6] == pytest.approx(np.full(6, 8 / 6), abs=1e-4)
    np.testing.assert_array_equal(weights[6:], 1.0)


def test_nobody_unseen_means_no_weights() -> None:
    np.testing.assert_array_equal(compute_seen_weights(make_training_data(40, 4, seen=1.1)), 1.0)
    np.testing.assert_array_equal(compute_seen_weights(make_training_data(40, 4, horizons=1)), 1.0)


def _compute_by_optimiser(data: TrainingData, known: BoolArray) -> FloatArray:
    """Return one over the probability of being known: the mode under a normal prior of SD 0.5."""
    Z = make_basis(data.predictors).fit(data.X).expand(data.X)

    def loss(b: FloatArray) -> float:
        margin = b[0] + Z @ b[1:]
        likelihood = np.logaddexp(0, -np.where(known, margin, -margin)).sum()
        return float(likelihood + np.sum(b[1:] ** 2) / (2 * 0.5**2))

    best = minimize(loss, np.zeros(1 + Z.shape[1]), tol=1e-10).x
    return np.asarray(1 / expit(best[0] + Z @ best[1:]))


def _hide(data: TrainingData, hidden: BoolArray) -> TrainingData:
    """Return the patients without the outcomes of some of them."""
    y = {h: np.where(hidden, NAN, labels) for h, labels in data.y.items()}
    return replace(data, y=y, kept=np.where(hidden, NAN, data.kept))


def test_who_was_seen_stands_for_those_alike_by_a_shrunken_logistic_model() -> None:
    data = make_training_data(200, 1)
    responders = data.y["t1"] == 1
    # High scores are seen less often: the more a patient is like them, the more he weighs.
    gone = responders & (np.random.default_rng(0).random(200) < expit(data.X[:, 0] - 8.5))
    data = replace(data, kept=np.where(gone, NAN, data.kept))
    seen = responders & ~np.isnan(data.kept)
    weights = compute_seen_weights(data)
    expected = _compute_by_optimiser(data.take(responders), seen[responders])[seen[responders]]
    np.testing.assert_allclose(weights[seen], expected, rtol=1e-4)
    assert np.ptp(expected) > 0.5
    np.testing.assert_array_equal(weights[~seen], 1.0)


def test_nobody_stands_for_more_than_ten() -> None:
    # 4 of 88 responders were seen, and nothing tells them from the others: each for 22.
    n = 100
    t1 = np.repeat([1.0, 0.0], [88, 12])
    kept = np.where(np.arange(n) < 4, 1.0, NAN)
    y = {"t1": t1, "t2": np.where(t1 == 1, kept, 0.0)}
    predictors = (CONTRACT["nrs_t0"],)
    data = TrainingData(np.full((n, 1), 5.0), predictors, ("t1", "t2"), y, kept, np.arange(n))
    np.testing.assert_array_equal(compute_seen_weights(data)[:4], 10.0)


def test_those_without_any_outcome_are_stood_for_where_every_horizon_is_weighted() -> None:
    data = make_training_data(200, 2, seen=1.1)
    data = _hide(data, np.random.default_rng(0).random(200) < expit(data.X[:, 0] - 8))
    known = ~np.isnan(data.y["t1"])
    expected = _compute_by_optimiser(data, known)
    expected /= expected[known].mean()
    weights = compute_outcome_weights(data, weighting="all")
    assert list(weights) == ["t1", "t2"]
    np.testing.assert_allclose(weights["t1"][known], expected[known], rtol=1e-4)
    assert np.ptp(expected[known]) > 0.5


def test_what_is_known_at_t1_decides_there_and_who_was_seen_again_at_t2() -> None:
    data = _hide(make_training_data(200, 3), np.arange(200) % 10 == 0)
    every, follow_up = (compute_outcome_weights(data, weighting=w) for w in ("all", "follow_up"))
    known = ~np.isnan(data.y["t1"])
    stands_for = _compute_by_optimiser(data, known)
    for horizon in ("t1", "t2"):
        own = ~np.isnan(data.y[horizon])
        expected = follow_up[horizon][own] * stands_for[own]
        expected /= expected.mean()
        np.testing.assert_allclose(every[horizon][own], expected, rtol=1e-4)
        assert follow_up[horizon][own].mean() == pytest.approx(1)
    np.testing.assert_array_equal(follow_up["t1"], 1.0)
    assert np.ptp(follow_up["t2"]) > 0.05


@pytest.mark.parametrize("weighting", ["none", "follow_up", "all"])
def test_where_everybody_is_known_everybody_stands_for_himself(weighting: str) -> None:
    weights = compute_outcome_weights(make_training_data(40, 4, seen=1.1), weighting=weighting)
    assert list(weights) == ["t1", "t2"]
    for own in weights.values():
        np.testing.assert_allclose(own, 1.0)


def _data(X: np.ndarray, t1: np.ndarray, kept: np.ndarray) -> TrainingData:
    y = {"t1": t1, "t2": np.where(t1 == 1, kept, np.where(np.isnan(t1), NAN, 0.0))}
    return TrainingData(X, (CONTRACT["nrs_t0"],), ("t1", "t2"), y, kept, np.arange(len(t1)))


def test_weights_by_hand() -> None:
    # Nothing tells the unseen from the seen. T1: 10 of 12 known, all alike. T2: 6 of 8 responders
    # seen, each for 8/6; 2 nonresponders for themselves; together 6 x 8/6 + 2 = 10 over 8 known.
    t1 = np.array([1.0] * 8 + [0.0] * 2 + [NAN] * 2)
    kept = np.array([1.0, 1, 1, 0, 0, 0, NAN, NAN] + [NAN] * 4)
    data = _data(np.full((12, 1), 5.0), t1, kept)
    weights = compute_outcome_weights(data, weighting="follow_up")
    np.testing.assert_array_equal(weights["t1"], 1)
    assert weights["t2"][:6] == pytest.approx(np.full(6, 8 / 6 * 8 / 10), abs=1e-4)
    assert weights["t2"][8:10] == pytest.approx(np.full(2, 8 / 10), abs=1e-4)
    whole = compute_outcome_weights(data, weighting="all")
    assert whole["t1"] == pytest.approx(np.ones(12))
    assert whole["t2"][:10] == pytest.approx(weights["t2"][:10])
    for none in compute_outcome_weights(data, weighting="none").values():
        np.testing.assert_array_equal(none, 1)


def test_weights_make_those_seen_look_like_everyone() -> None:
    # Patients with more pain come back less often: the seen have too little pain on average.
    rng = np.random.default_rng(0)
    pain = np.clip(rng.normal(6, 2, 4000), 0, 10)
    t1 = (rng.random(4000) < 0.6).astype(float)
    t1[rng.random(4000) > expit(4 - 0.5 * pain)] = NAN
    kept = np.where(t1 == 1, 1.0, NAN)
    kept[rng.random(4000) > expit(3.5 - 0.4 * pain)] = NAN
    data = _data(pain[:, np.newaxis], t1, kept)
    weights = compute_outcome_weights(data, weighting="all")
    for horizon, everyone in (("t1", 0.05), ("t2", 0.2)):
        known = ~np.isnan(data.y[horizon])
        assert pain[known].mean() < pain.mean() - 0.2
        weighted = np.average(pain[known], weights=weights[horizon][known])
        assert weighted == pytest.approx(pain.mean(), abs=everyone)
        assert weights[horizon][known].mean() == pytest.approx(1)


def test_stabilising_keeps_the_proportions() -> None:
    rng = np.random.default_rng(1)
    pain = rng.normal(6, 2, 200)
    kept = (rng.random(200) < 0.5).astype(float)
    kept[rng.random(200) > expit(pain - 5)] = NAN
    data = _data(pain[:, np.newaxis], np.ones(200), kept)
    ratio = compute_outcome_weights(data, weighting="follow_up")["t2"] / compute_seen_weights(data)
    np.testing.assert_allclose(ratio, ratio[0])
    assert set(WEIGHTINGS) == {"follow_up", "all", "none"}


@pytest.mark.parametrize("weighting", sorted(WEIGHTINGS))
@pytest.mark.parametrize("horizon", ["t1", "t2"])
def test_with_one_horizon_the_words_are_of_no_second_one(weighting: str, horizon: str) -> None:
    words = describe_weighting(weighting, (horizon,))
    assert not any(word in words for word in ("T1", "T2", "horizon", "not seen"))
    assert (words == "") is (weighting != "all")
    assert describe_weighting(weighting, ("t1", "t2")) == WEIGHTINGS[weighting]
