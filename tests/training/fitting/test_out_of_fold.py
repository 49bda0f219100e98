from __future__ import annotations

import numpy as np
import pytest

from features.dictionary.transformers import PredictorBasis
from tests.training.helpers.training_data import make_training_data
from training.fitting.candidates import CANDIDATES
from training.fitting.out_of_fold import OutOfFoldMargins, fit_paths, predict_out_of_fold
from training.fitting.procedure import Procedure


def test_the_setting_with_the_smallest_loss_is_chosen() -> None:
    # For y = 1 and 0, log-odds of (2, -2) lose log(1 + exp(-2)) each, (0, 0) lose log 2.
    y = np.array([1.0, 0.0])
    sharp, flat, wrong = np.array([[2.0, -2.0], [0.0, 0.0], [-2.0, 2.0]])
    out = OutOfFoldMargins([np.stack([flat, sharp, wrong]), np.stack([flat, wrong])], 0 * y, y)
    best, chosen, loss = out.choose_settings()
    assert best == [1, 0]
    np.testing.assert_array_equal(chosen, [sharp, flat])
    assert loss == pytest.approx([np.log1p(np.exp(-2)), np.log(2)])


def test_where_one_class_was_seen_every_candidate_is_the_prevalence() -> None:
    candidates = [CANDIDATES["ridge"], CANDIDATES["lightgbm"]]
    paths = fit_paths(candidates, np.eye(4), PredictorBasis().fit(np.eye(4)), np.ones(4))
    assert [len(path) for path in paths] == [len(c.settings()) for c in candidates]
    # (4 + 0.5) / (4 + 1) = 0.9
    margins = [member.intercept for path in paths for member in path]
    assert margins == pytest.approx([np.log(9)] * len(margins))


def test_every_patient_stands_once_in_each_repeat() -> None:
    data = make_training_data(50, 3, horizons=1)
    procedure = Procedure(("prevalence", "ridge"), inner_folds=4, inner_repeats=2)
    ridge = CANDIDATES["ridge"]
    rng = np.random.default_rng(0)
    out = predict_out_of_fold(
        data.X, data.y["t1"], data.groups, data.predictors, [ridge], procedure, rng=rng
    )
    assert out.margins[0].shape == (len(ridge.settings()), 100)
    assert np.isfinite(out.margins[0]).all()
    np.testing.assert_array_equal(out.y, np.tile(data.y["t1"], 2))
    # Two patients of one fold share the prevalence of the others.
    assert 1 < len(np.unique(out.base[:50])) <= 4
