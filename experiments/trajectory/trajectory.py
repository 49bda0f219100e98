"""Weekly pain in two arms: how far they differ week by week, and when the difference is lost.

The model has a mean for each arm and week, and errors of a patient that follow a first-order
autoregression: weeks that lie d apart correlate by rho^d. It is fitted by restricted maximum
likelihood over rho, everything else in closed form; weeks that a patient missed are left out, and
are taken as missing at random given the weeks that were seen. This is what `gls` with `corCAR1`
does in R, and it agrees with it to the digits printed. It stands here because no kept-up Python
library has it: statsmodels' MixedLM has no autoregressive errors within patients, GLSAR knows one
series only, and GEE's sandwich errors are too small for 30 patients an arm.

A model of this kind was used by Sigtermans 2009, who lost the difference at week 12.

References
----------
Sigtermans 2009, doi:10.1016/j.pain.2009.06.023. Harville 1977,
doi:10.1080/01621459.1977.10480998. Hothorn 2008, doi:10.1002/bimj.200810425 (simultaneous
intervals).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import brentq, minimize_scalar
from threadpoolctl import threadpool_limits

from features.arrays import BoolArray, FloatArray, IntArray
from features.cohort.weekly import WeeklyScores
from features.errors import InputError, Problem
from features.shares import FEWEST

__all__ = [
    "AutoregressiveFit",
    "Course",
    "compute_course",
    "compute_weekly_means",
    "fit_autoregressive",
]


_HIGHEST = 0.999
_DRAWS = 20_000
_LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class AutoregressiveFit:
    """A linear model with autoregressive errors within patients.

    Attributes
    ----------
    coefficients : ndarray of shape (p,)
        By restricted maximum likelihood.
    covariance : ndarray of shape (p, p)
        Of the coefficients.
    rho, rho_interval : float, (float, float)
        Correlation of errors one week apart, in [0, 1), and its 95% profile-likelihood interval.
    sd : float
        Standard deviation of the errors.
    log_likelihood : float
        Restricted log-likelihood; models with the same columns can be compared by it.
    """

    coefficients: FloatArray
    covariance: FloatArray
    rho: float
    rho_interval: tuple[float, float]
    sd: float
    log_likelihood: float


@dataclass(frozen=True, eq=False)
class Course:
    """The difference between two arms over time.

    Attributes
    ----------
    differences : DataFrame
        Columns `week`, `difference` (arm of interest minus reference, NRS points), `se`, `low`,
        `high`, `p_value` (t, each week by itself), `low_all`, `high_all` (95% for all weeks
        together).
    last_different : int or None
        The last week whose own interval leaves 0 out; None where there is no such week.
    lost : int or None
        The week after it: from there on no week differs. None where no week ever differs, or the
        last one still does. That a difference is no longer seen is no proof that it is gone: read
        the intervals of these weeks.
    any_week_p, average, average_p : float, (float, float, float), float
        Whether any week differs at all (F test); the mean difference over the weeks with its 95%
        interval, and its p value.
    fit : AutoregressiveFit
        The model.
    patients, scores : int
        How many went in.
    df : int
        Degrees of freedom of the t and F tests: patients less the columns that differ between
        patients but not within them. Fewer than the scores would allow, on purpose.
    adjusted : bool
        Whether the score before treatment is in the model.
    """

    differences: pd.DataFrame
    last_different: int | None
    lost: int | None
    any_week_p: float
    average: tuple[float, float, float]
    average_p: float
    fit: AutoregressiveFit
    patients: int
    scores: int
    df: int
    adjusted: bool


def fit_autoregressive(
    X: FloatArray, y: FloatArray, *, patient: IntArray, time: FloatArray
) -> AutoregressiveFit:
    """Fit a linear model whose errors follow an autoregression within each patient.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Columns of the mean, of full rank; n above p.
    y : ndarray of shape (n,)
        Scores, none missing.
    patient : ndarray of int, shape (n,)
        Whose score it is; rows are sorted by patient and time.
    time : ndarray of shape (n,)
        When, in weeks; no time twice in a patient.

    Raises
    ------
    ValueError
        If rows are not sorted, a time repeats, X is not of full rank, or no patient has two
        scores.
    """
    follows = np.concatenate([[False], patient[1:] == patient[:-1]])
    gap = np.where(follows, np.concatenate([[0.0], np.diff(time)]), np.inf)
    if (np.diff(patient) < 0).any() or (gap <= 0).any():
        raise ValueError("patient, time: expected rows sorted by patient, then by time, each once")
    if not follows.any():
        raise ValueError("patient: expected at least one patient with two scores")
    if np.linalg.matrix_rank(X) < X.shape[1] or len(X) <= X.shape[1]:
        raise ValueError("X: expected columns of full rank, and more rows than columns")
    together = np.column_stack([X, y])
    previous = np.where(follows[:, None], np.roll(together, 1, axis=0), 0.0)
    free = len(y) - X.shape[1]

    def solve(rho: float) -> tuple[float, FloatArray, FloatArray, float]:
        """Return log-likelihood, coefficients, the factor of X'WX, and the error variance."""
        decay = np.where(follows, rho ** np.where(follows, gap, 1.0), 0.0)
        variance = 1 - decay**2
        # Each row less what the one before it tells, at unit variance: independent errors.
        whitened = (together - decay[:, None] * previous) / np.sqrt(variance)[:, None]
        cross = whitened.T @ whitened
        factor = cholesky(cross[:-1, :-1], lower=True)
        half = solve_triangular(factor, cross[:-1, -1], lower=True)
        squares = float(cross[-1, -1] - half @ half) / free
        determinants = np.log(variance).sum() + 2 * np.log(np.diag(factor)).sum()
        value = -0.5 * float(free * (np.log(2 * np.pi * squares) + 1) + determinants)
        return value, solve_triangular(factor.T, half), factor, squares

    found = minimize_scalar(
        lambda rho: -solve(rho)[0],
        bounds=(0.0, _HIGHEST),
        method="bounded",
        options={"xatol": 1e-9},
    )
    rho = float(found.x)
    value, coefficients, factor, squares = solve(rho)
    root = solve_triangular(factor, np.eye(X.shape[1]), lower=True)
    return AutoregressiveFit(
        coefficients=coefficients,
        covariance=squares * root.T @ root,
        rho=rho,
        rho_interval=_find_profile_interval(lambda r: solve(r)[0] - value, rho),
        sd=float(np.sqrt(squares)),
        log_likelihood=value,
    )


def _find_profile_interval(drop: Callable[[float], float], rho: float) -> tuple[float, float]:
    """Return where the log-likelihood has dropped by half the 95% quantile of chi-square."""
    allowed = float(stats.chi2.ppf(_LEVEL, 1)) / 2

    def excess(at: float) -> float:
        return drop(at) + allowed

    low = 0.0 if excess(0.0) >= 0 else float(brentq(excess, 0.0, rho))
    high = _HIGHEST if excess(_HIGHEST) >= 0 else float(brentq(excess, rho, _HIGHEST))
    return low, high


def compute_weekly_means(weekly: WeeklyScores) -> pd.DataFrame:
    """Summarise the scores by arm and week, as they were seen.

    Returns
    -------
    DataFrame
        Columns `arm`, `week` (0 is before treatment), `n`, `mean`, `sd`, `low`, `high` (95%, t);
        NaN with fewer than 3 scores, where a mean would tell a patient's own.
    """
    scores = weekly.scores.assign(
        arm=weekly.baseline["treated"].to_numpy()[weekly.scores["patient"].to_numpy()]
    )
    rows = []
    for code, arm in enumerate(weekly.arms):
        for week, values in scores[scores["arm"] == code].groupby("week")["nrs"]:
            n, mean, sd = len(values), float(values.mean()), float(values.std())
            reach = float(stats.t.ppf(0.5 + _LEVEL / 2, n - 1)) * sd / np.sqrt(n) if n > 1 else 0
            told = (mean, sd, mean - reach, mean + reach) if n >= FEWEST else (np.nan,) * 4
            rows.append((arm, week, n, *told))
    return pd.DataFrame(rows, columns=["arm", "week", "n", "mean", "sd", "low", "high"])


def compute_course(weekly: WeeklyScores, *, adjusted: bool = False, seed: int = 0) -> Course:
    """Compare two arms week by week, from the first week after the start of treatment.

    Parameters
    ----------
    weekly : WeeklyScores
        Checked scores.
    adjusted : bool
        Whether the score before treatment goes into the model as a covariate. The comparison is
        then that of patients with the same score, more precise and fair to a chance difference
        at the start; patients without that score are left out. Without it the differences are
        those of the means, as in Sigtermans 2009.
    seed : int
        For the simulation behind the simultaneous intervals.

    Returns
    -------
    Course
        Only weeks with at least 3 scores in each arm are compared.
    """
    rows = weekly.scores[weekly.scores["week"] > 0]
    patient = rows["patient"].to_numpy()
    before = weekly.baseline["nrs_t0"].to_numpy(dtype=np.float64)[patient]
    if adjusted:
        known = ~np.isnan(before)
        rows, patient, before = rows[known], patient[known], before[known]
    treated = weekly.baseline["treated"].to_numpy(dtype=np.float64)[patient]
    week = rows["week"].to_numpy()
    weeks = [
        int(one)
        for one in np.unique(week)
        if all((treated[week == one] == arm).sum() >= FEWEST for arm in (0, 1))
    ]
    if len(weeks) < 2:
        expected = f"at least two weeks with {FEWEST} scores in each arm"
        raise InputError("weekly scores", [Problem("nrs", expected, f"{len(weeks)} such weeks")])
    inside = np.isin(week, weeks)
    patient, treated, before, week = (a[inside] for a in (patient, treated, before, week))
    is_week = (week[:, None] == np.array(weeks)).astype(np.float64)
    columns = [is_week, is_week * treated[:, None]]
    if adjusted:
        columns.append((before - before.mean())[:, None])
    # Such small products only wait for each other on several threads.
    with threadpool_limits(1):
        fit = fit_autoregressive(
            np.column_stack(columns),
            rows["nrs"].to_numpy(dtype=np.float64)[inside],
            patient=patient,
            time=week.astype(np.float64),
        )
        return _compare_weeks(
            fit,
            weeks,
            patients=len(np.unique(patient)),
            scores=len(week),
            adjusted=adjusted,
            seed=seed,
        )


def _compare_weeks(
    fit: AutoregressiveFit,
    weeks: list[int],
    *,
    patients: int,
    scores: int,
    adjusted: bool,
    seed: int,
) -> Course:
    k = len(weeks)
    which = slice(k, 2 * k)
    difference, covariance = fit.coefficients[which], fit.covariance[which, which]
    df = patients - 2 - adjusted
    error = np.sqrt(np.diag(covariance))
    p_values = 2 * stats.t.sf(np.abs(difference) / error, df)
    one = float(stats.t.ppf(0.5 + _LEVEL / 2, df))
    every = _find_simultaneous_quantile(covariance, df=df, seed=seed)
    average = float(difference.mean())
    average_error = float(np.sqrt(covariance.sum())) / k
    f = float(difference @ np.linalg.solve(covariance, difference)) / k
    table = pd.DataFrame(
        {
            "week": weeks,
            "difference": difference,
            "se": error,
            "low": difference - one * error,
            "high": difference + one * error,
            "p_value": p_values,
            "low_all": difference - every * error,
            "high_all": difference + every * error,
        }
    )
    last, lost = _find_lost_week(weeks, p_values < 1 - _LEVEL)
    return Course(
        differences=table,
        last_different=last,
        lost=lost,
        any_week_p=float(stats.f.sf(f, k, df)),
        average=(average, average - one * average_error, average + one * average_error),
        average_p=float(2 * stats.t.sf(abs(average) / average_error, df)),
        fit=fit,
        patients=patients,
        scores=scores,
        df=df,
        adjusted=adjusted,
    )


def _find_simultaneous_quantile(covariance: FloatArray, *, df: int, seed: int) -> float:
    """Return the quantile of the largest |t| over all weeks, from draws of a multivariate t."""
    rng = np.random.default_rng(seed)
    error = np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance / np.outer(error, error))
    draws = rng.standard_normal((_DRAWS, len(error))) @ root.T
    scale = np.sqrt(rng.chisquare(df, _DRAWS) / df)
    return float(np.quantile(np.abs(draws).max(axis=1) / scale, _LEVEL))


def _find_lost_week(weeks: list[int], differs: BoolArray) -> tuple[int | None, int | None]:
    if not differs.any():
        return None, None
    last = int(np.flatnonzero(differs)[-1])
    return weeks[last], weeks[last + 1] if last + 1 < len(weeks) else None
