"""Scores beside an offset."""

import numpy as np
import pytest
from scipy.special import logit

from training.panel.screening import compute_offset_risk, compute_scores


def test_the_score_is_that_of_a_trend_test():
    # Without an offset, for a yes/no column: (observed - expected) / sqrt(variance). 3 of 4
    # carriers and 1 of 4 others respond: observed 3, expected 2, variance 8 * .25 * .25 = 0.5.
    y = np.array([1, 1, 1, 0, 1, 0, 0, 0.0])
    column = np.repeat([1.0, 0.0], 4)[:, np.newaxis]
    score = compute_scores(column, y, np.zeros(8))
    np.testing.assert_allclose(score, [1 / np.sqrt(0.5)])


def test_an_offset_is_shifted_to_the_share_of_events():
    y, offset = np.array([1, 0, 0, 0.0]), np.array([2.0, 1, 0, -1])
    risk = compute_offset_risk(y, offset)
    assert risk.mean() == pytest.approx(0.25)
    assert np.ptp(logit(risk) - offset) == pytest.approx(0, abs=1e-9)
