from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit, ndtri

from features.dictionary.contract import CONTRACT
from tests.training.helpers.training_data import make_training_data
from training.fitting.freezing import make_response_model
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData, fit_response

QUICK = Procedure(("prevalence", "ridge"), inner_repeats=1)
NAN = np.nan


def test_sustained_response_is_never_more_likely_than_response() -> None:
    data = make_training_data(120, 0)
    fitted = fit_response(data, QUICK, rng=np.random.default_rng(0))
    risks = fitted.probability(data.X)
    assert (risks[:, 1] <= risks[:, 0]).all()
    assert fitted.kept is not None
    assert not fitted.kept.reason


def test_published_rates_pull_the_mean_risk_by_the_patients_they_count_as() -> None:
    data = make_training_data(90, 4)
    plain = fit_response(data, QUICK, rng=np.random.default_rng(0))
    pulled = fit_response(
        data,
        replace(QUICK, published_patients=30, published_rates=(0.9, 0.45)),
        rng=np.random.default_rng(0),
    )
    # 90 patients at their own mean and 30 at 0.9; of those 30, 27 respond, half of whom keep it.
    own = plain.first.model.probability(data.X)
    now = pulled.first.model.probability(data.X)
    assert now.mean() == pytest.approx((90 * own.mean() + 30 * 0.9) / 120)
    # The ranking, in odds, is what it was.
    np.testing.assert_allclose(np.ptp(logit(now) - logit(own)), 0, atol=1e-9)
    assert plain.kept is not None and pulled.kept is not None
    seen = ~np.isnan(data.kept)
    before = plain.kept.model.probability(data.X[seen])
    after = pulled.kept.model.probability(data.X[seen])
    assert after.mean() == pytest.approx((before.sum() + 27 * 0.5) / (len(before) + 27))


def test_the_digest_is_of_the_patients_and_not_of_their_order() -> None:
    data = make_training_data(60, 3)
    order = np.random.default_rng(0).permutation(60)
    back = np.arange(data.X.shape[1])[::-1]
    turned = replace(data, X=data.X[:, back], predictors=data.predictors[::-1])
    digest = data.sha256
    assert len(digest) == 64
    assert digest == data.take(order).sha256 == turned.sha256
    other = data.X.copy()
    other[7, 0] += 1
    flipped = {**data.y, data.horizons[0]: 1 - data.y[data.horizons[0]]}
    for changed in (replace(data, X=other), replace(data, y=flipped), data.take(order[1:])):
        assert changed.sha256 not in (digest, "")


def test_patients_who_hardly_differ_have_no_digest() -> None:
    data = make_training_data(60, 3)
    assert replace(data, X=data.X[:, :0], predictors=()).sha256 == ""
    assert data.take(np.arange(19)).sha256 == ""


def _draw_with_gaps(n: int, seed: int) -> tuple[TrainingData, np.ndarray]:
    """Return patients whose pain scores go with their fear, three in ten not known; and risks."""
    rng = np.random.default_rng(seed)
    fear = rng.standard_normal(n)
    pain = 0.8 * fear + 0.6 * rng.standard_normal(n)
    risk = expit(1.2 * pain)
    y = (rng.random(n) < risk).astype(float)
    X = np.column_stack([7 + pain, 40 + 6 * fear])
    X[rng.random(n) < 0.3, 0] = np.nan
    names = ("nrs_t0", "tsk")
    predictors = tuple(CONTRACT[name] for name in names)
    data = TrainingData(X, predictors, ("t1",), {"t1": y}, np.full(n, np.nan), np.arange(n))
    return data, risk


def test_a_gap_is_what_the_other_values_tell_of_it() -> None:
    data, _ = _draw_with_gaps(1500, 1)
    fitted = fit_response(data, Procedure(("evidence",)), rng=np.random.default_rng(0))
    fear = np.array([-1.5, 0.0, 1.5])
    found = fitted.probability(np.column_stack([np.full(3, np.nan), 40 + 6 * fear]))[:, 0]
    # The mean risk given the fear, of a pain score that is normal around 0.8 of it.
    nodes = 0.6 * ndtri((np.arange(200) + 0.5) / 200)
    expected = expit(1.2 * (0.8 * fear[:, np.newaxis] + nodes)).mean(axis=1)
    np.testing.assert_allclose(found, expected, atol=0.06)
    unknown = fitted.probability(np.full((1, 2), np.nan))[0, 0]
    assert unknown == pytest.approx(data.y["t1"].mean(), abs=0.03)


def test_an_interval_holds_the_risk_that_a_gap_hides() -> None:
    held, wider = [], []
    for seed in range(4):
        data, _ = _draw_with_gaps(200, seed)
        rng = np.random.default_rng(seed)
        fitted = fit_response(data, Procedure(("evidence",)), rng=rng)
        model = make_response_model(data, fitted, CONTRACT, only_rate=False, rng=rng)
        new, risk = _draw_with_gaps(1000, 100 + seed)
        low, high = model.interval(new.X)[:, 0].T
        gap = np.isnan(new.X[:, 0])
        held.append(np.mean(((low <= risk) & (risk <= high))[gap]))
        wider.append(np.mean((high - low)[gap]) / np.mean((high - low)[~gap]))
    assert 0.88 < np.mean(held) < 0.995
    assert np.mean(wider) > 1.5


def test_a_procedure_that_is_blended_fills_each_gap_by_the_middle() -> None:
    data, _ = _draw_with_gaps(100, 1)
    procedure = Procedure(("prevalence", "ridge"), inner_repeats=1)
    fitted = fit_response(data, procedure, rng=np.random.default_rng(0))
    assert fitted.gaps is None
    filled = np.where(np.isnan(data.X), np.nanmedian(data.X, axis=0), data.X)
    np.testing.assert_array_equal(fitted.probability(data.X), fitted.probability(filled))
