"""Rules that a cohort tells nothing of: told once, with what to add."""

import numpy as np
import pandas as pd

from features.cohort.assumed import describe_assumed, drop_assumed, list_lines
from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import BORROWED_ELIGIBILITY, CRPS_ELIGIBILITY, Eligibility

TABLE = pd.DataFrame({"age_years": [40.0, np.nan], "setting": [0.0, 0.0], "drug": [np.nan, 0.0]})
KNOWN = TABLE.assign(route=0.0, concurrent_infusion_drug=0.0, course_number=1.0)


def test_all_of_them_are_one_sentence() -> None:
    assert describe_assumed(CRPS_ELIGIBILITY, TABLE, CONTRACT) == (
        "not known of any course, so that nobody is left out by it: Route of administration, Other "
        "infusion drug in the same admission, Number of the ketamine course",
    )
    assert describe_assumed(CRPS_ELIGIBILITY, KNOWN, CONTRACT) == ()


def test_of_borrowed_rules_those_on_the_treatment_are_told_to_be_left_out() -> None:
    bare = TABLE[["setting"]]
    (age, treatment) = describe_assumed(BORROWED_ELIGIBILITY, bare, CONTRACT)
    assert age.endswith("left out by it: Age")
    assert "no [eligibility] of its own" in treatment and "Infusion drug, Route" in treatment
    assert list_lines(BORROWED_ELIGIBILITY, bare, CONTRACT) == (
        'age_years = "NAME OF THE RAW COLUMN" # at least 18 years',
    )


def test_a_line_gives_the_value_where_one_alone_meets_the_rule() -> None:
    rules = Eligibility(
        minimum={"nrs_t0": 4.0},
        maximum={"course_number": 1},
        allowed={"setting": ("elective",), "route": ("oral", "topical"), "opioid": ("no",)},
    )
    assert list_lines(rules, pd.DataFrame({"sex": [1.0]}), CONTRACT) == (
        'setting = { constant = "elective" }',
        'route = "NAME OF THE RAW COLUMN" # oral or topical',
        "course_number = { constant = 1 }",
        'nrs_t0 = "NAME OF THE RAW COLUMN" # at least 4 points, 0 no pain to 10 worst',
        'opioid = { constant = "no" }',
    )


def test_a_step_is_dropped_where_nothing_of_it_is_known() -> None:
    _, flow = CRPS_ELIGIBILITY.select(TABLE)
    dropped = drop_assumed(flow, CRPS_ELIGIBILITY, TABLE)
    # The drug is known of one course: the step on drug and route stays.
    assert dropped["step"].str.split(":").str[0].tolist() == [
        "identified",
        "Age",
        "Admission",
        "Infusion drug",
    ]
    _, whole = CRPS_ELIGIBILITY.select(KNOWN)
    pd.testing.assert_frame_equal(drop_assumed(whole, CRPS_ELIGIBILITY, KNOWN), whole)
