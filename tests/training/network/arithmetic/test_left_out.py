import numpy as np
import pytest
from scipy.special import expit

from training.fitting.blending import compute_log_loss, fit_weights
from training.network.arithmetic.left_out import (
    WEIGHTS,
    compute_home_loss,
    compute_shrinking,
    estimate_shrinking,
    find_weight,
)
from training.network.arithmetic.likelihood import expand_likelihood


def make_centre(rng, n=200, strength=1.0):
    Z = rng.normal(size=(n, 2))
    y = (rng.random(n) < expit(0.4 + strength * Z @ [0.8, -0.5])).astype(float)
    return Z, y


def test_the_loss_at_home_is_with_the_homes_own_intercept():
    Z, y = make_centre(np.random.default_rng(2))
    loss, intercept = compute_home_loss(Z @ [0.5, -0.3], y)
    assert np.mean(expit(intercept + Z @ [0.5, -0.3])) == pytest.approx(y.mean())
    assert loss == pytest.approx(compute_log_loss(intercept + Z @ [0.5, -0.3], y).sum())


def test_losses_at_the_ends_are_the_prevalences_and_the_models():
    Z, y = make_centre(np.random.default_rng(2))
    margin = Z @ [0.5, -0.3]
    told = compute_shrinking(margin, y)
    assert told.losses[0] == pytest.approx(compute_home_loss(0 * margin, y)[0])
    assert told.losses[-1] == pytest.approx(compute_home_loss(margin, y)[0])
    assert told.squares == pytest.approx(len(y) * margin.var())


def test_the_weight_is_that_of_one_centres_rule():
    """The same patients, blended row by row: only the intercept of each weight is told apart."""
    rng = np.random.default_rng(4)
    centres = [make_centre(rng, strength=0.7) for _ in range(3)]
    told = [compute_shrinking(Z @ [1.2, -0.9], y) for Z, y in centres]
    margins, bases, ys = [], [], []
    for (Z, y), one in zip(centres, told, strict=True):
        margins.append(Z @ [1.2, -0.9] + one.intercepts[-1])
        bases.append(np.full(len(y), one.intercepts[0]))
        ys.append(y)
    weights = fit_weights(
        np.concatenate(margins)[np.newaxis],
        np.concatenate(bases),
        np.concatenate(ys),
        n_patients=600,
        strength=2.75,
    )
    assert 0.2 < weights[0] < 0.9
    assert find_weight(told, strength=2.75) == pytest.approx(weights[0], abs=0.02)


@pytest.mark.parametrize(("coef", "weight"), [((-0.8, 0.5), 0.0), ((0.2, -0.1), 1.0)])
def test_what_is_wrong_has_no_weight_and_what_is_timid_all(coef, weight):
    rng = np.random.default_rng(5)
    told = [
        compute_shrinking(Z @ np.array(coef), y) for Z, y in (make_centre(rng), make_centre(rng))
    ]
    assert find_weight(told, strength=0.1) == weight


def test_an_expansion_foresees_what_a_centre_would_tell():
    Z, y = make_centre(np.random.default_rng(7))
    coef = np.array([0.7, -0.4])
    point = expand_likelihood(Z, y, np.array([0.4, 0.8, -0.5]))
    told, foreseen = compute_shrinking(Z @ coef, y), estimate_shrinking(point, coef, len(y))
    near = WEIGHTS > 0.5
    np.testing.assert_allclose(foreseen.losses[near], told.losses[near], atol=0.5)
    np.testing.assert_allclose(foreseen.intercepts[near], told.intercepts[near], atol=0.05)
    assert foreseen.squares == pytest.approx(
        told.squares, rel=0.3
    )  # patients of clear outcome count less
