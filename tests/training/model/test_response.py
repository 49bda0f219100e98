from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.special import expit, logit

from features.dictionary.contract import CONTRACT
from training.model.bootstrap import predict_from_bootstraps
from training.model.cross_validation import cross_validate
from training.model.procedure import Procedure
from training.model.response import FittedResponse, TrainingData, fit_response
from training.model.weighting import compute_seen_weights

QUICK = Procedure(("prevalence", "ridge"), inner_repeats=1)
NAN = np.nan


def _draw(n: int, seed: int, *, seen: float = 0.85, horizons: int = 2) -> TrainingData:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.clip(rng.normal(7, 2, n), 0, 10), (rng.random(n) < 0.5) * 1.0])
    t1 = (rng.random(n) < expit(0.6 * (X[:, 0] - 6.3))).astype(float)
    keeps = (rng.random(n) < expit(1.2 - X[:, 1])).astype(float)
    keeps[rng.random(n) > seen] = NAN
    kept = np.where(t1 == 1, keeps, NAN)
    y = {"t1": t1, "t2": np.where(t1 == 1, kept, 0.0)}
    names = ("t1", "t2")[:horizons]
    if horizons == 1:
        kept = np.full(n, NAN)
    return TrainingData(
        X,
        (CONTRACT["nrs_t0"], CONTRACT["opioid"]),
        names,
        {h: y[h] for h in names},
        kept,
        np.arange(n),
    )


def test_sustained_response_is_never_more_likely_than_response() -> None:
    data = _draw(120, 0)
    fitted = fit_response(data, QUICK, rng=np.random.default_rng(0))
    risks = fitted.probability(data.X)
    assert (risks[:, 1] <= risks[:, 0]).all()
    assert fitted.kept is not None
    assert not fitted.kept.reason


def test_every_patient_is_predicted_once_per_repeat_by_models_that_had_not_seen_them() -> None:
    # A patient's label turned round must not move his own held-out risk, and must move others'.
    data = _draw(60, 1, horizons=1)
    out = cross_validate(data, QUICK, n_folds=5, n_repeats=2, seed=3)
    assert out.predictions["t1"].shape == (2, 60)
    assert np.isfinite(out.predictions["t1"]).all()
    flipped = data.y["t1"].copy()
    flipped[7] = 1 - flipped[7]
    # Folds are balanced over the labels, so they are held fixed here.
    same = _Fixed(**vars(replace(data, y={"t1": flipped})))
    other = cross_validate(same, QUICK, n_folds=5, n_repeats=2, seed=3)
    np.testing.assert_array_equal(out.folds, other.folds)
    np.testing.assert_array_equal(out.predictions["t1"][:, 7], other.predictions["t1"][:, 7])
    assert (out.predictions["t1"] != other.predictions["t1"]).any()


class _Fixed(TrainingData):
    """Data whose folds are those of `_draw(60, 1)`, whatever its labels."""

    @property
    def strata(self) -> np.ndarray:
        return _draw(60, 1, horizons=1).strata


def test_the_number_of_processes_changes_nothing() -> None:
    data = _draw(50, 2)
    one, two = (
        cross_validate(data, QUICK, n_folds=3, n_repeats=1, seed=5, n_jobs=jobs) for jobs in (1, 2)
    )
    for horizon in data.horizons:
        np.testing.assert_array_equal(one.predictions[horizon], two.predictions[horizon])


def test_another_seed_deals_other_folds() -> None:
    data = _draw(50, 2)
    first, second = (
        cross_validate(data, QUICK, n_folds=3, n_repeats=1, seed=seed) for seed in (1, 2)
    )
    assert (first.folds != second.folds).any()


def test_the_base_is_the_share_in_the_training_part() -> None:
    data = _draw(60, 3)
    out = cross_validate(data, QUICK, n_folds=5, n_repeats=1, seed=0)
    train = out.folds[0] != 2
    held = ~train
    t1 = data.y["t1"][train].mean()
    np.testing.assert_allclose(out.base["t1"][0, held], t1)
    np.testing.assert_allclose(out.base["t2"][0, held], t1 * np.nanmean(data.kept[train]))


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
    np.testing.assert_array_equal(compute_seen_weights(_draw(40, 4, seen=1.1)), 1.0)
    np.testing.assert_array_equal(compute_seen_weights(_draw(40, 4, horizons=1)), 1.0)


def test_bootstrap_reruns_survive_degenerate_samples() -> None:
    # Two responders seen: many samples have none, or only one class.
    data = _draw(14, 5)
    kept = np.full(14, NAN)
    responders = np.flatnonzero(data.y["t1"] == 1)
    kept[responders[:2]] = [1.0, 0.0]
    t2 = np.where(data.y["t1"] == 1, kept, 0.0)
    data = replace(data, kept=kept, y={**data.y, "t2": t2})
    reruns = predict_from_bootstraps(
        data, partial(fit_response, procedure=QUICK), n_resamples=30, seed=1
    )
    risks = reruns.predictions
    assert risks.shape == (30, 14, 2)
    assert not reruns.failures
    np.testing.assert_array_equal(reruns.counts.sum(axis=1), 14)
    assert ((risks > 0) & (risks < 1)).all()
    assert risks.std(axis=0).min() > 0


def test_progress_is_called_for_each_fit() -> None:
    calls: list[int] = []
    cross_validate(
        _draw(40, 6, horizons=1),
        QUICK,
        n_folds=4,
        n_repeats=3,
        seed=0,
        progress=lambda: calls.append(1),
    )
    assert len(calls) == 12


class _Brittle:
    """Breaks whenever the first patient is in the sample."""

    def __init__(self, data: TrainingData) -> None:
        self.first = data.X[0]

    def __call__(self, data: TrainingData, *, rng: np.random.Generator) -> FittedResponse:
        if (data.X == self.first).all(axis=1).any():
            raise np.linalg.LinAlgError("singular")
        return fit_response(data, QUICK, rng=rng)


def test_a_rerun_that_breaks_is_counted_and_not_kept() -> None:
    data = _draw(30, 7)
    reruns = predict_from_bootstraps(data, _Brittle(data), n_resamples=12, seed=2)
    assert 0 < len(reruns.failures) < 12
    assert set(reruns.failures) == {"LinAlgError"}
    assert len(reruns.predictions) + len(reruns.failures) == reruns.n_resamples == 12
    assert (reruns.counts[:, 0] == 0).all()


def test_published_rates_pull_the_mean_risk_by_the_patients_they_count_as() -> None:
    data = _draw(90, 4)
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


def test_a_resample_holds_all_rows_of_a_patient_or_none() -> None:
    # Every patient twice, far apart in the file: with one of his rows left outside, a rerun would
    # be judged on a patient it has seen, and optimism would hide.
    once = _draw(40, 5, horizons=1)
    data = once.take(np.tile(np.arange(40), 2))
    found = predict_from_bootstraps(data, _fit_quick, n_resamples=6, seed=2)
    np.testing.assert_array_equal(found.counts[:, :40], found.counts[:, 40:])
    assert (found.counts.sum(axis=1) == 80).all()
    alone = predict_from_bootstraps(once, _fit_quick, n_resamples=6, seed=2)
    np.testing.assert_array_equal(found.counts[:, :40], alone.counts)


def test_reruns_do_not_depend_on_how_patients_are_numbered() -> None:
    data = _draw(40, 6, horizons=1)
    renumbered = replace(data, groups=np.random.default_rng(0).permutation(40))
    first, second = (
        predict_from_bootstraps(some, _fit_quick, n_resamples=3, seed=2)
        for some in (data, renumbered)
    )
    np.testing.assert_array_equal(first.counts, second.counts)


def _fit_quick(data: TrainingData, *, rng: np.random.Generator) -> FittedResponse:
    return fit_response(data, Procedure(("logistic",), inner_repeats=0), rng=rng)
