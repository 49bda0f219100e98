"""Laplace's approximation of Bayesian logistic regression under normal priors.

Around its mode the posterior is taken as normal, and what the prior expected of the data (the
evidence) follows from it; Tierney and Kadane 1986, doi:10.1080/01621459.1986.10478240. Where there
are fewer patients than columns, the model is solved in as many directions as there are patients. Of
many patients no second copy is made: their rows are summed up a block at a time
(:mod:`training.fitting.bayes.directions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs
from scipy.special import expit, logit

from features.arrays import FloatArray, IntArray
from training.fitting.bayes.directions import factor, find_directions, solve_lower

__all__ = ["Mode", "find_mode"]

_TOLERANCE = 1e-4
"""Log-odds; the step that is so short is still taken, and leaves an error of about its square."""
_MAX_STEPS = 200
_LONGEST_MOVE = 1.5  # as in training.fitting.solvers: such a step always lowers the loss


@dataclass(frozen=True, eq=False)
class Mode:
    """The posterior of one model.

    Parameters
    ----------
    evidence : float
        Log of the probability that the prior gave the outcomes.
    margin : ndarray of shape (n,)
        Log-odds of the patients at the mode.
    variance : ndarray of shape (n,)
        Posterior variance of these log-odds; empty where it was not asked for.
    information : ndarray of shape (n,)
        Risk times one minus risk.
    residual : ndarray of shape (n,)
        Outcome less risk.
    precision : ndarray of shape (n_directions, n_directions)
        Lower Cholesky factor of the posterior precision along the directions in which it was
        solved, of which there are as many as columns, or patients if these are fewer.
    """

    evidence: float
    margin: FloatArray
    variance: FloatArray
    information: FloatArray
    residual: FloatArray
    precision: FloatArray

    def forget_patients(self) -> Mode:
        """Return the posterior without the numbers of its patients."""
        none = np.empty(0)
        return replace(self, margin=none, variance=none, information=none, residual=none)

    def keep_residual(self) -> Mode:
        """Return the posterior of whose patients only the residuals are left."""
        none = np.empty(0)
        return replace(self, margin=none, variance=none, information=none)

    def find_covariance(self, design: FloatArray, prior: FloatArray) -> FloatArray:
        """Return the posterior covariance (n_columns, n_columns) of the coefficients.

        Parameters
        ----------
        design, prior : ndarray
            As it was solved with: see :func:`find_mode`.
        """
        weighted = design * self.information[:, np.newaxis]
        told = solve_lower(self.precision, factor(design, prior).T @ weighted)
        less = design.T @ weighted - told.T @ told
        return np.asarray(np.diag(prior) - prior[:, np.newaxis] * less * prior)

    def leave_out(
        self, design: FloatArray, prior: FloatArray, places: Sequence[IntArray]
    ) -> tuple[FloatArray, FloatArray]:
        """Return the log-odds of patients had they not been among the data, and their variance.

        A patient's rows are taken out together, in the quadratic approximation at the mode;
        Vehtari et al. 2016, https://jmlr.org/papers/v17/14-540.html.

        Parameters
        ----------
        design, prior : ndarray
            As it was solved with: see :func:`find_mode`.
        places : sequence of ndarray of int of shape (n_patients, n_rows)
            Positions of the rows of patients who have equally many.
        """
        margin = np.empty_like(self.margin)
        variance = np.empty_like(self.margin)
        half = solve_lower(self.precision, factor(design, prior).T).T
        for rows in places:
            own = half[rows] @ half[rows].transpose(0, 2, 1)
            left = np.eye(rows.shape[1]) - own * self.information[rows][:, np.newaxis]
            pulled = np.linalg.solve(left, own @ self.residual[rows][:, :, np.newaxis])
            margin[rows] = self.margin[rows] - pulled[:, :, 0]
            variance[rows] = np.diagonal(np.linalg.solve(left, own), axis1=1, axis2=2)
        return margin, variance


def find_mode(
    design: FloatArray,
    y: FloatArray,
    prior: FloatArray,
    *,
    start: FloatArray | None = None,
    least: float = -np.inf,
    rest: float = _TOLERANCE,
) -> Mode:
    """Return the posterior of logistic regression under independent normal priors.

    Parameters
    ----------
    design : ndarray of shape (n, n_columns)
        With a column of ones for the intercept.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    prior : ndarray of shape (n_columns,)
        Prior variances, above 0.
    start : ndarray of shape (n,) or None
        Log-odds to start from, those of a like model.
    least : float
        Evidence below which nobody asks for the variance of the log-odds, which takes as long as
        a step.
    rest : float
        Log-odds; a step of which nobody moves further is the last.

    Raises
    ------
    ArithmeticError
        If the steps do not come to rest.
    """
    directions = find_directions(design, prior)
    margin, place = np.zeros(len(y)), np.zeros(directions.count)
    if start is None:
        start = np.full(len(y), float(logit(np.clip(np.mean(y), 0.02, 0.98))))
    # The first step is Newton's from the log-odds given, wherever the directions stand.
    towards = start
    for step in range(_MAX_STEPS):
        risk = expit(towards)
        information = np.maximum(risk * (1 - risk), 1e-10)
        precision, pulled = directions.sum_up(information, information * towards + y - risk)
        precision.reshape(-1)[:: directions.count + 1] += 1.0
        # It is symmetric, and the other way round LAPACK need not copy it.
        lower, failed = dpotrf(precision.T, lower=True, clean=True, overwrite_a=True)
        if failed:
            break
        wanted, _ = dpotrs(lower, pulled, lower=True)
        after = directions.move(wanted)
        reach = float(np.abs(after - margin).max()) if step else 0.0
        if reach > _LONGEST_MOVE:
            share = _LONGEST_MOVE / reach
            wanted = place + share * (wanted - place)
            after = margin + share * (after - margin)
        place, margin = wanted, after
        towards = margin
        if step and reach < rest:
            break
    if failed or reach >= rest:
        raise ArithmeticError("Bayesian logistic regression did not converge")
    evidence = float(
        y @ margin
        - np.logaddexp(0.0, margin).sum()
        - place @ place / 2
        - np.log(lower.diagonal()).sum()
    )
    return Mode(
        evidence=evidence,
        margin=margin,
        variance=np.empty(0) if evidence < least else directions.find_variance(lower),
        information=information,
        residual=y - expit(margin),
        precision=lower,
    )
