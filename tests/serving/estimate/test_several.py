from __future__ import annotations

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from features.errors import InputError
from features.files.table import write_table
from features.panel.importing import read_panel
from serving.estimate.panel import PanelSample
from serving.estimate.predictor import Predictor
from serving.estimate.several import find_sample, predict_cohort
from tests.serving.commands.test_serve import app
from tests.serving.estimate.test_panel import CT, PANEL
from tests.serving.helpers.models import PATIENT
from tests.serving.helpers.panels import make_loaded_with_panel, make_panel_case
from training.store.artifact import save_model

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
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


def test_each_patient_gets_the_answer_of_the_sub_model_that_can_use_the_panel(both):
    answers = predict_cohort(both, COHORT, {"P1": FULL})
    alone = [both.predict(PATIENT, request_id="x", panel=panel) for panel in (FULL, None)]
    assert [a["estimates"] for a in answers[:2]] == [a["estimates"] for a in alone]
    assert [a["submodel"] for a in answers[:2]] == ["clinical+panel", "clinical"]
    assert answers[2]["problems"][0]["variable"] == "nrs_t0"
    assert answers[3]["estimates"] == []
    assert [a["patient_id"] for a in answers] == ["P1", "P2", "P3", "P4"]


def test_panels_of_other_people_are_told(both):
    with pytest.raises(InputError, match="patients of the cohort"):
        predict_cohort(both, COHORT, {"X": FULL})
    with pytest.raises(InputError, match="patient_id"):
        predict_cohort(both, COHORT.drop(columns="patient_id"), {})


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
    assert "to put right: nrs_t0" in flat


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
