"""What a study leaves open is chosen by the number of its patients, and said."""

from __future__ import annotations

import numpy as np

from features.dictionary.contract import CONTRACT
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData
from training.study.by_size import draw_by_size, settle_resampling, tell_size
from training.study.tables import Resampling


def _make_data(n: int) -> TrainingData:
    predictors = CONTRACT.check_predictors(["nrs_t0", "opioid"])
    column = np.zeros(n)
    groups = np.arange(n)
    return TrainingData(np.zeros((n, 2)), predictors, ("t1",), {"t1": column}, column, groups)


def test_usual_sizes_are_judged_as_ever() -> None:
    assert settle_resampling(Resampling(), 20_000) == Resampling()
    data = _make_data(60)
    assert tell_size(Resampling(), Resampling(), data, Procedure(("evidence",))) == ()


def test_what_is_open_becomes_less_with_size_and_what_is_set_stays() -> None:
    many = settle_resampling(Resampling(), 100_000)
    assert (many.repeats, many.bootstrap, many.bootstrap_reruns) == (4, 100, 0)
    assert many.learning_curve == 0
    own = settle_resampling(Resampling(bootstrap_reruns=50, repeats=20), 1_000_000)
    assert (own.bootstrap_reruns, own.repeats, own.bootstrap) == (50, 20, 100)
    assert settle_resampling(Resampling(), 10_000_000).repeats == 1


def test_what_was_chosen_is_said() -> None:
    data = _make_data(40_000)
    settled = settle_resampling(Resampling(), len(data))
    (told,) = tell_size(Resampling(), settled, data, Procedure(("evidence",)))
    assert told.startswith("with 40000 patients")
    assert "10 repeats of the cross-validation in place of 20" in told
    assert "0 reruns of the whole procedure on bootstrap samples in place of 200" in told


def test_kinds_that_are_left_out_are_said() -> None:
    data = _make_data(30_000)
    data = TrainingData(
        np.zeros((30_000, 40)), data.predictors * 20, data.horizons, data.y, data.kept, data.groups
    )
    asked = settle_resampling(Resampling(), len(data))
    (told,) = tell_size(asked, asked, data, Procedure(("evidence",)))
    assert "40 predictors the model has no" in told and "steps" in told
    assert tell_size(asked, asked, data, Procedure(("ridge",))) == ()


def test_of_very_many_the_same_some_are_compared_and_it_is_said() -> None:
    assert draw_by_size(20_000) is None
    rows = draw_by_size(30_000)
    assert len(np.unique(rows)) == 20_000
    assert rows.min() >= 0 and rows.max() < 30_000
    np.testing.assert_array_equal(rows, draw_by_size(30_000))
    data = _make_data(30_000)
    asked = settle_resampling(Resampling(), len(data))
    told = tell_size(asked, asked, data, Procedure(("ridge",)), rescored=data.take(rows))
    assert told == (
        "with 30000 patients what labels from scores alone would change is judged in 20000 of "
        "them, drawn at random",
    )
    assert tell_size(asked, asked, data, Procedure(("ridge",)), rescored=data) == ()
