"""Scores beside an offset, and which assays go on."""

import numpy as np
import pytest
from scipy.special import expit, logit

from training.panel.screening import compute_offset_risk, compute_scores, find_strongest, screen


def test_the_score_is_that_of_a_trend_test():
    # Without an offset, for a yes/no column: (observed - expected) / sqrt(variance). 3 of 4
    # carriers and 1 of 4 others respond: observed 3, expected 2, variance 8 * .25 * .25 = 0.5.
    y = np.array([1, 1, 1, 0, 1, 0, 0, 0.0])
    column = np.repeat([1.0, 0.0], 4)[:, np.newaxis]
    score = compute_scores(column, y, np.zeros(8))
    np.testing.assert_allclose(score, [1 / np.sqrt(0.5)])


def test_the_strongest_assay_is_the_one_with_the_largest_gradient():
    # Without an offset, everyone's risk is 0.5: |1 * 0.5 + 2 * 0.5 - 1 * 0.5| / 4 and
    # |-3 * 0.5| / 4.
    y = np.array([1, 1, 0, 0.0])
    Z = np.array([[1, 2, 1, 0], [0, 0, 0, 3.0]]).T
    assert find_strongest(Z, y, np.zeros(4)) == pytest.approx(1.5 / 4)


def test_an_offset_is_shifted_to_the_share_of_events():
    y, offset = np.array([1, 0, 0, 0.0]), np.array([2.0, 1, 0, -1])
    risk = compute_offset_risk(y, offset)
    assert risk.mean() == pytest.approx(0.25)
    assert np.ptp(logit(risk) - offset) == pytest.approx(0, abs=1e-9)


def test_screening_keeps_what_scores_highest():
    rng = np.random.default_rng(0)
    Z, offset = rng.normal(size=(120, 40)), 0.3 * rng.normal(size=120)
    y = (rng.random(120) < expit(offset + 1.2 * Z[:, 3])).astype(float)
    assert 3 in screen(Z, y, offset, 2)
    np.testing.assert_array_equal(screen(Z, y, offset, 99), np.arange(40))
