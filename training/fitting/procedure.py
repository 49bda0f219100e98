"""How one outcome's model is made: the choices that a study may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.dictionary.preprocessing import make_basis
from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable
from training.fitting.bayes import effects
from training.fitting.bayes.kinds import choose_kinds
from training.fitting.candidates import CANDIDATES, KNOTS

__all__ = ["Procedure"]


@dataclass(frozen=True)
class Procedure:
    """How one outcome's model is made.

    Parameters
    ----------
    candidates : tuple of str
        Names in :data:`training.fitting.candidates.CANDIDATES`. More than one: they are blended
        with the prevalence. Exactly one: it is used alone, recalibrated.
    inner_folds, inner_repeats : int
        Inner cross-validation that gives the out-of-fold predictions for settings, weights and
        recalibration: one level, no further nesting. With 0 repeats there is none of the three:
        a single candidate with a single setting is used as it is fitted.
    prior_strength : float
        Pull of the blend toward the prevalence, in nats for each unit (standard deviation of the
        log-odds) by which it spreads patients (see `fit_weights`). The default is the one that
        stays nearest to the best of the candidates over the known truths of
        `experiments.truth.known_truth`.
    published_patients : float
        How many further patients the published rates count as; 0 leaves them out.
    published_rates : tuple of float
        Published share of responders at each horizon; needed where they count.
    """

    candidates: tuple[str, ...]
    inner_folds: int = 5
    inner_repeats: int = 4
    prior_strength: float = 2.75
    published_patients: float = 0.0
    published_rates: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.inner_repeats == 0:
            settings = [len(CANDIDATES[name].settings()) for name in self.candidates]
            if settings != [1]:
                raise ValueError("without inner repeats there is one candidate, with one setting")

    @property
    def is_plain(self) -> bool:
        """Whether it is one maximum-likelihood logistic regression and nothing else."""
        alone = self.candidates == ("logistic",) and self.inner_repeats == 0
        return alone and not self.published_patients

    @property
    def shrinks_itself(self) -> bool:
        """Whether it is one candidate that needs no inner cross-validation."""
        return len(self.candidates) == 1 and CANDIDATES[self.candidates[0]].shrinks_itself

    @property
    def uses_evidence(self) -> bool:
        """Whether a Bayesian member is among the candidates."""
        return "evidence" in self.candidates

    def count_columns(self, predictors: Sequence[Variable]) -> dict[str, int]:
        """Return the numbers among predictors, and the straight columns of the others."""
        others = [variable for variable in predictors if not variable.is_numeric]
        flags = sum(1 if v.kind == "yes_no" else len(v.categories) - 1 for v in others)
        return {"n_numbers": len(predictors) - len(others), "n_flags": flags}

    def make_basis(self, predictors: Sequence[Variable], n_patients: int) -> PredictorBasis:
        """Return the unfitted transformer, with the bends and steps that the candidates use.

        Parameters
        ----------
        predictors : sequence of Variable
            In the order of the columns.
        n_patients : int
            To how many it will be fitted: :func:`training.fitting.bayes.kinds.choose_kinds`.
        """
        if self.uses_evidence:
            kinds = choose_kinds(n_patients, **self.count_columns(predictors))
            knots = effects.KNOTS if kinds.bends else 0
            return make_basis(predictors, knots=knots, steps=kinds.steps)
        return make_basis(predictors, knots=KNOTS if "splines" in self.candidates else 0)
