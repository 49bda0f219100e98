from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.special import expit

from features.dictionary.contract import CONTRACT
from training.fitting.bootstrap import predict_from_bootstraps
from training.fitting.procedure import Procedure
from training.fitting.response import FittedResponse, TrainingData, fit_response

PREDICTORS = CONTRACT.check_predictors(
    ("nrs_t0", "disease_duration_years", "opioid", "affected_site")
)
PLAIN = Procedure(("logistic",), inner_repeats=0)


def _draw(n: int, seed: int, *, horizons: tuple[str, ...] = ("t1", "t2")) -> TrainingData:
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.integers(3, 11, n), rng.exponential(6, n), rng.random(n) < 0.5, rng.integers(0, 3, n)]
    ).astype(float)
    t1 = (rng.random(n) < expit(0.4 * (7 - X[:, 0]) + X[:, 2])).astype(float)
    t1[rng.random(n) < 0.05] = np.nan
    kept = np.where(t1 == 1, (rng.random(n) < 0.6).astype(float), np.nan)
    kept[rng.random(n) < 0.1] = np.nan
    y = {"t1": t1, "t2": np.where(t1 == 0, 0.0, kept)}
    if horizons == ("t1",):
        y, kept = {"t1": t1}, np.full(n, np.nan)
    return TrainingData(X, PREDICTORS, horizons, y, kept, np.arange(n))


@pytest.mark.parametrize("n", [30, 90, 400])
@pytest.mark.parametrize("horizons", [("t1",), ("t1", "t2")])
def test_samples_fitted_together_give_what_they_give_one_by_one(
    n: int, horizons: tuple[str, ...]
) -> None:
    # Extremes that a sample lacks, few who kept the response and separated classes are in it.
    data = _draw(n, n, horizons=horizons)
    fit = partial(fit_response, procedure=PLAIN)
    quick, slow = (
        predict_from_bootstraps(data, fit, n_resamples=40, seed=3, plain=plain)
        for plain in (True, False)
    )
    np.testing.assert_array_equal(quick.counts, slow.counts)
    assert quick.failures == slow.failures
    np.testing.assert_allclose(quick.predictions, slow.predictions, atol=1e-8, rtol=0)


def test_from_ten_of_either_on_who_keeps_the_response_is_fitted_with_the_others() -> None:
    # One by one a sample takes a hundred times as long: only those with fewer are left to it.
    # One predictor: no sample lacks one of its values, or separates the classes.
    data = _draw(60, 1)
    data = replace(data, X=data.X[:, :1], predictors=PREDICTORS[:1])
    called = []

    def fit(sample: TrainingData, *, rng: np.random.Generator) -> FittedResponse:
        called.append(len(sample))
        return fit_response(sample, PLAIN, rng=rng)

    found = predict_from_bootstraps(data, fit, n_resamples=40, seed=3, plain=True)
    seen = ~np.isnan(data.kept)
    events = found.counts[:, seen] @ data.kept[seen]
    fewest = np.minimum(events, found.counts[:, seen].sum(axis=1) - events)
    assert {9, 10} <= set(fewest)
    assert len(called) == (fewest < 10).sum()


def test_missing_predictors_are_filled_anew_in_every_sample() -> None:
    data = _draw(90, 5)
    X = data.X.copy()
    X[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    data = replace(data, X=X)
    fit = partial(fit_response, procedure=PLAIN)
    quick, slow = (
        predict_from_bootstraps(data, fit, n_resamples=5, seed=3, plain=plain)
        for plain in (True, False)
    )
    np.testing.assert_array_equal(quick.predictions, slow.predictions)


def test_plain_logistic_regression_is_not_recalibrated() -> None:
    data = _draw(400, 6, horizons=("t1",))
    fitted = fit_response(data, PLAIN, rng=np.random.default_rng(0)).first
    assert fitted.slope == 1.0
    assert fitted.weights == {"prevalence": 0.0, "logistic": 1.0}
    # Maximum likelihood: the score is zero in every column.
    known = ~np.isnan(data.y["t1"])
    Z = fitted.model.basis.expand(data.X[known])
    residual = data.y["t1"][known] - fitted.model.probability(data.X[known])
    assert residual.sum() == pytest.approx(0, abs=1e-6)
    assert residual @ Z == pytest.approx(np.zeros(Z.shape[1]), abs=1e-6)


def test_separated_classes_get_large_but_finite_effects() -> None:
    data = _draw(60, 7, horizons=("t1",))
    data.y["t1"][:] = data.X[:, 0] > 6
    fitted = fit_response(data, PLAIN, rng=np.random.default_rng(0)).first
    risks = fitted.model.probability(data.X)
    assert ((risks > 0) & (risks < 1)).all()
    assert risks[data.X[:, 0] > 6].min() > 0.8 > 0.2 > risks[data.X[:, 0] <= 6].max()


def test_without_inner_repeats_there_is_nothing_to_choose_between() -> None:
    with pytest.raises(ValueError, match="one candidate, with one setting"):
        Procedure(("ridge",), inner_repeats=0)
    with pytest.raises(ValueError, match="one candidate, with one setting"):
        Procedure(("logistic", "firth"), inner_repeats=0)
