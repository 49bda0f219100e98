"""The report of weekly pain in two arms, its pictures and its command."""

import pandas as pd

from experiments.trajectory.report import make_trajectory_report
from features.cohort.weekly import WeeklyScores
from tests.experiments.helpers.trials import make_trial
from training.document.render import to_markdown


def test_report_tells_the_course_in_words(weekly: WeeklyScores) -> None:
    report = make_trajectory_report(weekly, name="weekly.csv")
    text = to_markdown(report)
    assert report.stamp.startswith("Simulated patients")
    assert "30 patients in the arm ketamine, 30 in the arm placebo" in text
    assert "Over all weeks together the arms differ (p < 0.001)" in text
    assert "week 10 is the last that differs; the difference is lost at week 11" in text
    assert "a difference no longer seen is not shown to be gone" in text
    assert "this is about the level of the score, not about response" in text
    # Six coefficients of 60 patients are not few by the rule of 10.
    assert "6 coefficients in 60 patients." in text
    table = pd.DataFrame(make_trial(30, seed=7).table)
    mean = table.loc[(table["arm"] == "ketamine") & (table["week"] == 1), "nrs"].mean()
    assert f"| {mean:.2f} (" in text


def test_a_trial_without_scores_before_treatment_is_not_adjusted(weekly: WeeklyScores) -> None:
    without = WeeklyScores(
        weekly.scores[weekly.scores["week"] > 0],
        weekly.baseline.assign(nrs_t0=float("nan")),
        weekly.dictionary,
        weekly.arms,
        synthetic=False,
    )
    report = make_trajectory_report(without, name="x")
    assert report.stamp == ""
    assert "adjusted" not in to_markdown(report)
    assert all(
        block.png
        for section in report.sections
        for block in section.blocks
        if hasattr(block, "png")
    )
