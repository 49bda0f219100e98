from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from tests.training.helpers.training_data import make_training_data
from training.fitting.bootstrap import predict_from_bootstraps
from training.fitting.procedure import Procedure
from training.fitting.response import FittedResponse, TrainingData, fit_response

QUICK = Procedure(("prevalence", "ridge"), inner_repeats=1)
NAN = np.nan


def test_bootstrap_reruns_survive_degenerate_samples() -> None:
    # Two responders seen: many samples have none, or only one class.
    data = make_training_data(14, 5)
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


class _Brittle:
    """Breaks whenever the first patient is in the sample."""

    def __init__(self, data: TrainingData) -> None:
        self.first = data.X[0]

    def __call__(self, data: TrainingData, *, rng: np.random.Generator) -> FittedResponse:
        if (data.X == self.first).all(axis=1).any():
            raise np.linalg.LinAlgError("singular")
        return fit_response(data, QUICK, rng=rng)


def test_a_rerun_that_breaks_is_counted_and_not_kept() -> None:
    data = make_training_data(30, 7)
    reruns = predict_from_bootstraps(data, _Brittle(data), n_resamples=12, seed=2)
    assert 0 < len(reruns.failures) < 12
    assert set(reruns.failures) == {"LinAlgError"}
    assert len(reruns.predictions) + len(reruns.failures) == reruns.n_resamples == 12
    assert (reruns.counts[:, 0] == 0).all()


def test_a_resample_holds_all_rows_of_a_patient_or_none() -> None:
    # Every patient twice, far apart in the file: with one of his rows left outside, a rerun would
    # be judged on a patient it has seen, and optimism would hide.
    once = make_training_data(40, 5, horizons=1)
    data = once.take(np.tile(np.arange(40), 2))
    found = predict_from_bootstraps(data, _fit_quick, n_resamples=6, seed=2)
    np.testing.assert_array_equal(found.counts[:, :40], found.counts[:, 40:])
    assert (found.counts.sum(axis=1) == 80).all()
    alone = predict_from_bootstraps(once, _fit_quick, n_resamples=6, seed=2)
    np.testing.assert_array_equal(found.counts[:, :40], alone.counts)


def test_reruns_do_not_depend_on_how_patients_are_numbered() -> None:
    data = make_training_data(40, 6, horizons=1)
    renumbered = replace(data, groups=np.random.default_rng(0).permutation(40))
    first, second = (
        predict_from_bootstraps(some, _fit_quick, n_resamples=3, seed=2)
        for some in (data, renumbered)
    )
    np.testing.assert_array_equal(first.counts, second.counts)


def _fit_quick(data: TrainingData, *, rng: np.random.Generator) -> FittedResponse:
    return fit_response(data, Procedure(("logistic",), inner_repeats=0), rng=rng)
