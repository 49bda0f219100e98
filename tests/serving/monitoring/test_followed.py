from __future__ import annotations

import numpy as np
import pytest

from features.errors import InputError
from tests.serving.monitoring.arrays import DAY, START, make_followed


def test_outcomes_come_in_the_order_of_their_reports() -> None:
    reported = START + DAY * np.array([300, 200, 250, 0])
    reported[3] = np.datetime64("NaT")
    y = np.array([1.0, 0.0, 1.0, np.nan])
    times = {"t1": reported, "t2": reported}
    followed = make_followed(y, reported=times)
    assert followed.find_order("t1").tolist() == [1, 2, 0]


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        make_followed(np.array([1.0, 0.5]), np.array([0.2, 1.2]), at=np.array([START + DAY, START]))
    text = str(caught.value)
    for part in ("at: expected times in order", "risk t1", "outcome t1"):
        assert part in text


@pytest.mark.parametrize("risk", [np.inf, -0.1])
def test_an_estimate_that_is_no_probability_is_refused(risk: float) -> None:
    with pytest.raises(InputError, match="risk t1: expected 0 to 1"):
        make_followed(np.array([1.0, 0.0]), np.array([0.2, risk]))


def test_lengths_that_differ_are_told() -> None:
    with pytest.raises(InputError, match="missing: expected one row for each of 2 requests"):
        make_followed(np.array([1.0, 0.0]), missing=np.zeros(3, dtype=np.int64))
