"""Assemble the transformer for a study's predictors."""

from __future__ import annotations

from collections.abc import Sequence

from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable

__all__ = ["make_basis"]


def make_basis(
    predictors: Sequence[Variable], *, knots: int = 0, steps: bool = False
) -> PredictorBasis:
    """Return the unfitted transformer for these predictors, in this order.

    Parameters
    ----------
    predictors : sequence of Variable
        Encodable variables known at baseline.
    knots : {0, 3, 4}
        Knots for each number; 0 keeps it straight.
    steps : bool
        Whether each number also gets steps at quantiles.
    """
    categories = {
        j: 2 if variable.kind == "yes_no" else len(variable.categories)
        for j, variable in enumerate(predictors)
        if not variable.is_numeric
    }
    log1p = [j for j, variable in enumerate(predictors) if variable.transform == "log1p"]
    return PredictorBasis(categories=categories, log1p=log1p, knots=knots, steps=steps)
