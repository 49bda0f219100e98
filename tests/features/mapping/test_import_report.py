"""What an import did, as plain values."""

import json

from features.mapping.filtering import Filtered
from features.mapping.import_report import ColumnReport, ImportReport, JoinReport


def test_a_report_becomes_plain_values_that_json_can_write() -> None:
    report = ImportReport(
        raw_rows=5,
        raw_columns=7,
        cleaned=0,
        filters=(Filtered("group", {"Patient": 1}, {"Patient": "patient"}, ()),),
        unused_rows=2,
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
        "unused_rows": 2,
        "rows": 2,
        "columns": [
            {"name": "nrs_t0", "source": "vas", "how": "divided by 10", "known": 1, "missing": 1}
        ],
        "missing_codes": {"-99": 6},
        "unmapped": ["remarks"],
        "synthetic_rows": 0,
        "joined": [{"name": "lab", "rows": 4, "matched": 2, "without": 1, "strangers": 2}],
        "notes": [],
        "alike": [],
    }


def test_a_report_is_told_in_sentences() -> None:
    report = ImportReport(
        raw_rows=5,
        raw_columns=7,
        cleaned=0,
        filters=(Filtered("group", {"Patient": 1}, {"Patient": "patient"}, ()),),
        unused_rows=2,
        rows=2,
        columns=(),
        missing_codes={"-99": 6, "NA": 1},
        unmapped=("remarks", "[x]"),
        synthetic_rows=1,
        joined=(JoinReport("lab", rows=4, matched=2, without=1, strangers=2),),
    )
    assert report.tell_rows() == [
        "Dropped 1 row by group: 'Patient' in 1 row.",
        "Look again: 'Patient' is nearly 'patient'. Add it to the filter if it is meant.",
        "Joined lab: patients in both 2, without a row in it 1, only in it 2.",
        "2 rows at times that no variable comes from.",
    ]
    assert report.tell_rest() == [
        "Read as not known: -99 (6), NA (1).",
        "Not used: remarks, [x].",
        "Simulated, and marked as such: 1 row.",
    ]
    assert ImportReport(5, 7, 0, (), 0, 5, (), {}, (), 0).tell_rest() == []
