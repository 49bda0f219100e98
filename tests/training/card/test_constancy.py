"""A model that gives everyone the same estimate is known by its results, each way by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.helpers.cards import small_card, small_facts, small_results
from tests.training.helpers.review_cards import make_results
from training.card.constancy import is_deployable, list_constant
from training.card.gates import compute_gates
from training.card.schema import Body
from training.store.results import Results


def _results() -> dict[str, Any]:
    return make_results(small_facts())


def _constant(results: dict[str, Any]) -> list[str]:
    return list(list_constant(Results.model_validate(results)))


def _members(results: dict[str, Any]) -> list[dict[str, Any]]:
    return [member for blend in results["blend"].values() for member in blend["members"]]


def test_a_model_that_tells_patients_apart_is_not_constant() -> None:
    assert _constant(_results()) == []


def test_the_model_itself_is_constant() -> None:
    results = _results()
    results["blend"]["response"]["constant"] = True
    # At T2 those who keep their response may still be told apart.
    assert _constant(results) == ["t1"]
    for blend in results["blend"].values():
        blend["constant"] = True
    assert _constant(results) == ["t1", "t2"]


# 0.004 of the weight is shown as 0.00.
@pytest.mark.parametrize(("weight", "constant"), [(0.0, True), (0.004, True), (0.2, False)])
def test_all_the_weight_lies_on_the_prevalence(weight: float, constant: bool) -> None:
    results = _results()
    for member in _members(results):
        member["weight"] = 1 - weight if member["name"] == "prevalence" else weight
    assert bool(_constant(results)) is constant


def test_members_with_a_weight_are_constant_themselves() -> None:
    results = _results()
    for member in _members(results):
        member["constant"] = True
    assert _constant(results) == ["t1", "t2"]


def test_a_slope_of_nothing_leaves_nothing() -> None:
    results = _results()
    for blend in results["blend"].values():
        blend["slope"] = 0.0
    assert _constant(results) == ["t1", "t2"]


@given(st.floats(0, 0.2))
def test_nothing_in_a_record_moves_the_estimate_by_a_rounded_percent(moved: float) -> None:
    results = _results()
    rows = [row for row in results["importance"] if row["horizon"] == "t1"]
    for row in rows:
        row["mean_absolute_contribution"] = moved / len(rows)
    total = sum(row["mean_absolute_contribution"] for row in rows)
    assert _constant(results) == (["t1"] if total < 0.005 else [])


@pytest.mark.parametrize(("spread", "constant"), [(0.0, True), (0.004, True), (0.02, False)])
def test_the_estimates_of_the_patients_have_no_spread(spread: float, constant: bool) -> None:
    results = _results()
    groups = results["calibration"]["t2"]["groups"]
    for place, group in enumerate(groups):
        group["predicted"] = 0.58 + spread * place / (len(groups) - 1)
    assert _constant(results) == (["t2"] if constant else [])


def test_one_group_of_patients_tells_no_spread() -> None:
    results = _results()
    for found in results["calibration"].values():
        found["groups"] = found["groups"][:1]
    assert _constant(results) == []


@pytest.mark.parametrize("number", [4, 5])
def test_gates_of_a_constant_model_are_fixed(number: int) -> None:
    body = small_card().body.to_json()
    body["results"] = _results()
    free = compute_gates(Body.model_validate(body))
    assert [gate.fixed for gate in free] == [""] * 12
    for row in body["results"]["importance"]:
        row["mean_absolute_contribution"] = 0.0
    gates = compute_gates(Body.model_validate(body))
    assert [gate.number for gate in gates if gate.fixed] == [4, 5]
    assert gates[number - 1].fixed.startswith("at T1 and T2 the model gives everyone the same")


def test_the_data_bear_a_model_with_patients_skill_and_a_spread() -> None:
    assert is_deployable(Results.model_validate(_results()))
    few, unskilled, constant = _results(), _results(), _results()
    few["sample_size"]["t2"]["enough"] = False
    for row in unskilled["performance"]["t1"]["rows"]:
        if row["metric"] == "brier_skill":
            row["low"] = 0.0
    for row in constant["importance"]:
        row["mean_absolute_contribution"] = 0.0005
    for results in (few, unskilled, constant, small_results()):
        assert not is_deployable(Results.model_validate(results))
