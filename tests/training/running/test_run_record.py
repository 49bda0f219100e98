"""What a tracked run tells before and after; no metric belongs to a single patient."""

from dataclasses import replace

import numpy as np
import pandas as pd

from tests.training.helpers.evaluated import evaluate_small, make_null_table
from training.running.run_record import (
    flatten_estimates,
    make_beginning,
    make_record,
    name_distances,
)
from training.validation.comparison import EVALUATION_TAG


def test_estimates_and_their_intervals_have_a_name_each() -> None:
    table = pd.DataFrame({"estimate": [0.7], "low": [0.6], "high": [0.8]}, index=["auc"])
    assert flatten_estimates("t1_", table) == {"t1_auc": 0.7, "t1_auc_low": 0.6, "t1_auc_high": 0.8}


def test_a_beginning_says_what_was_asked_and_claims_no_result() -> None:
    description, *_ = evaluate_small()
    record = make_beginning(description)
    assert record.params["outer_cv"] == "2 x 5"
    assert record.params["inner_cv"] == "1 x 5"
    assert record.params["candidates"] == "prevalence, ridge, firth"
    assert record.params["horizons"] == "t1+t2"
    assert record.metrics["t1_n"] == description.counts["t1"]["n"]
    assert record.tags["cohort_sha256"] == description.cohort.sha256
    assert "c 0.70" in record.tags["ketresponse.sample_size"]
    assert record.texts["study.toml"] == description.study.text
    assert "there is no result" in record.note
    assert not any("auc" in name for name in record.metrics)


def test_a_record_holds_what_came_out() -> None:
    description, evaluation, _ = evaluate_small()
    record = make_record(description, evaluation)
    for horizon, table in evaluation.performance.items():
        assert record.metrics[f"{horizon}_auc"] == table.loc["auc", "estimate"]
        optimism = evaluation.judgements[horizon].optimism
        assert optimism is not None
        corrected = record.metrics[f"{horizon}_auc_corrected"]
        np.testing.assert_equal(corrected, optimism.loc["auc", "corrected"])
    weights = evaluation.fitted.first.weights
    assert record.metrics["response_weight_ridge"] == weights["ridge"]
    assert record.metrics["null_permutations"] == 2
    assert record.tags[EVALUATION_TAG]
    verdict = record.tags["ketresponse.verdict"]
    assert record.note.startswith(f"**{verdict}**")


def test_distances_of_the_calibration_curve_have_no_ends() -> None:
    description, evaluation, _ = evaluate_small()
    metrics = make_record(description, evaluation).metrics
    found = evaluation.judgements["t1"].calibration
    assert name_distances("t1", found).items() <= metrics.items()
    assert metrics["t1_e90"] == found.summary.loc["e90", "estimate"]
    assert not {"t1_ici_low", "t1_e90_high"} & metrics.keys()


def test_a_leak_is_the_verdict_of_the_run() -> None:
    description, evaluation, _ = evaluate_small()
    leaking = replace(evaluation, null_test=make_null_table("failed"))
    record = make_record(description, leaking)
    assert "leaks" in record.tags["ketresponse.verdict"]
    assert record.metrics["t1_null_auc_ridge"] == 0.91
