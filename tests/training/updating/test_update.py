from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.special import expit, logit

from features.arrays import FloatArray
from features.dictionary.contract import CONTRACT
from tests.training.helpers.examples import PREDICTORS, make_model, make_predictors
from training.fitting.cross_validation import make_repeated_folds, predict_folds
from training.fitting.gaps import learn_gaps
from training.fitting.response import TrainingData
from training.updating.update import update_outcome, update_outcomes, update_response


def _log_likelihood(risk: FloatArray, y: FloatArray) -> float:
    return float(np.sum(np.log(np.where(y == 1, risk, 1 - risk))))


def _draw(risk: FloatArray, seed: int) -> FloatArray:
    return (np.random.default_rng(seed).random(len(risk)) < risk).astype(float)


@pytest.mark.parametrize("trees", [False, True])
@pytest.mark.parametrize("shift", ["intercept", "logistic", "refit"])
def test_an_updated_outcome_has_the_likelihood_of_its_test(trees: bool, shift: str) -> None:
    model = make_model(trees=trees).first
    X = make_predictors(1500, seed=9)
    lp = logit(model.probability(X))
    truth = {
        "intercept": lp + 0.7,
        "logistic": 0.2 + 2.5 * lp,
        "refit": lp + 1.2 * np.nan_to_num(X[:, 2]) - 0.2 * np.nan_to_num(X[:, 0], nan=6.0),
    }[shift]
    y = _draw(expit(truth), 10)
    updated, test = update_outcome(model, X, y)
    assert test.method == shift
    risk = updated.probability(X)
    assert _log_likelihood(risk, y) == pytest.approx(test.table.loc[shift, "log_likelihood"])
    assert risk.mean() == pytest.approx(y.mean())  # every update fits an intercept
    # intercept, and per column used: nrs_t0, its bend, duration, its bend, opioid, two CRPS types
    assert test.table.loc["refit", "parameters"] == 8 + trees


def test_an_isotonic_model_is_recalibrated_and_never_refitted() -> None:
    model = make_model().first
    isotonic = replace(
        model,
        isotonic_x=np.array([0.1, 0.4, 0.4001, 0.9]),
        isotonic_y=np.array([0.05, 0.3, 0.5, 0.95]),
    )
    X = make_predictors(1500, seed=1)
    before = isotonic.probability(X)
    y = _draw(expit(-0.5 + 0.4 * logit(before)), 2)
    updated, test = update_outcome(isotonic, X, y)
    assert test.method == "logistic"
    assert test.table.loc["refit", "note"] == "no coefficients to estimate"
    a, s = test.estimates["logistic"]
    np.testing.assert_allclose(updated.probability(X), expit(a + s * logit(before)), atol=1e-4)


def test_too_few_events_keep_the_model_untested() -> None:
    model = make_model().first
    y = np.repeat([1.0, 0.0], [9, 91])
    updated, test = update_outcome(model, make_predictors(100, seed=0), y)
    assert updated is model and test.method == "keep"
    assert test.reason.startswith("9 with and 91 without the outcome: fewer than 10")
    assert test.table["log_likelihood"].isna().all()


def _patients(n: int, seed: int, first: float, kept: float) -> TrainingData:
    """Return patients whose log-odds of both outcomes lie so far from the model's."""
    model, X = make_model(), make_predictors(n, seed=seed)
    t1 = _draw(expit(logit(model.first.probability(X)) + first), seed + 1)
    assert model.kept is not None
    stays = _draw(expit(logit(model.kept.probability(X)) + kept), seed + 2)
    unseen = np.random.default_rng(seed + 3).random(n) < 0.2
    stays = np.where(unseen | (t1 == 0), np.nan, stays)
    t2 = np.where(t1 == 0, 0.0, stays)
    predictors = tuple(CONTRACT[name] for name in PREDICTORS)
    return TrainingData(X, predictors, ("t1", "t2"), {"t1": t1, "t2": t2}, stays, np.arange(n))


def test_each_outcome_is_updated_on_its_own() -> None:
    model = make_model()
    update = update_response(model, _patients(900, 20, 0.0, 1.0), rng=np.random.default_rng(0))
    assert {name: test.method for name, test in update.tests.items()} == {
        "response": "keep",
        "kept": "intercept",
    }
    assert update.changed
    assert update.model.first is model.first and update.model.working_first is model.working_first
    X = make_predictors(50, seed=5)
    before, after = model.probability(X), update.model.probability(X)
    np.testing.assert_array_equal(before[:, 0], after[:, 0])
    assert (after[:, 1] > before[:, 1]).all() and (after[:, 1] <= after[:, 0]).all()
    interval = update.model.interval(X)
    assert (interval[:, :, 0] <= after).all() and (after <= interval[:, :, 1]).all()


def test_nothing_changes_where_the_model_is_right() -> None:
    update = update_response(
        make_model(), _patients(900, 20, 0.0, 0.0), rng=np.random.default_rng(0)
    )
    assert not update.changed


def test_the_interval_moves_with_the_model_and_gets_wider() -> None:
    model = make_model()
    data = _patients(900, 30, 1.0, 0.0)
    update = update_response(model, data, rng=np.random.default_rng(0))
    assert update.tests["response"].method == "intercept"
    old, new = model.working_first.draws, update.model.working_first.draws
    np.testing.assert_array_equal(old[:, 1:], new[:, 1:])
    moved = new[:, 0] - old[:, 0]
    # The shift of the working model's own log-odds, with a standard error of about
    # 1 / sqrt(900 x 0.2) = 0.075
    lp = old[:, 0].mean() + model.working_first.basis.expand(data.X) @ old[:, 1:].mean(axis=0)
    y = data.y["t1"]
    assert expit(lp + moved.mean()).mean() == pytest.approx(y.mean(), abs=0.005)
    assert 0.06 < moved.std() < 0.09


def test_a_refit_takes_its_interval_from_the_new_patients() -> None:
    model = make_model()
    data = _patients(900, 40, 0.0, 0.0)
    y = _draw(expit(-2.0 * np.nan_to_num(data.X[:, 2]) + 1.0), 41)
    data = replace(data, horizons=("t1",), y={"t1": y}, kept=np.full(900, np.nan))
    single = replace(model, horizons=("t1",), kept=None, working_kept=None)
    update = update_response(single, data, rng=np.random.default_rng(0))
    assert update.tests["response"].method == "refit"
    risk = update.model.probability(data.X)[:, 0]
    limits = update.model.interval(data.X)[:, 0]
    assert np.ptp(limits, axis=1).mean() < 0.2  # 900 patients
    middle = (limits[:, 0] + limits[:, 1]) / 2
    assert np.abs(middle - risk).mean() < 0.05


def test_held_out_risks_of_an_update_depend_on_the_seed_alone() -> None:
    data = _patients(200, 50, 1.5, 0.0)
    fit = partial(update_outcomes, model=make_model(), alpha=0.05)
    folds = make_repeated_folds(data, n_folds=5, n_repeats=2, seed=3)
    out = predict_folds(data, fit, folds, seed=3)
    again = predict_folds(data, fit, folds, seed=3)
    np.testing.assert_array_equal(out.predictions["t2"], again.predictions["t2"])
    assert out.predictions["t1"].shape == (2, 200)
    # Two fits of a moved intercept in each fold, none of them the model of all patients.
    whole = update_response(make_model(), data, rng=np.random.default_rng(0)).model
    away = np.abs(out.predictions["t1"][0] - whole.probability(data.X)[:, 0])
    assert 0 < away.mean() < 0.05
    assert np.unique(out.base["t1"][0]).size <= 5


def test_a_model_that_fills_gaps_is_judged_by_what_it_serves() -> None:
    # Half of the values are not known: the mean over the fillings is what is right, or is moved.
    data = _patients(2000, 40, 0.0, 0.0)
    model = replace(make_model(), gaps=learn_gaps(data.X, data.predictors))
    X = data.X.copy()
    X[np.random.default_rng(1).random(X.shape) < 0.5] = np.nan
    served = model.probability(X)[:, 0]
    for shift, method in ((0.0, "keep"), (0.8, "intercept")):
        y = _draw(expit(logit(served) + shift), 7)
        updated, test = update_outcome(model.first, X, y, gaps=model.gaps)
        assert test.method == method
        moved = replace(model, first=updated).probability(X)[:, 0]
        assert moved.mean() == pytest.approx(y.mean(), abs=0.015)
