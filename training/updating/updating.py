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

What a refit estimates here. A frozen model is one linear function of a design matrix (the blend
of all logistic candidates) plus, where trees earned a weight, the trees' score. Refitted are the
intercept, the coefficient of every column that the model uses (a coefficient other than 0; bends
and each level of a category have columns of their own), and the weight of the trees' score as a
whole; the trees themselves, the filling of missing values, limits, scales and knots stay. A
column that does not vary in the new cohort, or is a combination of others there, keeps its
coefficient: nothing about it can be learnt. The degrees of freedom are the coefficients that are
estimated. A model that gives everyone the same risk has an intercept only: it is kept, or moved.
One with isotonic recalibration (made from thousands of patients) is no logistic model any more:
it is kept or recalibrated, and refitting it means training anew.

References
----------
Vergouwe 2017, doi:10.1002/sim.7179; Steyerberg 2004, doi:10.1002/sim.1844.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit
from scipy.stats import chi2

from features.arrays import FloatArray, IntArray
from features.dictionary.variable import Variable
from training.measures.weighted import check_evaluation, clipped_logit, fit_logistic_rows
from training.model.candidates import tree_margin
from training.model.interval import fit_working_model
from training.model.response import TrainingData
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel, load_trees

__all__ = [
    "METHODS",
    "MIN_PER_CLASS",
    "ClosedTest",
    "Update",
    "compute_closed_test",
    "update_outcome",
    "update_outcomes",
    "update_response",
]

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "keep": "kept as it is",
        "intercept": "intercept moved",
        "logistic": "logistic recalibration",
        "refit": "coefficients refitted",
    }
)
"""The updates, simplest first, in plain words."""

MIN_PER_CLASS = 10
"""Events, and non-events, below which nothing is tested and the model is kept."""

_STEPS = 2001


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


@dataclass(frozen=True, eq=False)
class Update:
    """An updated model and how it came about.

    Parameters
    ----------
    model : ResponseModel
        The same as before where everything is kept.
    tests : dict of str to ClosedTest
        "response" (the first horizon) and, with two horizons, "kept".
    """

    model: ResponseModel
    tests: dict[str, ClosedTest]

    def probability(self, X: FloatArray) -> FloatArray:
        """Return the probabilities, of shape (n, n_horizons), of raw predictors `X`."""
        return self.model.probability(X)

    @property
    def changed(self) -> bool:
        """Whether any outcome is not kept as it was."""
        return any(test.method != "keep" for test in self.tests.values())


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


# ------------------------------------------------------------------------- frozen models


def update_outcome(
    model: OutcomeModel, X: FloatArray, y: FloatArray, *, alpha: float = 0.05
) -> tuple[OutcomeModel, ClosedTest]:
    """Update the model of one outcome on other patients.

    Parameters
    ----------
    model : OutcomeModel
        Frozen.
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    alpha : float
        Level of each test.

    Returns
    -------
    updated : OutcomeModel
        `model` itself where it is kept.
    test : ClosedTest
        Under :data:`MIN_PER_CLASS` events or non-events nothing is tested, and it says so.
    """
    events = int(np.sum(y))
    if min(events, len(y) - events) < MIN_PER_CLASS:
        reason = (
            f"{events} with and {len(y) - events} without the outcome: fewer than "
            f"{MIN_PER_CLASS} of either, too few to test"
        )
        table = _tabulate(y, {}, {}, {})
        return model, ClosedTest("keep", table, {}, n=len(y), events=events, reason=reason)
    used = np.flatnonzero(model.coef)
    Z = model.basis.expand(X)
    columns = Z[:, used]
    if model.has_trees:
        score = tree_margin(load_trees(model.trees), Z, model.n_trees)
        columns = np.column_stack([columns, score])
    if model.isotonic_x.size:
        columns = columns[:, :0]
    test = compute_closed_test(y, clipped_logit(model.probability(X)), columns, alpha=alpha)
    return _apply(model, test, used), test


def _apply(model: OutcomeModel, test: ClosedTest, used: IntArray) -> OutcomeModel:
    change = test.estimates[test.method]
    if test.method == "keep":
        return model
    if test.method != "refit":
        return _recalibrate(model, float(change[0]), float(change[1]) if len(change) > 1 else 1.0)
    coef = model.coef.copy()
    coef[used] += change[1 : 1 + len(used)]
    trees = float(change[-1]) if model.has_trees else 0.0
    return replace(
        model,
        intercept=model.intercept + float(change[0]),
        coef=coef,
        tree_weight=model.tree_weight + trees,
    )


def _recalibrate(model: OutcomeModel, intercept: float, slope: float) -> OutcomeModel:
    """Return the model whose log-odds are intercept + slope x those of `model`."""
    if model.isotonic_x.size:
        # A straight line between two steps is none after recalibration: many short ones are.
        steps = np.union1d(model.isotonic_x, np.linspace(0, 1, _STEPS))
        risks = np.interp(steps, model.isotonic_x, model.isotonic_y)
        return replace(
            model, isotonic_x=steps, isotonic_y=expit(intercept + slope * clipped_logit(risks))
        )
    return replace(
        model,
        intercept=intercept + slope * model.intercept,
        coef=slope * model.coef,
        tree_weight=slope * model.tree_weight,
    )


def _update_working(
    working: WorkingModel,
    X: FloatArray,
    y: FloatArray,
    predictors: Sequence[Variable],
    *,
    method: str,
    rng: np.random.Generator,
) -> WorkingModel:
    """Return the draws behind the interval after the same kind of update.

    A recalibration is estimated on the mean of the draws, and each draw gets one drawn from the
    normal approximation of its likelihood: the uncertainty of the update comes on top of that of
    the training. After a refit the new cohort speaks alone.
    """
    if method == "keep":
        return working
    center = working.draws.mean(axis=0)
    lp = center[0] + working.basis.expand(X) @ center[1:]
    flat = np.ones((len(y), 1))
    design = flat if method == "intercept" else np.column_stack([flat, lp])
    offset = lp if method == "intercept" else 0 * lp
    beta = fit_logistic_rows(design, y, flat.T, offset=offset)[0]
    if method == "refit" or not np.isfinite(beta).all():
        return fit_working_model(X, y, predictors, rng=rng)
    risk = expit(design @ beta + offset)
    covariance = np.linalg.inv((design * (risk * (1 - risk))[:, None]).T @ design)
    drawn = rng.multivariate_normal(beta, covariance, size=len(working.draws))
    draws = working.draws * (drawn[:, 1:] if method == "logistic" else 1.0)
    draws[:, 0] += drawn[:, 0]
    return replace(working, draws=draws)


def update_outcomes(
    data: TrainingData, *, model: ResponseModel, alpha: float, rng: np.random.Generator
) -> Update:
    """Return the model with its outcomes updated, and its intervals as they were.

    As the way to make a model, it is what an update is judged by on patients it has not seen: the
    closed tests are run anew in each training part. See :func:`update_response`.
    """
    first, test = update_outcome(model.first, *_known(data, data.horizons[0]), alpha=alpha)
    if model.kept is None:
        return Update(replace(model, first=first), {"response": test})
    kept, kept_test = update_outcome(model.kept, *_known(data, "kept"), alpha=alpha)
    return Update(replace(model, first=first, kept=kept), {"response": test, "kept": kept_test})


def _known(data: TrainingData, outcome: str) -> tuple[FloatArray, FloatArray]:
    y = data.kept if outcome == "kept" else data.y[outcome]
    known = ~np.isnan(y)
    return data.X[known], y[known]


def update_response(
    model: ResponseModel, data: TrainingData, *, alpha: float = 0.05, rng: np.random.Generator
) -> Update:
    """Update the model of all horizons, each outcome by a closed test of its own.

    Parameters
    ----------
    model : ResponseModel
        Frozen.
    data : TrainingData
        Other patients, with the model's predictors and horizons. Response is updated on those
        with a known outcome at the first horizon, "kept" on the responders seen at T2, who stand
        for those not seen (missing at random given the predictors).
    alpha : float
        Level of each test.
    rng : numpy.random.Generator
        Source of randomness of the intervals.

    Returns
    -------
    Update
        The intervals of an outcome that changed are updated with it. The background rows of the
        explanation stay: they are made-up patients of the first training.
    """
    update = update_outcomes(data, model=model, alpha=alpha, rng=rng)

    def working(old: WorkingModel, name: str, outcome: str) -> WorkingModel:
        X, y = _known(data, outcome)
        method = update.tests[name].method
        return _update_working(old, X, y, data.predictors, method=method, rng=rng)

    first = working(model.working_first, "response", data.horizons[0])
    kept = model.working_kept and working(model.working_kept, "kept", "kept")
    return replace(update, model=replace(update.model, working_first=first, working_kept=kept))
