"""A frozen model's numbers for patients, from one pass over their values.

The bases of both outcomes and of both working models are expanded side by side, a patient's gaps
are filled once, and what was found serves the probability, the interval and the explanation. This
is how :class:`ResponseModel` computes, for one patient and for many; a service keeps an
:class:`Evaluator`, so that what depends on no patient is computed when it starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from features.arrays import FloatArray, IntArray
from features.dictionary.joint_basis import JointBasis
from training.model.gaps import Gaps, average_by_patient
from training.model.log_odds import to_probability
from training.model.quantiles import compute_quantiles

if TYPE_CHECKING:
    from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel

__all__ = ["Evaluator", "Evaluated"]

_AT_ONCE = 20_000
"""Rows judged at once where gaps are filled, so that memory stays small."""


def _clipped_logit(probability: FloatArray) -> FloatArray:
    return np.asarray(logit(np.clip(probability, 1e-12, 1 - 1e-12)))


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Patients, and what a model found of them.

    Parameters
    ----------
    columns : tuple of ndarray
        For each outcome, and then for each working model, the rows of its basis (n, n_columns).
    probability : ndarray of shape (n, n_horizons)
        As served.
    open_ : ndarray of int of shape (n_open,)
        Positions of the patients whose gaps were filled.
    filled : Evaluated or None
        All their fillings, n_fills rows for one patient after the other, which have no gaps; None
        where no patient has a gap to be filled.
    """

    columns: tuple[FloatArray, ...]
    probability: FloatArray
    open_: IntArray
    filled: Evaluated | None = None

    def pick(self, i: int) -> Evaluated:
        """Return what was found of one patient."""
        columns = tuple([Z[i : i + 1] for Z in self.columns])
        (place,) = np.nonzero(self.open_ == i)
        if self.filled is None or not place.size:
            return Evaluated(columns, self.probability[i : i + 1], _NOBODY)
        n_fills = len(self.filled.probability) // len(self.open_)
        own = slice(place[0] * n_fills, (place[0] + 1) * n_fills)
        rows = tuple([Z[own] for Z in self.filled.columns])
        filled = Evaluated(rows, self.filled.probability[own], _NOBODY)
        return Evaluated(columns, self.probability[i : i + 1], np.zeros(1, dtype=np.intp), filled)


_NOBODY: IntArray = np.empty(0, dtype=np.intp)


class Evaluator:
    """One or two outcomes' models, ready to judge patients.

    Parameters
    ----------
    outcomes : sequence of OutcomeModel
        Of the first horizon, and where there are two that a responder of the first still is one at
        the second.
    working : sequence of WorkingModel
        Of the same outcomes, for intervals; may be left out.
    gaps : Gaps or None
        How gaps are filled: the probability is the mean over the fillings. None: by the bases.
    """

    def __init__(
        self,
        outcomes: Sequence[OutcomeModel],
        working: Sequence[WorkingModel] = (),
        *,
        gaps: Gaps | None = None,
    ) -> None:
        self.outcomes, self.working, self.gaps = tuple(outcomes), tuple(working), gaps
        self._basis = JointBasis(
            [*(outcome.basis for outcome in outcomes), *(model.basis for model in working)]
        )
        follow = [model.follow for model in working]
        self._follow = np.maximum.accumulate(follow) if any(follow) else None

    @classmethod
    def of(cls, model: ResponseModel) -> Evaluator:
        """Return the evaluator of a frozen model."""
        outcomes = [model.first] if model.kept is None else [model.first, model.kept]
        working = [model.working_first]
        if model.working_kept is not None:
            working.append(model.working_kept)
        return cls(outcomes, working, gaps=model.gaps)

    def judge(self, X: FloatArray) -> Evaluated:
        """Return what the model finds of patients.

        Parameters
        ----------
        X : ndarray of shape (n, n_predictors)
            Raw predictors, NaN where missing.

        Returns
        -------
        Evaluated
            The same for a patient alone and among others. It holds all fillings of all gaps: of
            many patients, take some at a time.
        """
        found = self._judge(X)
        open_ = _NOBODY if self.gaps is None else self.gaps.find(X)
        if self.gaps is None or not open_.size:
            return found
        filled = self._judge(self.gaps.fill(X[open_]).reshape(-1, X.shape[1]))
        found.probability[open_] = average_by_patient(filled.probability, len(open_))
        return Evaluated(found.columns, found.probability, open_, filled)

    def _judge(self, X: FloatArray) -> Evaluated:
        """Return what the model finds of rows whose gaps the bases fill."""
        columns = self._basis.expand(X)
        return Evaluated(columns, self.judge_columns(columns), _NOBODY)

    def judge_columns(self, columns: Sequence[FloatArray]) -> FloatArray:
        """Return the probabilities (n, n_horizons) of rows of each outcome's basis."""
        found = np.empty((len(columns[0]), len(self.outcomes)))
        for h, (outcome, Z) in enumerate(zip(self.outcomes, columns, strict=False)):
            found[:, h] = outcome.judge(Z)
        if len(self.outcomes) > 1:
            found[:, 1] *= found[:, 0]
        return found

    def probability(self, X: FloatArray) -> FloatArray:
        """Return the probabilities (n, n_horizons) of any number of patients."""
        found = np.empty((len(X), len(self.outcomes)))
        for some in self._cut(len(X)):
            found[some] = self.judge(X[some]).probability
        return found

    def interval(self, judged: Evaluated, *, level: float = 0.95) -> FloatArray:
        """Return the interval (n, n_horizons, 2) around each probability of `judged`.

        See :meth:`ResponseModel.interval`; the working models must have been given.
        """
        points = (1 - level) / 2, 0.5, (1 + level) / 2
        low, middle, high = self._draw_quantiles(judged, points)
        served = judged.probability
        limits = np.stack([np.minimum(low, served), np.maximum(high, served)], axis=2)
        if self._follow is not None:
            moved = self._follow * (_clipped_logit(served) - _clipped_logit(middle))
            beyond = to_probability(
                _clipped_logit(np.stack([low, high], axis=2)) + moved[..., np.newaxis]
            )
            np.minimum(limits[..., 0], beyond[..., 0], out=limits[..., 0])
            np.maximum(limits[..., 1], beyond[..., 1], out=limits[..., 1])
        return limits

    def intervals(self, X: FloatArray, *, level: float = 0.95) -> FloatArray:
        """Return the intervals (n, n_horizons, 2) of any number of patients."""
        found = np.empty((len(X), len(self.outcomes), 2))
        for some in self._cut(len(X)):
            found[some] = self.interval(self.judge(X[some]), level=level)
        return found

    def _draw_quantiles(self, judged: Evaluated, points: Sequence[float]) -> FloatArray:
        """Return quantiles (n_points, n, n_horizons) of the drawn probabilities."""
        n = len(judged.probability)
        drawn = np.empty((len(self.working), n, len(self.working[0].draws)))
        n_outcomes = len(self.outcomes)
        for h, model in enumerate(self.working):
            drawn[h] = model.draw(judged.columns[n_outcomes + h])
            if judged.filled is not None:
                Z = judged.filled.columns[n_outcomes + h]
                drawn[h, judged.open_] = model.draw_ways(
                    Z.reshape(len(judged.open_), -1, Z.shape[1])
                )
        drawn[1:] *= drawn[0]
        found = compute_quantiles(drawn.reshape(-1, drawn.shape[2]).T, points)
        return found.reshape(len(points), -1, n).swapaxes(1, 2)

    def _cut(self, n: int) -> Iterator[slice]:
        """Yield where patients are taken together."""
        step = n if self.gaps is None else max(_AT_ONCE // len(self.gaps.values), 1)
        return (slice(start, start + step) for start in range(0, n, max(step, 1)))
