"""Each candidate at each of its settings, judged on patients that its fits had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray, IntArray
from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable
from training.fitting.blending import compute_log_loss
from training.fitting.candidates import Candidate, Member, constant_member
from training.fitting.procedure import Procedure
from training.fitting.resampling import make_folds

__all__ = ["OutOfFoldMargins", "fit_paths", "predict_out_of_fold"]


def fit_paths(
    candidates: Sequence[Candidate], Z: FloatArray, basis: PredictorBasis, y: FloatArray
) -> list[list[Member]]:
    """Return each candidate's members, one for each of its settings (`Candidate.fit_path`)."""
    if len(np.unique(y)) < 2:  # nothing to learn from: every candidate is the prevalence
        constant = constant_member(y, Z.shape[1])
        return [[constant] * len(candidate.settings()) for candidate in candidates]
    return [candidate.fit_path(Z, basis, y) for candidate in candidates]


@dataclass(frozen=True)
class OutOfFoldMargins:
    """Log-odds of patients by fits that had not seen them, inner repeats one after the other.

    Parameters
    ----------
    margins : list of ndarray of shape (n_settings, n_repeats * n)
        Of each candidate at each setting.
    base : ndarray of shape (n_repeats * n,)
        Of the prevalence.
    y : ndarray of shape (n_repeats * n,)
        Outcome, 0 or 1.
    """

    margins: list[FloatArray]
    base: FloatArray
    y: FloatArray

    def choose_settings(self) -> tuple[list[int], FloatArray, FloatArray]:
        """Return each candidate's best setting, its log-odds there, and its mean log loss."""
        losses = [compute_log_loss(margin, self.y).mean(axis=1) for margin in self.margins]
        best = [int(np.argmin(loss)) for loss in losses]
        chosen = [margin[i] for margin, i in zip(self.margins, best, strict=True)]
        return best, np.stack(chosen), np.array([loss.min() for loss in losses])


def predict_out_of_fold(
    X: FloatArray,
    y: FloatArray,
    groups: IntArray,
    predictors: Sequence[Variable],
    candidates: Sequence[Candidate],
    procedure: Procedure,
    *,
    rng: np.random.Generator,
) -> OutOfFoldMargins:
    """Predict every patient out of fold, by every candidate at every setting.

    Parameters as in :func:`fit_outcome`; `candidates` are those of the procedure but the
    prevalence.
    """
    n = len(y)
    repeats = procedure.inner_repeats
    margins = [np.empty((len(c.settings()), repeats, n)) for c in candidates]
    base = np.empty((repeats, n))
    for repeat in range(repeats):
        folds = make_folds(y.astype(np.intp), groups, n_folds=procedure.inner_folds, rng=rng)
        for fold in range(procedure.inner_folds):
            test = folds == fold
            if not test.any():
                continue
            train = ~test
            basis = procedure.make_basis(predictors, int(train.sum())).fit(X[train])
            Z_test = basis.expand(X[test])
            paths = fit_paths(candidates, basis.expand(X[train]), basis, y[train])
            for margin, path in zip(margins, paths, strict=True):
                margin[:, repeat, test] = [member.margin(Z_test) for member in path]
            base[repeat, test] = constant_member(y[train], 0).intercept
    return OutOfFoldMargins(
        [margin.reshape(len(margin), -1) for margin in margins], base.ravel(), np.tile(y, repeats)
    )
