"""A long file of weekly pain scores in two arms becomes checked tables.

One row per patient and week, CSV or Parquet:

================ =================================================================
column           what it holds
================ =================================================================
`patient_id`     pseudonym, the same in every row of a patient
`arm`            one of two words, the same in every row of a patient
`week`           0 is the week before treatment, 1, 2, ... the weeks after its start
`nrs`            score of that week, 0 to 10 or on the mapping's scale; empty where not known
any other        a variable of the cohort contract (or one that a mapping declares)
                 that is known before treatment, the same in every row of a patient
================ =================================================================

Weeks need not be the same for all patients, and rows may be left out where nothing is known. The
score before treatment is that of week 0: a column `nrs_t0` beside it would tell it twice, and is
refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from features.cohort.cohort import holds_simulated, parse_cohort
from features.cohort.remarks import list_remarks
from features.dictionary.contract import CONTRACT
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable, parse_value
from features.errors import InputError, Problem, did_you_mean, list_words
from features.files.headings import find_misplaced
from features.files.table import CLEANED, NOTES, parse_table, read_bytes
from features.numerals import find_decimal
from features.shares import FEWEST

__all__ = ["WeeklyScores", "parse_weekly", "read_weekly"]

REFERENCE_ARMS = ("placebo", "control", "sham", "usual care")
"""Names by which the arm that the other is compared with is known."""

_COLUMNS = ("patient_id", "arm", "week", "nrs")
_WEEK = Variable("week", "Week", "integer", "later", ("course",), unit="weeks", low=0, high=520)


@dataclass(frozen=True, eq=False)
class WeeklyScores:
    """Checked weekly scores.

    Attributes
    ----------
    scores : DataFrame
        Columns `patient` (0 .. n-1), `week` (0, 1, ...) and `nrs`; the rows with a score, by
        patient and week.
    baseline : DataFrame
        One row per patient, index 0 .. n-1: `treated` (1 in the arm of interest, 0 in the
        reference arm), `nrs_t0` (the score of week 0, NaN where missing) and the baseline
        columns of the file, encoded as a Cohort's are.
    dictionary : Dictionary
        What the baseline columns mean.
    arms : (str, str)
        The reference arm, and the one compared with it.
    synthetic : bool
        Whether any row is simulated.
    sha256 : str
        Digest of the file's bytes; empty without a file.
    remarks : tuple of str
        What whoever sent the file should know, see :func:`features.cohort.remarks.list_remarks`.
    """

    scores: pd.DataFrame
    baseline: pd.DataFrame
    dictionary: Dictionary
    arms: tuple[str, str]
    synthetic: bool
    sha256: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def weeks(self) -> list[int]:
        """The weeks after the start of treatment with a score of any patient."""
        return sorted(int(week) for week in self.scores["week"].unique() if week > 0)


def read_weekly(
    path: Path, *, dictionary: Dictionary = CONTRACT, reference: str | None = None
) -> WeeklyScores:
    """Read and check a long file of weekly scores.

    Parameters
    ----------
    path : Path
        CSV or Parquet, as above.
    dictionary : Dictionary
        The contract, with what a study's mapping declares.
    reference : str or None
        The arm that the other is compared with; None where it has one of the names
        :data:`REFERENCE_ARMS`.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    data = read_bytes(path)
    raw = parse_table(data, name=str(path))
    digest = hashlib.sha256(data).hexdigest()
    return parse_weekly(
        raw, dictionary=dictionary, reference=reference, name=str(path), sha256=digest
    )


def parse_weekly(
    raw: pd.DataFrame,
    *,
    dictionary: Dictionary = CONTRACT,
    reference: str | None = None,
    name: str = "weekly scores",
    sha256: str = "",
) -> WeeklyScores:
    """Check a long table of texts; see :func:`read_weekly`.

    Parameters
    ----------
    raw : DataFrame of str
        As :func:`features.files.table.read_table` returns it.
    dictionary, reference
        As in :func:`read_weekly`.
    name, sha256 : str
        What to call the table in an error; digest of its file.
    """
    told = raw.attrs
    raw = raw.apply(lambda column: column.str.strip())
    names = [str(column) for column in raw.columns]
    _check_columns(raw, names, name)
    raw["arm"] = _spell_alike(raw["arm"])
    arms, problems = _find_arms(raw["arm"], reference)
    week, week_problems = _parse_column(_WEEK, raw["week"], required=True)
    score = replace(dictionary["nrs_t0"], name="nrs")
    nrs, nrs_problems = _parse_column(score, raw["nrs"], required=False)
    baseline, baseline_problems = _parse_baseline(raw, dictionary)
    problems += [
        *_check_baseline_columns(names, dictionary),
        *week_problems,
        *nrs_problems,
        *_check_rows(raw["patient_id"], week),
        *baseline_problems,
    ]
    if problems:
        raise InputError(name, sorted(problems, key=lambda problem: problem.row or 0))
    numbers = {patient: i for i, patient in enumerate(baseline["patient_id"].tolist())}
    patient = raw["patient_id"].map(numbers).to_numpy(dtype=np.intp)
    scores = pd.DataFrame({"patient": patient, "week": week.astype(int), "nrs": nrs})
    scores = scores.dropna(subset=["nrs"]).sort_values(["patient", "week"], ignore_index=True)
    weekly = WeeklyScores(
        scores=scores,
        baseline=_join_baseline(
            baseline,
            scores,
            treated=raw["arm"][~pd.Series(patient, index=raw.index).duplicated()] == arms[1],
            names=names,
        ),
        dictionary=dictionary,
        arms=arms,
        synthetic=holds_simulated(baseline),
        sha256=sha256,
        remarks=tuple(
            list_remarks(
                baseline["patient_id"].tolist(),
                cleaned=told.get(CLEANED, 0),
                notes=told.get(NOTES, ()),
            )
        ),
    )
    _check_size(weekly, name)
    return replace(weekly, remarks=(*weekly.remarks, *_tell_single_weeks(weekly)))


def _check_columns(raw: pd.DataFrame, names: list[str], name: str) -> None:
    absent = [column for column in _COLUMNS if column not in names]
    if not absent:
        return
    listed, format_told = f"the file has {list_words(names)}", "docs/describe.md tells the format"
    misplaced = find_misplaced(raw, _COLUMNS)
    problems = [
        Problem(
            column,
            "a column of that name",
            listed,
            action=did_you_mean(column, names) or format_told,
        )
        for column in absent
    ]
    raise InputError(name, [misplaced] if misplaced else problems)


def _join_baseline(
    baseline: pd.DataFrame, scores: pd.DataFrame, *, treated: pd.Series, names: list[str]
) -> pd.DataFrame:
    """Put the arm and the score of week 0 in front of the file's own baseline columns.

    Drug classes that merely follow from a finer one are left out: they would be known only of
    those who take it.
    """
    before = scores[scores["week"] == 0].set_index("patient")["nrs"]
    first = pd.DataFrame(
        {
            "treated": treated.to_numpy(dtype=float),
            "nrs_t0": before.reindex(range(len(baseline))).to_numpy(dtype=float),
        }
    )
    kept = [c for c in baseline if c in names or "medication_atc" in names]
    rest = baseline[kept].drop(columns=["patient_id", "record_origin"], errors="ignore")
    return pd.concat([first, rest], axis=1)


def _check_baseline_columns(names: list[str], dictionary: Dictionary) -> list[Problem]:
    problems = []
    for column in names:
        if column == "nrs_t0":
            expected = "the score before treatment in the rows of week 0"
            problems.append(Problem(column, expected, "a column", action="drop it"))
        elif column in dictionary and dictionary[column].known_at not in ("always", "baseline"):
            expected = "a variable known before treatment"
            got = f"one known at {dictionary[column].known_at}"
            problems.append(Problem(column, expected, got, action="drop it"))
    return problems


def _spell_alike(arm: pd.Series) -> pd.Series:
    """Return the arms in the spelling that each has first: case does not count in words."""
    lowered = arm.str.casefold()
    return arm.groupby(lowered).transform("first")


def _find_arms(arm: pd.Series, reference: str | None) -> tuple[tuple[str, str], list[Problem]]:
    found = [word for word in arm.unique() if word]
    empty = [
        Problem("arm", "one of two arms", "an empty cell", row=int(row) + 1)
        for row in arm.index[arm == ""]
    ]
    if len(found) != 2:
        got = ", ".join(found[:5]) or "none"
        return ("", ""), [*empty, Problem("arm", "two arms", f"{len(found)}: {got}")]
    known = [word for word in found if word.lower() in REFERENCE_ARMS]
    if reference is None and len(known) == 1:
        reference = known[0]
    elif reference is not None:
        spelled = {word.casefold(): word for word in found}
        reference = spelled.get(reference.strip().casefold(), reference)
    if reference is None or reference not in found:
        words = " or ".join(found)
        got = "no arm of a known name" if reference is None else repr(reference)
        expected = f"which arm is the reference: {words}"
        return ("", ""), [*empty, Problem("arm", expected, got, action="name it with --reference")]
    other = next(word for word in found if word != reference)
    return (reference, other), empty


def _parse_column(
    variable: Variable, raw: pd.Series, *, required: bool
) -> tuple[FloatArray, list[Problem]]:
    values = np.full(len(raw), np.nan)
    problems = []
    decimal = find_decimal(raw.unique())
    for i, (position, text) in enumerate(zip(raw.index, raw.tolist(), strict=True)):
        row = int(position) + 1
        value = parse_value(variable, text, decimal=decimal)
        if isinstance(value, Problem):
            problems.append(replace(value, row=row))
        elif isinstance(value, float):
            values[i] = value
        elif required:
            problems.append(variable.problem("an empty cell", row=row))
    return values, problems


def _check_rows(patient: pd.Series, week: FloatArray) -> list[Problem]:
    keys = pd.DataFrame({"patient": patient, "week": week})
    repeated = keys.duplicated() & keys["week"].notna() & (keys["patient"] != "")
    expected, got = "each patient with each week once", "a patient and week that came before"
    return [Problem("week", expected, got, row=int(row) + 1) for row in keys.index[repeated]]


def _parse_baseline(
    raw: pd.DataFrame, dictionary: Dictionary
) -> tuple[pd.DataFrame, list[Problem]]:
    """Read one row per patient; the rows of a patient must agree where they are filled in."""
    cells = raw.drop(columns=["week", "nrs"])
    patient = cells["patient_id"]
    problems = []
    for column in cells.columns.drop("patient_id"):
        filled = cells[column].where(cells[column] != "")
        first = filled.groupby(patient).transform("first")
        problems += [
            Problem(
                column, "the same value in each row of a patient", "another value", row=int(row) + 1
            )
            for row in cells.index[filled.notna() & (filled != first)]
        ]
        cells[column] = first.fillna("")
    one_each = cells[~patient.duplicated()].drop(columns="arm")
    table, found = parse_cohort(one_each, dictionary)
    return table, problems + found


def _tell_single_weeks(weekly: WeeklyScores) -> list[str]:
    """Return which weeks have scores in one arm only: nothing is compared in them."""
    treated = weekly.baseline["treated"].reindex(weekly.scores["patient"]).to_numpy()
    arms = pd.Series(treated).groupby(weekly.scores["week"].to_numpy()).nunique()
    single = [str(week) for week in arms.index[arms == 1]]
    if not single:
        return []
    noun = f"Week {single[0]} has" if len(single) == 1 else f"Weeks {list_words(single)} have"
    return [f"{noun} scores in one arm only."]


def _check_size(weekly: WeeklyScores, name: str) -> None:
    followed = weekly.scores.loc[weekly.scores["week"] > 0, "patient"].unique()
    treated = weekly.baseline.loc[followed, "treated"]
    expected = f"at least {FEWEST} patients with a score after week 0 in each arm"
    problems = [
        Problem("nrs", expected, f"{int((treated == value).sum())} in the arm {arm}")
        for value, arm in enumerate(weekly.arms)
        if (treated == value).sum() < FEWEST
    ]
    weeks = sorted(set(weekly.scores["week"].tolist()))
    if 0 not in weeks:
        expected = "scores of week 0, the week before treatment"
        got = f"weeks {weeks[0]} to {weeks[-1]}" if weeks else "none"
        action = "number the weeks from the start of treatment"
        problems.append(Problem("week", expected, got, action=action))
    if problems:
        raise InputError(name, problems)
