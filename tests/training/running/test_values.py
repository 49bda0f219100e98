"""A training's result as plain values: what `train --json` prints."""

import json
from dataclasses import replace
from pathlib import Path

from tests.training.helpers.evaluated import describe_small, evaluate_small
from tests.training.helpers.examples import make_facts
from training.evaluation.verdict import make_verdict
from training.running.publish import Published
from training.running.training_run import Training
from training.running.values import make_values


def test_what_bears_no_model_has_its_counts_and_why() -> None:
    description = replace(describe_small(), shortfall="too few patients")
    told = make_values(Training(description))
    assert told["shortfall"] == "too few patients"
    assert told["counts"] == description.counts
    assert "headline" not in told and "model" not in told


def test_a_trained_model_is_told_with_its_verdict_and_where_it_is() -> None:
    description, evaluation, _ = evaluate_small()
    published = Published("small", "3", "research", Path("there"), "run7", "report.html")
    told = make_values(Training(description, evaluation, make_facts(), published))
    assert json.loads(json.dumps(told, allow_nan=False)) is not None
    assert told["verdict"] == make_verdict(evaluation, description.verdicts)
    assert (told["model"], told["run_id"], told["folder"]) == ("small:3", "run7", "there")
    assert any("patient" in step for step in told["next"])
    assert len(told["headline"]) == len(evaluation.judgements)
    assert set(told["optimism"]["t1"]["auc"]) == {
        "apparent", "optimism", "corrected", "low", "high", "corrected_632",
    }  # fmt: skip
