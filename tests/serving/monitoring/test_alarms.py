from __future__ import annotations

import numpy as np

from serving.monitoring.alarms import QUESTIONS, find_alarms
from serving.monitoring.charts import SHARES, compute_outcome_charts
from tests.serving.monitoring.arrays import make_followed


def test_every_chart_has_its_question() -> None:
    assert set(QUESTIONS) == set(SHARES)


def test_an_alarm_tells_what_when_and_what_to_do() -> None:
    y = np.concatenate([np.tile([1.0, 1.0, 0.0], 10), np.zeros(20)])
    followed = make_followed(y)
    chart = compute_outcome_charts(followed)[0]
    first = find_alarms(chart, followed)[0]
    assert first.chart == "first_fewer"
    assert 29 <= first.since_number <= 31
    assert first.observed <= 1 < first.expected
    assert first.at == followed.reported["t1"][first.number - 1]
    assert first.kind == "monitor:first_fewer"
    for part in ("Fewer respond than estimated (T1)", "responders where", "2027", "update"):
        assert part in first.text


def test_an_alarm_of_one_outcome_does_not_tell_it() -> None:
    followed = make_followed(np.zeros(1), 1.0)
    (alarm,) = find_alarms(compute_outcome_charts(followed)[0], followed)
    assert (alarm.number, alarm.observed) == (1, 0)
    assert f"(T1): the limit was crossed on {alarm.day}; fewer than 3 outcomes up to" in alarm.text


def test_a_quiet_chart_has_no_alarm() -> None:
    followed = make_followed(np.tile([1.0, 1.0, 0.0], 10))
    assert find_alarms(compute_outcome_charts(followed)[0], followed) == []
