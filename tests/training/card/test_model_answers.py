"""What a run answers about the model and how it does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.training.helpers.cards import small_facts, small_results
from training.card.model_answers import (
    answer_model,
    answer_performance,
    answer_use,
    describe_reason,
)
from training.store.part import NotDone
from training.store.results import Results


def _model(results: dict[str, Any], **facts: Any) -> dict[str, str]:
    return answer_model(Results.model_validate(results), replace(small_facts(), **facts))


def _performance(results: dict[str, Any]) -> dict[str, str]:
    return answer_performance(Results.model_validate(results))


def _use(results: dict[str, Any]) -> dict[str, str]:
    return answer_use(Results.model_validate(results))


@pytest.mark.parametrize(
    ("command", "told"),
    [("", "not available, because off"), ("run it", "not available, because off (run it)")],
)
def test_a_reason_is_told_with_what_to_run(command: str, told: str) -> None:
    assert describe_reason(NotDone(done=False, reason="off", command=command)) == told


def _member(label: str, weight: float) -> dict[str, Any]:
    return {
        "name": label,
        "label": label,
        "weight": weight,
        "setting": "",
        "log_loss": 0.6,
        "constant": False,
    }


def _blend(*members: dict[str, Any], constant: bool = False) -> dict[str, Any]:
    return {"members": list(members), "slope": 0.914, "reason": "", "constant": constant}


def test_the_blend_is_told_without_what_weighs_nothing() -> None:
    results = small_results()
    results["blend"] = {
        "response": _blend(_member("ridge", 0.8), _member("trees", 0.005), _member("x", 0.004)),
        "kept": _blend(constant=True),
    }
    model = _model(results)
    assert "weights: response: ridge 0.80, trees 0.01, recalibration slope 0.91; " in model["model"]
    assert "keeping it until T2: everyone gets the same probability" in model["model"]
    assert "x 0.00" not in model["model"]
    assert "that at T1 times the probability of keeping the response" in model["calculation"]
    results["blend"] = {"response": _blend()}
    model = _model(results)
    assert model["model"] == "its make-up is not told here"
    assert "times" not in model["calculation"]


def test_a_model_shrunk_by_evidence_is_told_as_one_before_an_update_too() -> None:
    results = small_results()
    results["blend"] = {"response": _blend(_member("evidence", 0.7), _member("prevalence", 0.3))}
    assert "by their evidence in each training part" in _model(results)["partitioning"]
    results["study"]["procedure"] = {}  # an update has none of its own
    told = _model(results)["model"]
    assert told.startswith("Bayesian logistic regression")
    assert "evidence 0.70, prevalence 0.30" in told
    assert "recalibration slope" not in told
    results["blend"]["response"]["members"].append(_member("ridge", 0.1))
    assert _model(results)["model"].startswith("a convex blend")


def test_an_update_says_what_was_done_to_which_version() -> None:
    results = small_results()
    assert _model(results)["updating"] == "this model was made anew; nothing was updated"
    assert "inside each training part" in _model(results)["partitioning"]
    results["update"] = {
        "parent": "pilot:1",
        "parent_digest": "0123456789abcdef",
        "alpha": 0.05,
        "outcomes": {"response": {"method": "shift", "words": "moved", "n": 80, "events": 30}},
    }
    model = _model(results)
    assert model["updating"].startswith("pilot:1 (digest 0123456789ab) updated in other patients")
    assert model["updating"].endswith("response: moved (on 80 patients, 30 with the outcome)")
    assert model["model"].startswith(f"{model['updating']}; before the update: ")
    assert "the version before had seen none of them" in model["partitioning"]


@pytest.mark.parametrize(
    ("known", "words"),
    [(True, "whether these are others cannot be told"), (False, "had seen none of them")],
)
def test_the_model_of_one_centre_says_whose_it_is_and_whether_its_patients_are_new(
    known: bool, words: str
) -> None:
    results = small_results()
    results["update"] = {
        "parent": "network:1",
        "parent_digest": "0123456789abcdef",
        "alpha": 0.05,
        "outcomes": {"response": {"method": "shift", "words": "moved", "n": 80, "events": 30}},
        "centre": "North",
        "is_known": known,
    }
    model = _model(results)
    assert model["updating"].startswith("the model of North alone: network:1 (digest 0123456789ab)")
    assert words in model["partitioning"]


def test_the_stage_of_a_model_of_simulated_patients_is_a_demonstration() -> None:
    results = small_results()
    assert _model(results)["stage"] == "demonstration on simulated patients"
    real = _model(results, synthetic=False, status="research")
    assert real["stage"].startswith("research;")


def test_without_a_sample_size_the_reason_is_told() -> None:
    results = small_results()
    assert _model(results)["sample_size"].count("5 parameters") == 2
    results["sample_size"] = {}
    assert _model(results)["sample_size"] == "not available, because one class is absent"


OTHERS = {"done": True, "text": "O:E 1.02 in 50 others", "o_e": {}, "rows": []}


@pytest.mark.parametrize(
    ("sites", "cohort_sites", "heterogeneity", "elsewhere"),
    [
        (None, 1, "the cohort has one site or names none", "there is no external validation"),
        (None, 2, "sites were not left out one by one", "there is no external validation"),
        (OTHERS, 2, "O:E 1.02 in 50 others", "keeps no breakdown of them"),
    ],
)
def test_how_it_does_elsewhere_is_told_or_why_not(
    sites: dict[str, Any] | None, cohort_sites: int, heterogeneity: str, elsewhere: str
) -> None:
    results = small_results()
    results["cohort"]["sites"] = cohort_sites
    if sites:
        results["sites"] = sites
    told = _performance(results)
    assert told["heterogeneity"].endswith(heterogeneity)
    assert told["external_fairness"].endswith(elsewhere)
    assert told["external_demographics"] == told["external_fairness"]
    if sites:
        assert told["external"] == sites["text"]
    else:
        assert told["external"] == "not available, because there is no external validation"


def test_performance_is_told_for_each_horizon_with_intervals() -> None:
    told = _performance(small_results())["performance"]
    assert told.startswith("held out by cross-validation, 95% intervals. T1: AUC 0.74 (0.64 to ")
    assert "T2: AUC 0.71 (0.58 to 0.83)" in told


def _null(*rows: tuple[str, float | None]) -> dict[str, Any]:
    return {
        "done": True,
        "n_permutations": 100,
        "rows": [
            {"model": m, "horizon": "t1", "auc": a, "n_permutations": 100, "verdict": "right"}
            for m, a in rows
        ],
    }


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        # Furthest from 0.5, on whichever side.
        ((("ridge", 0.53), ("trees", 0.44)), "for trees at T1: 0.440 over 100 permutations"),
        ((("ridge", 0.57), ("trees", 0.44)), "for ridge at T1: 0.570 over 100 permutations"),
        ((("ridge", None), ("trees", 0.5)), "for trees at T1: 0.500 over 100 permutations"),
        ((("ridge", None),), "every model is a constant on permuted outcomes"),
    ],
)
def test_the_null_test_tells_the_model_furthest_from_a_coin(
    rows: tuple[tuple[str, float | None], ...], words: str
) -> None:
    told = _performance(small_results() | {"null_test": _null(*rows)})
    assert told["null_test"].endswith(words)


def test_net_benefit_is_told_from_its_least_to_its_most() -> None:
    results = small_results()
    for horizon in ("t1", "t2"):
        row = results["decision"][horizon]["rows"][0]
        results["decision"][horizon]["rows"] = [
            row | {"net_benefit": 0.3, "treat_all": 0.31, "treat_none": 0.0},
            row | {"net_benefit": 0.12, "treat_all": -0.2, "treat_none": 0.0},
        ]
    told = _use(results)["useful_result"]
    assert told.count("treating all and none: −0.010 to 0.120 over the range") == 2
    results["decision"]["t2"] = {"done": False, "reason": "no range"}
    assert _use(results)["useful_result"] == "not available, because no range"


def test_reruns_that_were_switched_off_at_a_horizon_are_told() -> None:
    results = small_results()
    results["instability"]["t1"] |= {"mean_absolute_prediction_error": 0.0816, "n_resamples": 3}
    told = _use(results)
    assert (
        "T1: mean absolute prediction error over 3 bootstrap reruns 0.082"
        in (told["reliable_result"])
    )
    assert told["reliable_test"].startswith("3 bootstrap reruns")
    del results["instability"]["t2"]
    assert _use(results)["reliable_result"] == (
        "not available, because the reruns were switched off"
    )
