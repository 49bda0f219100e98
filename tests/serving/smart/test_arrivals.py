from __future__ import annotations

from serving.smart.arrivals import Arrival, Arrivals


def test_what_is_filled_in_is_taken_once():
    arrivals = Arrivals()
    arrival = Arrival({"nrs_t0": "8"}, ["a note"])
    word = arrivals.keep(arrival)
    assert arrivals.take("another") is None
    assert [arrivals.take(word), arrivals.take(word)] == [arrival, None]


def test_what_nobody_takes_is_forgotten():
    now = [0.0]
    arrivals = Arrivals(clock=lambda: now[0])
    word = arrivals.keep(Arrival({}))
    now[0] = 301.0
    assert arrivals.take(word) is None
    kept = [arrivals.keep(Arrival({})) for _ in range(1001)]
    assert arrivals.take(kept[0]) is None and arrivals.take(kept[1]) is not None
