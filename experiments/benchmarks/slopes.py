"""What estimates, a service, fits and resampling cost, and how that grows with the patients.

Run by ``make bench``. Seconds are the processor's, of one thread, unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from experiments.benchmarks.costs import Cost, Job, time_in_turns
from experiments.benchmarks.resampling import PLAIN, make_plain_data, validate_by_bootstrap
from experiments.benchmarks.serving import N_CALLERS, measure
from experiments.benchmarks.trained import train_small
from experiments.benchmarks.training import N_FOLDS, make_data
from serving.estimate.predictor import Predictor
from training.fitting.candidates import DEFAULT_CANDIDATES
from training.fitting.cross_validation import cross_validate
from training.fitting.procedure import Procedure
from training.model.example import make_example
from training.store.artifact import load_model
from training.store.registered import find_folder

__all__ = ["time_estimates", "time_fits", "time_resampling", "time_service"]

_ESTIMATES, _RESAMPLES = 200, 200


def time_estimates(*, turns: int = 5) -> list[Cost]:
    """Time one estimate with its explanation and interval, both horizons, without HTTP.

    Parameters
    ----------
    turns : int
        Of 200 estimates each; a cost is that of one.

    Returns
    -------
    list of Cost
        One: a small model of the default procedure.
    """
    with TemporaryDirectory() as temporary:
        model, uri = train_small(Path(temporary))
        predictor = Predictor(load_model(find_folder(model, tracking_uri=uri)))
        patient = make_example(predictor.model, predictor.eligibility)

        def ask() -> None:
            for _ in range(_ESTIMATES):
                predictor.predict(patient, request_id="0" * 32)

        job = Job("one explained estimate", 1, "patients", ask, times=_ESTIMATES)
        return time_in_turns([job], turns=turns)


def time_service(*, rounds: int = 5, seconds: float = 2.0) -> list[Cost]:
    """Time the service over HTTP, beside an empty BentoML endpoint asked by the same client.

    Parameters
    ----------
    rounds : int
        Turns of each.
    seconds : float
        Of each turn, by one caller and by sixteen.

    Returns
    -------
    list of Cost
        By number of callers: what one of them waits (median, "ms"), and what an answer costs all
        processes of the service ("ms CPU").
    """
    with TemporaryDirectory() as temporary:
        model, uri = train_small(Path(temporary))
        folder = find_folder(model, tracking_uri=uri)
        found = measure(folder, rounds=rounds, seconds=seconds, starts=1, minute=seconds)

    def turns(service: str, callers: int, figure: str) -> tuple[float, ...]:
        return tuple(one[service][str(callers)][figure] for one in found["rounds"])

    return [
        Cost(
            f"one answer over HTTP, {what}",
            callers,
            "callers",
            turns("ketresponse", callers, figure),
            turns("empty", callers, figure),
            unit,
            "an empty BentoML endpoint",
        )
        for what, figure, unit in (("waited for", "p50", "ms"), ("computed", "cpu", "ms CPU"))
        for callers in (1, N_CALLERS)
    ]


def time_fits() -> list[Cost]:
    """Time the default procedure out of fold: ten predictors, both horizons, one repeat of 5 folds.

    Returns
    -------
    list of Cost
        One for each number of patients.
    """
    procedure = Procedure(DEFAULT_CANDIDATES)

    def judge(n: int) -> Callable[[], object]:
        data = make_data(n, seed=1)
        return partial(cross_validate, data, procedure, n_folds=N_FOLDS, n_repeats=1, seed=1)

    return _time_by_patients("default procedure, 5 folds", judge, (240, 960, 3840), turns=3)


def time_resampling() -> list[Cost]:
    """Time Harrell's bootstrap of plain logistic regression: ten predictors, 200 samples.

    Returns
    -------
    list of Cost
        One for each number of patients.
    """

    def judge(n: int) -> Callable[[], object]:
        data = make_plain_data(n, seed=1)
        return partial(validate_by_bootstrap, data, PLAIN, n_resamples=_RESAMPLES)

    what = f"bootstrap of logistic regression, {_RESAMPLES} samples"
    return _time_by_patients(what, judge, (150, 1000, 5000), turns=5)


def _time_by_patients(
    what: str, make: Callable[[int], Callable[[], object]], sizes: Sequence[int], *, turns: int
) -> list[Cost]:
    return time_in_turns([Job(what, n, "patients", make(n)) for n in sizes], turns=turns)
