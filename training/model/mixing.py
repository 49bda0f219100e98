"""What coalitions of predictors are worth, by asking the model about rows that are mixed for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from training.model.coalitions import label_coalitions
from training.model.evaluator import Evaluated, Evaluator

__all__ = ["Mixer"]


class Mixer:
    """Background rows, and a model to ask about them with some of a patient's values put in.

    Parameters
    ----------
    evaluator : Evaluator
        Of the model.
    background : Evaluated
        The background rows, as the same model judged them.
    """

    def __init__(self, evaluator: Evaluator, background: Evaluated) -> None:
        self._evaluator = evaluator
        self._rest = evaluator.find_columns(background)
        self._groups = [outcome.basis.groups_ for outcome in evaluator.outcomes]
        self._n_predictors = evaluator.outcomes[0].basis.n_features_in_

    def ask(self, ways: Evaluated, rows: IntArray, holds: BoolArray) -> FloatArray:
        """Return what coalitions are worth over background rows.

        Parameters
        ----------
        ways : Evaluated
            The patient, in one way or in one for each background row.
        rows : ndarray of int of shape (n_orders, n_rows)
            Background rows by which each order's coalitions are judged.
        holds : ndarray of bool of shape (n_orders, n_steps, n_predictors)
            Predictors in each coalition.

        Returns
        -------
        ndarray of shape (n_orders, n_steps, n_horizons)
        """
        n_orders, n_steps, n_predictors = holds.shape
        # Where the patient's columns are the background row's, putting them in changes nothing:
        # such coalitions are one.
        columns = self._evaluator.find_columns(ways)
        differs = self._find_differing(columns)
        held = (holds[:, :, np.newaxis] & differs[rows][:, np.newaxis]).reshape(-1, n_predictors)
        of_row = np.repeat(rows[:, np.newaxis], n_steps, axis=1).ravel()
        first, label = label_coalitions(of_row, held)
        held, of_row = held[first], of_row[first]
        # Each column of a basis is of one predictor, so that rows are mixed there: a hundred are
        # expanded instead of many thousands.
        mixed = [
            np.where(held[:, groups], Z[of_row if len(Z) > 1 else [0]], rest[of_row])
            for groups, Z, rest in zip(self._groups, columns, self._rest, strict=True)
        ]
        worth = self._evaluator.judge_columns(mixed)
        return np.asarray(worth[label].reshape(n_orders, n_steps, rows.shape[1], -1).mean(axis=2))

    def _find_differing(self, columns: Sequence[FloatArray]) -> BoolArray:
        """Return which predictors of the patient differ from each row's (n_rows, n_predictors)."""
        differs = np.zeros((len(self._rest[0]), self._n_predictors), dtype=bool)
        for groups, Z, rest in zip(self._groups, columns, self._rest, strict=True):
            np.logical_or.at(differs.T, groups, (Z != rest).T)
        return differs
