"""What is said before a training begins: how long it takes, and what a review will miss in it.

What is missing can be added now in a minute; afterwards it costs the training once more, and a
range of thresholds that was set with the results at hand is not one that was set beforehand.
"""

from __future__ import annotations

import time

import numpy as np
from threadpoolctl import threadpool_limits

from training.document.words import UNDESCRIBED
from training.evaluation.design import make_design
from training.evaluation.evaluation import count_assessment
from training.evaluation.null_test import ENOUGH
from training.fitting.response import FittedResponse, fit_response
from training.study.study import Description

__all__ = ["estimate_seconds", "list_missed", "tell_time", "time_fit"]

_FIXED_SECONDS, _SECONDS_PER_PREDICTION = 17.0, 0.045 / 20
"""What is not fits, measured with the usual settings for 60 and for 240 patients: opening the
store, judging each patient in each repeat, explaining, pictures. It is one process's."""
_LONG_FIT = 1.0


def list_missed(description: Description) -> list[str]:
    """Return what a review will miss in a training as it was asked for, in sentences."""
    study = description.study
    missed = []
    if study.thresholds is None:
        missed.append(
            "a range of decision thresholds that was set beforehand ([decision] thresholds): "
            "without it there is no net benefit, and gates 1 and 7 fail"
        )
    if study.null_permutations < ENOUGH:
        asked = study.null_permutations or "none"
        missed.append(
            f"a null test of {ENOUGH} permutations ([null_test] permutations, or --null-test "
            f"{ENOUGH}; asked for: {asked}): gate 3 fails without it"
        )
    if not study.resampling.bootstrap_reruns:
        missed.append(
            "bootstrap reruns ([resampling] bootstrap_reruns: 20, say): without them optimism and "
            "instability are not judged, and gates 5 and 6 fail"
        )
    for what, words in (("population", study.population), ("treatment", study.treatment)):
        if words.startswith(UNDESCRIBED):
            missed.append(
                f"a description in [{what}]: what stands there stands on every answer (gate 10)"
            )
    if description.cohort.synthetic:
        missed.append("real patients: these are simulated, and the model stays a demonstration")
    else:
        missed.append(
            "an author who declares by name that every patient is real (study.declared_real_by in "
            "the author's file of the card): gate 12 fails until then"
        )
    return missed


def time_fit(description: Description) -> tuple[FittedResponse, float]:
    """Fit the study's procedure to all patients; return it, and the seconds that it takes now."""
    taken = []
    with threadpool_limits(1):
        for _ in range(2):  # the first one also loads what it needs
            begun = time.perf_counter()
            rng = np.random.default_rng((description.study.seed, 0))
            fitted = fit_response(description.data, description.study.procedure, rng=rng)
            taken.append(time.perf_counter() - begun)
            if taken[0] > _LONG_FIT:
                break
    return fitted, min(taken)


def _count_fits(description: Description, n_kept: int) -> int:
    """Return how many fits are still to be made, those of a panel left out."""
    study = description.study
    design, permutations = make_design(study), study.null_permutations
    fits = count_assessment(description, design) - len(description.data.horizons)
    if design.is_plain:  # the reruns are made together
        fits -= study.resampling.bootstrap_reruns
    folds = study.resampling.folds
    kept_first = min(n_kept, permutations)  # each is a cross-validation, and they come first
    done = kept_first * folds + n_kept - kept_first
    return max(0, fits + permutations * folds - done)


def estimate_seconds(
    description: Description, *, fit_seconds: float, n_jobs: int, n_kept: int = 0
) -> float:
    """Return roughly how long a training takes.

    Every fit is taken to last as long as one to all patients: those to parts of them are faster,
    and fits beside one another slower. What is not fits is taken as it was measured elsewhere.

    Parameters
    ----------
    description : Description
        What is trained on.
    fit_seconds : float
        From :func:`time_fit`.
    n_jobs : int
        Processes.
    n_kept : int
        Parts that are kept of the same training, and not computed again.
    """
    fits = _count_fits(description, n_kept) * fit_seconds / n_jobs
    predictions = len(description.data) * description.study.resampling.repeats
    return fits + _FIXED_SECONDS + _SECONDS_PER_PREDICTION * predictions


def tell_time(description: Description, *, fit_seconds: float, n_jobs: int, n_kept: int = 0) -> str:
    """Return in a sentence roughly how long a training takes; see :func:`estimate_seconds`."""
    seconds = estimate_seconds(description, fit_seconds=fit_seconds, n_jobs=n_jobs, n_kept=n_kept)
    fits = _count_fits(description, n_kept)
    beside = f" in {n_jobs} processes" if n_jobs > 1 else ""
    panel = "; the panel's part comes on top" if description.panel is not None else ""
    return (
        f"This will take roughly {_say(seconds)}: {fits} fits{beside}, one of which took "
        f"{fit_seconds:.2g} s just now; longer where other work is done beside it{panel}."
    )


def _say(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds / 10)) * 10} seconds"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"
