"""Which update, if any, a frozen model needs in other patients: closed testing.

A new cohort is smaller than the truth about it: refitting a model on it throws away what the
model knew, and keeping a model that is wrong there is no better. The closed testing procedure
asks in turn whether the data reject what is simpler. It compares four models of the outcome,

``keep``
    the model as it is (nothing is estimated);
``intercept``
    its log-odds plus a constant (1 parameter): right on average;
``logistic``
    a constant plus its log-odds times a slope (2 parameters): logistic recalibration;
``refit``
    every coefficient anew, by maximum likelihood.

The refit is tested against each of the others by likelihood ratio, the simplest first, and the
first that is not rejected is taken; if all are, the refit is. Each test may be made at the full
level because it is only reached when the ones before it rejected.

References
----------
Vergouwe 2017, doi:10.1002/sim.7179; Steyerberg 2004, doi:10.1002/sim.1844.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2

from features.arrays import FloatArray, IntArray
from features.texts import say
from training.measures.weighted import check_evaluation, fit_logistic_rows

__all__ = ["METHODS", "MIN_PER_CLASS", "ClosedTest", "compute_closed_test", "make_untested"]


METHODS: Mapping[str, str] = MappingProxyType(
    {
        "keep": say("kept as it is"),
        "intercept": say("intercept moved"),
        "logistic": say("logistic recalibration"),
        "refit": say("coefficients refitted"),
    }
)
"""The updates, simplest first, in plain words."""


MIN_PER_CLASS = 10
"""Events, and non-events, below which nothing is tested and the model is kept."""


@dataclass(frozen=True, eq=False)
class ClosedTest:
    """The outcome of closed testing.

    Parameters
    ----------
    method : str
        A key of :data:`METHODS`: what the data ask for.
    table : DataFrame
        Indexed by `method`: `parameters` estimated; `log_likelihood` of the new patients;
        `statistic`, `df` and `p_value` of the likelihood-ratio test of the largest model against
        this one (NaN for the largest itself); `note`, why a model could not be estimated (its
        numbers are NaN). A small p value speaks against the simpler model; a large one does not
        prove it.
    estimates : dict of str to ndarray
        "intercept": the constant. "logistic": constant and slope. "refit": the constant and the
        change of each coefficient, 0 where it stays.
    n, events : int
        Patients with a known outcome, and responders among them.
    reason : str
        Why nothing was tested; empty when it was.
    """

    method: str
    table: pd.DataFrame
    estimates: dict[str, FloatArray]
    n: int
    events: int
    reason: str = ""


def compute_closed_test(
    y: ArrayLike, lp: ArrayLike, design: ArrayLike, *, alpha: float = 0.05
) -> ClosedTest:
    """Choose among keeping, moving the intercept, logistic recalibration and refitting.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 event, 0 none, NaN unknown (left out).
    lp : array_like of shape (n,)
        Log-odds by the model as it is.
    design : array_like of shape (n, k)
        The columns whose coefficients a refit estimates anew, of order 1; `lp` is a linear
        function of them. With k = 0 nothing is refitted.
    alpha : float
        Level of each test, in (0, 1).

    Returns
    -------
    ClosedTest
        An update that has no finite estimate (a class is absent, or the predictors separate the
        classes) drops out, and so does one that is the same as a simpler one; the largest that is
        left takes the refit's place in the tests.
    """
    outcome, old, _ = check_evaluation(y, lp, risks=False)
    columns = np.asarray(design, dtype=np.float64).reshape(len(np.asarray(y)), -1)
    columns = columns[~np.isnan(np.asarray(y, dtype=np.float64))]
    flat = np.ones((len(outcome), 1))
    chosen = _independent(columns)
    estimates: dict[str, FloatArray] = {"keep": np.empty(0)}
    notes = dict.fromkeys(METHODS, "")
    fitted = {"keep": old}

    def fit(method: str, matrix: FloatArray, offset: FloatArray) -> None:
        beta = fit_logistic_rows(matrix, outcome, flat.T, offset=offset)[0]
        if not np.isfinite(beta).all():
            notes[method] = "no finite estimate: a class is absent, or the classes are separated"
            return
        estimates[method] = beta
        fitted[method] = matrix @ beta + offset

    fit("intercept", flat, old)
    if np.ptp(old) < 1e-9:
        notes["logistic"] = "everyone has the same risk: there is no slope"
    else:
        fit("logistic", np.column_stack([flat, old]), 0 * old)
    if len(chosen) == 0:
        notes["refit"] = "no coefficients to estimate"
    elif len(chosen) == 1:
        notes["refit"] = "the same as logistic recalibration"
    else:
        # Offset by the old log-odds: what is estimated is each coefficient's change.
        fit("refit", np.column_stack([flat, columns[:, chosen]]), old)
        if "refit" in estimates:
            change = np.zeros(1 + columns.shape[1])
            change[[0, *(1 + chosen)]] = estimates["refit"]
            estimates["refit"] = change
    parameters = {"keep": 0, "intercept": 1, "logistic": 2, "refit": 1 + len(chosen)}
    table = _tabulate(outcome, fitted, parameters, notes)
    kept = table.index[(table["p_value"] > alpha) | (table.index == list(fitted)[-1])]
    return ClosedTest(str(kept[0]), table, estimates, n=len(outcome), events=int(outcome.sum()))


def make_untested(y: FloatArray) -> ClosedTest:
    """Return what stands for the test of too few patients: the model is kept, and why."""
    events = int(np.sum(y))
    reason = (
        f"{events} with and {len(y) - events} without the outcome: fewer than {MIN_PER_CLASS} of "
        "either, too few to test"
    )
    return ClosedTest("keep", _tabulate(y, {}, {}, {}), {}, n=len(y), events=events, reason=reason)


def _tabulate(
    y: FloatArray,
    fitted: Mapping[str, FloatArray],
    parameters: Mapping[str, int],
    notes: Mapping[str, str],
) -> pd.DataFrame:
    """Test the largest model against every other that was fitted, here by their log-odds."""
    sign = 1 - 2 * y
    likelihood = {m: -float(np.logaddexp(0, sign * lp).sum()) for m, lp in fitted.items()}
    rows = []
    for method in METHODS:
        row: dict[str, object] = {"method": method, "note": notes.get(method, "")}
        if method in fitted:
            row |= {"parameters": parameters[method], "log_likelihood": likelihood[method]}
            largest = list(fitted)[-1]
            if method != largest:
                df = parameters[largest] - parameters[method]
                statistic = max(0.0, 2 * (likelihood[largest] - likelihood[method]))
                p_value = float(chi2.sf(statistic, df))
                row |= {"statistic": statistic, "df": df, "p_value": p_value}
        rows.append(row)
    columns = ["method", "parameters", "log_likelihood", "statistic", "df", "p_value", "note"]
    return pd.DataFrame(rows, columns=columns).set_index("method")


def _independent(columns: FloatArray) -> IntArray:
    """Return the columns, in order, that no constant and no earlier columns add up to."""
    chosen: list[int] = []
    kept = np.ones((len(columns), 1))
    for j in range(columns.shape[1]):
        wider = np.column_stack([kept, columns[:, j]])
        if np.linalg.matrix_rank(wider, tol=1e-8 * np.sqrt(len(columns))) > kept.shape[1]:
            chosen.append(j)
            kept = wider
    return np.asarray(chosen, dtype=np.intp)
