from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from serving.monitoring.chart import STEP, Crossing, compute_chart, find_crossings, make_scores

P = np.array([0.6, 0.3, 0.8, 0.55, 0.7, 0.45, 0.62, 0.5, 0.35, 0.66])


def test_scores_are_log_likelihood_ratios() -> None:
    found = make_scores([0.6], [0.42])
    # ln(0.42 / 0.6) = -0.357, ln(0.58 / 0.4) = 0.372
    assert (found.event[0], found.none[0]) == (-36, 37)


def _compute_alarm_probabilities(rate: float) -> np.ndarray:
    """Return P(crossed by the n-th), by going through every outcome of ten patients."""
    scores = make_scores(P, 0.7 * P)
    crossed = np.zeros(len(P))
    for y in product((0.0, 1.0), repeat=len(P)):
        outcome = np.array(y)
        first = np.flatnonzero(compute_chart(outcome, P, scores, rate=rate)["crossed"])
        if len(first):
            crossed[first[0] :] += np.prod(np.where(outcome == 1, P, 1 - P))
    return crossed


def test_false_alarms_never_exceed_the_rate_whatever_the_number_of_patients() -> None:
    rate = 0.01
    found = _compute_alarm_probabilities(rate)
    assert (found <= rate * np.arange(1, len(P) + 1) + 1e-12).all()
    assert found[-1] > 0.7 * rate * len(P)  # and are not far below it


def test_limits_hold_for_risks_that_are_not_known_for_certain() -> None:
    possible = np.array([[0.5], [0.7]]) * np.ones(60)
    scores = make_scores(np.full(60, 0.6), np.full(60, 0.42))
    rng = np.random.default_rng(2)
    limit = compute_chart(np.ones(60), possible, scores, rate=0.002)["limit"].to_numpy() / STEP
    alarms = 0
    for p in (0.5, 0.7):
        y = rng.random((4000, 60)) < p
        value, alive = np.zeros(4000), np.ones(4000, dtype=bool)
        for t in range(60):
            value = np.maximum(0, value + np.where(y[:, t], scores.event[t], scores.none[t]))
            alive &= value < limit[t] - 1e-9
        alarms += int((~alive).sum())
    # 8000 draws of a probability just below 0.12: standard error 0.0036
    assert 0.09 < alarms / 8000 < 0.13


def test_too_few_outcomes_cannot_cross() -> None:
    scores = make_scores(P, 0.7 * P)
    chart = compute_chart(np.zeros(3), P[:3], scores, rate=0.001)
    assert np.isinf(chart["limit"]).all()
    assert not chart["crossed"].any()


def test_no_outcomes_make_an_empty_chart() -> None:
    scores = make_scores([], [])
    chart = compute_chart([], np.empty(0), scores, rate=0.001)
    assert list(chart.columns) == ["value", "limit", "crossed"]
    assert len(chart) == 0
    assert find_crossings(chart) == []


def test_change_is_dated_to_where_the_sum_left_zero_and_the_chart_starts_again() -> None:
    p = np.full(80, 0.6)
    y = np.concatenate([np.ones(30), np.zeros(50)])
    chart = compute_chart(y, p, make_scores(p, 0.7 * p), rate=0.001)
    first, *later = find_crossings(chart)
    assert first.since == 30
    assert 36 <= first.at <= 42
    assert isinstance(later[0], Crossing) and later[0].since == first.at + 1


def test_what_comes_later_does_not_change_what_was_found() -> None:
    y = (np.arange(len(P)) % 3 == 0).astype(float)
    scores = make_scores(P, 0.7 * P)
    whole = compute_chart(y, P, scores, rate=0.01)
    part = compute_chart(y[:6], P[:6], make_scores(P[:6], 0.7 * P[:6]), rate=0.01)
    np.testing.assert_array_equal(whole.iloc[:6].to_numpy(), part.to_numpy())


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_risks_of_0_and_1_are_no_trouble(p: float) -> None:
    risk = np.full(4, p)
    chart = compute_chart(np.full(4, p), risk, make_scores(risk, 0.7 * risk), rate=0.001)
    assert not chart["crossed"].any()
