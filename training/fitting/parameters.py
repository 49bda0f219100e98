"""How many parameters a procedure may use, and as how many they act."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.arrays import FloatArray
from features.dictionary.variable import Variable
from training.fitting.bayes.evidence import fit_evidence
from training.fitting.gaps import count_filled_effects, learn_gaps, make_filled_effects
from training.fitting.procedure import Procedure

__all__ = ["count_parameters"]

_MOST = 200_000
"""Patients beyond whom nobody counts as how many parameters a model acts: to know it takes a whole
fit, and so many patients bear every column as a parameter of its own."""


def count_parameters(
    X: FloatArray, y: FloatArray, predictors: Sequence[Variable], procedure: Procedure
) -> tuple[int, float | None]:
    """Return how many columns may be fitted, and as how many free parameters they act.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    y : ndarray of shape (n,)
        Outcome: 1, 0, or NaN where unknown; known of at least one.
    predictors : sequence of Variable
        In the order of the columns.
    procedure : Procedure
        What is fitted.

    Returns
    -------
    columns : int
        Bends, steps and products included.
    effective : float or None
        Of a model shrunk by evidence, in these patients, at least 1; None for other procedures,
        where only one class is known, and of more than 200,000 patients: there each column counts
        as one, which asks for more patients and never for fewer.
    """
    known = ~np.isnan(y)
    basis = procedure.make_basis(predictors, int(known.sum())).fit(X[known])
    if not procedure.shrinks_itself:
        return len(basis.groups_), None
    rows, gaps = X[known], learn_gaps(X, predictors)
    if known.sum() > _MOST or len(np.unique(y[known])) < 2:
        return count_filled_effects(basis, rows, gaps), None
    effects = make_filled_effects(basis, rows, gaps)
    return len(effects.kinds), max(fit_evidence(effects, y[known]).effective, 1.0)
