"""Small models of assays with their evidence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm

import training.panel.laplace as laplace
from training.fitting.solvers import compute_precision, fit_ridge
from training.panel.laplace import compute_gains, compute_pair_gains, fit_subsets


def _simulate(n: int, n_assays: int, seed: int):
    rng = np.random.default_rng(seed)
    Z, offset = rng.normal(size=(n, n_assays)), 0.5 * rng.normal(size=n)
    y = (rng.random(n) < expit(offset + 0.5 * Z[:, 0])).astype(float)
    y[:2] = 0.0, 1.0
    return Z, y, offset


_NOTHING = np.zeros((1, 0), dtype=np.intp)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3), st.sampled_from([0.5, 1.0, 2.0]))
def test_mode_and_precision_are_those_of_a_ridge(seed: int, size: int, scale: float):
    Z, y, offset = _simulate(30, 5, seed)
    columns = np.arange(size, dtype=np.intp)[np.newaxis]
    fitted = fit_subsets(Z, y, offset, columns, np.array([scale]))
    (mode,) = fit_ridge(Z[:, :size], y, prior_sd=[scale], offset=offset)
    np.testing.assert_allclose(fitted.mode[0], mode, atol=1e-6)
    precision = compute_precision(Z[:, :size], mode, prior_sd=scale, offset=offset)
    np.testing.assert_allclose(fitted.precision[0], precision, rtol=2e-3, atol=1e-3)


def test_evidence_over_that_of_the_offset_alone_is_near_that_of_integration():
    Z, y, offset = _simulate(40, 1, 3)

    # Intercept and slope on a grid, the slope under its normal prior.
    intercept, slope = np.meshgrid(np.linspace(-3, 3, 301), np.linspace(-4, 4, 401))
    margin = offset + intercept[..., np.newaxis] + slope[..., np.newaxis] * Z[:, 0]
    likelihood = np.exp(np.sum(y * margin - np.logaddexp(0, margin), axis=-1) + 25)
    both = np.sum(likelihood * norm.pdf(slope)) * (8 / 400) * (6 / 300)
    alone = likelihood[200].sum() * (6 / 300)  # the row where the slope is 0
    one = fit_subsets(Z, y, offset, np.array([[0]], dtype=np.intp), np.ones(1))
    none = fit_subsets(Z, y, offset, _NOTHING, np.ones(1))
    gain = one.log_evidence[0] - none.log_evidence[0]
    assert gain == pytest.approx(np.log(both / alone), abs=0.05)


def test_gains_are_near_those_of_a_fit_where_effects_are_small():
    Z, y, offset = _simulate(400, 6, 1)
    Z[:, 1:] *= 0.3  # little is told by one assay, so that the quadratic holds
    parent = fit_subsets(Z, y, offset, np.array([[0]], dtype=np.intp), np.ones(1))
    gains = compute_gains(Z, y, parent)[0]
    assert gains[0] == -np.inf
    for j in range(1, 6):
        pair = fit_subsets(Z, y, offset, np.array([[0, j]], dtype=np.intp), np.ones(1))
        gained = pair.log_evidence[0] - parent.log_evidence[0]
        assert gains[j] == pytest.approx(gained, abs=0.1)


def test_gains_of_pairs_are_those_of_one_assay_and_the_next_to_nothing_else():
    Z, y, offset = _simulate(300, 4, 2)
    none = fit_subsets(Z, y, offset, _NOTHING, np.ones(1))
    gains = compute_pair_gains(0.3 * Z, y, none.risk[0], scale=1.0)
    np.testing.assert_array_equal(gains, gains.T)
    assert np.all(np.diag(gains) == -np.inf)
    for i, j in ((0, 1), (2, 3)):
        pair = fit_subsets(0.3 * Z, y, offset, np.array([[i, j]], dtype=np.intp), np.ones(1))
        assert gains[i, j] == pytest.approx(pair.log_evidence[0] - none.log_evidence[0], abs=0.1)


def test_models_fitted_in_parts_are_those_fitted_together(monkeypatch: pytest.MonkeyPatch):
    Z, y, offset = _simulate(30, 6, 0)
    columns = np.array([[i, j] for i in range(6) for j in range(i)], dtype=np.intp)
    whole = fit_subsets(Z, y, offset, columns, np.ones(15))
    monkeypatch.setattr(laplace, "_NUMBERS", 4 * 30 * 3)
    parts = fit_subsets(Z, y, offset, columns, np.ones(15))
    np.testing.assert_array_equal(parts.columns, whole.columns)
    np.testing.assert_allclose(parts.mode, whole.mode, atol=1e-5)
    np.testing.assert_allclose(parts.log_evidence, whole.log_evidence, atol=1e-3)


def test_a_column_that_separates_the_outcomes_comes_to_rest():
    y = np.repeat([0.0, 1.0], 10)
    Z = np.where(y == 1, 1.0, -1.0)[:, np.newaxis] * 3
    fitted = fit_subsets(Z, y, np.zeros(20), np.array([[0]], dtype=np.intp), np.array([2.0]))
    assert np.isfinite(fitted.mode).all()
    assert fitted.mode[0, 1] > 1
