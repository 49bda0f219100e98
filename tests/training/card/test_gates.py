"""The twelve gates: each result stated by hand, on either side of its threshold."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.training.helpers.cards import DIGEST, full_author, small_card, small_facts, small_results
from tests.training.helpers.network_cards import network_card, network_results
from training.approval.gate import Gate
from training.card.author import empty_author
from training.card.card import make_card
from training.card.gates import compute_flags, compute_gates
from training.card.schema import Body, GateSettings
from training.card.words import interval
from training.document.words import UNDESCRIBED
from training.store.results import Results

BODY = small_card().body.to_json()


def _body() -> dict[str, Any]:
    return copy.deepcopy(BODY)


def _gate(number: int, body: dict[str, Any]) -> Gate:
    return compute_gates(Body.model_validate(body))[number - 1]


HORIZONS = ("t1", "t2")


def _metric(
    body: dict[str, Any],
    part: str,
    metric: str,
    *,
    at: tuple[str, ...] = HORIZONS,
    **values: float | None,
) -> None:
    for horizon in at:
        for row in body["results"][part][horizon]["rows"]:
            if row["metric"] == metric:
                row.update(values)


def test_all_twelve_come_in_order() -> None:
    gates = compute_gates(small_card().body)
    assert [gate.number for gate in gates] == list(range(1, 13))
    assert [gate.name for gate in gates] == [
        "frozen before training",
        "sample size reported",
        "null test",
        "better than the base rate",
        "calibration",
        "stability",
        "net benefit",
        "subgroups",
        "validation in other patients",
        "card complete",
        "two reviewers",
        "real patients",
    ]


def test_a_gate_says_what_was_found_against_what_and_what_to_do() -> None:
    gate = _gate(12, _body())
    assert (gate.value, gate.threshold) == ("simulated patients", "no simulated patient")
    assert gate.more == "a model of simulated data stays a demonstration for ever"
    assert gate.text == f"simulated patients (asked: no simulated patient); {gate.more}"
    passed = _gate(8, _body())
    asked = 'a table; under 10 events or non-events "not estimable"'
    assert (passed.threshold, passed.more) == (asked, "")
    assert passed.text == f"{passed.value} (asked: {asked})"


def test_1_a_range_of_thresholds_has_to_be_set_beforehand() -> None:
    body = _body()
    assert _gate(1, body).status == "pass"
    body["results"]["study"]["thresholds"] = None
    gate = _gate(1, body)
    assert gate.status == "fail"
    assert "range of decision thresholds" in gate.text


def test_2_the_shortfall_is_stated() -> None:
    body = _body()
    needed = body["results"]["sample_size"]["t1"]["needed"]["n"]
    assert f"{needed} needed" in _gate(2, body).value
    del body["results"]["sample_size"]["t2"]
    assert _gate(2, body).status == "fail"


def _null(*aucs: float | None, n: int = 100, verdict: str = "passed") -> dict[str, Any]:
    rows = [
        {"horizon": "t1", "model": f"m{i}", "auc": auc, "verdict": verdict, "n_permutations": n}
        for i, auc in enumerate(aucs)
    ]
    return {"done": True, "n_permutations": n, "rows": rows}


@pytest.mark.parametrize(
    ("null_test", "status"),
    [
        (_null(0.45, 0.55), "pass"),
        (_null(0.50, 0.551, verdict="failed"), "fail"),
        (_null(0.449), "fail"),
        (_null(0.50, n=99), "fail"),
        (_null(0.50, verdict="uncertain"), "fail"),
        # A constant candidate has nothing to judge.
        (
            {**_null(0.5), "rows": [*_null(0.5)["rows"], *_null(None, verdict="constant")["rows"]]},
            "pass",
        ),
    ],
)
def test_3_every_model_finds_nothing_in_permuted_outcomes(
    null_test: dict[str, Any], status: str
) -> None:
    body = _body()
    body["results"]["null_test"] = null_test
    assert _gate(3, body).status == status


@pytest.mark.parametrize(
    ("null_test", "value"),
    [
        (_null(0.47, 0.53, 0.5), "100 permutations, mean AUC 0.470 to 0.530"),
        (_null(0.5, 0.5), "100 permutations, mean AUC 0.500"),
        (_null(None, None, verdict="constant"), "100 permutations, every model constant"),
    ],
)
def test_3_the_least_and_the_greatest_auc_are_told(null_test: dict[str, Any], value: str) -> None:
    body = _body()
    body["results"]["null_test"] = null_test
    assert _gate(3, body).value == value


def test_3_without_a_null_test_the_reason_and_the_command_are_told() -> None:
    gate = _gate(3, _body())
    assert (gate.status, gate.value) == ("fail", "not run")
    assert "no null test was run" in gate.text
    assert "ketresponse train" in gate.text


@pytest.mark.parametrize(
    ("low", "status"), [(0.001, "pass"), (0.0, "fail"), (-0.1, "fail"), (None, "fail")]
)
def test_4_the_interval_of_the_brier_skill_lies_above_zero(low: float | None, status: str) -> None:
    body = _body()
    _metric(body, "performance", "brier_skill", estimate=0.1, low=low, high=0.2)
    assert _gate(4, body).status == status


def test_4_a_model_with_skill_is_told_nothing_more() -> None:
    body = _body()
    _metric(body, "performance", "brier_skill", estimate=0.1, low=0.05, high=0.2)
    assert _gate(4, body).more == ""


def test_2_a_horizon_without_a_report_is_named() -> None:
    body = _body()
    del body["results"]["sample_size"]["t2"]
    gate = _gate(2, body)
    assert gate.status == "fail"
    assert "no report" in gate.value


@pytest.mark.parametrize("worse", HORIZONS)
def test_4_one_horizon_without_skill_is_enough_to_fail(worse: str) -> None:
    body = _body()
    _metric(body, "performance", "brier_skill", estimate=0.1, low=0.05, high=0.2)
    _metric(body, "performance", "brier_skill", at=(worse,), low=-0.01)
    gate = _gate(4, body)
    assert gate.status == "fail"
    assert "no evidence that it predicts better" in gate.text


@pytest.mark.parametrize("worse", HORIZONS)
def test_5_one_horizon_out_of_calibration_is_enough_to_fail(worse: str) -> None:
    body = _body()
    _metric(body, "optimism", "calibration_slope", corrected=1.0, low=0.5, high=1.5)
    assert _gate(5, body).status == "pass"
    _metric(body, "optimism", "calibration_slope", at=(worse,), corrected=0.7)
    assert _gate(5, body).status == "fail"


@pytest.mark.parametrize(
    ("slope", "status"),
    [(0.8, "pass"), (1.2, "pass"), (0.79, "fail"), (1.21, "fail"), (None, "fail")],
)
def test_5_the_corrected_slope_lies_near_one(slope: float | None, status: str) -> None:
    body = _body()
    _metric(body, "optimism", "calibration_slope", corrected=slope, low=0.5, high=1.5)
    gate = _gate(5, body)
    assert gate.status == status
    assert "not counted: no external validation" in gate.text
    if slope is not None:
        assert "(0.50 to 1.50)" in gate.value


def test_5_tells_why_there_is_no_corrected_slope() -> None:
    body = _body()
    why = "these reruns give the optimism only to within 0.4: not corrected"
    _metric(body, "optimism", "calibration_slope", corrected=None, low=None, high=None, note=why)
    gate = _gate(5, body)
    assert gate.status == "fail"
    assert "not estimable" in gate.value
    assert why in gate.text


# exp(0.2) = 1.2214, exp(-0.2) = 0.8187
@pytest.mark.parametrize(
    ("o_e", "status"), [(1.22, "pass"), (1.23, "fail"), (0.82, "pass"), (0.81, "fail")]
)
def test_5_in_other_patients_observed_over_expected_counts(o_e: float, status: str) -> None:
    body = _body()
    _metric(body, "optimism", "calibration_slope", corrected=1.0, low=0.5, high=1.5)
    for ratios in ({"t1": o_e, "t2": 1.0}, {"t1": 1.0, "t2": o_e}):
        body["results"]["sites"] = {"done": True, "text": "two sites", "o_e": ratios}
        assert _gate(5, body).status == status
        assert _gate(9, body).status == "pass"


@pytest.mark.parametrize("o_e", [0.0, None])
def test_5_an_observed_over_expected_that_is_no_ratio_fails(o_e: float | None) -> None:
    body = _body()
    _metric(body, "optimism", "calibration_slope", corrected=1.0, low=0.5, high=1.5)
    body["results"]["sites"] = {"done": True, "text": "two sites", "o_e": {"t1": o_e, "t2": 1.0}}
    assert _gate(5, body).status == "fail"


@pytest.mark.parametrize(("error", "status"), [(0.10, "pass"), (0.101, "fail")])
def test_6_estimates_hold_still(error: float, status: str) -> None:
    body = _body()
    for found in body["results"]["instability"].values():
        found["mean_absolute_prediction_error"] = error
    assert _gate(6, body).status == status


def _still_body() -> dict[str, Any]:
    """Return a body whose estimates hold still, with two thresholds a horizon."""
    body = _body()
    for horizon, found in body["results"]["instability"].items():
        found["mean_absolute_prediction_error"] = 0.05
        most = 0.31 if horizon == "t1" else 0.22
        found["classification"] = [
            {**found["classification"][0], "classification_instability": share}
            for share in (0.12, most)
        ]
    return body


@pytest.mark.parametrize("worse", HORIZONS)
def test_6_one_horizon_that_moves_is_enough_to_fail(worse: str) -> None:
    body = _still_body()
    assert _gate(6, body).status == "pass"
    body["results"]["instability"][worse]["mean_absolute_prediction_error"] = 0.2
    assert _gate(6, body).status == "fail"


@pytest.mark.parametrize("hidden", [("t1",), ("t2",), HORIZONS])
def test_6_classification_instability_has_to_be_shown(hidden: tuple[str, ...]) -> None:
    body = _still_body()
    for horizon in hidden:
        body["results"]["instability"][horizon]["classification"] = []
    gate = _gate(6, body)
    assert gate.status == "fail"
    assert "set it in the study and train again" in gate.text
    body["results"]["instability"] = {}
    assert _gate(6, body).value == "not run"
    body["results"]["cohort"]["n_patients"] = 100_000
    gate = _gate(6, body)
    assert gate.status == "fail" and "not judged: no bootstrap reruns were made" in gate.text
    assert "100000 patients" in gate.text and "bootstrap_reruns" in gate.text


def test_6_tells_the_most_that_change_sides_at_any_threshold() -> None:
    gate = _gate(6, _still_body())
    assert "0.050, up to 31% change sides" in gate.value
    assert "0.050, up to 22% change sides" in gate.value


def _decide(*rows: tuple[float, float]) -> dict[str, Any]:
    return {
        "done": True,
        "range": [0.3, 0.6],
        "rows": [
            {"threshold": 0.3, "net_benefit": model, "treat_all": everyone, "treat_none": 0.0}
            for model, everyone in rows
        ],
    }


@pytest.mark.parametrize(
    ("rows", "status", "worst", "above"),
    [
        ([(0.30, 0.29), (0.05, -0.2)], "pass", "0.010", 2),
        ([(0.30, 0.30), (0.05, -0.2)], "fail", "0.000", 1),  # no better than treating all
        ([(0.30, 0.29), (-0.01, -0.2)], "fail", "-0.010", 1),  # worse than treating none
    ],
)
def test_7_net_benefit_is_the_highest_all_over_the_range(
    rows: list[tuple[float, float]], status: str, worst: str, above: int
) -> None:
    good = _decide((0.3, 0.2))
    for decided in ({"t1": _decide(*rows), "t2": good}, {"t1": good, "t2": _decide(*rows)}):
        body = _body()
        body["results"]["decision"] = decided
        gate = _gate(7, body)
        assert gate.status == status
        told = f"{worst} at worst, above at {above} of 2 thresholds"
        assert told in gate.value.replace("\N{MINUS SIGN}", "-")


def test_7_a_range_that_was_not_set_is_a_fail() -> None:
    body = _body()
    reason = {"done": False, "reason": "no range was set", "command": "set it"}
    body["results"]["decision"] = {"t1": reason, "t2": reason}
    gate = _gate(7, body)
    assert (gate.status, gate.value) == ("fail", "not computed")
    assert "no range was set; set it" in gate.text


@pytest.mark.parametrize(
    ("events", "auc", "status"), [(10, 0.6, "pass"), (9, None, "pass"), (9, 0.6, "fail")]
)
def test_8_small_subgroups_are_not_estimated(events: int, auc: float | None, status: str) -> None:
    body = _body()
    row = {"variable": "Sex", "subgroup": "male", "n": 40, "events": events, "auc": auc}
    body["results"]["subgroups"] = {"t1": [row], "t2": []}
    assert _gate(8, body).status == status


def test_8_without_subgroups_the_reason_is_told() -> None:
    body = _body()
    body["results"]["subgroups"] = {"done": False, "reason": "no variable for them was recorded"}
    gate = _gate(8, body)
    assert (gate.status, gate.value) == ("fail", "not computed")
    assert "no variable for them was recorded" in gate.text


def test_9_without_other_patients_only_silent_evaluation_is_left() -> None:
    gate = _gate(9, _body())
    assert (gate.status, gate.value) == ("fail", "no external validation")
    assert "silent prospective evaluation" in gate.text
    assert "ketresponse validate" in gate.text


def test_10_every_field_is_answered() -> None:
    filled = _gate(10, _body())
    assert (filled.status, filled.more) == ("pass", "")
    # Also on a card that was made before answers were looked at: it called them filled.
    body = _body()
    for key, said in body["author"].items():
        body["author"][key] = said and (["ok"] if isinstance(said, list) else "ok")
    assert "people.developer: 'ok' says nothing in words" in _gate(10, body).more
    gate = _gate(10, small_card(author=empty_author()).body.to_json())
    assert gate.status == "fail"
    assert "card check" in gate.text


@pytest.mark.parametrize("what", ["population", "treatment"])
def test_10_what_stands_on_every_answer_is_described(what: str) -> None:
    body = _body()
    body["results"]["study"][what] = f"{UNDESCRIBED}: who, where, which years"
    gate = _gate(10, body)
    assert gate.status == "fail"
    assert f"the study's {what} is not described: describe it and train again" in gate.more


def test_11_two_reviewers_are_the_logs_to_tell() -> None:
    assert _gate(11, _body()).status == "fail"


def test_12_simulated_patients_never_pass() -> None:
    body = _body()
    assert _gate(12, body).status == "fail"
    body["model"]["synthetic"] = False
    assert _gate(12, body).status == "fail"
    body["results"]["cohort"]["synthetic"] = False
    gate = _gate(12, body)
    assert (gate.status, gate.value) == ("fail", "not marked as simulated; declared real by nobody")
    assert "study.declared_real_by in the author's file names the author" in gate.more
    body["author"]["study.declared_real_by"] = "somebody"
    assert _gate(12, body).status == "fail"
    body["author"]["study.declared_real_by"] = "Dr. B. Writer"
    gate = _gate(12, body)
    declared = "not marked as simulated; declared real by Dr. B. Writer"
    assert (gate.status, gate.value, gate.more) == ("pass", declared, "")
    body["results"]["cohort"]["synthetic"] = True
    assert _gate(12, body).value == "simulated patients"


def test_thresholds_are_settings() -> None:
    body = _body()
    _metric(body, "optimism", "calibration_slope", corrected=0.7, low=0.5, high=1.5)
    assert _gate(5, body).status == "fail"
    body["gate_settings"] = GateSettings(slope_low=0.6).model_dump()
    assert _gate(5, body).status == "pass"


@pytest.mark.parametrize(("auc", "flagged"), [(0.85, False), (0.86, True), (None, False)])
def test_an_auc_too_good_to_be_true_asks_for_a_leakage_review(
    auc: float | None, flagged: bool
) -> None:
    results = small_results()
    for row in results["performance"]["t1"]["rows"]:
        if row["metric"] == "auc":
            row["estimate"] = auc
    assert bool(compute_flags(Results.model_validate(results), GateSettings())) is flagged
    card = small_card(results)
    assert (_gate(10, card.body.to_json()).status == "fail") is flagged
    answered = full_author() | {"extra.leakage_review": "looked by hand, none found"}
    assert _gate(10, small_card(results, answered).body.to_json()).status == "pass"


_RUNS = {
    "null_test": (3, "ketresponse train STUDY --null-test 100"),
    "optimism": (5, "ketresponse train STUDY"),
    "subgroups": (8, "ketresponse train STUDY"),
    "sites": (9, "ketresponse validate NAME FILE"),
}


@pytest.mark.parametrize("part", _RUNS)
def test_what_fills_a_gate_is_told_apart_from_what_it_says(part: str) -> None:
    number, command = _RUNS[part]
    body = _body()
    for given in (command, ""):
        body["results"][part] = {"done": False, "reason": "left out", "command": given}
        gate = _gate(number, body)
        assert command not in gate.told
        assert (command in gate.text) is bool(given)
        assert (gate.text == gate.told) is (not given)


def test_5_a_slope_that_was_not_corrected_says_why_and_fails() -> None:
    body = _body()
    _metric(body, "optimism", "calibration_slope", corrected=1.0, low=0.9, high=1.1, note="")
    _metric(
        body, "optimism", "calibration_slope", at=("t2",), corrected=None, note="too few reruns"
    )
    gate = _gate(5, body)
    assert gate.status == "fail"
    assert "T2: too few reruns" in gate.more
    assert "T1" not in gate.more


def test_at_left_out_centres_there_is_no_optimism_to_correct() -> None:
    body = network_card().body
    gate = compute_gates(body)[4]
    assert "slope at left-out centres within 0.8 to 1.2" in gate.threshold
    slope = body.results.find_performance("t1", "calibration_slope")
    assert slope is not None
    assert gate.value.startswith(f"T1: {interval(slope)}")


def test_what_needs_rows_fails_with_the_true_reason() -> None:
    gates = {gate.number: gate for gate in compute_gates(network_card().body)}
    for number in (3, 6, 8):
        assert gates[number].status == "fail"
        assert "each centre keeps its own" in gates[number].text
        assert not gates[number].never_waived


def test_a_result_at_left_out_centres_counts_as_one_in_other_patients() -> None:
    gate = compute_gates(network_card().body)[8]
    assert (gate.status, gate.value) == ("pass", "centre by centre")


def test_a_net_benefit_that_centres_cannot_tell_everywhere_is_not_shown() -> None:
    decision = small_results()["decision"]["t1"]
    rows = [row | {"net_benefit": 0.4, "treat_all": 0.1} for row in decision["rows"]]
    results = network_results().to_json()
    results["decision"] = dict.fromkeys(("t1", "t2"), decision | {"rows": rows})
    told = make_card(small_facts(), DIGEST, Results.model_validate(results), full_author())
    assert compute_gates(told.body)[6].status == "pass"
    results["network"]["untold"] = {"t1": [0.35], "t2": []}
    some = make_card(small_facts(), DIGEST, Results.model_validate(results), full_author())
    gate = compute_gates(some.body)[6]
    assert gate.status == "fail"
    assert gate.more == "not told at every threshold of the range: T1"
