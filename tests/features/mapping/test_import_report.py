"""What an import did, as plain values."""

import json

from features.mapping.filtering import Filtered
from features.mapping.import_report import ColumnReport, ImportReport, JoinReport, Unused


def test_a_report_becomes_plain_values_that_json_can_write() -> None:
    report = ImportReport(
        raw_rows=5,
        raw_columns=7,
        cleaned=0,
        filters=(Filtered("group", {"Patient": 1}, {"Patient": "patient"}, ()),),
        unused=Unused({"v2": 1, "": 1}, {"v2": "V2"}),
        rows=2,
        columns=(ColumnReport("nrs_t0", "vas", "divided by 10", known=1, missing=1),),
        missing_codes={"-99": 6},
        unmapped=("remarks",),
        synthetic_rows=0,
        joined=(JoinReport("lab", rows=4, matched=2, without=1, strangers=2),),
    )
    assert json.loads(json.dumps(report.to_dict())) == {
        "raw_rows": 5,
        "raw_columns": 7,
        "cleaned": 0,
        "filters": [
            {
                "column": "group",
                "dropped": {"Patient": 1},
                "near": {"Patient": "patient"},
                "absent": [],
            }
        ],
        "dropped": {"group": 1},
        "unused": {"times": {"v2": 1, "": 1}, "near": {"v2": "V2"}},
        "unused_rows": 2,
        "rows": 2,
        "columns": [
            {"name": "nrs_t0", "source": "vas", "how": "divided by 10", "known": 1, "missing": 1}
        ],
        "missing_codes": {"-99": 6},
        "unmapped": ["remarks"],
        "synthetic_rows": 0,
        "joined": [
            {"name": "lab", "rows": 4, "matched": 2, "without": 1, "strangers": 2}
            | {"nobody": 0, "near": []}
        ],
        "notes": [],
        "alike": [],
    }


def test_a_report_is_told_in_sentences() -> None:
    report = ImportReport(
        raw_rows=5,
        raw_columns=7,
        cleaned=0,
        filters=(Filtered("group", {"Patient": 1}, {"Patient": "patient"}, ()),),
        unused=Unused({"v2": 1, "": 1}, {"v2": "V2"}),
        rows=2,
        columns=(),
        missing_codes={"-99": 6, "NA": 1},
        unmapped=("remarks", "[x]"),
        synthetic_rows=1,
        joined=(
            JoinReport("lab", 4, 2, without=1, strangers=2),
            JoinReport("who", 4, 2, without=1, strangers=1, nobody=1, near=(("a", "A"),)),
        ),
        notes=("Passed over a blank row, line 3.",),
    )
    assert report.tell_rows() == [
        "Passed over a blank row, line 3.",
        "Dropped 1 row by group: 'Patient' in 1 row.",
        "Look again: 'Patient' is nearly 'patient'. Add it to the filter if it is meant.",
        "Joined lab: patients in both 2, without a row in it 1, only in it 2.",
        "Joined who: patients in both 2, without a row in it 1, only in it 1; 1 row without a "
        "patient. Look again: 'a' is nearly 'A'. Write both alike if they are one.",
        "2 rows at times that no variable comes from: 'v2' in 1 row, an empty cell in 1 row.",
        "Look again: 'v2' is nearly 'V2'. Write both alike if they are one.",
    ]
    assert report.tell_rest() == [
        "Read as not known: -99 (6), NA (1).",
        "Not used: remarks, [x].",
        "Simulated, and marked as such: 1 row.",
    ]
    assert ImportReport(5, 7, 0, (), Unused({}, {}), 5, (), {}, (), 0).tell_rest() == []
