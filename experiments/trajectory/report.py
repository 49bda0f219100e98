"""Weekly pain in two arms as a report: what each table says, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from experiments.trajectory.plots import plot_differences, plot_regressions, plot_weekly_means
from experiments.trajectory.predictors import Regressions, compute_regressions
from experiments.trajectory.trajectory import Course, compute_course, compute_weekly_means
from features.cohort.weekly import WeeklyScores
from features.dictionary.variable import Variable
from training.document.document import Block, Bullets, Document, Picture, Section, Table, each_row
from training.document.words import ABSENT, capital, p_equals, p_value, with_interval

__all__ = ["make_trajectory_report"]

_SYNTHETIC = "Simulated patients: every number here was made up by a program."
_FEW_PER_PARAMETER = 10


def make_trajectory_report(weekly: WeeklyScores, *, name: str, week: int | None = None) -> Document:
    """Compare two arms week by week, and lay the result out."""
    means = compute_weekly_means(weekly)
    course = compute_course(weekly)
    adjusted = None
    if weekly.baseline["nrs_t0"].notna().sum() > len(weekly.baseline) / 2:
        adjusted = compute_course(weekly, adjusted=True)
    regressions = compute_regressions(weekly, week=week)
    reference, other = weekly.arms
    score = weekly.dictionary["nrs_t0"]
    counts = weekly.baseline["treated"].value_counts()
    return Document(
        title=f"Weekly {score.measure} in two arms: {name}",
        lead=(
            f"{int(counts.get(1.0, 0))} patients in the arm {other}, {int(counts.get(0.0, 0))} in "
            f"the arm {reference}; a difference is {other} minus {reference} on the scale of "
            f"{score.name_scale()}, and below 0 where the former has less."
        ),
        stamp=_SYNTHETIC if weekly.synthetic else "",
        sections=(
            Section("In short", (Bullets(_summarise(course, adjusted, weekly)),)),
            Section("Week by week", _make_weeks(means, course, adjusted, weekly)),
            Section("The model", _make_model(course)),
            Section(
                f"What goes with {score.measure} at week {regressions.week}",
                _make_regressions(regressions, score),
            ),
        ),
    )


def _summarise(course: Course, adjusted: Course | None, weekly: WeeklyScores) -> tuple[str, ...]:
    reference, other = weekly.arms
    sentences = [
        "Over all weeks together the arms "
        + ("differ" if course.any_week_p < 0.05 else "are not told apart")
        + f" ({p_equals(course.any_week_p)}); the mean difference over the weeks is "
        f"{with_interval(*course.average)} ({p_equals(course.average_p)})."
    ]
    sentences.append(f"Without adjustment: {_describe_lost_week(course)}")
    if adjusted is not None:
        sentences.append(
            "Adjusted for the score before treatment, which compares patients who start alike: "
            f"{_describe_lost_week(adjusted)}"
        )
    last = course.differences.iloc[-1]
    sentences.append(
        f"At week {last['week']:.0f} the difference is "
        f"{with_interval(last['difference'], last['low'], last['high'])}: all values in this "
        "interval agree with the data, so that a difference no longer seen is not shown to be gone."
    )
    sentences.append(
        f"Change within the arm {other} alone would hold placebo and time as well; the arm "
        f"{reference} is what takes them out."
    )
    return tuple(sentences)


def _describe_lost_week(course: Course) -> str:
    if course.last_different is None:
        return "no single week differs."
    if course.lost is None:
        return f"the difference still holds at the last week, {course.last_different}."
    return (
        f"week {course.last_different} is the last that differs; the difference is lost at week "
        f"{course.lost}."
    )


def _make_weeks(
    means: pd.DataFrame, course: Course, adjusted: Course | None, weekly: WeeklyScores
) -> tuple[Block, ...]:
    values = course.differences.assign(adjusted=False)
    if adjusted is not None:
        values = pd.concat([values, adjusted.differences.assign(adjusted=True)], ignore_index=True)
    note = (
        "Week 0 is before treatment. Differences are from the model; the intervals hold for one "
        "week at a time, those for all weeks together are in the CSV file and the picture."
    )
    score = weekly.dictionary["nrs_t0"]
    return (
        Picture(
            "means",
            f"Mean of {score.measure} in each arm with 95% intervals, as seen.",
            f"Line chart of the mean of {score.measure} by week in two arms.",
            lambda: plot_weekly_means(
                means, arms=weekly.arms, score=score, title="Means over the weeks"
            ),
        ),
        Table(
            "weeks",
            "Scores by week, and the difference between the arms.",
            _tabulate_weeks(means, course, adjusted, weekly.arms),
            note,
            values,
        ),
        Picture(
            "differences",
            "Difference between the arms by week. Bars: 95% for each week by itself. Band: 95% for "
            "all weeks together, to be read where the week was not chosen beforehand.",
            "Chart of the difference between the arms by week.",
            lambda: plot_differences(
                course.differences,
                None if adjusted is None else adjusted.differences,
                lost=course.lost,
                unit=score.short_unit,
                title="Difference between the arms",
            ),
        ),
    )


def _tabulate_weeks(
    means: pd.DataFrame, course: Course, adjusted: Course | None, arms: tuple[str, str]
) -> pd.DataFrame:
    by_week = course.differences.set_index("week")
    with_start = None if adjusted is None else adjusted.differences.set_index("week")
    rows = []
    for week in sorted(means["week"].unique()):
        row: dict[str, object] = {"week": week}
        for arm in arms:
            cell = means[(means["arm"] == arm) & (means["week"] == week)]
            told = len(cell) and cell["mean"].notna().iloc[0]
            row[f"{arm}: n"] = int(cell["n"].iloc[0]) if len(cell) else 0
            row[f"{arm}: mean (SD)"] = (
                f"{cell['mean'].iloc[0]:.2f} ({cell['sd'].iloc[0]:.2f})" if told else "too few"
            )
        for table, head in ((by_week, "difference (95%)"), (with_start, "adjusted (95%)")):
            if table is not None:
                inside = week in table.index
                row[head] = (
                    with_interval(*table.loc[week, ["difference", "low", "high"]]) if inside else ""
                )
                if table is by_week:
                    row["p"] = p_value(table.loc[week, "p_value"]) if inside else ""
        rows.append(row)
    return pd.DataFrame(rows)


def _make_model(course: Course) -> tuple[Block, ...]:
    fit = course.fit
    low, high = fit.rho_interval
    return (
        f"A mean for each arm and week, first-order autoregressive errors within a patient, "
        f"restricted maximum likelihood: {course.scores} scores of {course.patients} patients, "
        f"correlation of neighbouring weeks {fit.rho:.2f} ({low:.2f} to {high:.2f}), standard "
        f"deviation of a score {fit.sd:.2f}, {course.df} degrees of freedom. Scores that were not "
        "recorded are taken as missing at random given those that were: where patients who fared "
        "badly stopped answering, that is wrong.",
    )


def _make_regressions(regressions: Regressions, score: Variable) -> tuple[Block, ...]:
    r = regressions
    parameters = (
        f"{r.parameters} coefficients in {int(r.multivariable['n'].max())} patients"
        if len(r.multivariable)
        else "no model"
    )
    few = len(r.multivariable) and r.multivariable["n"].max() < _FEW_PER_PARAMETER * r.parameters
    note = (
        f"{score.short_unit} of {score.measure} more per unit (numbers) or against the other "
        "(yes/no, categories). "
        f"Multivariable: the arm, duration, score before treatment, sex and age, and whatever has "
        f"p < 0.10 by itself; {parameters}"
        + (": too few to trust. " if few else ". ")
        + "Choosing by p value makes its intervals too narrow."
    )
    if r.left_out:
        note += f" Left out, the same for all or told by others: {', '.join(r.left_out)}."
    return (
        "Both arms together: this is about the level of the score, not about response and not "
        "about who gains from the treatment. Nothing here is a validated predictor.",
        _show(
            "regressions",
            f"{capital(score.measure)} at week {r.week}, by variables known before treatment.",
            r.univariable,
            r.multivariable,
            note,
            pd.concat(
                [
                    r.univariable.assign(model="univariable"),
                    r.multivariable.assign(model="multivariable"),
                ],
                ignore_index=True,
            ),
        ),
        Picture(
            "regressions",
            "The same, with numbers per standard deviation.",
            "Forest plot of regression coefficients.",
            lambda: plot_regressions(
                r.univariable,
                r.multivariable,
                unit=score.short_unit,
                title=f"{capital(score.measure)} at week {r.week}",
            ),
        ),
        _show(
            "interactions",
            f"Does the difference between the arms at week {r.week} vary with the variable?",
            r.interactions,
            None,
            f"Each in a model of its own; {r.interactions['variable'].nunique()} tests, of which "
            f"about {0.05 * r.interactions['variable'].nunique():.1f} fall below 0.05 by chance. "
            "This is what would make a predictor of benefit, and what a trial of this size cannot "
            "settle.",
        ),
    )


def _show(
    name: str,
    caption: str,
    table: pd.DataFrame,
    beside: pd.DataFrame | None,
    note: str,
    values: pd.DataFrame | None = None,
) -> Table:
    """Return a table of coefficients, and beside them those of the model that holds several."""

    def b(row: Any) -> str:
        return "" if row is None else with_interval(row.b, row.low, row.high)

    def p(row: Any) -> str:
        return "" if row is None else ABSENT if np.isnan(row.b) else p_value(row.p_value)

    head = "change of the difference (95%)" if beside is None else "by itself (95%)"
    columns: dict[str, str | Callable[[Any], object]] = {
        "variable": lambda r: r.label + (f": {r.level}" if r.level else ""),
        "n": "n",
        head: b,
        "p": p,
    }
    if beside is not None:
        others = {(row.variable, row.level): row for row in each_row(beside)}
        columns["with the others (95%)"] = lambda r: b(others.get((r.variable, r.level)))
        columns["p, with the others"] = lambda r: p(others.get((r.variable, r.level)))
    return Table.from_rows(name, caption, table, columns, note, values)
