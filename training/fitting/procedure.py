"""How one outcome's model is made: the choices that a study may change."""

from __future__ import annotations

from dataclasses import dataclass

from training.fitting.candidates import CANDIDATES

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
    def needs_bends(self) -> bool:
        """Whether any candidate bends numeric predictors."""
        return "splines" in self.candidates
