from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from tests.training.helpers.training_data import make_training_data
from training.fitting.procedure import Procedure
from training.fitting.response import fit_response

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
