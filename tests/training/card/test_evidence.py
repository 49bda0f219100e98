"""The numbers behind the gates."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.helpers.cards import small_card, small_results
from training.card.evidence import PLACE_OF, GateNumbers, Mark, collect_evidence
from training.card.gates import compute_gates
from training.card.render import render_html

NUMBERS = st.floats(-5, 5)


def collect(results: dict[str, Any]) -> dict[int, GateNumbers]:
    return collect_evidence(small_card(results).body)


def change(results: dict[str, Any], part: str, metric: str, **values: float | None) -> None:
    for horizon in results["study"]["horizons"]:
        row = next(r for r in results[part][horizon]["rows"] if r["metric"] == metric)
        row.update(values)


def test_each_gate_leads_to_a_place_of_the_card() -> None:
    card = small_card()
    assert list(PLACE_OF) == [gate.number for gate in compute_gates(card.body)]
    page = render_html(card)
    for place in PLACE_OF.values():
        assert f'id="{place}"' in page


def test_numbers_are_those_of_the_run_beside_what_is_asked() -> None:
    results = small_results()
    change(results, "performance", "brier_skill", estimate=0.1, low=-0.02, high=0.2)
    change(results, "optimism", "calibration_slope", corrected=0.9, low=0.4, high=1.3)
    for part in results["instability"].values():
        part["mean_absolute_prediction_error"] = 0.07
    results["sites"] = {"done": True, "text": "two", "o_e": {"t1": 1.1, "t2": None}}
    found = collect(results)
    assert found[4].marks[0] == Mark("T1", 0.1, -0.02, 0.2)
    assert (found[4].low, found[4].high, found[4].whole) == (0.0, None, True)
    assert found[5].marks[1] == Mark("T2", 0.9, 0.4, 1.3)
    assert (found[5].low, found[5].high) == (0.8, 1.2)
    assert (found[6].marks[0], found[6].low, found[6].high) == (Mark("T1", 0.07), None, 0.1)
    assert found[9].marks == (Mark("T1", 1.1),)
    assert found[9].high == pytest.approx(math.exp(0.2))
    size = results["sample_size"]["t1"]
    assert found[2].marks[0].value == pytest.approx(size["n"] / size["needed"]["n"])


def test_a_null_test_shows_the_farthest_from_a_coin() -> None:
    results = small_results()
    results["null_test"] = {
        "done": True,
        "n_permutations": 100,
        "rows": [
            {"model": m, "horizon": "t1", "auc": auc, "n_permutations": 100, "verdict": verdict}
            for m, auc, verdict in (
                ("blend", 0.5, "passed"),
                ("ridge", 0.42, "failed"),
                ("trees", 0.53, "passed"),
                ("none", 0.9, "constant"),
            )
        ],
    }
    found = collect(results)[3]
    assert found.marks == (Mark("T1", 0.42, 0.42, 0.53),)
    assert not found.holds(found.marks[0])


def test_what_was_not_found_is_left_out() -> None:
    results = small_results()
    for part in ("null_test", "sites", "optimism"):
        results[part] = {"done": False, "reason": "left out"}
    results["instability"] = {}
    results["decision"] = {h: {"done": False, "reason": "none"} for h in results["decision"]}
    change(results, "performance", "brier_skill", estimate=None, low=None, high=None)
    assert set(collect(results)) <= {2}


def test_a_gain_of_nothing_is_none() -> None:
    results = small_results()
    for curve in results["decision"].values():
        for row in curve["rows"]:
            row |= {"net_benefit": 0.2, "treat_all": 0.2, "treat_none": 0.0}
    found = collect(results)[7]
    assert found.marks[0].value == 0
    assert not found.holds(found.marks[0])


@given(value=NUMBERS, ends=st.tuples(NUMBERS, NUMBERS).map(sorted), asked=NUMBERS)
def test_the_whole_interval_has_to_lie_above_where_that_is_asked(
    value: float, ends: list[float], asked: float
) -> None:
    mark = Mark("T1", value, *ends)
    assert GateNumbers("x", (mark,), asked, whole=True).holds(mark) is (ends[0] > asked)
    assert GateNumbers("x", (mark,), asked).holds(mark) is (value >= asked)
    assert GateNumbers("x", (mark,), None, asked).holds(mark) is (value <= asked)
    assert GateNumbers("x", (mark,)).holds(mark)
