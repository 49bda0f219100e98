from __future__ import annotations

import numpy as np
import pytest

from serving.monitoring.monitoring import compute_monitoring
from serving.monitoring.report import make_monitoring_report
from serving.monitoring.watch import Watched
from tests.serving.monitoring.arrays import DAY, START, make_before, make_followed
from tests.training.helpers.documents import leaving_pictures_empty
from training.document.document import COUNTS_ONLY, Picture, Table
from training.document.files import to_values
from training.document.render import to_html
from training.measures.subgroups import Subgroup


def make_report(n: int):
    rng = np.random.default_rng(3)
    risk = rng.uniform(0.3, 0.9, n)
    y = (rng.random(n) < risk).astype(float)
    women = np.arange(n) % 3 > 0
    parts = [Subgroup("sex", "female", women), Subgroup("sex", "male", ~women)] if n else []
    now = START + 2000 * DAY
    found = compute_monitoring(make_followed(y, risk), make_before(), now=now, subgroups=parts)
    return make_monitoring_report(Watched("demo:3", "d" * 64, "A stamp.", found))


@pytest.mark.parametrize("n", [0, 1, 5, 60])
def test_page_is_whole_whatever_the_number_of_patients(n):
    report = make_report(n)
    with leaving_pictures_empty():
        page = to_html(report)
    assert "A stamp." in page
    assert "the charts show outcomes one by one" in page
    assert COUNTS_ONLY not in page
    assert "nan" not in page.lower().replace("nanning", "")
    for section in ("In short", "Has something changed?", "Are the reports complete?"):
        assert section in page


def test_tables_hold_what_was_found():
    blocks = {
        block.name: block
        for section in make_report(60).sections
        for block in section.blocks
        if isinstance(block, Table | Picture)
    }
    assert list(blocks) == [
        "performance",
        "course",
        "blocks",
        "outcome_charts",
        "request_charts",
        "charts",
        "reporting",
        "subgroups",
    ]
    charts = blocks["charts"]
    assert len(charts.rows) == 7
    assert charts.rows[0][-1] == "90.0%"
    assert [row[2] for row in blocks["blocks"].rows[:3]] == ["25", "25", "10"]


def test_two_patients_leave_no_number_behind():
    for section in make_report(2).sections:
        for block in section.blocks:
            if isinstance(block, Table) and block.name == "charts":
                assert {row[3] for row in block.rows} == {"–"}
    assert not to_values(make_report(2))["tables"].keys() & {"performance", "blocks"}


def test_values_hold_nothing_of_one_patient():
    values = to_values(make_report(5))
    assert all(row["n"] >= 3 for row in values["tables"]["blocks"])
    assert {row["horizon"] for row in values["tables"]["performance"]} == {"t1", "t2"}
