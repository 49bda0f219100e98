"""One of the models that may answer: its number, the interval around it, and its reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from features.arrays import FloatArray
from features.dictionary.variable import Variable
from training.model.explanation import Attribution, Explainer
from training.model.gaps import average_fillings
from training.model.response_model import ResponseModel

__all__ = ["CLINICAL", "WITH_PANEL", "SubModel"]


CLINICAL, WITH_PANEL = "clinical", "clinical+panel"

_SUM_TOLERANCE = 1e-6
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class SubModel:
    """A model, ready to answer and to explain its answer.

    Parameters
    ----------
    name : str
        :data:`CLINICAL` or :data:`WITH_PANEL`.
    model : ResponseModel
        The arithmetic.
    variables : tuple of Variable
        Of its predictors.
    explainer : Explainer
        Of this model; the assays are its group.
    n_assays : int
        The last so many predictors are assays of a panel.
    centre : str
        Of a model of several centres, the one that it answers for; "" for any other.
    """

    name: str
    model: ResponseModel
    variables: tuple[Variable, ...]
    explainer: Explainer
    n_assays: int
    centre: str = ""

    @classmethod
    def of(cls, model: ResponseModel, *, n_assays: int = 0) -> SubModel:
        """Return the sub-model of a frozen model whose last `n_assays` predictors are assays."""
        name = WITH_PANEL if n_assays else CLINICAL
        explainer = _make_explainer(model, n_assays)
        return cls(name, model, model.predictor_variables, explainer, n_assays)

    def at(self, centre: str) -> SubModel:
        """Return what answers at a centre of the model."""
        moved = self.model.at(centre)
        explainer = _make_explainer(moved, self.n_assays)
        return replace(self, model=moved, explainer=explainer, centre=centre)

    def check(self) -> None:
        """Check on the background that one pass over the values gives what each part alone gives.

        Raises
        ------
        RuntimeError
            If the numbers differ by more than rounding.
        """
        model, X = self.model, self.model.background

        def ask_apart(rows: FloatArray) -> FloatArray:
            first = model.first.probability(rows)
            kept = [] if model.kept is None else [first * model.kept.probability(rows)]
            return np.column_stack([first, *kept])

        apart = average_fillings(ask_apart, X, model.gaps)
        if not np.allclose(self.explainer.evaluator.probability(X), apart, rtol=0, atol=_ROUNDING):
            raise RuntimeError("the parts of the model do not give the probability that is served")

    @cached_property
    def _names(self) -> list[str]:
        """What a row goes by: an assay by its own name, which is its variable's label."""
        n_alone = len(self.variables) - self.n_assays
        alone, assays = self.variables[:n_alone], self.variables[n_alone:]
        return [*(variable.name for variable in alone), *(assay.label for assay in assays)]

    def estimate(self, x: FloatArray) -> list[dict[str, Any]]:
        """Return the estimates of one encoded patient, one for each horizon.

        Parameters
        ----------
        x : ndarray of shape (n_predictors,)
            NaN where missing.

        Returns
        -------
        list of dict
            `horizon`, `probability`, `interval` (two limits) and `explanation`, as in an answer.

        Raises
        ------
        RuntimeError
            If the reasons do not add up to the number: no number is better than such a one.
        """
        evaluator = self.explainer.evaluator
        judged = evaluator.judge(x[np.newaxis])
        probabilities = judged.probability[0].tolist()
        intervals = evaluator.interval(judged)[0].tolist()
        found = self.explainer.explain_evaluated(judged)
        told = zip(found.base.tolist(), found.contributions.tolist(), probabilities, strict=True)
        if not all(abs(base + sum(parts) - whole) <= _SUM_TOLERANCE for base, parts, whole in told):
            raise RuntimeError("the contributions do not add up to the probability")
        values = [v.decode(value) for v, value in zip(self.variables, x.tolist(), strict=True)]
        return [
            {
                "horizon": horizon,
                "probability": probabilities[h],
                "interval": intervals[h],
                "explanation": {
                    "scale": found.scale,
                    "method": found.method,
                    "error": float(found.error[h]),
                    "base": float(found.base[h]),
                    "contributions": self._list_contributions(values, found, h),
                },
            }
            for h, horizon in enumerate(self.model.horizons)
        ]

    def _list_contributions(
        self, values: Sequence[float | str | None], found: Attribution, h: int
    ) -> list[dict[str, Any]]:
        """Return one row for each predictor, and one for the panel with its assays beneath."""
        n_alone = len(self.variables) - self.n_assays
        contributions = found.contributions[h].tolist()
        rows: list[dict[str, Any]] = [
            {"variable": name, "value": value, "contribution": contribution}
            for name, value, contribution in zip(self._names, values, contributions, strict=True)
        ]
        if not self.n_assays:
            return rows
        parts = rows[n_alone:]
        panel = {
            "variable": "panel",
            "value": None,
            "contribution": math.fsum(part["contribution"] for part in parts),
            "error": float(found.member_error[h]),
            "parts": parts,
        }
        return [*rows[:n_alone], panel]


def _make_explainer(model: ResponseModel, n_assays: int) -> Explainer:
    n = len(model.predictors)
    return Explainer(model, group=range(n - n_assays, n))
