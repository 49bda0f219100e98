from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.training.helpers.training_data import make_training_data
from training.fitting.cross_validation import cross_validate
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData

QUICK = Procedure(("prevalence", "ridge"), inner_repeats=1)
NAN = np.nan


def test_every_patient_is_predicted_once_per_repeat_by_models_that_had_not_seen_them() -> None:
    # A patient's label turned round must not move his own held-out risk, and must move others'.
    data = make_training_data(60, 1, horizons=1)
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
    """Data whose folds are those of `make_training_data(60, 1)`, whatever its labels."""

    @property
    def strata(self) -> np.ndarray:
        return make_training_data(60, 1, horizons=1).strata


def test_the_number_of_processes_changes_nothing() -> None:
    data = make_training_data(50, 2)
    one, two = (
        cross_validate(data, QUICK, n_folds=3, n_repeats=1, seed=5, n_jobs=jobs) for jobs in (1, 2)
    )
    for horizon in data.horizons:
        np.testing.assert_array_equal(one.predictions[horizon], two.predictions[horizon])


def test_another_seed_deals_other_folds() -> None:
    data = make_training_data(50, 2)
    first, second = (
        cross_validate(data, QUICK, n_folds=3, n_repeats=1, seed=seed) for seed in (1, 2)
    )
    assert (first.folds != second.folds).any()


def test_the_base_is_the_share_in_the_training_part() -> None:
    data = make_training_data(60, 3)
    out = cross_validate(data, QUICK, n_folds=5, n_repeats=1, seed=0)
    train = out.folds[0] != 2
    held = ~train
    t1 = data.y["t1"][train].mean()
    np.testing.assert_allclose(out.base["t1"][0, held], t1)
    np.testing.assert_allclose(out.base["t2"][0, held], t1 * np.nanmean(data.kept[train]))


def test_progress_is_called_for_each_fit() -> None:
    calls: list[int] = []
    cross_validate(
        make_training_data(40, 6, horizons=1),
        QUICK,
        n_folds=4,
        n_repeats=3,
        seed=0,
        progress=lambda: calls.append(1),
    )
    assert len(calls) == 12
