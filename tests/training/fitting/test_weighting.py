from __future__ import annotations

import numpy as np
import pytest

from features.dictionary.contract import CONTRACT
from tests.training.helpers.training_data import make_training_data
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData
from training.fitting.weighting import compute_seen_weights

QUICK = Procedure(("prevalence", "ridge"), inner_repeats=1)
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
