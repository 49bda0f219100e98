"""The table of patients' characteristics that every clinical paper begins with.

Laid out by the `tableone` package; here only the choice of mean or median is made, and what the
dictionary knows of each variable is handed over.

References
----------
Pollard 2018, doi:10.1093/jamiaopen/ooy012 (tableone). Shapiro and Wilk 1965,
doi:10.1093/biomet/52.3-4.591.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy import stats
from tableone import TableOne  # type: ignore[import-untyped]

from features.arrays import ObjectArray
from features.dictionary.variable import Variable
from features.shares import FEWEST
from training.measures.patients.standardised_difference import (
    compute_chance_beyond,
    compute_smd_interval,
)

__all__ = ["can_summarise", "compute_normality", "compute_table_one", "name_in_full"]

_ALPHA = 0.05
_MOST_FOR_TEST = 5000
_GROUP = "__group__"


def name_in_full(variable: Variable) -> str:
    """Return a variable's label, with its unit where it has a short one."""
    unit = variable.unit.split(",")[0]
    repeats = not unit or unit.lower() in variable.label.lower()
    return variable.label if repeats else f"{variable.label}, {unit}"


def can_summarise(values: pd.Series, *, groups: ObjectArray | None = None) -> bool:
    """Return whether enough values are known, in each group where there are groups."""
    known = values.notna().to_numpy()
    if groups is None:
        return int(known.sum()) >= FEWEST
    names = [name for name in pd.unique(groups) if isinstance(name, str)]
    return all(int((known & (groups == name)).sum()) >= FEWEST for name in names)


def compute_normality(table: pd.DataFrame, variables: Sequence[Variable]) -> pd.DataFrame:
    """Test each numeric variable for a normal distribution, and choose its summary.

    Parameters
    ----------
    table : DataFrame
        Encoded values, as a Cohort holds them.
    variables : sequence of Variable
        Those of them that are numeric are tested.

    Returns
    -------
    DataFrame
        Columns `variable`, `label`, `n` (known values), `w` (Shapiro-Wilk's W; NaN where the
        values are all the same or more than 5,000), `p_value`, `summary` ("mean" or "median").
        The median is used where p is under 0.05, and where there is no test. With few patients
        the test hardly ever rejects: "mean" is then no proof of a normal distribution.
    """
    rows = []
    for variable in variables:
        if not variable.is_numeric:
            continue
        known = table[variable.name].dropna().to_numpy(dtype=np.float64)
        w = p_value = np.nan
        if FEWEST <= len(known) <= _MOST_FOR_TEST and np.ptp(known) > 0:
            w, p_value = (float(value) for value in stats.shapiro(known))
        rows.append(
            {
                "variable": variable.name,
                "label": variable.label,
                "n": len(known),
                "w": w,
                "p_value": p_value,
                "summary": "mean" if p_value >= _ALPHA else "median",
            }
        )
    return pd.DataFrame(rows, columns=["variable", "label", "n", "w", "p_value", "summary"])


def compute_table_one(
    table: pd.DataFrame,
    variables: Sequence[Variable],
    *,
    normality: pd.DataFrame,
    groups: ObjectArray | None = None,
    compared: bool = True,
) -> pd.DataFrame:
    """Summarise variables over all patients, or in groups side by side.

    Parameters
    ----------
    table : DataFrame
        Encoded values, as a Cohort holds them.
    variables : sequence of Variable
        What to summarise; each must pass :func:`can_summarise`.
    normality : DataFrame
        From :func:`compute_normality`, over all patients also where there are groups, so that
        both tables choose alike.
    groups : ndarray of object, shape (n,) or None
        The name of each patient's group, in the order in which the names first come; anything
        but a name leaves the patient out.
    compared : bool
        Whether the groups, which are two then, are also set against each other.

    Returns
    -------
    DataFrame
        Cells as they are printed: mean (SD), median [Q1, Q3], or n (% of the known). Columns
        `characteristic`, `missing`, `all`; with groups one column for each, and where they are
        compared `smd` (of numbers the second mean minus the first over their pooled SD, of shares
        the same without a sign; with its 95% interval), `by_chance` (how often groups of these
        sizes from one population differ by more than 0.1), `p` and `test`. The first row counts
        the patients.
    """
    inside = np.ones(len(table), dtype=bool)
    if groups is not None:
        inside = np.array([isinstance(name, str) for name in groups])
    frame = pd.DataFrame(
        {
            variable.name: _to_words(table.loc[inside, variable.name], variable)
            for variable in variables
        }
    ).reset_index(drop=True)
    yes_no = [variable.name for variable in variables if variable.kind == "yes_no"]
    order = {
        variable.name: list(variable.categories)
        for variable in variables
        if variable.kind == "category"
    } | {name: ["yes", "no"] for name in yes_no}
    names: list[str] = []
    if frame.empty:
        count = [("Number of patients", "", str(int(inside.sum())))]
        return pd.DataFrame(count, columns=["characteristic", "missing", "all"])
    if groups is not None:
        frame[_GROUP] = pd.Series(groups[inside], dtype="str")
        names = [str(name) for name in pd.unique(frame[_GROUP])]
    numeric = [v.name for v in variables if v.is_numeric]
    median = set(normality.loc[normality["summary"] == "median", "variable"])
    with warnings.catch_warnings():
        # tableone 0.9.6 builds its tables in ways that pandas 3 warns about.
        warnings.simplefilter("ignore")
        made = TableOne(
            frame,
            columns=[variable.name for variable in variables],
            categorical=[variable.name for variable in variables if not variable.is_numeric],
            continuous=numeric,
            nonnormal=[name for name in numeric if name in median],
            groupby=_GROUP if names else None,
            order=order | ({_GROUP: names} if names else {}),
            limit=dict.fromkeys(yes_no, 1),
            decimals={
                variable.name: 0 for variable in variables if "group" in variable.roles
            },  # years
            include_null=False,
            label_suffix=False,
            pval=bool(names) and compared,
            htest_name=bool(names) and compared,
            smd=bool(names) and compared,
        )
    laid_out = _make_table(
        made.tableone, variables, names=names, median=median, compared=bool(names) and compared
    )
    return _add_certainty(laid_out, frame, variables) if names and compared else laid_out


def _to_words(values: pd.Series, variable: Variable) -> pd.Series:
    if variable.is_numeric or not variable.is_encodable:
        return values
    words = [variable.decode(value) for value in values.to_numpy(dtype=np.float64)]
    return pd.Series(words, index=values.index, dtype="str")


def _make_table(
    made: pd.DataFrame,
    variables: Sequence[Variable],
    *,
    names: Sequence[str],
    median: set[str],
    compared: bool,
) -> pd.DataFrame:
    if names:
        made = made.droplevel(0, axis=1)
    columns = {"Missing": "missing", "Overall": "all"} | {name: name for name in names}
    if compared:
        columns |= {f"SMD ({','.join(names)})": "smd", "P-Value": "p", "Test": "test"}
    by_name = {variable.name: variable for variable in variables}
    rows: list[dict[str, object]] = []
    for (name, level), *cells in cast(Iterable[Any], made[list(columns)].itertuples(name=None)):
        words = [str(cell).replace(",", ", ") for cell in cells]
        row: dict[str, object] = dict(zip(columns.values(), words, strict=True))
        if name == "n":
            rows.append({"characteristic": "Number of patients", **row})
            continue
        variable = by_name[name]
        full = name_in_full(variable)
        if variable.is_numeric:
            kind = "median [Q1, Q3]" if name in median else "mean (SD)"
            rows.append({"characteristic": f"{full}, {kind}", **row})
        elif variable.kind == "yes_no":
            if level != "yes":  # nobody has it: tableone then shows the one level there is
                row |= dict.fromkeys(["all", *names], "0 (0.0)") | dict.fromkeys(
                    ["smd", "p", "test"][: 3 * compared], ""
                )
            rows.append({"characteristic": f"{full}, n (%)", **row})
        else:
            if not rows or rows[-1].get("of") != name:
                kept = ("missing", "smd", "p", "test")
                blank = {key: value if key in kept else "" for key, value in row.items()}
                rows.append({"characteristic": f"{full}, n (%)", **blank, "of": name})
            blank = dict.fromkeys(("missing", "smd", "p", "test")[: 1 + 3 * compared], "")
            rows.append({"characteristic": f"\u2003{level}", **row, **blank, "of": name})
    laid_out = pd.DataFrame(rows, columns=["characteristic", *columns.values()])
    if compared:
        # tableone prints a difference of exactly 0 as if it were a p value.
        laid_out["smd"] = laid_out["smd"].replace("<0.001", "0.000")
        laid_out["test"] = laid_out["test"].str.replace(" (warning: expected count < 5)", " (few)")
    return laid_out


def _add_certainty(
    laid_out: pd.DataFrame, frame: pd.DataFrame, variables: Sequence[Variable]
) -> pd.DataFrame:
    """Give each difference its interval, and the chance that luck alone passes 0.1."""
    kinds = (", mean (SD)", ", median [Q1, Q3]", ", n (%)")
    by_row = {
        f"{name_in_full(variable)}{kind}": variable for variable in variables for kind in kinds
    }
    cells, chances = [], []
    for characteristic, smd in zip(laid_out["characteristic"], laid_out["smd"], strict=True):
        variable = by_row.get(characteristic)
        difference = pd.to_numeric(smd, errors="coerce")
        if variable is None or np.isnan(difference):
            cells.append(smd)
            chances.append("")
            continue
        known = frame[[variable.name, _GROUP]].dropna()
        first, second = (int(n) for n in known[_GROUP].value_counts())
        levels = None if variable.is_numeric else max(2, known[variable.name].nunique())
        low, high = compute_smd_interval(difference, first, second, n_levels=levels)
        chance = compute_chance_beyond(first, second, n_levels=levels or 2)
        cells.append(f"{smd} ({low:.2f} to {high:.2f})".replace("-", "\u2212"))
        chances.append(f"{chance:.0%}")
    place = list(laid_out.columns).index("smd")
    laid_out["smd"] = cells
    laid_out.insert(place + 1, "by_chance", chances)
    return laid_out
