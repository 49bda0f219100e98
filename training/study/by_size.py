"""What a study leaves open is chosen by the number of its patients, by one rule.

Up to 20,000 patients the usual settings hold. Beyond, repeats of the cross-validation, repeats of
the learning curve and resamples behind intervals are fewer in proportion, so that all of them
together go through about as many rows as with 20,000 patients: chance moves the measures of so many
patients little. The whole procedure is not rerun on bootstrap samples: what it owes to having seen
its patients is then less than the measures can tell. What other labels would change, those from
scores alone, is judged in 20,000 of the patients. What the study file says itself is done as it
says.
"""

from __future__ import annotations

import numpy as np

from features.arrays import IntArray
from training.fitting.bayes.kinds import choose_kinds
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData
from training.measures.many import MANY
from training.study.tables import Resampling

__all__ = ["BY_SIZE", "draw_by_size", "settle_resampling", "tell_size"]

_FEWEST_RESAMPLES = 100
_SEED = 0
_WORDS = {
    "repeats": "repeats of the cross-validation",
    "bootstrap": "resamples of patients behind intervals",
    "bootstrap_reruns": "reruns of the whole procedure on bootstrap samples",
    "learning_curve": "repeats of the learning curve",
}
BY_SIZE = tuple(_WORDS)
"""The settings of [resampling] that are chosen by size where they are left open."""


def settle_resampling(asked: Resampling, n_patients: int) -> Resampling:
    """Return how the procedure is judged, with what was not asked for chosen by size.

    Parameters
    ----------
    asked : Resampling
        As a study file gives it.
    n_patients : int
        Rows that are trained on.
    """
    if n_patients <= MANY:
        return asked
    share = MANY / n_patients
    chosen = {
        "repeats": max(1, round(asked.repeats * share)),
        "bootstrap": max(_FEWEST_RESAMPLES, round(asked.bootstrap * share)),
        "bootstrap_reruns": 0,
        "learning_curve": int(asked.learning_curve * share),
    }
    own = asked.model_fields_set
    return asked.model_copy(update={k: v for k, v in chosen.items() if k not in own})


def draw_by_size(n_patients: int) -> IntArray | None:
    """Return whom a comparison is made in: rows (20,000,) drawn at random, always the same ones.

    None where all take part.
    """
    if n_patients <= MANY:
        return None
    return np.sort(np.random.default_rng(_SEED).choice(n_patients, MANY, replace=False))


def tell_size(
    asked: Resampling,
    settled: Resampling,
    data: TrainingData,
    procedure: Procedure,
    *,
    rescored: TrainingData | None = None,
) -> tuple[str, ...]:
    """Return what was chosen because there are so many patients, in a sentence each.

    `rescored` are those in whom labels from scores alone are judged, if any.
    """
    n = len(data)
    changed = [
        f"{getattr(settled, name)} {words} in place of {getattr(asked, name)}"
        for name, words in _WORDS.items()
        if getattr(settled, name) != getattr(asked, name)
    ]
    told = []
    if changed:
        told.append(
            f"with {n} patients the study's open settings were chosen by size: "
            f"{', '.join(changed)}; set in [resampling], they are done as they are set"
        )
    if rescored is not None and len(rescored) < n:
        told.append(
            f"with {n} patients what labels from scores alone would change is judged in "
            f"{len(rescored)} of them, drawn at random"
        )
    if procedure.uses_evidence:
        left_out = choose_kinds(n, **procedure.count_columns(data.predictors)).left_out
        if left_out:
            told.append(
                f"with {n} patients and {len(data.predictors)} predictors the model has no "
                f"{' and no '.join(left_out)}: it would not fit into time and memory"
            )
    return tuple(told)
