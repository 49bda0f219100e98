"""Many patients at once get the answers of each alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.estimate.many import ManyPredictor
from serving.estimate.predictor import Predictor
from serving.estimate.rows import read_part, read_whole
from serving.estimate.several import predict_cohort, to_table
from tests.serving.helpers.models import CENTRES, PATIENT, make_loaded
from tests.serving.helpers.panels import make_loaded_with_panel
from training.model.explanation import Explainer

CELLS: dict[str, list[str]] = {
    "nrs_t0": ["", "0", "1", "2", "4.9", "5", "8", "10", "11"],
    "disease_duration_years": ["", "0.2", "0.5", "1.1", "3,5", "39", "70", "x"],
    "opioid": ["", "yes", "no"],
    "antidepressant": ["", "yes", "no"],
    "sex": ["", "male", "female"],
    "age_years": ["", "12", "18", "45"],
    "setting": ["", "elective", "emergency"],
    "drug": ["", "s_ketamine", "other"],
    "course_number": ["", "1", "2"],
    "crps_type": ["", "1", "2"],
    "site": ["", "North", "north", "Elsewhere", "none"],
    "medication_atc": ["", "none", "N02AX02", "N02AB03;N06AA09", "??"],
    "tsk": ["", "30"],
    "nrs_t1": ["", "3"],
}
rows = st.lists(
    st.fixed_dictionaries({n: st.sampled_from(cells) for n, cells in CELLS.items()}),
    min_size=1,
    max_size=4,  # of five rows the median duration counts
)
MODELS = {
    "one cohort": Predictor(make_loaded()),
    "other predictors": Predictor(make_loaded(predictors=("tsk", "strong_opioid", "crps_type"))),
    "centres": Predictor(make_loaded(centres=CENTRES), centre="South"),
    "one horizon": Predictor(make_loaded(horizons=("t1",))),
    "same for everyone": Predictor(make_loaded(constant=True)),
}


def make_table(records: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(records, dtype="str").assign(
        patient_id=[f"P{i}" for i in range(len(records))]
    )


def hold_alike(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=0.0, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(rows, st.sampled_from(sorted(MODELS)), st.booleans())
def test_the_answers_of_many_are_those_of_each(
    records: list[dict[str, Any]], which: str, explains: bool
) -> None:
    predictor, table = MODELS[which], make_table(records)
    expected = to_table(predict_cohort(predictor, table, {}), predictor, explains=explains)
    many = ManyPredictor(predictor, explains=explains)
    hold_alike(many.answer(read_whole(table, predictor.dictionary)).table, expected)
    # Once more: now what is told is known.
    hold_alike(many.answer(read_whole(table, predictor.dictionary)).table, expected)


def test_a_model_with_a_panel_answers_without_one() -> None:
    predictor = Predictor(make_loaded_with_panel())
    table = make_table([{name: str(value) for name, value in PATIENT.items()}] * 2)
    expected = to_table(predict_cohort(predictor, table, {}), predictor)
    found = ManyPredictor(predictor).answer(read_whole(table, predictor.dictionary)).table
    hold_alike(found, expected)
    assert "t1_from_panel" in found


def test_parts_of_a_cohort_are_answered_as_the_whole_and_rows_keep_their_number() -> None:
    predictor = MODELS["one cohort"]
    records = [
        dict(zip(CELLS, cells, strict=True))
        for cells in np.random.default_rng(1).choice(["", "1", "8", "yes"], (40, len(CELLS)))
    ]
    table = make_table([{**r, "nrs_t0": str(i % 12)} for i, r in enumerate(records)])
    many = ManyPredictor(predictor)
    whole = many.answer(read_part(table, [], predictor.dictionary))
    parts = [
        many.answer(read_part(table.iloc[at : at + 7], [], predictor.dictionary))
        for at in range(0, 40, 7)
    ]
    hold_alike(pd.concat([part.table for part in parts], ignore_index=True), whole.table)
    assert [p for part in parts for p in part.problems] == whole.problems
    assert whole.table["row"].tolist() == list(range(1, 41))
    cut = read_whole(table, predictor.dictionary).cut(9)
    hold_alike(pd.concat([many.answer(part).table for part in cut], ignore_index=True), whole.table)


def test_numbers_that_are_not_those_of_one_patient_are_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    explain = Explainer.explain_many

    def explain_wrong(self, judged):
        base, contributions = explain(self, judged)
        return base, 1.001 * contributions

    monkeypatch.setattr(Explainer, "explain_many", explain_wrong)
    predictor = MODELS["one cohort"]
    table = make_table([{name: str(value) for name, value in PATIENT.items()}])
    with pytest.raises(RuntimeError, match="t1_from_nrs_t0 of many patients is not that of each"):
        ManyPredictor(predictor).answer(read_part(table, [], predictor.dictionary))
