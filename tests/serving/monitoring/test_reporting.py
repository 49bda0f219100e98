from __future__ import annotations

import numpy as np
import pytest

from serving.monitoring.reporting import compute_reporting
from tests.serving.monitoring.arrays import DAY, START, make_followed

NOW = START + 400 * DAY


def test_overdue_outcomes_are_counted_and_what_they_could_hide_is_told() -> None:
    y = np.concatenate([np.tile([1.0, 1.0, 0.0], 4), np.full(8, np.nan)])
    found = compute_reporting(make_followed(y), now=NOW).loc["t1"]
    assert (found["known"], found["due"], found["overdue"]) == (12, 20, 8)
    assert found["days"] == 30
    assert found["o_e"] == pytest.approx(8 / 7.2)
    # of 12 expected among 20: 8 if none of the overdue responded, 16 if all did
    assert found["o_e_none"] == pytest.approx(8 / 12)
    assert found["o_e_all"] == pytest.approx(16 / 12)
    assert found["could_hide"]


def test_one_or_two_outcomes_are_not_told() -> None:
    found = compute_reporting(make_followed(np.array([1.0, 0.0, np.nan])), now=NOW).loc["t1"]
    assert (found["known"], found["overdue"]) == (2, 1)
    told = ["days", "risk_known", "risk_overdue", "o_e", "o_e_none", "o_e_all"]
    assert found[told].isna().all()


def test_what_is_not_due_is_not_missing() -> None:
    y = np.full(3, np.nan)
    found = compute_reporting(make_followed(y), now=START + 20 * DAY)
    assert (found["overdue"] == 0).all()
    assert found["share"].isna().all()
    assert not found["could_hide"].any()


def test_days_until_due_are_a_setting() -> None:
    y = np.full(3, np.nan)
    found = compute_reporting(make_followed(y), now=START + 20 * DAY, due_days={"t1": 10, "t2": 99})
    assert found["overdue"].to_dict() == {"t1": 2, "t2": 0}


def test_waits_at_t2_are_those_of_responders() -> None:
    y = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    followed = make_followed(y)
    implied = np.where(y == 1, followed.reported["t2"], followed.at + 180 * DAY)
    changed = make_followed(y, reported={**followed.reported, "t2": implied})
    found = compute_reporting(changed, now=NOW)
    assert found["days"].to_dict() == {"t1": 30, "t2": 60}
