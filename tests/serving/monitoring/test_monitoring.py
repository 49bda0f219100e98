from __future__ import annotations

import numpy as np
import pytest

from serving.monitoring.monitoring import compute_monitoring
from tests.serving.monitoring.arrays import DAY, START, make_before, make_followed

NOW = START + 900 * DAY


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_handful_of_patients_is_a_normal_state(n: int) -> None:
    found = compute_monitoring(make_followed(np.zeros(n)), make_before(), now=NOW)
    assert found.alarms == []
    assert found.requests == n
    assert len(found.reporting) == 2


def test_a_planted_drop_is_found_and_no_drop_is_not() -> None:
    rng = np.random.default_rng(9)
    risk = rng.uniform(0.4, 0.8, 100)
    quiet = (rng.random(100) < risk).astype(float)
    dropped = np.where(np.arange(100) < 40, quiet, rng.random(100) < 0.5 * risk)
    for y, alarms in ((quiet, set()), (dropped, {"first_fewer"})):
        found = compute_monitoring(make_followed(y, risk), make_before(), now=NOW)
        assert {alarm.chart for alarm in found.alarms} == alarms
    assert found.alarms == sorted(found.alarms, key=lambda alarm: alarm.at)
