"""Whom a model is for, for one patient and for a table."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.eligibility import BORROWED_ELIGIBILITY, CRPS_ELIGIBILITY, Eligibility

NAN = float("nan")
IN_SCOPE: dict[str, float | str | None] = {
    "age_years": 18.0,
    "setting": 0.0,
    "drug": 0.0,
    "route": 0.0,
    "concurrent_infusion_drug": 0.0,
    "course_number": 1.0,
}


def test_a_patient_at_every_bound_is_in_scope() -> None:
    assert CRPS_ELIGIBILITY.assess(IN_SCOPE) == ([], [])


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("age_years", 17.9, "Age must be at least 18 years"),
        ("setting", 1.0, "Admission must be elective"),
        ("drug", 1.0, "Infusion drug must be S-ketamine"),
        ("route", 3.0, "Route of administration must be intravenous"),
        ("concurrent_infusion_drug", 1.0, "Other infusion drug in the same admission must be none"),
        ("course_number", 2.0, "Number of the ketamine course must be at most 1"),
    ],
)
def test_each_rule_puts_a_patient_out_of_scope_with_its_reason(
    name: str, value: float, reason: str
) -> None:
    assert CRPS_ELIGIBILITY.assess({**IN_SCOPE, name: value}) == ([(name, reason)], [])


def test_an_unknown_value_excludes_nobody_and_is_named() -> None:
    reasons, unknown = CRPS_ELIGIBILITY.assess({"age_years": None, "setting": 1.0})
    assert [name for name, _ in reasons] == ["setting"]
    assert unknown == ["age_years", "drug", "route", "concurrent_infusion_drug", "course_number"]


def test_the_flow_counts_each_course_out_once_and_unknowns_as_kept() -> None:
    table = pd.DataFrame(
        {
            # a child in an emergency; an emergency; racemic and oral; combined; second; fine; two
            # with unknowns
            "age_years": [15, 40, 40, 40, 40, 40, NAN, 40],
            "setting": [1, 1, 0, 0, 0, 0, 0, NAN],
            "drug": [0, 0, 1, 0, 0, 0, 0, 0.0],
            "route": [0, 0, 1, 0, 0, 0, NAN, NAN],
            "concurrent_infusion_drug": [0, 0, 0, 1, 0, 0, 0, 0.0],
            "course_number": [1, 1, 1, 1, 2, 1, 1, 1.0],
        }
    )
    eligible, flow = CRPS_ELIGIBILITY.select(table)
    assert eligible.index.tolist() == [5, 6, 7]
    assert flow.columns.tolist() == ["step", "remaining", "excluded", "unknown_kept"]
    assert flow.iloc[:, 1:].to_numpy().tolist() == [
        [8, 0, 0],
        [7, 1, 1],
        [6, 1, 1],
        [5, 1, 2],
        [4, 1, 0],
        [3, 1, 0],
    ]
    assert flow["step"].tolist()[:3] == [
        "identified",
        "Age: at least 18 years",
        "Admission: elective",
    ]
    assert flow["step"][3] == "Infusion drug: S-ketamine, Route of administration: intravenous"


def test_a_column_that_is_not_there_is_unknown_for_all() -> None:
    eligible, flow = Eligibility(minimum={"age_years": 18}).select(pd.DataFrame({"sex": [0.0, 1]}))
    assert len(eligible) == 2
    assert flow.iloc[1, 1:].tolist() == [2, 0, 2]


@pytest.mark.parametrize("rules", [CRPS_ELIGIBILITY, Eligibility(maximum={"nrs_t0": 9.5})])
def test_rules_survive_being_written_and_read(rules: Eligibility) -> None:
    assert Eligibility.from_dict(rules.to_dict()) == rules


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "age_years": st.sampled_from([NAN, 10.0, 18.0, 50.0]),
                "setting": st.sampled_from([NAN, 0.0, 1.0]),
                "drug": st.sampled_from([NAN, 0.0, 1.0]),
                "course_number": st.sampled_from([NAN, 1.0, 2.0]),
            }
        ),
        min_size=1,
        max_size=8,
    )
)
def test_table_and_patient_are_judged_alike(rows: list[dict[str, float]]) -> None:
    eligible, flow = CRPS_ELIGIBILITY.select(pd.DataFrame(rows))
    one_by_one = [
        not CRPS_ELIGIBILITY.assess({k: None if np.isnan(v) else v for k, v in row.items()})[0]
        for row in rows
    ]
    assert eligible.index.tolist() == [i for i, inside in enumerate(one_by_one) if inside]
    assert flow["remaining"].iloc[0] - flow["excluded"].sum() == flow["remaining"].iloc[-1]


def test_what_no_row_tells_of_is_found() -> None:
    table = pd.DataFrame({"age_years": [NAN, 40], "setting": [NAN, NAN], "course_number": [1, 1]})
    unknown = ("setting", "drug", "route", "concurrent_infusion_drug")
    assert CRPS_ELIGIBILITY.find_unknown(table) == unknown
    assert CRPS_ELIGIBILITY.settle(table) == CRPS_ELIGIBILITY
    settled = BORROWED_ELIGIBILITY.settle(table)
    assert settled == Eligibility(minimum={"age_years": 18}, maximum={"course_number": 1})
    assert BORROWED_ELIGIBILITY.settle(pd.DataFrame({"sex": [1.0]})) == (
        Eligibility(minimum={"age_years": 18})
    )


_COLUMN = st.lists(st.sampled_from([NAN, 0.0, 1.0]), min_size=4, max_size=4)


@given(st.dictionaries(st.sampled_from(["age_years", *CRPS_ELIGIBILITY.allowed]), _COLUMN))
def test_settled_rules_leave_out_whom_they_left_out_before(columns: dict[str, list[float]]) -> None:
    table = pd.DataFrame(columns, index=range(4))
    table = table.assign(age_years=40 * table["age_years"]) if "age_years" in table else table
    settled = BORROWED_ELIGIBILITY.settle(table)
    kept, _ = settled.select(table)
    before, _ = CRPS_ELIGIBILITY.select(table)
    assert kept.index.tolist() == before.index.tolist()
    assert set(settled.find_unknown(table)) <= {"age_years"}
