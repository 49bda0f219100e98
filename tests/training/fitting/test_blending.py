import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from training.fitting.blending import (
    compute_log_loss,
    fit_isotonic,
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


def test_no_candidate_leaves_everything_to_the_prevalence() -> None:
    y = np.array([0.0, 1.0])
    assert fit_weights(np.empty((0, 2)), np.zeros(2), y, n_patients=2, strength=1.0).size == 0


def test_one_weight_is_the_best_of_a_fine_grid() -> None:
    truth, y = _draw(90, 11)
    base, strength = np.full(90, logit(y.mean())), 2.75
    margin = 1.8 * truth
    found = fit_weights(margin[np.newaxis], base, y, n_patients=90, strength=strength)[0]
    grid = np.linspace(0, 1, 2001)
    losses = [
        compute_log_loss(base + w * (margin - base), y).sum() + w * strength * margin.std()
        for w in grid
    ]
    assert 0.05 < found < 0.95
    assert found == pytest.approx(grid[int(np.argmin(losses))], abs=1e-3)


def test_the_loss_counts_patients_and_not_rows() -> None:
    # Ten times the patients behind the same rows: the price weighs a tenth.
    truth, y = _draw(70, 12)
    margins, base = (2 * truth)[np.newaxis], np.full(70, logit(y.mean()))
    many = fit_weights(margins, base, y, n_patients=700, strength=5.0)
    cheap = fit_weights(margins, base, y, n_patients=70, strength=0.5)
    assert many == pytest.approx(cheap, abs=1e-4)
    assert many[0] > fit_weights(margins, base, y, n_patients=70, strength=5.0)[0] + 0.05


def test_what_only_costs_gets_exactly_nothing() -> None:
    truth, y = _draw(300, 13)
    base = np.full(300, logit(y.mean()))
    weights = fit_weights(np.stack([truth, -truth]), base, y, n_patients=300, strength=2.75)
    assert weights[0] > 0.3
    assert weights[1] == 0.0


def test_the_slope_is_that_of_logistic_regression_where_that_lies_inside() -> None:
    from sklearn.linear_model import LogisticRegression

    truth, y = _draw(400, 15)
    margin = 1.6 * truth + 0.7
    free = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(margin[:, None], y)
    assert 0 < free.coef_[0, 0] < 1
    assert fit_recalibration_slope(margin, y) == pytest.approx(free.coef_[0, 0], abs=1e-4)


def _fit_isotonic(margin: np.ndarray, y: np.ndarray) -> IsotonicRegression | None:
    groups = np.arange(len(y))
    return fit_isotonic(margin, y, y, groups, rng=np.random.default_rng(0))


def test_a_jump_is_found_by_isotonic_recalibration_and_no_risk_is_certain() -> None:
    # The risk jumps from 0.2 to 0.8; the log-odds that are told rise slowly.
    margin = np.linspace(-0.2, 0.2, 4000)
    y = (np.random.default_rng(16).random(4000) < np.where(margin > 0, 0.8, 0.2)).astype(float)
    isotonic = _fit_isotonic(margin, y)
    assert isotonic is not None
    risks = isotonic.predict(expit(np.array([-0.12, -0.08, 0.08, 0.12])))
    assert risks[:2] == pytest.approx([0.2, 0.2], abs=0.05)
    assert risks[2:] == pytest.approx([0.8, 0.8], abs=0.05)
    low, high = isotonic.predict(np.array([0.0, 1.0]))
    assert 1 / 4002 <= low < high <= 1 - 1 / 4002


def test_what_is_right_already_is_not_moved() -> None:
    truth, y = _draw(6000, 17)
    assert _fit_isotonic(truth, y) is None


@pytest.mark.parametrize(("events", "tried"), [(999, False), (1000, True)])
def test_isotonic_recalibration_is_tried_from_a_thousand_events(events: int, tried: bool) -> None:
    margin = np.r_[np.full(2000, -0.1), np.full(2000, 0.1)]
    y = np.zeros(4000)
    y[2000 : 2000 + events] = 1.0
    assert (_fit_isotonic(margin, y) is not None) is tried
    assert (_fit_isotonic(-margin[::-1], 1 - y) is not None) is tried  # non-events count too


def test_weights_share_one_whole() -> None:
    # Both are too timid and would like more than the whole weight: the bolder one takes all of it.
    truth, y = _draw(5000, 18)
    margins = np.stack([0.6 * truth, 0.3 * truth])
    weights = fit_weights(margins, np.zeros(5000), y, n_patients=5000, strength=0.0)
    assert weights == pytest.approx([1.0, 0.0], abs=0.01)


def test_isotonic_recalibration_starts_from_risks_of_the_right_mean() -> None:
    # Log-odds that are 4 too high everywhere: right once their mean is.
    truth, y = _draw(6000, 17)
    assert _fit_isotonic(truth + 4, y) is None


def test_a_step_without_an_event_is_not_certain() -> None:
    margin = np.repeat([-0.1, 0.0, 0.1], 2000)
    y = np.r_[np.zeros(2000), np.tile([0.0, 1.0], 1000), np.ones(2000)]
    isotonic = _fit_isotonic(margin, y)
    assert isotonic is not None
    ends = isotonic.predict(np.array([0.0, 1.0]))
    assert ends == pytest.approx([1 / 6002, 1 - 1 / 6002], rel=1e-9)


def test_a_candidate_that_says_what_the_prevalence_says_has_no_weight() -> None:
    # The loss does not depend on its weight: an optimiser left it at 0.5 / 2 = 0.25.
    truth, y = _draw(60, 17)
    base = np.full(60, logit(y.mean()))
    weights = fit_weights(np.stack([base, 2 * truth]), base, y, n_patients=60, strength=2.75)
    assert weights[0] == 0.0
    assert weights[1] > 0.1
    assert fit_weights(base[np.newaxis], base, y, n_patients=60, strength=2.75) == 0.0


@given(
    seed=st.integers(0, 10_000),
    constant=st.lists(st.booleans(), min_size=1, max_size=5),
    off=st.floats(0, 5e-10),
)
@settings(deadline=None, max_examples=40)
def test_the_others_get_what_they_get_without_it(
    seed: int, constant: list[bool], off: float
) -> None:
    truth, y = _draw(50, seed)
    rng = np.random.default_rng(seed)
    base = np.repeat(rng.normal(scale=0.1, size=5), 10)  # folds of which each has its own share
    told = np.array(constant)
    margins = np.where(
        told[:, np.newaxis],
        base + off,
        rng.uniform(0.5, 3) * truth + rng.normal(size=(len(told), 50)),
    )
    weights = fit_weights(margins, base, y, n_patients=50, strength=2.75)
    alone = fit_weights(margins[~told], base, y, n_patients=50, strength=2.75)
    assert (weights[told] == 0.0).all()
    np.testing.assert_array_equal(weights[~told], alone)
