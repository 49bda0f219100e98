"""The procedure on rows in one place: against scikit-learn, and against what must come out."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from experiments.truth.networks.peers import CentreRows
from experiments.truth.networks.pooled import (
    compute_loss_at_home,
    fit_pooled_rows,
    fit_with_intercepts,
)


def _draw(coef: list[float], n: int, seed: int = 1) -> list[CentreRows]:
    rng = np.random.default_rng(seed)
    centres = []
    for intercept in (-0.5, 0.0, 0.3, 0.6):
        Z = rng.standard_normal((n, len(coef)))
        y = rng.random(n) < expit(intercept + Z @ coef)
        centres.append(CentreRows(Z, y.astype(float)))
    return centres


def test_all_rows_agree_with_scikit_learn() -> None:
    # Its penalty is the sum of squares over 2 C: C is the prior's variance. The centres' indicators
    # are multiplied by 1000 so that their penalty is nothing.
    centres = _draw([0.8, -0.4], 60)
    where = np.repeat(np.eye(4), 60, axis=0)
    design = np.column_stack([1e3 * where, np.concatenate([rows.Z for rows in centres])])
    y = np.concatenate([rows.y for rows in centres])
    model = LogisticRegression(
        C=0.25, fit_intercept=False, solver="newton-cholesky", tol=1e-12, max_iter=1000
    ).fit(design, y)
    intercepts, coef = fit_with_intercepts(centres, np.full(2, 4.0))
    np.testing.assert_allclose(intercepts, 1e3 * model.coef_[0, :4], atol=1e-5)
    np.testing.assert_allclose(coef, model.coef_[0, 4:], atol=1e-6)


def test_the_loss_at_home_of_nothing_is_that_of_the_prevalence() -> None:
    # 3 of 4 respond: 4 times the entropy of 0.75.
    y = np.array([1.0, 1.0, 1.0, 0.0])
    expected = -(3 * np.log(0.75) + np.log(0.25))
    assert compute_loss_at_home(np.full(4, 2.0), y) == pytest.approx(expected)


def test_strong_effects_are_kept_whole_and_noise_is_not() -> None:
    straight = np.array([True, True, False])
    strong = fit_pooled_rows(_draw([1.5, -1.0, 0.0], 300), straight, prior_sds=(0.1, 1.0))
    assert (strong.prior_sd, strong.bends) == (1.0, False)
    assert strong.weight > 0.9
    np.testing.assert_allclose(strong.coef, [1.5, -1.0, 0.0], atol=0.25)
    np.testing.assert_allclose(strong.intercepts, [-0.5, 0.0, 0.3, 0.6], atol=0.4)
    noise = fit_pooled_rows(_draw([0.0, 0.0, 0.0], 60), straight, prior_sds=(0.1, 1.0))
    assert noise.prior_sd == 0.1
    assert noise.weight == 0.0


def test_a_bent_effect_asks_for_the_bent_column() -> None:
    straight = np.array([True, True, False])
    centres = _draw([0.2, 0.0, 1.5], 100)
    assert fit_pooled_rows(centres, straight, prior_sds=(0.5,)).bends
    assert not fit_pooled_rows(centres, straight, prior_sds=(0.5,), bends=False).bends
