from __future__ import annotations

from features.errors import Problem
from serving.fhir.issues import Issue, issue_of, make_outcome
from tests.serving.helpers.fhir import find_invalid


def test_the_gravest_comes_first_and_each_once():
    told = [
        Issue("information", "informational", "a"),
        Issue("error", "value", "b", ("Bundle.entry[0]",)),
        Issue("information", "informational", "a"),
    ]
    outcome = make_outcome(told)
    assert [issue["diagnostics"] for issue in outcome["issue"]] == ["b", "a"]
    assert outcome["issue"][0]["expression"] == ["Bundle.entry[0]"]
    assert find_invalid(outcome) == []


def test_an_outcome_always_says_something():
    (issue,) = make_outcome([])["issue"]
    assert issue["severity"] == "information"


def test_a_flood_is_counted():
    issues = [Issue("warning", "value", f"number {n}", ("x",) * 50) for n in range(500)]
    told = make_outcome(issues)["issue"]
    assert len(told) == 201
    assert told[-1]["diagnostics"].startswith("300 more")
    assert len(told[0]["expression"]) == 20


def test_a_problem_of_the_dictionary_tells_where_and_what_to_do():
    issue = issue_of(Problem("nrs_t0", "0 to 10", "11", action="check it"), "Bundle.entry[1].value")
    assert issue.text == "nrs_t0: expected 0 to 10; got 11; check it"
    assert issue.expressions == ("Bundle.entry[1].value",)
    assert issue_of(Problem("nrs_t0", "0 to 10", "11")).expressions == ("nrs_t0",)
