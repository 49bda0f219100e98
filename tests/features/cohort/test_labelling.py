"""From a checked file to eligible patients with their labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.cohort.cohort import Cohort, read_cohort
from features.cohort.labelling import Labelled, add_outcome_steps, label_cohort
from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import CRPS_ELIGIBILITY
from features.dictionary.outcome import make_labels
from features.dictionary.rule import RULES, read_rule
from features.dictionary.scale import OutcomeScale, with_scale
from features.errors import InputError
from features.files.table import write_table
from features.simulation.cohort import make_cohort

HEAD = (
    "patient_id,course_number,age_years,crps_type,setting,drug,route,concurrent_infusion_drug,"
    "nrs_t0,nrs_t1,success_t1"
)


def _read(folder: Path, outcomes: list[tuple[object, object, str]], age: int = 40) -> Cohort:
    rows = [
        f"P{i},1,{age},1,elective,s_ketamine,intravenous,none,{before},{after},{wording}"
        for i, (before, after, wording) in enumerate(outcomes)
    ]
    (folder / "cohort.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    return read_cohort(folder / "cohort.csv")


def _label(cohort: Cohort, needed: tuple[str, ...] = ("nrs_t0",), rule: str = "") -> Labelled:
    return label_cohort(
        cohort,
        CRPS_ELIGIBILITY,
        rule=RULES[rule or "fall2_or_success"],
        horizons=("t1",),
        needed=needed,
        name="cohort.csv",
    )


# Fell by 3; fell by 1, and the record says success; no score, and it says success; no fall.
MIXED = [(7, 4, ""), (7, 6, "yes"), (7, "", "yes"), (7, 7, "no")]


def test_labels_stand_beside_those_that_scores_alone_would_give(tmp_path: Path) -> None:
    found = _label(_read(tmp_path, MIXED))
    np.testing.assert_array_equal(found.labels.t1, [1, 1, 1, 0])
    assert found.scored is not None
    np.testing.assert_array_equal(found.scored.t1, [1, 0, np.nan, 0])
    assert "success_t1" in found.table
    assert found.flow["step"].tolist()[-1] == "outcome known at T1"


def test_a_rule_of_scores_alone_gives_the_same_labels_twice(tmp_path: Path) -> None:
    found = _label(_read(tmp_path, MIXED), rule="fall30")
    assert found.scored is not None
    np.testing.assert_array_equal(found.scored.t1, found.labels.t1)


def test_without_scores_there_are_no_score_labels(tmp_path: Path) -> None:
    found = _label(_read(tmp_path, [(7, "", "yes"), (6, "", "no")]))
    np.testing.assert_array_equal(found.labels.t1, [1, 0])
    assert found.scored is None


def test_columns_that_hold_nothing_are_told_together(tmp_path: Path) -> None:
    cohort = _read(tmp_path, [("", 4, "yes"), ("", 6, "no")])
    with pytest.raises(InputError) as caught:
        _label(cohort, needed=("nrs_t0", "disease_duration_years", "age_years"))
    assert {p.column: p.got for p in caught.value.problems} == {
        "nrs_t0": "an empty column",
        "disease_duration_years": "no such column",
    }


def test_where_nobody_is_eligible_that_alone_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        _label(_read(tmp_path, MIXED, age=12), needed=("no_such_column",))
    assert [p.column for p in caught.value.problems] == ["eligibility"]


def test_the_flow_ends_with_the_known_outcomes(tmp_path: Path) -> None:
    path = tmp_path / "sim.csv"
    write_table(make_cohort(60, seed=2, ineligible=True).table, path)
    cohort = read_cohort(path)
    assert isinstance(cohort, Cohort)
    eligible, flow = CRPS_ELIGIBILITY.select(cohort.table)
    # 60 identified, 3 emergencies and 9 combination courses out: 48, as in Mangnus 2021.
    assert flow["remaining"].tolist() == [60, 60, 57, 57, 48, 48]
    labels = make_labels(eligible, rule=RULES["fall2_or_success"], horizons=("t1", "t2"))
    full = add_outcome_steps(flow, labels)
    known = [int(np.isfinite(labels.t1).sum()), int(np.isfinite(labels.t2).sum())]
    assert full["step"].tolist()[-2:] == ["outcome known at T1", "outcome known at T2"]
    assert full["remaining"].tolist()[-2:] == known
    assert full["excluded"].tolist()[-2:] == [48 - n for n in known]


@pytest.mark.parametrize("times", [1, 10, 24])
@pytest.mark.parametrize(("named", "written"), [("fall30", "fall = 30%"), ("fall50", "fall = 50%")])
def test_a_share_is_the_same_on_every_scale_that_begins_at_0(
    times: int, named: str, written: str
) -> None:
    rng = np.random.default_rng(times)
    table = pd.DataFrame(rng.integers(0, 11, (200, 3)), columns=["nrs_t0", "nrs_t1", "nrs_t2"])
    scale = OutcomeScale(min=0, max=10 * times, label="Index", unit="mm")
    rule = read_rule(written, with_scale(CONTRACT, scale))
    asked = ("t1", "t2")
    first = make_labels(table.astype(float), rule=RULES[named], horizons=asked)
    other = make_labels(table.astype(float) * times, rule=rule, horizons=asked)
    for name in ("t1", "t2", "kept", "cannot_meet"):
        np.testing.assert_array_equal(getattr(first, name), getattr(other, name))


def test_relief_that_was_computed_already_needs_no_score_before_treatment() -> None:
    scale = OutcomeScale(
        min=0, max=100, higher_is_worse=False, label="Relief", unit="%", before=False
    )
    table = pd.DataFrame({"nrs_t1": [29.0, 30.0, np.nan, 80.0], "success_t1": [1.0, 0, 1, 0]})
    rule = read_rule("score >= 30 or success", with_scale(CONTRACT, scale))
    labels = make_labels(table, rule=rule, horizons=("t1",))
    assert labels.t1.tolist() == [1, 1, 1, 1]
    assert labels.provenance_t1.tolist() == ["both", "both", "wording", "both"]
    alone = make_labels(
        table, rule=read_rule("score >= 30", with_scale(CONTRACT, scale)), horizons=("t1",)
    )
    np.testing.assert_array_equal(alone.t1, [0, 1, np.nan, 1])
    assert not alone.cannot_meet.any()
