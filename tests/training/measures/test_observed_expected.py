from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest

from features.arrays import FloatArray
from training.measures.observed_expected import compute_o_e


@pytest.mark.parametrize(("events", "n"), [(0, 5), (1, 1), (3, 5), (5, 5), (11, 30)])
def test_like_risks_give_clopper_and_pearsons_interval(events: int, n: int) -> None:
    y = np.repeat([1.0, 0.0], [events, n - events])
    found = compute_o_e(y, np.full(n, 0.6))
    share = binomtest(events, n).proportion_ci(0.95, method="exact")
    assert found.estimate == pytest.approx(events / n / 0.6)
    assert found.low == pytest.approx(share.low / 0.6)
    assert found.high == pytest.approx(share.high / 0.6)


def test_nobody_gives_no_number() -> None:
    assert np.isnan(compute_o_e([], [])).all()


def _compute_event_distribution(p: FloatArray) -> FloatArray:
    """Return how probable 0, 1, ... events are: adding patients one by one."""
    found = np.ones(1)
    for risk in p:
        found = np.convolve(found, [1 - risk, risk])
    return found


_SPREAD = expit(np.linspace(-3, 3, 12))


@pytest.mark.parametrize(
    "true",
    [
        pytest.param(_SPREAD, id="as estimated"),
        pytest.param(0.7 * _SPREAD, id="fewer"),
        pytest.param(np.full(12, _SPREAD.mean()), id="all alike"),
        pytest.param(_SPREAD[::-1], id="the wrong way round"),
    ],
)
def test_interval_covers_the_true_ratio_in_twelve_patients(true: FloatArray) -> None:
    # Every outcome's interval, weighed by how probable the outcome is: no simulation.
    covered, ratio = 0.0, true.sum() / _SPREAD.sum()
    for events, probability in enumerate(_compute_event_distribution(true)):
        found = compute_o_e(np.repeat([1.0, 0.0], [events, 12 - events]), _SPREAD)
        covered += probability * (found.low <= ratio <= found.high)
    assert covered >= 0.95
