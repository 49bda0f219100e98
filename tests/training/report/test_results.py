"""What a run found, gathered into one document."""

import json

import numpy as np
import pandas as pd

from tests.training.helpers.cards import small_results
from training.store.facts import to_plain


def test_plain_values_know_no_nan_and_no_arrays() -> None:
    frame = pd.DataFrame({"risk": [0.5, np.nan]}, index=pd.Index(["a", "b"], name="metric"))
    assert to_plain({"t": (frame, np.float64("inf"), np.int64(3))}) == {
        "t": [[{"metric": "a", "risk": 0.5}, {"metric": "b", "risk": None}], None, 3]
    }


def test_counts_agree_with_the_labels() -> None:
    results = small_results()
    for horizon in ("t1", "t2"):
        labels = results["labels"][horizon]
        assert results["counts"][horizon]["events"] == labels["responders"]
        assert results["missing_outcomes"][horizon]["unknown"] == labels["unknown"]


def test_no_part_has_a_row_for_each_patient() -> None:
    results = small_results()
    n = results["cohort"]["n_patients"]

    def lengths(value: object) -> list[int]:
        if isinstance(value, dict):
            return [size for item in value.values() for size in lengths(item)]
        if isinstance(value, list):
            return [len(value), *(size for item in value for size in lengths(item))]
        return []

    assert n == 90
    assert n not in lengths(results)
    assert "patient_id" not in json.dumps(results)


def test_what_was_not_done_says_why_and_what_to_run() -> None:
    null_test = small_results()["null_test"]
    assert null_test["done"] is False
    assert "null test" in null_test["reason"]
    assert "ketresponse train" in null_test["command"]
