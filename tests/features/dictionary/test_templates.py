"""Empty forms derived from the dictionary: what they collect can be read back."""

import csv
import io
from pathlib import Path

import pytest

from features.cohort.cohort import read_cohort
from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable
from features.dictionary.schema import Dictionary
from features.dictionary.templates import (
    REDCAP_COLUMNS,
    is_redcap_own,
    make_redcap_dictionary,
    make_template,
)
from features.errors import InputError

ARM = declare_variable(
    "arm", {"kind": "category", "categories": ["a", "b"], "known_at": "baseline"}
)


def _redcap(dictionary: Dictionary = CONTRACT) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(make_redcap_dictionary(dictionary))))


def test_the_template_names_what_people_fill_in_and_is_itself_no_cohort(tmp_path: Path) -> None:
    header = make_template().strip().split(",")
    assert header == [name for name in CONTRACT.names if name != "record_origin"]
    path = tmp_path / "t.csv"
    path.write_text(make_template(), encoding="utf-8")
    with pytest.raises(InputError, match="no rows"):
        read_cohort(path)
    path.write_text(make_template() + "A" + "," * (len(header) - 1) + "\n", encoding="utf-8")
    assert len(read_cohort(path).table) == 1


def test_declared_variables_are_in_both_forms() -> None:
    dictionary = CONTRACT.with_variables([ARM])
    assert make_template(dictionary).strip().endswith(",arm")
    assert "arm" in [row["Variable / Field Name"] for row in _redcap(dictionary)]


def test_the_redcap_dictionary_has_its_columns_and_the_id_first() -> None:
    text = make_redcap_dictionary()
    assert tuple(next(csv.reader(io.StringIO(text)))) == REDCAP_COLUMNS
    assert len(REDCAP_COLUMNS) == 18
    first = _redcap()[0]
    assert first["Variable / Field Name"] == "patient_id"
    assert (first["Identifier?"], first["Required Field?"]) == ("y", "y")


def test_fields_of_a_redcap_form_stand_together_also_with_declared_variables() -> None:
    forms = [row["Form Name"] for row in _redcap(CONTRACT.with_variables([ARM]))]
    changes = [form for form, before in zip(forms, ["", *forms], strict=False) if form != before]
    assert changes == ["baseline", "infusion", "discharge_t1", "follow_up_t2", "later"]


def test_numbers_carry_their_range_and_validation() -> None:
    fields = {row["Variable / Field Name"]: row for row in _redcap()}
    nrs, course = fields["nrs_t0"], fields["course_number"]
    keys = (
        "Field Type",
        "Text Validation Type OR Show Slider Number",
        "Text Validation Min",
        "Text Validation Max",
    )
    assert [nrs[key] for key in keys] == ["text", "number", "0", "10"]
    assert [course[key] for key in keys] == ["text", "integer", "1", "100"]
    assert "LOINC 72514-3" in nrs["Field Annotation"]


def test_a_raw_redcap_export_has_the_contracts_own_values(tmp_path: Path) -> None:
    lines = []
    for row in _redcap():
        choices = row["Choices, Calculations, OR Slider Labels"]
        if row["Field Type"] == "radio":
            codes = [choice.split(",")[0].strip() for choice in choices.split("|")]
            variable = CONTRACT[row["Variable / Field Name"]]
            assert codes == list(variable.categories or ("yes", "no"))
            lines += [(variable.name, code) for code in codes]
    path = tmp_path / "export.csv"
    for name, code in lines:
        path.write_text(f"patient_id,{name}\nA,{code}\n", encoding="utf-8")
        assert read_cohort(path).table[name].notna().all()


def test_a_whole_raw_export_is_read_with_what_redcap_adds_to_it(tmp_path: Path) -> None:
    names, values = [], []
    fields = _redcap(CONTRACT.with_variables([ARM]))
    for i, row in enumerate(fields):
        last = i + 1 == len(fields) or fields[i + 1]["Form Name"] != row["Form Name"]
        form, name = row["Form Name"], row["Variable / Field Name"]
        names += [name, f"{form}_complete"] if last else [name]
        given = {"patient_id": "A", "nrs_t0": "8", "arm": "b"}.get(name, "")
        values += [given, "2"] if last else [given]
    names[1:1] = ["redcap_survey_identifier", "redcap_data_access_group"]
    values[1:1] = ["", "north"]
    assert sum(name.endswith("_complete") for name in names) == 5
    path = tmp_path / "export.csv"
    path.write_text(f"{','.join(names)}\n{','.join(values)}\n", encoding="utf-8")
    table = read_cohort(path, dictionary=CONTRACT.with_variables([ARM])).table
    assert table.columns.tolist() == [
        name for name in [*CONTRACT.names, "arm"] if name != "record_origin"
    ]
    assert (table["nrs_t0"][0], table["arm"][0]) == (8, 1)


def test_only_what_redcap_adds_to_the_templates_forms_is_left_aside(tmp_path: Path) -> None:
    assert is_redcap_own("baseline_complete") and is_redcap_own("follow_up_t2_timestamp")
    assert not is_redcap_own("other_complete") and not is_redcap_own("complete")
    path = tmp_path / "export.csv"
    path.write_text("patient_id,consent_complete\nA,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="consent_complete"):
        read_cohort(path)


def test_categories_that_redcap_cannot_take_are_named() -> None:
    spaced = declare_variable(
        "arm", {"kind": "category", "categories": ["a", "usual care"], "known_at": "baseline"}
    )
    with pytest.raises(InputError) as caught:
        make_redcap_dictionary(CONTRACT.with_variables([spaced]))
    assert [(p.column, p.got) for p in caught.value.problems] == [("arm", "'usual care'")]
