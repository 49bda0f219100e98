"""What was asked of a model and what became of it: the arrays that monitoring works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import BoolArray, FloatArray, IntArray
from features.errors import InputError, Problem

__all__ = ["Followed", "Moments"]

Moments = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Followed:
    """Requests of one model, one for each patient, in order of time.

    Parameters
    ----------
    at : ndarray of datetime64, shape (n,)
        When each estimate was asked for; never falling.
    in_scope : ndarray of bool, shape (n,)
        Whether the model speaks of such a patient.
    missing : ndarray of int, shape (n,)
        How many of the model's predictors were not known.
    X : ndarray, shape (n, n_predictors)
        The predictors as the model reads them; NaN where not known or not kept.
    risk : mapping of str to ndarray, shape (n,)
        By horizon, in the model's order: the estimate that was given, 0 to 1; NaN for none.
    outcome : mapping of str to ndarray, shape (n,)
        By horizon: 1 response, 0 none, NaN not (yet) known.
    reported : mapping of str to ndarray of datetime64, shape (n,)
        By horizon: when the outcome was reported; NaT where it was not.

    Raises
    ------
    InputError
        Listing everything that does not go together.
    """

    at: Moments
    in_scope: BoolArray
    missing: IntArray
    X: FloatArray
    risk: Mapping[str, FloatArray]
    outcome: Mapping[str, FloatArray]
    reported: Mapping[str, Moments]

    def __post_init__(self) -> None:
        problems = _find_problems(self)
        if problems:
            raise InputError("what was followed", problems)

    def __len__(self) -> int:
        return len(self.at)

    @property
    def horizons(self) -> tuple[str, ...]:
        """The model's horizons, the earlier first."""
        return tuple(self.risk)

    def is_known(self, horizon: str) -> BoolArray:
        """Return who has an estimate and a reported outcome at a horizon."""
        return np.asarray(~np.isnan(self.risk[horizon]) & ~np.isnan(self.outcome[horizon]))

    def find_order(self, horizon: str) -> IntArray:
        """Return the rows with a known outcome, in the order in which it was reported.

        What is found at one time is then never changed by what is reported later.
        """
        known = np.flatnonzero(self.is_known(horizon))
        return known[np.argsort(self.reported[horizon][known], kind="stable")]


def _find_problems(followed: Followed) -> list[Problem]:
    n, horizons = len(followed.at), set(followed.risk)
    problems = []
    for name in ("in_scope", "missing", "X"):
        if len(getattr(followed, name)) != n:
            got = f"{len(getattr(followed, name))} rows"
            problems.append(Problem(name, f"one row for each of {n} requests", got))
    for name in ("risk", "outcome", "reported"):
        by_horizon = getattr(followed, name)
        if set(by_horizon) != horizons or any(len(v) != n for v in by_horizon.values()):
            expected = f"{n} values at each of {', '.join(sorted(horizons))}"
            problems.append(Problem(name, expected, "other horizons or lengths"))
    if problems:
        return problems
    if (np.diff(followed.at) < np.timedelta64(0)).any():
        problems.append(Problem("at", "times in order", "a time before the one above it"))
    for horizon in followed.risk:
        risk, y = followed.risk[horizon], followed.outcome[horizon]
        if not (np.isnan(risk) | ((risk >= 0) & (risk <= 1))).all():
            problems.append(Problem(f"risk {horizon}", "0 to 1", "others"))
        if not (np.isnan(y) | np.isin(y, (0.0, 1.0))).all():
            problems.append(Problem(f"outcome {horizon}", "0, 1 or NaN", "others"))
        if (~np.isnan(y) & np.isnat(followed.reported[horizon])).any():
            problems.append(Problem(f"reported {horizon}", "a time for each outcome", "none"))
    return problems
