"""How a way of making a model is judged: what of a study its evaluation needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training.study.settings import Study
from training.study.tables import Resampling

__all__ = ["Design", "make_design"]


@dataclass(frozen=True)
class Design:
    """How a way of making a model is judged.

    Parameters
    ----------
    resampling : Resampling
        Folds, repeats and resamples.
    weighting : str
        How patients with a known outcome are weighted; see
        :data:`training.fitting.weighting.WEIGHTINGS`.
    thresholds : (float, float) or None
        Range of decision thresholds, set beforehand.
    subgroups : mapping of str to float or bool
        As :data:`training.measures.subgroups.DEFAULT_CUTS`.
    seed : int
        Of folds and resamples.
    is_plain : bool
        Whether it is one maximum-likelihood logistic regression and nothing else: reruns are then
        made many at a time.
    """

    resampling: Resampling
    weighting: str
    thresholds: tuple[float, float] | None
    subgroups: Mapping[str, float | bool]
    seed: int
    is_plain: bool = False


def make_design(study: Study) -> Design:
    """Return how a study asks to be judged."""
    return Design(
        resampling=study.resampling,
        weighting=study.weighting,
        thresholds=study.thresholds,
        subgroups=study.subgroups,
        seed=study.seed,
        is_plain=study.procedure.is_plain,
    )
