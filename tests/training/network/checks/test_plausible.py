from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from tests.training.helpers.networks import TEXT, make_patients, make_signed, tell
from training.network.asking import make_ask
from training.network.checks.plausible import find_changed_counts, find_copies, find_impossible
from training.network.content import Ask, ShareContent
from training.network.gathering import Gathered
from training.network.protocol.protocol import Protocol

NUMBER = {
    "name": "nrs_t0",
    "n": 30,
    "missing": None,
    "number": {"mean": 7.0, "sd": 1.0, "edges": [0, 6, 10], "counts": [10, 20]},
}
FLAG = {"name": "opioid", "n": 30, "missing": None, "shares": {"no": 10, "yes": 20}}
EVALUATION = {
    "n": 30,
    "events": 18,
    "auc": 0.7,
    "auc_se": 0.4,
    "brier": 0.2,
    "brier_se": 0.02,
    "brier_prevalence": 0.24,
    "brier_skill": 0.05,
    "brier_skill_se": 0.1,
    "groups": [
        {
            **{"low": 0, "high": 0.5, "n": 12, "events": 5, "expected": 4.8},
            "responders": [{"low": 0, "high": 0.5, "n": 5, "expected": 2.1}],
            "others": [{"low": 0, "high": 0.5, "n": 7, "expected": 2.7}],
        },
        {
            **{"low": 0.5, "high": 1, "n": 18, "events": 13, "expected": 12.5},
            "responders": [
                {"low": 0.5, "high": 0.7, "n": 6, "expected": 3.8},
                {"low": 0.7, "high": 1, "n": 7, "expected": 5.6},
            ],
            "others": [{"low": 0.5, "high": 1, "n": 5, "expected": 3.1}],
        },
    ],
}

GROUP = ("evaluation", "t1", "groups", 1)


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return make_signed()


@pytest.fixture(scope="module")
def told(protocol: Protocol) -> dict[str, Any]:
    share = tell(make_patients(1, 45), protocol, "basel").model_dump()
    empty = {one["name"]: one for one in share["summaries"]}
    told = {"nrs_t0": NUMBER, "opioid": FLAG}
    return {**share, "summaries": list((told | (empty | told)).values())}


@pytest.fixture(scope="module")
def asks(protocol: Protocol) -> dict[int, Ask]:
    """Return what is asked in rounds 2 to 4."""
    patients = {name: make_patients(seed, 45) for seed, name in enumerate(protocol.centres)}
    shares: dict[str, list[ShareContent]] = {name: [] for name in patients}
    found: dict[int, Ask] = {}
    for round_ in (1, 2, 3):
        for name, data in patients.items():
            shares[name].append(tell(data, protocol, name, found.get(round_)))
        found[round_ + 1] = make_ask(Gathered(protocol, shares))
    return found


@pytest.fixture(scope="module")
def ask(asks: dict[int, Ask]) -> Ask:
    return asks[2]


def _find(told: dict[str, Any], protocol: Protocol, ask: Ask | None = None) -> list[str]:
    share = ShareContent.model_validate(told)
    return [f"{w}: {e}; {g}" for w, e, g in find_impossible(share, protocol, "basel", ask)]


def test_what_patients_tell_is_possible(told: dict[str, Any], protocol: Protocol, ask: Ask) -> None:
    assert _find(told, protocol) == []
    answer = tell(make_patients(2, 45), protocol, "basel", ask).model_dump()
    assert answer["outcomes"]["response"]["losses"] is not None
    assert _find(answer, protocol, ask) == []


def _set(*keys: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(told: Any) -> None:
        for key in keys[:-1]:
            told = told[key]
        told[keys[-1]] = to

    return change


LIKELIHOOD = ("outcomes", "response", "likelihood")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_set("patients", to=0), "patients: at least 1; 0"),
        (_set("counts", "t1", "events", to=44), "counts.t1.events: at most n, which is "),
        (_set("counts", "t1", "n", to=-1), "counts.t1.n: from 0 to the "),
        (_set("counts", "t1", "unknown", to=30), "counts.t1: n and unknown that are at most "),
        (_set("counts", "t3", to={"n": 1, "events": 0, "unknown": 0}), "counts.t3: a horizon"),
        (_set("summaries", 0, "name", to="age_years"), "summaries.age_years: a predictor of"),
        (_set("summaries", 0, "missing", to=40), "summaries.nrs_t0: n and missing that are"),
        (_set("summaries", 0, "number", "counts", to=[10, 21]), "summaries.nrs_t0.number.counts"),
        (_set("summaries", 0, "number", "edges", to=[0, 6]), "summaries.nrs_t0.number.edges"),
        (_set("summaries", 0, "number", "edges", to=[0, 0, 1]), "summaries.nrs_t0.number.edges"),
        (_set("summaries", 0, "number", "sd", to=-1.0), "summaries.nrs_t0.number.sd: at least 0"),
        (
            _set("summaries", 1, "shares", "yes", to=21),
            "summaries.opioid.shares: counts that add up to at most 30; 31",
        ),
        (
            _set("summaries", 1, "shares", "yes", to=1),
            "summaries.opioid.shares: counts that add up to n, which is 30; 11",
        ),
        (_set("outcomes", "other", to={"n": 1, "events": 1, "withheld": "x"}), "outcomes.other"),
        (_set("outcomes", "response", "events", to=45), "outcomes.response.events: from 0 to n"),
        (_set("outcomes", "response", "n", to=99), "outcomes.response.n: from 0 to the "),
        (_set("patients", to=None), "patients: how many count"),
        (_set("patients", to=5001), "patients: at most limits.most_patients of the protocol, 5000"),
        (_set("outcomes", "response", "n", to=10**15), "outcomes.response.n: at most limits.most"),
        (_set("summaries", to=[]), "summaries: one of each of the 5 predictors; 0, of 0 names"),
        (_set("summaries", to=[FLAG, FLAG]), "summaries: one of each of the 5 predictors; 2, of 1"),
        (_set("summaries", 0, "shares", to={"no": 1}), "summaries.nrs_t0.shares: none of a number"),
        (_set("summaries", 1, "shares", to={"zzz": 3}), "summaries.opioid.shares: a count of each"),
        (_set("summaries", 1, "shares", to={}), "summaries.opioid.shares: a count of each"),
        (_set("summaries", 1, "number", to=NUMBER["number"]), "summaries.opioid.number: none of"),
        (_set("counts", to={}), "counts: one of each of the 2 horizons; 0"),
        (_set("outcomes", to={}), "outcomes: one of each of the 2 horizons; 0"),
        (_set("outcomes", "response", "n", to=40), "outcomes.response.n: as in counts.t1, "),
        (_set("outcomes", "response", "events", to=10), "outcomes.response.events: as in counts."),
        (_set("outcomes", "kept", "n", to=44), "outcomes.kept.n: at most the "),
        (_set(*LIKELIHOOD, "at", 2, to=1e300), "outcomes.response.likelihood.at: log-odds of at"),
        (_set(*LIKELIHOOD, "at", 2, to=3.0), "outcomes.response.likelihood.gradient: that of the"),
        (_set(*LIKELIHOOD, "gradient", 2, to=1e9), "outcomes.response.likelihood.gradient: at mo"),
        (_set(*LIKELIHOOD, "gradient", 2, to=9.0), "outcomes.response.likelihood.gradient: that"),
        (_set(*LIKELIHOOD, "value", to=-1e308), "outcomes.response.likelihood.value: a log"),
        (_set(*LIKELIHOOD, "curvature", 0, 0, to=1e-9), "outcomes.response.likelihood.curvature"),
        (_set("outcomes", "response", "n", to=None), "outcomes.response: n and events where"),
        (_set("outcomes", "response", "withheld", to="why"), "outcomes.response: either a"),
        (_set(*LIKELIHOOD, "family", to="bends"), "outcomes.response.likelihood.family: a family"),
        (_set(*LIKELIHOOD, "gradient", to=[0.0]), "outcomes.response.likelihood.gradient: 6 num"),
        (_set(*LIKELIHOOD, "at", to=[0.0] * 7), "outcomes.response.likelihood.at: 6 numbers"),
        (_set(*LIKELIHOOD, "curvature", 0, to=[1.0]), "outcomes.response.likelihood.curvature: 6"),
        (_set(*LIKELIHOOD, "curvature", 0, 1, to=9.0), "outcomes.response.likelihood.curvature: a"),
        (_set(*LIKELIHOOD, "curvature", 2, 2, to=-5.0), "outcomes.response.likelihood.curvature"),
        (_set(*LIKELIHOOD, "curvature", 0, 0, to=40.0), "outcomes.response.likelihood.curvature"),
        (_set(*LIKELIHOOD, "curvature", 1, 1, to=9e9), "outcomes.response.likelihood.curvature"),
        (_set(*LIKELIHOOD, "curvature", 1, 1, to=1e308), "outcomes.response.likelihood.curvature"),
        (_set(*LIKELIHOOD, "value", to=1.0), "outcomes.response.likelihood.value: a log"),
        (_set(*LIKELIHOOD, "gradient", 0, to=99.0), "outcomes.response.likelihood.gradient: obs"),
        (_set("summaries", 0, "number", "mean", to=1e308), "summaries.nrs_t0.number: mean and SD"),
        (_set("summaries", 0, "number", "sd", to=11.0), "summaries.nrs_t0.number: mean and SD"),
        (_set(*LIKELIHOOD, "curvature", 0, 0, to=0.0), "outcomes.response.likelihood.curvature"),
    ],
)
def test_what_cannot_be_is_found(
    told: dict[str, Any],
    protocol: Protocol,
    change: Callable[[dict[str, Any]], None],
    expected: str,
) -> None:
    changed = ShareContent.model_validate(told).model_dump()
    change(changed)
    found = _find(changed, protocol)
    assert any(line.startswith(expected) for line in found), found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_set("evaluation", "t1", "events", to=31), "evaluation.t1: events at most n"),
        (_set("evaluation", "t1", "auc", to=1.5), "evaluation.t1.auc: from 0 to 1; 1.5"),
        (_set("evaluation", "t1", "auc_se", to=-1.0), "evaluation.t1.auc_se: a standard error"),
        (_set("evaluation", "t1", "groups", 0, "n", to=9), "evaluation.t1.groups: groups that add"),
        (_set("evaluation", "t1", "groups", 0, "events", to=14), "evaluation.t1.groups: events, s"),
        (_set("evaluation", "t1", "groups", 1, "expected", to=21), "evaluation.t1.groups: events"),
        (_set("evaluation", "t1", "groups", 1, "low", to=0.4), "evaluation.t1.groups: groups of"),
        (_set("evaluation", "t1", "responder_weight", to=0.0), "evaluation.t1.responder_weight: a"),
        (_set("evaluation", "t1", "responder_weight", to=1.7), "evaluation.t1.responder_weight: a"),
        (_set(*GROUP, "responders", 0, "n", to=9), "evaluation.t1.groups.1.responders: bins that"),
        (_set(*GROUP, "others", to=[]), "evaluation.t1.groups.1.others: bins that add up to 5"),
        (_set(*GROUP, "responders", 1, "low", to=0.6), "evaluation.t1.groups.1.responders: bins f"),
        (_set(*GROUP, "others", 0, "high", to=0.9), "evaluation.t1.groups.1.others: bins from one"),
        (_set(*GROUP, "others", 0, "expected", to=6), "evaluation.t1.groups.1.others: risks, sum"),
        (_set("evaluation", "t1", "brier_skill", to=1e300), "evaluation.t1.brier_skill: from -1"),
        (_set("evaluation", "t1", "o_e", to=-5.0), "evaluation.t1.o_e: from 0.001 to 1000; -5"),
        (_set("evaluation", "t1", "auc_se", to=0.0), "evaluation.t1.auc_se: a standard error"),
        (_set("evaluation", "t1", "intercept_se", to=0.2), "evaluation.t1.intercept_se: at least"),
        (_set("evaluation", "t3", to=EVALUATION), "evaluation.t3: nothing that was not asked"),
    ],
)
def test_an_evaluation_that_cannot_be_is_found(
    protocol: Protocol,
    asks: dict[int, Ask],
    change: Callable[[dict[str, Any]], None],
    expected: str,
) -> None:
    answer = tell(make_patients(2, 45), protocol, "basel", asks[4]).model_dump()
    assert set(answer["evaluation"]) == {"t1", "t2"}
    answer = {**answer, "evaluation": {"t1": {**EVALUATION, "groups": list(EVALUATION["groups"])}}}
    answer = ShareContent.model_validate(answer).model_dump()
    assert _find(answer, protocol, asks[4]) == []
    change(answer)
    found = _find(answer, protocol, asks[4])
    assert any(line.startswith(expected) for line in found), found


def test_an_evaluation_that_nobody_asked_is_found(told: dict[str, Any], protocol: Protocol) -> None:
    found = _find({**told, "evaluation": {"t1": EVALUATION}}, protocol)
    assert found == ["evaluation.t1: nothing that was not asked; an evaluation"]


@pytest.mark.parametrize("text", ["60", True])
def test_text_is_no_number(told: dict[str, Any], text: object) -> None:
    with pytest.raises(ValidationError, match="patients"):
        ShareContent.model_validate({**told, "patients": text})


def test_two_centres_with_the_same_sums_are_found(protocol: Protocol) -> None:
    first, other = (tell(make_patients(seed, 45), protocol, "basel") for seed in (1, 2))
    assert find_copies({"aachen": first, "basel": other}) == []
    copies = find_copies({"aachen": first, "bern": other, "basel": first})
    assert copies == [("aachen", "basel", "response"), ("aachen", "basel", "kept")]


RESPONSE = ("outcomes", "response")


@pytest.mark.parametrize(
    ("round_", "change", "expected"),
    [
        (2, _set(*LIKELIHOOD, "at", 0, to=0.25), ".likelihood.at: the coefficients"),
        (2, _set(*LIKELIHOOD, "curvature", to=None), ".likelihood.curvature: a curvature in"),
        (2, _set(*RESPONSE, "losses", to=None), ".losses: a loss for each of the 4 settings"),
        (2, _set(*RESPONSE, "losses", "prevalence", to=-1.0), ".losses: log losses, at least 0"),
        (2, _set(*RESPONSE, "losses", "prevalence", to=40.0), ".losses: a log loss of the prev"),
        (3, _set(*RESPONSE, "shrinking", "losses", 0, to=40.0), ".losses: a log loss of the prev"),
        (3, _set(*RESPONSE, "shrinking", "losses", 5, to=99.0), ".shrinking: losses that bend"),
        (3, _set(*RESPONSE, "shrinking", to=None), ".shrinking: losses and intercepts at 11"),
        (3, _set(*RESPONSE, "shrinking", "losses", to=[1.0]), ".shrinking: losses and intercepts"),
        (3, _set(*RESPONSE, "shrinking", "squares", to=-1.0), ".shrinking: log losses and squares"),
        (4, _set(*RESPONSE, "blended", to=None), ".blended: slope and bend (above 0, at most"),
        (4, _set(*RESPONSE, "blended", "at", to=0.5), ".blended: slope and bend"),
        (4, _set(*RESPONSE, "blended", "curvature", to=0.0), ".blended: slope and bend"),
        (4, _set(*RESPONSE, "blended", "curvature", to=99.0), ".blended: slope and bend"),
    ],
)
def test_what_was_not_asked_is_found(
    protocol: Protocol,
    asks: dict[int, Ask],
    round_: int,
    change: Callable[[dict[str, Any]], None],
    expected: str,
) -> None:
    answer = tell(make_patients(2, 45), protocol, "basel", asks[round_]).model_dump()
    assert _find(answer, protocol, asks[round_]) == []
    change(answer)
    found = _find(answer, protocol, asks[round_])
    assert any(line.startswith(f"outcomes.response{expected}") for line in found), found


def test_an_answer_of_somebody_who_was_not_asked_is_found(protocol: Protocol, ask: Ask) -> None:
    answer = tell(make_patients(2, 45), protocol, "basel", ask)
    found = find_impossible(answer, protocol, "bern", ask)
    assert ("outcomes.response", "an answer to what was asked of this centre") in [
        fault[:2] for fault in found
    ]


def test_rounding_alone_is_no_fault(told: dict[str, Any]) -> None:
    # Rounded to whole numbers a curvature of these columns has an eigenvalue below 0.
    protocol = make_signed(TEXT.replace("curvature_decimals = 1", "curvature_decimals = 0"))
    changed = ShareContent.model_validate(told).model_dump()
    for outcome in changed["outcomes"].values():
        curvature = [[round(x) * 1.0 for x in row] for row in outcome["likelihood"]["curvature"]]
        curvature[2][2] = -1.0
        outcome["likelihood"]["curvature"] = curvature
    assert _find(changed, protocol) == []


def test_counts_stay_as_in_the_first_round(told: dict[str, Any]) -> None:
    first = ShareContent.model_validate(told)
    assert find_changed_counts(first, first) == []
    later = first.model_copy(update={"patients": 99, "outcomes": dict(first.outcomes)})
    response = first.outcomes["response"].model_copy(update={"events": 1})
    later.outcomes["response"] = response
    assert [where for where, *_ in find_changed_counts(first, later)] == [
        "patients",
        "outcomes.response.events",
    ]


def test_a_model_is_judged_in_the_patients_of_the_first_round(
    protocol: Protocol, asks: dict[int, Ask]
) -> None:
    first = tell(make_patients(2, 45), protocol, "basel")
    later = tell(make_patients(2, 45), protocol, "basel", asks[4])
    assert find_changed_counts(first, later) == []
    more = later.evaluation["t1"].model_copy(update={"n": 40})
    changed = later.model_copy(update={"evaluation": {**later.evaluation, "t1": more}})
    assert [where for where, *_ in find_changed_counts(first, changed)] == ["evaluation.t1.n"]
