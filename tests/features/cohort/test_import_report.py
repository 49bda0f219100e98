"""What an import did, as plain values."""

import json

from features.cohort.filtering import Filtered
from features.cohort.import_report import ColumnReport, ImportReport, JoinReport


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
    }
