import numpy as np
import pytest
from scipy.special import expit, logit

from training.fitting.blending import (
    compute_log_loss,
    fit_recalibration_slope,
    fit_weights,
    price_spread,
)


def _draw(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    margin = rng.normal(size=n)
    return margin, (rng.random(n) < expit(margin)).astype(float)


def test_log_loss_by_hand() -> None:
    # Risk 0.8: -ln 0.8 = 0.2231 for an event, -ln 0.2 = 1.6094 for none.
    losses = compute_log_loss(np.full(2, logit(0.8)), np.array([1.0, 0.0]))
    assert losses == pytest.approx([0.223143551, 1.609437912])


def test_the_truth_takes_the_weight_and_noise_none() -> None:
    truth, y = _draw(4000, 0)
    noise = np.random.default_rng(1).normal(size=4000)
    base = np.full(4000, logit(y.mean()))
    weights = fit_weights(np.stack([noise, truth]), base, y, n_patients=4000, strength=1.0)
    assert weights[0] < 0.05
    assert weights[1] > 0.9


def test_noise_alone_leaves_everything_to_the_prevalence() -> None:
    _, y = _draw(48, 2)
    noise = 2 * np.random.default_rng(3).normal(size=(3, 48))
    weights = fit_weights(noise, np.full(48, logit(y.mean())), y, n_patients=48, strength=4.0)
    assert weights.sum() < 0.2


def test_a_stronger_prior_never_gives_candidates_more() -> None:
    truth, y = _draw(60, 4)
    base = np.full(60, logit(y.mean()))
    sums = [
        fit_weights(truth[np.newaxis], base, y, n_patients=60, strength=s).sum()
        for s in (0.0, 1.0, 3.0, 10.0, 1000.0)
    ]
    assert sums == sorted(sums, reverse=True)
    assert sums[-1] == 0.0


def test_the_price_of_spread_by_hand() -> None:
    # Spreads of 0.5 and 1.0 in log-odds, at 2 nats each.
    away = np.array([[-0.5, 0.5], [0.2, 2.2]])
    assert price_spread(away, strength=2.0) == pytest.approx([1.0, 2.0])


def test_a_candidate_shrunk_already_is_not_shrunk_again() -> None:
    # What is paid for is the spread of the blend: the same ranking at half and at three times
    # the spread comes to the same blend, so long as no weight is at its limit.
    truth, y = _draw(60, 7)
    base = np.full(60, logit(y.mean()))
    half, triple = (
        fit_weights(
            (base + spread * truth)[np.newaxis], base, y, n_patients=60, strength=2.75
        ).sum()
        for spread in (0.5, 3.0)
    )
    assert 0.1 < half < 1
    assert 3.0 * triple == pytest.approx(0.5 * half, rel=1e-3)


def test_repeating_every_row_changes_nothing_when_patients_stay_the_same() -> None:
    truth, y = _draw(80, 5)
    base = np.full(80, logit(y.mean()))
    once = fit_weights(truth[np.newaxis], base, y, n_patients=80, strength=2.0)
    thrice = fit_weights(
        np.tile(truth, 3)[np.newaxis], np.tile(base, 3), np.tile(y, 3), n_patients=80, strength=2.0
    )
    assert thrice == pytest.approx(once, abs=1e-5)


def test_weights_are_convex() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        margins = 3 * rng.normal(size=(4, 30))
        y = (rng.random(30) < 0.5).astype(float)
        weights = fit_weights(margins, np.zeros(30), y, n_patients=30, strength=0.0)
        assert (weights >= 0).all()
        assert weights.sum() <= 1 + 1e-12


@pytest.mark.parametrize(("factor", "expected"), [(2.0, 0.5), (0.5, 1.0), (-1.0, 0.0)])
def test_the_slope_undoes_overfitting_and_stays_between_0_and_1(
    factor: float, expected: float
) -> None:
    # Margins twice too large need a slope of 1/2; half as large would need 2, kept at 1; turned
    # round would need -1, kept at 0.
    truth, y = _draw(20_000, 6)
    assert fit_recalibration_slope(factor * truth, y) == pytest.approx(expected, abs=0.03)


def test_a_constant_margin_needs_no_slope() -> None:
    assert fit_recalibration_slope(np.full(10, 0.3), np.arange(10) % 2.0) == 1.0
