from __future__ import annotations

import re

import numpy as np
import pytest

from serving.monitoring.monitoring import compute_monitoring
from serving.monitoring.summary import make_monitoring_summary
from serving.monitoring.watch import Watched
from tests.serving.monitoring.arrays import DAY, START, make_before, make_followed


def tell(y, **options) -> tuple[str, ...]:
    now = START + 2000 * DAY
    found = compute_monitoring(make_followed(np.asarray(y, float)), make_before(), now=now)
    return make_monitoring_summary(Watched("demo:3", "d" * 64, "", found, **options))


@pytest.mark.parametrize(
    ("n", "first", "second"),
    [
        (0, "Too few to say: no outcome", "At T1 no outcome that counts has been reported yet."),
        (1, "Too few to say: with fewer than 3 reported", "At T1 fewer than 3 outcomes"),
        (5, "Too few to say: with 5 reported outcomes no chart", "At T1 5 of 5 responded"),
        (30, "No limit has been crossed.", "At T1 15 of 30 responded where 18.0 were expected"),
    ],
)
def test_few_patients_are_told_as_such(n, first, second):
    told = tell(np.ones(n) if n < 10 else np.tile([1, 0], n // 2))
    assert told[0].startswith(first)
    assert told[1].startswith(second)
    assert ("say little" in told[1]) == (n == 5)


def test_an_alarm_stands_first_but_for_a_suspension():
    y = np.zeros(12)
    assert tell(y)[0].startswith("Fewer respond than estimated (T1): the limit was crossed on")
    told = tell(y, suspended="looked into", remarks=("One remark.",))
    assert told[0] == "This model is suspended: looked into."
    assert told[-1] == "One remark."


def test_a_limit_that_is_crossed_again_is_told_as_the_last_of_how_many():
    assert "crossings" not in tell(np.zeros(9))[0]
    text = tell(np.zeros(30))[0]
    (told,) = re.findall(
        r"crossed on (\S+);.* last of (\d+) crossings, the first was on (\S+):", text
    )
    assert int(told[1]) > 1
    assert told[0] > told[2]


def test_what_is_not_reported_is_told_with_what_it_could_change():
    told = tell(np.concatenate([np.tile([1.0, 1, 0], 4), np.full(8, np.nan)]))
    (text,) = [text for text in told if text.startswith("Of 20 outcomes due at T1, 8 are not")]
    assert "anything from 0.67 to 1.33. They could hide a change" in text
