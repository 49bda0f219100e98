"""How a procedure does in parts of the cohort: by sex, age, duration, site and medication.

The parts are set before the results are seen. Differences between parts of a small cohort are
mostly chance, and a part that does as well as the others is no proof of fairness: the intervals
say how much remains possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.shares import FEWEST
from training.measures.performance import compute_cv_draws
from training.measures.weighted import percentile_interval

__all__ = [
    "DEFAULT_CUTS",
    "EVERYONE",
    "MIN_PER_CLASS",
    "Subgroup",
    "compute_subgroups",
    "make_subgroups",
]


DEFAULT_CUTS: Mapping[str, float | bool] = MappingProxyType(
    {"sex": True, "age_years": 40.0, "disease_duration_years": 5.0, "site": True}
)
"""The parts looked at besides the drug classes: a number is where a numeric variable is cut (the
lower part lies below it), True takes each category."""
MIN_PER_CLASS = 10
"""Events, and non-events, below which a subgroup's performance is not estimated."""
EVERYONE = "all patients"

_MOST_GROUPS = 20
_METRICS = ("auc", "o_e")


@dataclass(frozen=True, eq=False)
class Subgroup:
    """A part of the cohort.

    Parameters
    ----------
    variable : str
        Label of the variable that divides the cohort.
    name : str
        Label of the part.
    members : ndarray of bool of shape (n,)
        Who belongs to it; a patient of whom the variable is not known belongs to none.
    """

    variable: str
    name: str
    members: BoolArray


def make_subgroups(
    table: pd.DataFrame, dictionary: Dictionary, cuts: Mapping[str, float | bool] = DEFAULT_CUTS
) -> list[Subgroup]:
    """Divide the patients by each variable that the table has.

    Parameters
    ----------
    table : DataFrame
        Encoded values of the patients, one row each.
    dictionary : Dictionary
        What the columns mean.
    cuts : mapping of str to float or bool
        As :data:`DEFAULT_CUTS`; False leaves a variable out. Each drug class that is not part of
        a wider one is added unless it is named here.

    Returns
    -------
    list of Subgroup
        Only variables by which at least two parts have patients, and at most twenty.
    """
    drugs = {
        variable.name: True
        for variable in dictionary
        if variable.kind == "yes_no" and not variable.parent and dict(variable.codes).get("ATC")
    }
    found = []
    for name, cut in {**cuts, **{k: v for k, v in drugs.items() if k not in cuts}}.items():
        if cut is False or name not in table or name not in dictionary:
            continue
        parts = _divide(table[name], dictionary[name], cut)
        if 1 < len(parts) <= _MOST_GROUPS:
            found += parts
    return found


def _divide(values: pd.Series, variable: Variable, cut: float | bool) -> list[Subgroup]:
    named: dict[str, BoolArray] = {}
    if variable.is_numeric:
        numbers = values.to_numpy(dtype=np.float64)
        named = {f"under {cut:g}": numbers < cut, f"{cut:g} and over": numbers >= cut}
    elif variable.is_encodable:
        codes = values.to_numpy(dtype=np.float64)
        named = {str(variable.decode(c)): codes == c for c in np.unique(codes[~np.isnan(codes)])}
    else:
        words = values.fillna("").astype(str).to_numpy()
        named = {str(word): words == word for word in np.unique(words) if word}
    return [
        Subgroup(variable.label, name, np.asarray(members, dtype=np.bool_))
        for name, members in named.items()
        if members.any()
    ]


def compute_subgroups(
    y: FloatArray,
    predictions: FloatArray,
    folds: IntArray,
    subgroups: Sequence[Subgroup],
    *,
    sample_weight: FloatArray | None = None,
    n_bootstrap: int = 200,
    seed: int,
) -> pd.DataFrame:
    """Judge held-out risks in each part of the cohort.

    Parameters
    ----------
    y : ndarray of shape (n,)
        1 event, 0 none, NaN unknown (left out).
    predictions : ndarray of shape (n_repeats, n)
        Held-out risks.
    folds : ndarray of int of shape (n_repeats, n)
        The fold that held each patient out.
    subgroups : sequence of Subgroup
        From :func:`make_subgroups`; everyone is added in front.
    sample_weight : ndarray of shape (n,), optional
        For example inverse probabilities of being seen.
    n_bootstrap : int
        Resamples of the part's patients, on the same held-out risks.
    seed : int
        Of the resamples.

    Returns
    -------
    DataFrame
        One row per subgroup of at least three patients with a known outcome: `variable`,
        `subgroup`, `n`, `events`; `auc` (pairs within folds and within the part) and `o_e`,
        observed over expected events, each with `_low` and `_high` (95%); `note`, "not estimable"
        under 10 events or non-events. An O:E above 1 means that risks in this part are too low.
    """
    everyone = Subgroup(EVERYONE, "", np.ones(len(y), dtype=np.bool_))
    rows = []
    for subgroup in (everyone, *subgroups):
        here = np.where(subgroup.members, y, np.nan)
        events, others = int(np.sum(here == 1)), int(np.sum(here == 0))
        if events + others < FEWEST:  # their number of events would tell their outcome
            continue
        row: dict[str, object] = {
            "variable": subgroup.variable,
            "subgroup": subgroup.name,
            "n": events + others,
            "events": events,
        }
        if min(events, others) < MIN_PER_CLASS:
            rows.append(row | {"note": f"not estimable: under {MIN_PER_CLASS} of either class"})
            continue
        draws = compute_cv_draws(
            here,
            predictions,
            folds,
            sample_weight=sample_weight,
            n_bootstrap=n_bootstrap,
            seed=seed,
            slopes=False,
        )[list(_METRICS)].to_numpy()
        low, high, _ = percentile_interval(draws[1:])
        if draws[0, 0] in (0.0, 1.0):  # so would every resample be: no certainty
            low[0] = high[0] = np.nan
        for i, metric in enumerate(_METRICS):
            row |= {metric: draws[0, i], f"{metric}_low": low[i], f"{metric}_high": high[i]}
        rows.append(row | {"note": ""})
    columns = ["variable", "subgroup", "n", "events"]
    columns += [f"{metric}{end}" for metric in _METRICS for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=[*columns, "note"])
