from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import InputError
from features.files.table import parse_table, write_table
from features.panel.importing import read_panel
from serving.commands.predict import predict
from serving.estimate.panel import PanelSample
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.estimate.several import find_sample, name_kind, predict_cohort
from serving.estimate.silence import withhold
from tests.serving.estimate.test_panel import CT, PANEL
from tests.serving.helpers.command_line import CommandLine
from tests.serving.helpers.models import PATIENT, make_loaded
from tests.serving.helpers.panels import make_loaded_with_panel, make_panel_case
from training.store.artifact import save_model

line = CommandLine(predict=predict)
FULL = PanelSample({a: None if ct == "Undetermined" else ct for a, ct in CT.items()})
ROW = {**{name: str(value) for name, value in PATIENT.items()}, "nrs_t1": "3"}
COHORT = pd.DataFrame(
    [
        {**ROW, "patient_id": "P1"},
        {**ROW, "patient_id": "P2"},
        {**ROW, "patient_id": "P3", "nrs_t0": "11"},
        {**ROW, "patient_id": "P4", "age_years": "12"},
    ],
    dtype="str",
)


@pytest.fixture(scope="module")
def both():
    return Predictor(make_loaded_with_panel())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel") / "model"
    save_model(folder, *make_panel_case())
    return folder


@pytest.fixture
def files(tmp_path):
    """Write a cohort file, and a tidy panel of P1 (whole) and P2 (two assays)."""
    COHORT.to_csv(tmp_path / "cohort.csv", index=False)
    lines = ["sample,assay,Ct"]
    lines += [f"P1,{assay},{ct}" for assay, ct in CT.items()]
    lines += ["P2,hsa-miR-16-5p,22", "P2,hsa-miR-17-5p,25"]
    (tmp_path / "long.csv").write_text("\n".join(lines))
    write_table(read_panel(tmp_path / "long.csv", ceiling=35.0).table, tmp_path / "panel.csv")
    return tmp_path


def run(*arguments):
    return line.run("predict", *arguments)


def test_each_patient_gets_the_answer_of_the_sub_model_that_can_use_the_panel(both):
    answers = predict_cohort(both, COHORT, {"P1": FULL})
    alone = [both.predict(PATIENT, request_id="x", panel=panel) for panel in (FULL, None)]
    assert [a["estimates"] for a in answers[:2]] == [a["estimates"] for a in alone]
    assert [a["submodel"] for a in answers[:2]] == ["clinical+panel", "clinical"]
    assert answers[2]["problems"][0]["variable"] == "nrs_t0"
    assert answers[3]["estimates"] == []
    assert [a["patient_id"] for a in answers] == ["P1", "P2", "P3", "P4"]
    assert [a["row"] for a in answers] == [1, 2, 3, 4]  # the lines of a file, less its header


def test_panels_of_other_people_are_told(both):
    with pytest.raises(InputError, match="patients of the cohort"):
        predict_cohort(both, COHORT, {"X": FULL})
    with pytest.raises(InputError, match="patient_id"):
        predict_cohort(both, COHORT.drop(columns="patient_id"), {})


def read(*rows: str) -> pd.DataFrame:
    names = ["patient_id", *PATIENT]
    values = {**PATIENT, "nrs_t0": "{}", "disease_duration_years": "{}"}
    line = ";".join(["{}", *map(str, values.values())])
    lines = [line.format(*row.split(" ")) for row in rows]
    return parse_table("\n".join([";".join(names), *lines]).encode(), name="cohort.csv")


def test_a_column_tells_what_stands_before_its_decimals(both):
    told = predict_cohort(both, read("A 7,5 1,500", "B 8 2,5"), {})
    plain = predict_cohort(both, read("A 7.5 1.5", "B 8 2.5"), {})
    assert [a["estimates"] for a in told] == [a["estimates"] for a in plain]
    assert all(a["estimates"] for a in told)
    # fifteen hundred beside a comma before decimals, not one and a half
    [first, second] = predict_cohort(both, read("A 7,5 1.500", "B 8 2,5"), {})
    assert [p["variable"] for p in first["problems"]] == ["disease_duration_years"]
    assert second["estimates"]


@pytest.mark.parametrize(
    ("rows", "column", "row", "got"),
    [
        (["A 8 2", " 8 2"], "patient_id", 3, "an empty cell"),
        (["A 8 2", "unknown 8 2"], "patient_id", 3, "an empty cell"),
        (["A 8 2", "A 3 2"], "patient_id", 3, "the same as in row 2"),
        (["A 8 2", "B 8 2", "Total 8 2"], "patient_id", 4, "'Total', a word for totals"),
        ([f"P{i} 8 {24 + i}" for i in range(5)], "disease_duration_years", None, "a median of 26"),
    ],
)
def test_rows_of_nobody_sure_get_no_estimate(both, rows, column, row, got):
    with pytest.raises(InputError) as caught:
        predict_cohort(both, read(*rows), {})
    assert [(p.column, p.row, p.got) for p in caught.value.problems] == [(column, row, got)]


def test_unknown_columns_are_told_once_and_redcaps_own_left_aside(both):
    table = read("A 8 2", "B 8 2")
    with pytest.raises(InputError) as caught:
        predict_cohort(both, table.assign(agee="4"), {})
    [problem] = caught.value.problems
    assert (problem.column, problem.row) == ("agee", None)
    assert problem.action.endswith("map it with `ketresponse cohort import`, or drop it")
    answers = predict_cohort(both, table.assign(baseline_complete="2"), {})
    assert [a["estimates"] for a in answers] == [
        a["estimates"] for a in predict_cohort(both, table, {})
    ]


@given(
    cells=st.lists(
        st.tuples(
            st.decimals(0, 10, places=1),
            st.decimals(0, 40, places=1),
            st.sampled_from(["yes", "no", "", "unknown", "Y", "1", "0"]),
            st.sampled_from(["female", "male", "", "MALE"]),
            st.sampled_from(["", "none", "N02AX02", "n06aa09; N02AX02", "C09"]),
        ),
        min_size=1,
        max_size=4,
    ),
    comma=st.booleans(),
)
@settings(max_examples=40)
def test_a_file_and_a_request_give_the_same_answer(both, cells, comma):
    names = ("nrs_t0", "disease_duration_years", "opioid", "sex", "medication_atc")
    records = [
        {**PATIENT, **dict(zip(names, map(str, cell), strict=True)), "patient_id": f"P{i}"}
        for i, cell in enumerate(cells)
    ]
    rows = [
        {
            name: str(value).replace(".", ",") if comma and name in names[:2] else str(value)
            for name, value in record.items()
        }
        for record in records
    ]
    try:
        answers = predict_cohort(both, pd.DataFrame(rows, dtype="str"), {})
    except InputError as err:
        assert [p.column for p in err.problems] == ["disease_duration_years"]
        return
    for record, answer in zip(records, answers, strict=True):
        try:
            expected = both.predict(record, request_id="x")
        except RequestError as err:
            assert answer["problems"] == err.body()["problems"]
        else:
            assert answer["estimates"] == expected["estimates"]
            assert answer["applicability"] == expected["applicability"]


def test_what_was_passed_over_and_who_is_alike_is_told_beside_the_answer(folder, files):
    text = (files / "cohort.csv").read_text().replace("P2", "p-1").replace("female", "fe\u200bmale")
    (files / "odd.csv").write_text(text)
    result = run(folder, "--cohort", files / "odd.csv", "--json")
    assert "invisible characters in 4 cells and headings." in result.stderr
    assert "are kept apart: P1 / p-1." in result.stderr
    assert len(json.loads(result.stdout)) == 4


def test_a_panel_of_a_patient_who_is_spelt_otherwise_is_told(both):
    with pytest.raises(InputError) as caught:
        predict_cohort(both, COHORT, {"P-01": FULL})
    assert "P-01 (in the cohort: P1)" in caught.value.report()
    with pytest.raises(InputError) as caught:
        find_sample({"P-01": FULL, "b": FULL}, "p1")
    assert "'p1', and the panel has 'P-01'" in caught.value.report()


def test_the_command_tells_it_too_and_the_answer_stays_as_it_is(folder, files):
    panel = (files / "panel.csv").read_text().replace("P2,P2,", "P03,P03,")
    (files / "other.csv").write_text(panel)
    result = run(folder, "--cohort", files / "cohort.csv", "--panel", files / "other.csv", "--json")
    assert result.stderr.split(": ", 1)[1].strip() == "P03 (in the cohort: P3)"
    assert json.loads(result.stdout)[2]["patient_id"] == "P3"


def test_a_single_patients_panel_is_found_by_name_or_by_being_the_only_one():
    assert find_sample({"a": FULL}, None) is FULL
    assert find_sample({"a": FULL, "b": PanelSample({})}, "a") is FULL
    for samples, patient in [({"a": FULL, "b": FULL}, None), ({"a": FULL}, "c")]:
        with pytest.raises(InputError, match="in the panel"):
            find_sample(samples, patient)


def test_the_command_tells_per_patient_which_sub_model_spoke(folder, files):
    result = run(folder, "--cohort", files / "cohort.csv", "--panel", files / "panel.csv", "--json")
    answers = json.loads(result.stdout)
    assert [a.get("submodel") for a in answers] == ["clinical+panel", "clinical", None, "clinical"]
    text = run(folder, "--cohort", files / "cohort.csv", "--panel", files / "panel.csv").stdout
    flat = " ".join(text.split())
    assert "1 clinical+panel, 1 clinical, 1 cannot be read, 1 out of scope" in flat
    assert "to put right: row 4, nrs_t0: expected a number from 0 to 10" in flat


def test_the_command_takes_one_patients_panel(folder, files, both):
    record = files / "record.json"
    record.write_text(json.dumps({**PATIENT, "patient_id": "P1"}))
    result = run(folder, "--record", record, "--panel", files / "panel.csv", "--json")
    answer = json.loads(result.stdout)
    expected = both.predict(PATIENT, request_id="x", panel=PANEL)
    assert answer["submodel"] == "clinical+panel"
    assert answer["estimates"] == expected["estimates"]
    text = run(folder, "--record", record, "--panel", files / "panel.csv").stdout
    assert "The microRNA panel was used" in text
    assert "hsa-miR-155-5p" in text
    assert "microRNA panel" in text


def test_a_cohort_stands_alone(folder, files):
    result = run(folder, "--cohort", files / "cohort.csv", "--set", "nrs_t0=8")
    assert isinstance(result.exception, InputError)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_cohorts_answers_are_written_as_a_table(folder, files, ending):
    out = files / f"answers{ending}"
    asked = ["predict", str(folder), "--cohort", str(files / "cohort.csv")]
    done = line.run(*asked, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    table = pd.read_csv(out) if ending == ".csv" else pd.read_parquet(out)
    assert table["patient_id"].tolist() == ["P1", "P2", "P3", "P4"]
    assert table["answer"].tolist() == ["estimate", "estimate", "cannot be read", "out of scope"]
    for answer, row in zip(told, table.to_dict("records"), strict=True):
        assert row["row"] == answer["row"]
        for estimate in answer.get("estimates", ()):
            horizon = estimate["horizon"]
            given = [row[f"{horizon}_{name}"] for name in ("probability", "low", "high")]
            assert given == pytest.approx([estimate["probability"], *estimate["interval"]])
            assert row[f"{horizon}_base_rate"] == pytest.approx(estimate["base_rate"])
    numbers = [name for name in table if name[:3] in ("t1_", "t2_")]
    assert table.loc[2:, numbers].isna().all(axis=None)
    assert "nrs_t0: expected" in table.loc[2, "told"]
    assert "11" not in table.loc[2, "told"].split("expected")[0]


def test_answers_are_written_to_no_place_that_would_lose_something(folder, files):
    asked = ["predict", str(folder), "--cohort", str(files / "cohort.csv"), "--out"]
    before = (files / "cohort.csv").read_bytes()
    (files / "old.csv").write_text("kept")
    for place, why in (
        ("cohort.csv", "is the cohort itself"),
        ("old.csv", "is there already"),
        ("answers.xlsx", "must end in .csv or .parquet"),
        ("none/answers.csv", "does not exist"),
    ):
        done = line.run(*asked, files / place)
        assert done.exit_code != 0
        assert why in done.output + str(done.exception)
    assert (files / "cohort.csv").read_bytes() == before
    assert (files / "old.csv").read_text() == "kept"
    alone = line.run("predict", folder, "--set", "nrs_t0=8", "--out", "a.csv")
    assert "--out is for a cohort's answers" in alone.output + str(alone.exception)


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"age_years": 12}, {}, "out of scope"),
        ({"nrs_t0": 1}, {}, "no estimate"),
        ({}, {"status": "approved for silent evaluation only", "synthetic": False}, "withheld"),
    ],
)
def test_an_answer_without_numbers_is_called_what_it_is(change, status, kind):
    predictor = Predictor(make_loaded(facts=status))
    found = predictor.predict({**PATIENT, **change}, request_id="r")
    assert name_kind(withhold(predictor, found)) == kind
