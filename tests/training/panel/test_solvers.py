"""Penalised fits beside an offset, against optimality conditions and scikit-learn."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from training.panel.solvers import compute_scores, fit_offset_net, fit_offset_ridge, fit_shift


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(60, 20))
    offset = rng.normal(size=60)
    y = (rng.random(60) < expit(offset + Z[:, 0])).astype(float)
    return Z, y, offset


def test_without_offset_the_net_is_that_of_scikit_learn(data):
    Z, y, _ = data
    ours = fit_offset_net(Z, y, np.zeros(60), penalty=np.array([4.0]), l1_share=0.5)[0]
    model = LogisticRegression(
        C=1 / 4.0, l1_ratio=0.5, solver="saga", max_iter=100_000, tol=1e-10
    ).fit(Z, y)
    np.testing.assert_allclose(ours, model.coef_[0], atol=2e-4)


def test_the_net_beside_an_offset_is_at_its_optimum(data):
    Z, y, offset = data
    penalty = np.array([12.0, 6.0, 3.0])
    for coef, strength in zip(
        fit_offset_net(Z, y, offset, penalty=penalty, l1_share=0.5), penalty, strict=True
    ):
        margin = offset + Z @ coef
        gradient = Z.T @ (y - expit(margin + fit_shift(y, margin))) - 0.5 * strength * coef
        on = coef != 0
        np.testing.assert_allclose(gradient[on], 0.5 * strength * np.sign(coef[on]), atol=0.01)
        assert np.all(np.abs(gradient[~on]) <= 0.5 * strength + 0.01)


def test_a_row_without_weight_is_as_good_as_left_out(data):
    Z, y, offset = data
    weights = np.ones((60, 2))
    weights[::3, 1] = 0.0
    left = weights[:, 1] > 0
    both = fit_offset_net(Z, y, offset, penalty=np.full(2, 3.0), l1_share=1.0, row_weights=weights)
    alone = fit_offset_net(Z[left], y[left], offset[left], penalty=np.array([3.0]), l1_share=1.0)
    np.testing.assert_allclose(both[1], alone[0], atol=5e-4)


def test_an_offset_is_taken_as_it_is(data):
    # With the true column in the offset there is nothing left for it to explain twice: fitting
    # beside offset + 2 z gives the coefficient beside offset, less 2.
    Z, y, offset = data
    mode, _ = fit_offset_ridge(Z[:, :1], y, offset, prior_sd=1e4)
    moved, _ = fit_offset_ridge(Z[:, :1], y, offset + 2 * Z[:, 0], prior_sd=1e4)
    assert moved[1] == pytest.approx(mode[1] - 2, abs=1e-4)


def test_the_score_is_that_of_a_trend_test():
    # Without an offset, for a yes/no column: (observed - expected) / sqrt(variance). 3 of 4
    # carriers and 1 of 4 others respond: observed 3, expected 2, variance 8 * .25 * .25 = 0.5.
    y = np.array([1, 1, 1, 0, 1, 0, 0, 0.0])
    column = np.repeat([1.0, 0.0], 4)[:, np.newaxis]
    score = compute_scores(column, y, np.zeros(8))
    np.testing.assert_allclose(score, [1 / np.sqrt(0.5)])
