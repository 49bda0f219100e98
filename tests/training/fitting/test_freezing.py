"""From a fitted procedure to the model that is stored: what it keeps, and that it keeps nobody."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from features.dictionary.contract import CONTRACT
from tests.training.helpers.training_data import make_training_data
from training.fitting.freezing import make_response_model
from training.fitting.procedure import Procedure
from training.fitting.response import FittedResponse, TrainingData, fit_response

QUICK = Procedure(("prevalence", "ridge"), inner_repeats=1)


def _fit(data: TrainingData) -> FittedResponse:
    return fit_response(data, QUICK, rng=np.random.default_rng(0))


def test_the_frozen_model_gives_the_fitted_probabilities() -> None:
    data = make_training_data(120, 0)
    fitted = _fit(data)
    model = make_response_model(
        data, fitted, CONTRACT, only_rate=False, rng=np.random.default_rng(1)
    )
    found, wanted = model.probability(data.X), fitted.probability(data.X)
    np.testing.assert_array_equal(found[:, 0], wanted[:, 0])
    # Nonresponders who lie beyond all responders are taken as the nearest, whose value is rounded.
    assert fitted.kept is not None
    basis, nrs = fitted.kept.model.basis, data.X[:, 0]
    within = (nrs >= basis.low_[0]) & (nrs <= basis.high_[0])
    np.testing.assert_array_equal(found[within], wanted[within])
    np.testing.assert_allclose(found, wanted, atol=0.005)
    assert 0.9 < within.mean() < 1
    assert model.horizons == ("t1", "t2")
    assert model.predictors == ("nrs_t0", "opioid")
    assert model.working_kept is not None
    # The first is a model of the two predictors, the second of those seen who had responded.
    assert model.working_first.draws.shape == model.working_kept.draws.shape
    assert model.working_first.draws[:, 1:].std() > 0


def test_a_study_that_asks_for_the_share_gets_the_shares_interval() -> None:
    # Jeffreys' posterior of 120 patients: a standard deviation of sqrt(p (1 - p) / 121).
    data = make_training_data(120, 0, horizons=1)
    fitted = fit_response(data, Procedure(("prevalence",)), rng=np.random.default_rng(0))
    model = make_response_model(
        data, fitted, CONTRACT, only_rate=True, rng=np.random.default_rng(1)
    )
    assert not model.working_first.draws[:, 1:].any()
    rate = data.y["t1"].mean()
    limits = model.interval(data.X[:1])[0, 0]
    assert np.ptp(limits) == pytest.approx(2 * 1.96 * np.sqrt(rate * (1 - rate) / 121), rel=0.1)
    assert model.kept is None and model.working_kept is None


def test_each_interval_is_about_its_own_outcome() -> None:
    data = make_training_data(400, 0)
    model = make_response_model(
        data, _fit(data), CONTRACT, only_rate=True, rng=np.random.default_rng(1)
    )
    responded = data.y["t1"].mean()
    assert responded - np.nanmean(data.y["t2"]) > 0.15
    assert expit(model.working_first.draws[:, 0]).mean() == pytest.approx(responded, abs=0.01)


def test_an_outcome_kept_constant_for_want_of_data_has_a_constant_interval() -> None:
    data = make_training_data(120, 0)
    few = np.where(np.cumsum(~np.isnan(data.kept)) <= 6, data.kept, np.nan)
    data = replace(data, kept=few)
    fitted = _fit(data)
    assert fitted.kept is not None and fitted.kept.reason
    model = make_response_model(
        data, fitted, CONTRACT, only_rate=False, rng=np.random.default_rng(1)
    )
    assert model.working_kept is not None
    assert not model.working_kept.draws[:, 1:].any()
    assert model.working_first.draws[:, 1:].any()


def test_the_interval_follows_as_far_as_bends_have_weight() -> None:
    data = make_training_data(200, 1, horizons=1)
    fitted = fit_response(
        data, Procedure(("prevalence", "splines"), inner_repeats=1), rng=np.random.default_rng(0)
    )
    model = make_response_model(
        data, fitted, CONTRACT, only_rate=False, rng=np.random.default_rng(1)
    )
    assert model.working_first.follow == fitted.first.bent_share
    assert 0 < model.working_first.follow <= 1
    low, high = logit(model.interval(data.X)[:, 0].T)
    served = logit(model.probability(data.X)[:, 0])
    assert ((low <= served + 1e-9) & (served <= high + 1e-9)).all()


def test_no_stored_number_is_the_smallest_or_largest_value_of_one_patient() -> None:
    rng = np.random.default_rng(5)
    predictors = (CONTRACT["age_years"], CONTRACT["disease_duration_years"], CONTRACT["opioid"])
    X = np.column_stack(
        [rng.normal(48, 9, 90).round(), rng.gamma(2, 2, 90), rng.integers(0, 2, 90)]
    )
    X[0], X[1] = [17.0, 0.013, 1], [93.0, 41.37, 0]
    y = (rng.random(90) < 0.5).astype(float)
    data = replace(make_training_data(90, 0, horizons=1), X=X, predictors=predictors, y={"t1": y})
    fitted = fit_response(data, QUICK, rng=np.random.default_rng(0))
    model = make_response_model(
        data, fitted, CONTRACT, only_rate=False, rng=np.random.default_rng(1)
    )
    np.testing.assert_array_equal(model.probability(X), fitted.probability(X))
    for outcome in (model.first, model.working_first):
        assert (outcome.basis.low_[:2] < X[0, :2]).all()
        assert (outcome.basis.high_[:2] > X[1, :2]).all()
    # The background's numbers are rounded to the dictionary's precision, as these are.
    for column, extremes in ((0, (17.0, 93.0)), (1, (0.0, 41.4))):
        assert not np.isin(np.round(model.background[:, column], 6), extremes).any()


def test_trees_that_are_stored_tell_no_extreme_and_say_the_same() -> None:
    rng = np.random.default_rng(6)
    X = np.column_stack([rng.normal(48, 9, 200).round(2), rng.integers(0, 2, 200)])
    y = ((np.abs(X[:, 0] - 48) < 6) ^ (rng.random(200) < 0.1)).astype(float)
    predictors = (CONTRACT["age_years"], CONTRACT["opioid"])
    data = replace(make_training_data(200, 0, horizons=1), X=X, predictors=predictors, y={"t1": y})
    procedure = replace(QUICK, candidates=("prevalence", "lightgbm"))
    fitted = fit_response(data, procedure, rng=np.random.default_rng(0))
    assert fitted.first.model.has_trees  # both ages in the middle and neither end: no straight line
    model = make_response_model(
        data, fitted, CONTRACT, only_rate=False, rng=np.random.default_rng(1)
    )
    np.testing.assert_array_equal(model.probability(X), fitted.probability(X))
    assert "feature_infos=[" in fitted.first.model.trees
    assert "feature_infos=none none\n" in model.first.trees
