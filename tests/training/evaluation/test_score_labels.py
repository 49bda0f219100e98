from __future__ import annotations

from functools import partial

import pytest

from training.evaluation.design import make_design
from training.evaluation.evaluation import count_steps, evaluate
from training.evaluation.score_labels import count_reruns, evaluate_score_labels
from training.fitting.procedure import Procedure
from training.fitting.response import fit_response
from training.study.settings import read_study
from training.study.study import read_description

STUDY = """
name = "wording"
seed = 1
[population]
description = "adults"
[treatment]
description = "treated"
[cohort]
file = "cohort.csv"
[outcome]
horizons = ["t1"]
[predictors]
names = ["nrs_t0"]
[procedure]
candidates = ["prevalence", "ridge"]
inner_repeats = 1
[resampling]
repeats = 1
bootstrap = 100
bootstrap_reruns = 0
learning_curve = 0
"""
FIT = partial(fit_response, procedure=Procedure(("prevalence", "ridge"), inner_repeats=1))
HEAD = (
    "patient_id,course_number,age_years,crps_type,setting,drug,route,concurrent_infusion_drug,"
    "nrs_t0,nrs_t1,success_t1"
)


def describe_cohort(folder, outcomes):
    """Describe a cohort of (score before, score after, the record's wording)."""
    rows = [
        f"P{i},1,40,1,elective,s_ketamine,intravenous,none,{before},{after},{wording}"
        for i, (before, after, wording) in enumerate(outcomes)
    ]
    (folder / "cohort.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    (folder / "study.toml").write_text(STUDY)
    return read_description(read_study(folder / "study.toml"))


# 12 fell by 3 points and 12 by none, whatever is said of them; of the other six the record says
# success: three fell by 1 point (a responder by wording, none by score), three have no score.
CLEAR = [(5 + i % 4, 2 + i % 4, "") for i in range(12)] + [
    (5 + i % 4, 5 + i % 4, "no") for i in range(12)
]
SOFT = [(7, 6, "yes")] * 3 + [(7, "", "yes")] * 3


def test_a_label_that_only_the_wording_makes_is_another_one_or_unknown(tmp_path):
    description = describe_cohort(tmp_path, CLEAR + SOFT)
    counts = description.counts["t1"]
    assert (counts["n"], counts["events"]) == (30, 18)
    found = evaluate_score_labels(description, make_design(description.study), FIT)
    assert found.changed == {"t1": 6}
    assert (found.counts["t1"]["n"], found.counts["t1"]["events"]) == (27, 12)
    assert 0 <= found.performance["t1"].loc["auc", "estimate"] <= 1


def test_the_reruns_are_counted(tmp_path):
    description = describe_cohort(tmp_path, CLEAR + SOFT)
    calls = []
    evaluate(description, progress=lambda: calls.append(1))
    assert count_reruns(description, make_design(description.study)) == 5
    assert len(calls) == count_steps(description)


def test_nothing_is_judged_again_where_no_label_changes(tmp_path):
    description = describe_cohort(tmp_path, CLEAR)
    found = evaluate_score_labels(description, make_design(description.study), FIT)
    assert (found.changed, found.performance, found.reason) == ({"t1": 0}, {}, "")
    assert count_reruns(description, make_design(description.study)) == 0


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ([(7, "", "yes")] * 9 + [(7, "", "no")] * 9, "does not hold the pain scores"),
        (CLEAR[5:] + SOFT * 2, "by scores alone: 7 responders and 18 nonresponders"),
    ],
)
def test_why_scores_alone_cannot_be_judged_is_told(tmp_path, outcomes, reason):
    description = describe_cohort(tmp_path, outcomes)
    found = evaluate_score_labels(description, make_design(description.study), FIT)
    assert reason in found.reason
    assert found.performance == {}
