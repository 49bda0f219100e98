from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.panel.panel import combine_wells
from serving.estimate.answer import Answer, Problems
from serving.estimate.panel import PanelSample, choose_panel, parse_sample
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.web.openapi import make_openapi
from tests.places import PROJECT
from tests.serving.helpers.json_schema import check
from tests.serving.helpers.models import PATIENT, make_loaded
from tests.serving.helpers.panels import ASSAYS, CEILING, SELECTED, make_cts, make_loaded_with_panel

CT = {
    "hsa-miR-16-5p": 22.1,
    "hsa-miR-17-5p": 24.3,
    "hsa-miR-21*": 27.9,
    "hsa-miR-19a-3p": 25.0,
    "hsa-miR-155-5p": 30.2,
    "hsa-miR-124-3p": "Undetermined",
    "RNU48": 24.6,
}
DATES = {"sample_date": "2026-03-01", "infusion_start": "2026-03-02"}
PANEL = {"platform": "QuantStudio 7", "plate": "P9", **DATES, "ct": CT}


@pytest.fixture(scope="module")
def loaded():
    return make_loaded_with_panel()


@pytest.fixture(scope="module")
def both(loaded):
    return Predictor(loaded)


def ask(predictor, panel, patient=PATIENT):
    return predictor.predict(patient, request_id="r1", panel=panel)


def notices(answer, prefix="panel"):
    return {
        n["code"]: n["text"]
        for n in answer["applicability"]["notices"]
        if n["code"].startswith(prefix)
    }


def problems(raw):
    with pytest.raises(RequestError) as caught:
        parse_sample(raw)
    return {p["variable"]: p for p in caught.value.body()["problems"]}


# -- reading --------------------------------------------------------------------------------------


def test_a_panel_is_read():
    sample = parse_sample({**PANEL, "ct": {"hsa-miR-16-5p": 24, "x": None, "U6": " undetermined "}})
    assert sample == PanelSample({"hsa-miR-16-5p": 24.0, "U6": None}, "P9", None, "before")


@given(ct=st.decimals(3, 60, places=2), comma=st.booleans(), around=st.sampled_from(["", "\u200b"]))
def test_a_ct_may_come_as_a_text_with_either_decimal_sign(ct, comma, around):
    text = around + str(ct).replace(".", "," if comma else ".")
    told = parse_sample({"ct": {f"{around}hsa-miR-16-5p": text}, "ceiling": text})
    assert told == parse_sample({"ct": {"hsa-miR-16-5p": float(ct)}, "ceiling": float(ct)})


@pytest.mark.parametrize("text", ["2_2.0", "1.022,5", "22%", "inf", "2e2", "-22", "61", "2,9", ""])
def test_no_other_text_is_a_ct(text):
    assert list(problems({"ct": {"hsa-miR-16-5p": text}})) == ["panel.ct.hsa-miR-16-5p"]


def test_every_problem_is_named_at_once_with_the_range_and_what_came():
    found = problems(
        {
            "ct": {
                "a": 2.9,
                "b": 60.1,
                "c": "high",
                "d": True,
                "e": float("nan"),
                "f": {},
                "g": "",
                "h": [24.0, "x"],
                "i": 10**400,
                "ok": 24.0,
            },
            "plate": 7,
            "sample_date": "1 March",
            "ceiling": 2,
            "colour": "red",
        }
    )
    assert set(found) == {
        *(f"panel.ct.{name}" for name in "abcdefghi"),
        "panel.plate",
        "panel.sample_date",
        "panel.ceiling",
        "panel.colour",
    }
    assert found["panel.ct.a"] == {
        "variable": "panel.ct.a",
        "expected": "a Ct from 3 to 60 cycles, Undetermined, or null",
        "got": "'2.9'",
        "action": "",
    }
    assert found["panel.ct.h"]["got"] == "'x'"


@pytest.mark.parametrize("raw", [[], "text", 3, True, {}, {"ct": None}, {"ct": {}}, {"ct": [24]}])
def test_what_is_no_panel_is_a_problem(raw):
    assert problems(raw)


@pytest.mark.parametrize(("length", "shown"), [(60, "x" * 60), (61, "x" * 57 + "...")])
def test_what_came_is_repeated_up_to_sixty_characters(length, shown):
    found = problems({"ct": {"miR-16": "x" * length}})
    assert found["panel.ct.miR-16"]["got"] == repr(shown)


def test_a_sample_taken_after_the_start_is_refused_and_said():
    found = problems(
        {**PANEL, "sample_date": "2026-03-02T10:00", "infusion_start": "2026-03-02T09:00"}
    )
    assert list(found) == ["panel.sample_date"]
    assert found["panel.sample_date"]["got"] == "one taken after it"
    assert "no predictor" in found["panel.sample_date"]["action"]


def test_replicates_become_one_value_as_in_the_import():
    wells = {"a": [24.0, 25.0, None], "b": [24.0, "ND", "ND"], "c": [24.0, "ND"], "d": [None]}
    sample = parse_sample({"ct": wells})
    rows = [
        (assay, np.nan if cell == "ND" else cell, cell != "ND")
        for assay, cells in wells.items()
        for cell in cells
        if cell is not None
    ]
    table = pd.DataFrame(rows, columns=["assay", "ct", "detected"]).assign(
        sample="s", ceiling=40.0, flag="", plate="", platform=""
    )
    table["ct"] = table["ct"].astype(float)
    cells = combine_wells(table)
    expected = {
        a: ct if seen else None
        for a, ct, seen in zip(cells["assay"], cells["ct"], cells["detected"], strict=True)
    }
    assert sample.values == expected == {"a": 24.5, "b": None, "c": 24.0}


def test_names_are_mapped_as_in_the_import_and_the_models_own_are_kept():
    ct = {
        "hsa-mir-17-5p": 24.0,
        "hsa-miR-17-5p": 25.0,
        "hsa-miR-21-4373090": 26.0,
        "hsa-miR-9#-002231": 31.0,
        "hsa-miR-517a/b": 28.0,
    }
    sample = parse_sample({"ct": ct})
    assert sample.values == {
        "hsa-miR-17-5p": 24.5,
        "hsa-miR-21": 26.0,
        "hsa-miR-9*": 31.0,
        "hsa-miR-517a/b": 28.0,
    }
    kept = parse_sample({"ct": ct}, known=["hsa-miR-21-4373090"])
    assert kept.values["hsa-miR-21-4373090"] == 26.0


def test_a_ceiling_is_taken_as_told_or_found_where_values_pile_up():
    told = parse_sample({"ct": {"a": 34.9, "b": 35.0, "c": 36.0}, "ceiling": 35})
    assert told.values == {"a": 34.9, "b": None, "c": None}
    piled = parse_sample({"ct": {"a": 34.9, "b": 35, "c": 35.0, "d": 35}})
    assert (piled.ceiling, piled.values["b"]) == (35.0, None)
    assert parse_sample({"ct": {"a": 34.9, "b": 35.0, "c": 35}}).ceiling is None


_CELLS = st.none() | st.floats() | st.integers() | st.text(max_size=8) | st.booleans()
_PANELS = st.dictionaries(
    st.sampled_from(["ct", "plate", "platform", "sample_date", "infusion_start", "ceiling", "x"]),
    _CELLS | st.dictionaries(st.text(max_size=6), _CELLS | st.lists(_CELLS, max_size=3)),
)


@settings(max_examples=200)
@given(raw=_PANELS | _CELLS | st.dictionaries(st.sampled_from(ASSAYS), st.floats(3, 60)))
def test_any_panel_is_answered_or_refused_with_its_problems(both, raw):
    try:
        answer = ask(both, raw)
    except RequestError as err:
        answer = err.body()
        assert answer["problems"]
        Problems.model_validate(answer)
    else:
        assert answer["submodel"] in ("clinical", "clinical+panel")
    json.dumps(answer, allow_nan=False)


# -- answering ------------------------------------------------------------------------------------


def test_a_usable_panel_is_answered_by_its_sub_model_as_in_training(both, loaded):
    answer = ask(both, PANEL)
    assert answer["submodel"] == "clinical+panel"
    values = {a: None if ct == "Undetermined" else ct for a, ct in CT.items()}
    row = loaded.panel.to_row(values, "P9")
    x = both.dictionary.encode([both._read_record(PATIENT)[0]], both.model.predictors)
    expected = loaded.panel.response.probability(loaded.panel.encode(x, row[np.newaxis]))[0]
    served = [e["probability"] for e in answer["estimates"]]
    np.testing.assert_allclose(served, expected, atol=1e-15)
    assert served != [e["probability"] for e in ask(both, None)["estimates"]]
    Answer.model_validate(answer)
    assert notices(answer) == {}


def test_a_panel_that_was_read_beforehand_is_used_as_one_that_comes_raw(both):
    # The page and the command line read the panel themselves.
    read, raw = (
        both.predict(PATIENT, request_id="r", panel=panel)
        for panel in (parse_sample(PANEL, known=both.panel.assays), PANEL)
    )
    assert read["submodel"] == "clinical+panel"
    assert read == raw


def test_without_a_panel_the_clinical_sub_model_answers_as_before(both, predictor):
    assert ask(both, None) == ask(predictor, None)


@pytest.mark.parametrize("trees", [False])
def test_the_panel_is_one_contribution_with_the_assays_beneath(both, trees):
    for estimate in ask(both, PANEL)["estimates"]:
        rows = estimate["explanation"]["contributions"]
        assert [row["variable"] for row in rows] == [*both.model.predictors, "panel"]
        panel = rows[-1]
        assert panel["value"] is None
        assert [part["variable"] for part in panel["parts"]] == list(SELECTED)
        assert all(-20 < part["value"] < 20 for part in panel["parts"])
        total = sum(part["contribution"] for part in panel["parts"])
        assert total == pytest.approx(panel["contribution"], abs=1e-12)
        base = estimate["explanation"]["base"]
        whole = base + sum(row["contribution"] for row in rows)
        assert whole == pytest.approx(estimate["probability"], abs=1e-6)
        assert any(part["contribution"] for part in panel["parts"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hsa-miR-17-5p": None, "hsa-miR-155-5p": None}, "1 of the 3 assays"),
        (dict.fromkeys(CT, "Undetermined"), "cannot be normalised"),
        (dict.fromkeys(CT), "none of the assays"),
    ],
)
def test_a_panel_that_cannot_be_used_leaves_it_to_the_clinical_sub_model(both, change, words):
    answer = ask(both, {**PANEL, "ct": {**CT, **change, "other": 24.0}})
    assert answer["submodel"] == "clinical"
    assert answer["estimates"] == ask(both, None)["estimates"]
    text = notices(answer)["panel_unused"]
    assert text.startswith("The microRNA panel was not used: ")
    assert words in text
    assert text.endswith("The estimate is the clinical sub-model's.")


def test_a_run_that_ended_early_is_not_taken_for_one_that_saw_nothing(both):
    short = {**PANEL, "ceiling": 32, "ct": {**CT, "hsa-miR-155-5p": "Undetermined"}}
    assert "fewer cycles than the 35 of the model" in notices(ask(both, short))["panel_unused"]
    # A non-detect that the model has no use for, or a run as long as the model's, do no harm.
    assert ask(both, {**PANEL, "ceiling": 32})["submodel"] == "clinical+panel"
    long = {**short, "ceiling": CEILING + 5}
    assert ask(both, long)["submodel"] == "clinical+panel"


def test_a_model_without_a_panel_answers_clinically_and_says_so(predictor):
    answer = ask(predictor, PANEL)
    assert answer["submodel"] == "clinical"
    assert "no sub-model for patients with a panel" in notices(answer)["panel_unused"]


def test_what_the_reader_must_know_of_a_used_panel_is_told(both):
    panel = {"ct": {**CT, "hsa-miR-155-5p": None, "strange": 24.0, "hsa-miR-9*": 30.0}}
    told = notices(ask(both, panel))
    assert "only if it was" in told["panel_timing"]
    assert told["panel_missing"].endswith("treated as average: hsa-miR-155-5p.")
    assert "does not know 2 of the panel's assays" in told["panel_unknown_assays"]
    same = {**PANEL, "sample_date": "2026-03-02"}
    assert "on the day of the infusion" in notices(ask(both, same))["panel_timing"]
    far = {**PANEL, "ct": {**CT, "hsa-miR-17-5p": 12.0}}
    assert "normalisation: hsa-miR-17-5p" in notices(ask(both, far))["panel_outside_training"]


def test_a_new_plate_is_told_where_plates_are_corrected():
    predictor = Predictor(make_loaded_with_panel(plates=("p1", "p2")))
    assert "panel_plate" in notices(ask(predictor, PANEL))
    known = ask(predictor, {**PANEL, "plate": "p2"})
    assert "panel_plate" not in notices(known)


def test_a_patient_out_of_scope_gets_no_estimate_with_a_panel_either(both):
    answer = ask(both, PANEL, {**PATIENT, "age_years": 12})
    assert (answer["estimates"], answer["submodel"]) == ([], "clinical")


def test_problems_of_record_and_panel_come_together(both):
    with pytest.raises(RequestError) as caught:
        ask(both, {"ct": {"hsa-miR-16-5p": 99}}, {**PATIENT, "nrs_t0": 11})
    assert [p.column for p in caught.value.problems] == ["nrs_t0", "panel.ct.hsa-miR-16-5p"]
    assert "99" not in str(caught.value)


def test_patients_in_a_batch_get_what_they_get_alone(both):
    second = {**PANEL, "ct": {**CT, "hsa-miR-17-5p": 27.5}}
    entries = [
        {"patient": PATIENT, "panel": PANEL},
        PATIENT,
        {"patient": PATIENT},
        {"patient": PATIENT, "panel": second},
        {"patient": PATIENT, "panel": {"ct": {"a": 1}}},
        {"patient": PATIENT, "panl": PANEL},
    ]
    answers = both.predict_batch(entries, request_id="b")
    alone = [ask(both, panel) for panel in (PANEL, None, None, second)]
    for answer, one in zip(answers, alone, strict=False):
        assert answer["estimates"] == one["estimates"]
        assert answer["submodel"] == one["submodel"]
    assert answers[0]["estimates"] != answers[3]["estimates"]
    assert answers[4]["problems"][0]["variable"] == "panel.ct.a"
    assert answers[5]["problems"][0]["variable"] == "panl"


def test_the_order_of_assays_and_assays_without_use_change_nothing(both):
    turned = {**PANEL, "ct": {**dict(reversed(CT.items())), "other": 20.0}}
    assert ask(both, turned)["estimates"] == ask(both, PANEL)["estimates"]


def test_choose_panel_gives_the_row_of_training(loaded):
    rows = make_cts(3, seed=9)
    for row in rows:
        sample = PanelSample(dict(zip(ASSAYS, row.tolist(), strict=True)), timing="before")
        chosen, told = choose_panel(loaded.panel, sample)
        np.testing.assert_array_equal(chosen, row)
        assert told == []


def test_the_document_describes_the_panel(both):
    document = make_openapi(both, version="1")
    schema = document["components"]["schemas"]["Panel"]
    assert set(schema["properties"]) == {
        "ct",
        "platform",
        "plate",
        "sample_date",
        "infusion_start",
        "ceiling",
    }
    assert "hsa-miR-155-5p" in schema["description"]
    request = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert request["schema"]["required"] == ["patient"]
    assert check(
        {"patient": PATIENT, "panel": PANEL}, request["schema"], document["components"]["schemas"]
    )


def test_the_request_in_the_documentation_is_read(both):
    text = (PROJECT / "docs" / "api.md").read_text()
    (example,) = (b for b in re.findall(r"```json\n(.*?)```", text, re.S) if '"panel"' in b)
    request = json.loads(example)
    answer = ask(both, request["panel"], request["patient"])
    assert answer["estimates"]
    assert parse_sample(request["panel"]).values == {
        "hsa-miR-16-5p": 22.1,
        "hsa-miR-17-5p": pytest.approx(24.3),
        "hsa-miR-155-5p": None,
    }


def test_a_constant_panel_model_is_explained_without_contributions():
    loaded = make_loaded_with_panel()
    response = loaded.panel.response
    flat = replace(response.first, coef=np.zeros_like(response.first.coef))
    kept = replace(response.kept, coef=np.zeros_like(response.kept.coef))
    panel = replace(loaded.panel, response=replace(response, first=flat, kept=kept))
    answer = ask(Predictor(replace(loaded, panel=panel)), PANEL)
    rows = answer["estimates"][0]["explanation"]["contributions"]
    assert not any(row["contribution"] for row in rows)
    assert make_loaded().panel is None


def test_a_constant_clinical_model_is_not_told_where_the_panel_moved_the_estimate():
    loaded = make_loaded_with_panel(constant=True)
    predictor = Predictor(loaded)
    codes = [
        {n["code"] for n in ask(predictor, panel)["applicability"]["notices"]}
        for panel in (None, PANEL)
    ]
    assert "prevalence_only" in codes[0]
    assert "prevalence_only" not in codes[1]
