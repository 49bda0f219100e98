"""A frozen model updated on other patients: what a closed test asks for, done.

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
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray, IntArray
from features.dictionary.variable import Variable
from training.fitting.gaps import find_margins
from training.fitting.interval import fit_working_model
from training.fitting.response import TrainingData
from training.fitting.solvers import fit_intercept
from training.measures.weighted import clipped_logit, fit_logistic_rows
from training.model.gaps import Gaps, average_fillings
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel
from training.model.trees import compute_tree_margin, load_trees
from training.updating.closed_testing import (
    MIN_PER_CLASS,
    ClosedTest,
    compute_closed_test,
    make_untested,
)

__all__ = ["Update", "update_outcome", "update_outcomes", "update_response"]


_STEPS = 2001


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


# ------------------------------------------------------------------------- frozen models


def update_outcome(
    model: OutcomeModel,
    X: FloatArray,
    y: FloatArray,
    *,
    alpha: float = 0.05,
    gaps: Gaps | None = None,
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
    gaps : Gaps or None
        How the model's gaps are filled; None: by its basis. What is refitted gets the mean columns
        over the fillings.

    Returns
    -------
    updated : OutcomeModel
        `model` itself where it is kept.
    test : ClosedTest
        Under :data:`MIN_PER_CLASS` events or non-events nothing is tested, and it says so.
    """
    if min(np.sum(y == 1), np.sum(y == 0)) < MIN_PER_CLASS:
        return model, make_untested(y)
    wanted = model.basis.linear_ if model.pair_coef.size else np.ones(len(model.coef), dtype=bool)
    # Of steps and products there are more than other patients can tell apart.
    used = np.flatnonzero((model.coef != 0.0) & wanted)
    Z = average_fillings(model.basis.expand, X, gaps)
    columns = Z[:, used]
    if model.has_trees:
        score = compute_tree_margin(load_trees(model.trees), Z, model.n_trees)
        columns = np.column_stack([columns, score])
    if model.isotonic_x.size:
        columns = columns[:, :0]
    served = average_fillings(model.probability, X, gaps)
    test = compute_closed_test(y, clipped_logit(served), columns, alpha=alpha)
    updated = _apply(model, test, used)
    if gaps is None or test.method == "keep":
        return updated, test
    # The closed test moves the log-odds of mean risks; what each filling has is moved less by it.
    shift = fit_intercept(find_margins(updated.margin, X, gaps), float(np.mean(y)))
    return replace(updated, intercept=updated.intercept + shift), test


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
        pair_coef=slope * model.pair_coef,
        tree_weight=slope * model.tree_weight,
    )


def _update_working(
    working: WorkingModel,
    X: FloatArray,
    y: FloatArray,
    predictors: Sequence[Variable],
    *,
    method: str,
    gaps: Gaps | None,
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
    lp = average_fillings(working.expand, X, gaps) @ center
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
    first, test = update_outcome(
        model.first, *_known(data, data.horizons[0]), alpha=alpha, gaps=model.gaps
    )
    if model.kept is None:
        return Update(replace(model, first=first), {"response": test})
    kept, kept_test = update_outcome(
        model.kept, *_known(data, "kept"), alpha=alpha, gaps=model.gaps
    )
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
        return _update_working(old, X, y, data.predictors, method=method, gaps=model.gaps, rng=rng)

    first = working(model.working_first, "response", data.horizons[0])
    kept = model.working_kept and working(model.working_kept, "kept", "kept")
    return replace(update, model=replace(update.model, working_first=first, working_kept=kept))
