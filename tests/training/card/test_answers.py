"""What a run answers by itself on patients, outcome and predictors."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.training.helpers.cards import small_facts, small_results
from training.card.answers import answer_from_run
from training.store.results import Results


def _answer(results: dict[str, Any], **more: Any) -> dict[str, str]:
    return answer_from_run(Results.model_validate(results), small_facts(), **more)


def test_no_answer_is_empty_and_none_speaks_of_a_missing_number() -> None:
    for key, text in _answer(small_results()).items():
        assert text.strip(), key
        assert not re.search(r"\b(None|nan|NotDone)\b|[{}]|  ", text), key


def test_numbers_are_those_of_the_run() -> None:
    answers = _answer(small_results())
    assert answers["numbers"].count("responders") == 2
    assert "87 patients with a known outcome, 51 responders" in answers["numbers"]
    assert "77 patients with a known outcome, 30 responders" in answers["numbers"]
    assert answers["characteristics"].startswith("treated 2010 to 2019; 90 eligible patients")
    assert answers["flow"].startswith("courses left after each step: identified: 90; Age")
    assert (
        "22 by score, 34 by the record's wording alone, 31 by both" in answers["label_provenance"]
    )
    assert answers["low_baseline"].startswith("0 of 90 patients' score")
    assert "59% responded, 51 of 87 patients whose T1 is known" in answers["summary"]
    assert answers["summary"].endswith(answers["performance"])


def test_years_and_thresholds_are_told_only_where_there_are_any() -> None:
    results = small_results()
    assert "decision thresholds from 30% to 60%, set before training" in _answer(results)["output"]
    results["cohort"]["years"] = None
    results["study"]["thresholds"] = None
    answers = _answer(results)
    assert answers["characteristics"].startswith("90 eligible patients")
    assert "no decision threshold was set" in answers["output"]


def test_unknown_outcomes_are_told_with_what_they_could_make_of_the_share() -> None:
    results = small_results()
    bounds = results["missing_outcomes"]["t1"]
    bounds["unknown"] = 3
    for row in bounds["rows"]:
        if row["metric"] == "share_of_responders":
            row |= {"lowest": 0.25, "highest": 0.75}
    assert (
        "3 unknown: the share of responders lies between 25% and 75%"
        in (_answer(results)["missing_outcomes"])
    )
    bounds["unknown"] = 0
    assert "every outcome is known" in _answer(results)["missing_outcomes"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (0, "T1: no label changes"),
        (1, "T1: 1 label differs, 27 of 53 respond, AUC 0.75 (0.61 to 0.90)"),
        (37, "T1: 37 labels differ, 27 of 53 respond, AUC 0.75 (0.61 to 0.90)"),
    ],
)
def test_labels_from_scores_alone_are_compared_with_the_studys(changed: int, words: str) -> None:
    results = small_results()
    results["score_labels"]["changed"]["t1"] = changed
    assert words in _answer(results)["score_labels"]


def test_what_was_not_computed_is_not_available_with_its_reason() -> None:
    results = small_results()
    results["score_labels"] = {"done": False, "reason": "no scores", "command": "add them"}
    assert _answer(results)["score_labels"] == "not available, because no scores (add them)"
    results["score_labels"] = small_results()["score_labels"] | {"performance": {}}
    assert "AUC not estimable" in _answer(results)["score_labels"]


def test_missing_and_transformed_predictors_are_named() -> None:
    results = small_results()
    answers = _answer(results)
    assert "Pain before treatment (NRS) 17 of 90" in answers["missing"]
    assert "log(1 + x) of Duration of the pain disease" in answers["preparation"]
    assert answers["predictors"].startswith("5 predictors, all known before admission: Pain")
    for predictor in results["predictors"]:
        predictor |= {"missing": 0, "transform": ""}
    answers = _answer(results)
    assert answers["missing"].startswith("no predictor is missing in any patient")
    assert "log(1 + x)" not in answers["preparation"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "used: neither sex nor age."),
        (("sex",), "used: sex."),
        (("age_years",), "used: age, for the date of birth."),
        (("sex", "age_years"), "used: sex and age, for the date of birth."),
    ],
)
def test_which_demographic_variables_are_used_is_told(names: tuple[str, ...], words: str) -> None:
    results = small_results()
    for predictor, name in zip(results["predictors"][2:], names, strict=False):
        predictor["name"] = name
    assert _answer(results)["demographic_variables"].startswith(words)


def test_flags_stand_under_leakage() -> None:
    assert _answer(small_results())["leakage"].startswith("not triggered")
    assert _answer(small_results(), flags=["T1: too good", "T2: too"])["leakage"] == (
        "T1: too good T2: too"
    )
