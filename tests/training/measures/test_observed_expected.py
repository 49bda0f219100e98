from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from training.measures.observed_expected import compute_event_distribution, compute_o_e


def test_events_of_like_patients_are_binomial() -> None:
    found = compute_event_distribution(np.full(7, 0.3))
    np.testing.assert_allclose(found, binom.pmf(np.arange(8), 7, 0.3), atol=1e-15)


def test_events_of_two_unlike_patients() -> None:
    # none: 0.8 x 0.5; both: 0.2 x 0.5
    np.testing.assert_allclose(compute_event_distribution([0.2, 0.5]), [0.4, 0.5, 0.1])


@pytest.mark.parametrize(("events", "n"), [(0, 5), (1, 1), (3, 5), (5, 5), (11, 30)])
def test_like_risks_give_clopper_and_pearsons_interval(events: int, n: int) -> None:
    y = np.repeat([1.0, 0.0], [events, n - events])
    found = compute_o_e(y, np.full(n, 0.6))
    share = binomtest(events, n).proportion_ci(0.95, method="exact")
    assert found.estimate == pytest.approx(events / n / 0.6)
    assert found.low == pytest.approx(share.low / 0.6, abs=1e-5)
    assert found.high == pytest.approx(share.high / 0.6, abs=1e-5)


def test_nobody_gives_no_number() -> None:
    assert np.isnan(compute_o_e([], [])).all()


def test_interval_covers_the_true_ratio_in_twelve_patients() -> None:
    rng = np.random.default_rng(3)
    risk = rng.uniform(0.2, 0.9, 12)
    # Every outcome's interval, weighed by how probable the outcome is: no simulation.
    covered = 0.0
    for events, probability in enumerate(compute_event_distribution(risk)):
        y = np.repeat([1.0, 0.0], [events, 12 - events])
        found = compute_o_e(y, risk)
        covered += probability * (found.low <= 1 <= found.high)
    assert covered >= 0.95
