"""The power of a study, from its own patients."""

from dataclasses import replace

import numpy as np
import pandas as pd

from features.dictionary.preprocessing import make_basis
from tests.training.helpers.evaluated import describe_small, evaluate_small
from training.evaluation.design import make_design
from training.evaluation.power import compute_study_power
from training.measures.power import compute_power


def test_it_is_of_the_patients_with_a_known_outcome_at_each_horizon() -> None:
    description = describe_small()
    data, design = description.data, make_design(description.study)
    found = compute_study_power(data, design)
    assert list(found) == ["t1", "t2"]
    for horizon, y in data.y.items():
        X = data.X[~np.isnan(y)]
        columns = make_basis(data.predictors).fit(X).expand(X)
        events = int(np.nansum(y))
        expected = compute_power(columns, events, n_folds=5, seed=description.study.seed)
        pd.testing.assert_frame_equal(found[horizon], expected)


def test_which_patients_responded_does_not_matter() -> None:
    description = describe_small()
    data, design = description.data, make_design(description.study)
    y = {h: np.where(np.isnan(own), np.nan, 0.0) for h, own in data.y.items()}
    for horizon, own in data.y.items():
        known = np.flatnonzero(~np.isnan(own))
        y[horizon][known[: int(np.nansum(own))]] = 1.0
    again = compute_study_power(replace(data, y=y), design)
    for horizon, table in compute_study_power(data, design).items():
        pd.testing.assert_frame_equal(again[horizon], table)


def test_an_evaluation_holds_it() -> None:
    description, evaluation, _ = evaluate_small()
    expected = compute_study_power(description.data, make_design(description.study))
    for horizon, table in expected.items():
        pd.testing.assert_frame_equal(evaluation.power[horizon], table)
