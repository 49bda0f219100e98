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
from training.model.pairs import add_products, take_columns
from training.model.quantiles import compute_quantiles

if TYPE_CHECKING:
    from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel

__all__ = ["Evaluator", "Evaluated"]

_AT_ONCE = 20_000
"""Rows judged at once, all fillings counted, so that memory stays small."""


def _clipped_logit(probability: FloatArray) -> FloatArray:
    return np.asarray(logit(np.clip(probability, 1e-12, 1 - 1e-12)))


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Patients, and what a model found of them.

    Parameters
    ----------
    rows : tuple of ndarray of shape (n, 1 + n_columns + n_pairs)
        For each outcome, and then for each working model, what its numbers belong to: 1, the
        columns of its basis, and their products. Equal ones are one array.
    probability : ndarray of shape (n, n_horizons)
        As served.
    open_ : ndarray of int of shape (n_open,)
        Positions of the patients whose gaps were filled.
    filled : Evaluated or None
        All their fillings, n_fills rows for one patient after the other, which have no gaps; None
        where no patient has a gap to be filled.
    """

    rows: tuple[FloatArray, ...]
    probability: FloatArray
    open_: IntArray
    filled: Evaluated | None = None

    def pick(self, i: int) -> Evaluated:
        """Return what was found of one patient."""
        rows = tuple([each[i : i + 1] for each in self.rows])
        (place,) = np.nonzero(self.open_ == i)
        if self.filled is None or not place.size:
            return Evaluated(rows, self.probability[i : i + 1], _NOBODY)
        n_fills = len(self.filled.probability) // len(self.open_)
        own = slice(place[0] * n_fills, (place[0] + 1) * n_fills)
        ways = tuple([each[own] for each in self.filled.rows])
        filled = Evaluated(ways, self.filled.probability[own], _NOBODY)
        return Evaluated(rows, self.probability[i : i + 1], np.zeros(1, dtype=np.intp), filled)


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
        models: list[OutcomeModel | WorkingModel] = [*self.outcomes, *self.working]
        self._basis = JointBasis([model.basis for model in models])
        self._pairs = [model.pairs for model in models]
        self._same = _find_equal(self._basis.which, self._pairs)
        self._weights = [outcome.weights for outcome in self.outcomes]
        self._has_jumps = any(outcome.isotonic_x.size for outcome in self.outcomes)
        # Turned once: a patient's draws are then read from end to end.
        self._draws = [np.ascontiguousarray(model.draws.T) for model in working]
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
        return Evaluated(found.rows, found.probability, open_, filled)

    def _judge(self, X: FloatArray) -> Evaluated:
        """Return what the model finds of rows whose gaps the bases fill."""
        made: dict[int, FloatArray] = {}
        for i, (same, Z, pairs) in enumerate(
            zip(self._same, self._basis.expand(X), self._pairs, strict=True)
        ):
            made[i] = made[same] if same < i else add_products(Z, pairs)
        rows = tuple(made.values())
        return Evaluated(rows, self._judge_rows(rows), _NOBODY)

    def judge_columns(self, columns: Sequence[FloatArray]) -> FloatArray:
        """Return the probabilities (n, n_horizons) of rows of each outcome's basis."""
        made = [add_products(Z, pairs) for Z, pairs in zip(columns, self._pairs, strict=False)]
        return self._judge_rows(made)

    def _judge_rows(self, rows: Sequence[FloatArray]) -> FloatArray:
        """Return the probabilities (n, n_horizons) of what each outcome's weights belong to."""
        found = np.empty((len(rows[0]), len(self.outcomes)))
        for h, (outcome, own, weights) in enumerate(
            zip(self.outcomes, rows, self._weights, strict=False)
        ):
            found[:, h] = outcome.add_up(own, weights)
        if not self._has_jumps:
            to_probability(found, out=found)
        else:
            for h, outcome in enumerate(self.outcomes):
                found[:, h] = outcome.finish(found[:, h])
        if len(self.outcomes) > 1:
            found[:, 1] *= found[:, 0]
        return found

    def find_columns(self, judged: Evaluated) -> list[FloatArray]:
        """Return for each outcome the rows (n, n_columns) of its basis, of what was judged."""
        each = zip(judged.rows, self._pairs, strict=True)
        return [take_columns(rows, pairs) for rows, pairs in each][: len(self.outcomes)]

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
            np.matmul(judged.rows[n_outcomes + h], self._draws[h], out=drawn[h])
            if judged.filled is not None:
                ways = judged.filled.rows[n_outcomes + h]
                drawn[h, judged.open_] = model.draw_ways(
                    ways.reshape(len(judged.open_), -1, ways.shape[1])
                )
        to_probability(drawn, out=drawn)
        drawn[1:] *= drawn[0]
        found = compute_quantiles(drawn.reshape(-1, drawn.shape[2]).T, points)
        return found.reshape(len(points), -1, n).swapaxes(1, 2)

    def _cut(self, n: int) -> Iterator[slice]:
        """Yield where patients are taken together."""
        n_fills = 1 if self.gaps is None else len(self.gaps.values)
        step = max(_AT_ONCE // n_fills, 1)
        return (slice(start, start + step) for start in range(0, n, step))


def _find_equal(bases: Sequence[int], pairs: Sequence[IntArray]) -> list[int]:
    """Return for each model the first one of the same basis and products."""
    told = [(basis, own.tobytes()) for basis, own in zip(bases, pairs, strict=True)]
    return [told.index(one) for one in told]
