"""What is known about a trained model beside its arithmetic; of no patient anything."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.training.helpers.evaluated import evaluate_small
from tests.training.helpers.training_data import make_training_data
from training.running.model_facts import make_count_facts, make_facts, make_performance_facts
from training.store.facts import ModelFacts


def test_patients_are_counted_once_however_many_courses_they_have() -> None:
    data = replace(make_training_data(6, 0), groups=np.array([0, 0, 1, 2, 2, 2]))
    counts = {"t1": {"n": 6.0, "events": 4.0, "base_rate": 0.67}}
    assert make_count_facts(counts, data) == {"n_patients": 3, "t1": {"n": 6, "events": 4}}


def test_performance_is_estimate_and_interval() -> None:
    table = pd.DataFrame({"estimate": [0.7], "low": [0.6], "high": [np.nan], "note": ["few"]})
    table.index = pd.Index(["auc"])
    found = make_performance_facts({"t1": table})["t1"]["auc"]
    assert found[:2] == [0.7, 0.6] and np.isnan(found[2])


def test_ranges_are_rounded_outwards_so_that_no_patients_value_is_told() -> None:
    description, evaluation, _ = evaluate_small()
    X = description.data.X.copy()
    names = [variable.name for variable in description.data.predictors]
    place = names.index("disease_duration_years")
    X[:, place] = np.clip(X[:, place], 0.53, 12.34)
    X[:8, place] = [0.53, 0.54, 0.55, 0.56, 0.57, 12.34, 9.1, 9.2]
    X[8:, place] = np.clip(X[8:, place], 0.6, 9.0)
    other = replace(description, data=replace(description.data, X=X))
    ranges = make_facts(other, evaluation).training_ranges
    assert ranges["disease_duration_years"] == {"low": 0.5, "high": 13.0}
    assert set(ranges["opioid"]["seen"]) == {"no", "yes"}
    assert set(ranges) == set(names)


def test_status_blend_and_rates_are_those_of_the_run() -> None:
    description, evaluation, _ = evaluate_small()
    facts = make_facts(description, evaluation)
    assert facts.status == "research" and not facts.synthetic
    assert facts.blend["response"] == evaluation.fitted.first.weights
    assert sum(facts.blend["response"].values()) == pytest.approx(1)
    assert facts.base_rates == {h: c["base_rate"] for h, c in description.counts.items()}
    assert (facts.submodel, facts.panel) == ("clinical", None)
    assert facts.seed == 5 and facts.cohort_sha256 == description.cohort.sha256
    assert any("missing at random" in note for note in facts.notes)
    cohort = replace(description.cohort, synthetic=True)
    assert make_facts(replace(description, cohort=cohort), evaluation).status == "demonstration"


def test_its_outcomes_and_notes_can_be_said_in_other_languages() -> None:
    description, evaluation, _ = evaluate_small()
    texts = {"nl": {description.study.population: "volwassenen"}}
    study = replace(description.study, texts=texts)
    facts = make_facts(replace(description, study=study), evaluation)
    again = ModelFacts.from_dict(json.loads(json.dumps(facts.to_dict())))
    assert again.texts == texts
    assert [again.say(words) for words in again.outcomes.values()] == list(facts.outcomes.values())
    assert all(again.say(words).values for words in again.outcomes.values())
    (kept,) = [note for note in again.notes if "missing at random" in note]
    assert again.say(kept).pattern.startswith("Responders who were not seen at {when}")
