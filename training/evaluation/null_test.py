"""Whether the procedure finds something where there is nothing to find.

The outcomes are permuted over the patients, all horizons together, so that no predictor can tell
them; then the procedure is judged by cross-validation as ever. Held-out patients' outcomes are
then as good as drawn anew, and whatever was learnt, the AUC is 0.5 on average. A mean AUC that
stays away from 0.5 over many permutations means that held-out outcomes reach the fit: a leak.

Each candidate is judged alone as well as the whole procedure, because a blend that retreats to
the prevalence scores 0.5 and would hide a leak. For the same reason only folds in which a model
tells patients apart count; leaving the others out is no bias, since 0.5 is the mean of every fold
whatever was fitted. All candidates come from one pass over the folds.

This is no permutation test in the usual sense (scikit-learn's ``permutation_test_score``), which
asks by a p value whether the observed score is better than chance: here only the permuted outcomes
are looked at, and what is judged is the evaluation itself.

The test sees what is rerun on permuted outcomes and nothing else: values that were filled in by
the outcome before the cohort was read, and one patient under two pseudonyms, leave no trace here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from joblib import delayed
from scipy.special import expit
from scipy.stats import t as student

from features.arrays import FloatArray
from training.document.document import each_row
from training.fitting.candidates import CANDIDATES
from training.fitting.cross_validation import make_repeated_folds
from training.fitting.fit import FittedOutcome
from training.fitting.jobs import run_tasks
from training.fitting.procedure import Procedure
from training.fitting.response import Fit, TrainingData, fit_response
from training.measures.discrimination import compute_auc
from training.measures.weighted import round_risks

__all__ = [
    "BAND",
    "ENOUGH",
    "WHOLE",
    "Judge",
    "Pairs",
    "add_pairs",
    "compute_null_test",
    "count_fold_pairs",
    "evaluate_candidates",
    "evaluate_fit",
    "list_failures",
    "permute_outcomes",
]


BAND = (0.45, 0.55)
"""Within which the mean AUC of every model must lie."""
ENOUGH = 100
"""Permutations from which the test counts for approval."""
WHOLE = "whole procedure"


@dataclass(frozen=True)
class Pairs:
    """Pairs of an event and a non-event held out by the same fold of one cross-validation.

    Parameters
    ----------
    concordant : float
        Pairs in which the event has the higher risk, ties one half.
    total : float
        All pairs, of the folds in which the model tells patients apart.
    constant, folds : int
        Folds with pairs in which everyone has the same risk, of how many.
    """

    concordant: float
    total: float
    constant: int
    folds: int


Risks = dict[str, FloatArray]
Predict = Callable[[TrainingData, FloatArray, np.random.Generator], Risks]
"""From a training part and the held-out predictors to the risks (n, n_horizons) of each model."""
Judge = Callable[[TrainingData, int], dict[tuple[str, str], Pairs]]
"""From data and a seed to the pairs of each (horizon, model)."""


def permute_outcomes(data: TrainingData, *, rng: np.random.Generator) -> TrainingData:
    """Return the patients with their outcomes, all horizons together, dealt out at random.

    A patient's rows get rows that stood together before: were they mixed, patients who stand in
    several folds could not betray a leak.
    """
    patients, patient = np.unique(data.groups, return_inverse=True)
    dealt = np.argsort(rng.permutation(len(patients)))
    order = np.empty(len(data), dtype=np.intp)
    order[np.argsort(patient, kind="stable")] = np.argsort(dealt[patient], kind="stable")
    return replace(
        data, y={horizon: y[order] for horizon, y in data.y.items()}, kept=data.kept[order]
    )


def _alone(fitted: FittedOutcome, X: FloatArray, name: str) -> FloatArray:
    if not fitted.members:  # one class, or too few who kept the response: the same for everyone
        return fitted.model.probability(X)
    return np.asarray(expit(fitted.members[name].margin(fitted.model.basis.expand(X))))


def _predict_candidates(
    train: TrainingData, X: FloatArray, procedure: Procedure, *, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Return the risks (n, n_horizons) by each candidate alone and by the whole procedure."""
    fitted = fit_response(train, procedure, rng=rng)
    risks = {WHOLE: fitted.probability(X)}
    for name in CANDIDATES:
        if name not in procedure.candidates or name == "prevalence":
            continue
        if procedure.shrinks_itself:
            risks[name] = risks[WHOLE]
            continue
        columns = [_alone(fitted.first, X, name)]
        if fitted.kept is not None:
            columns.append(columns[0] * _alone(fitted.kept, X, name))
        risks[name] = np.column_stack(columns)
    return risks


def count_fold_pairs(y: FloatArray, risks: FloatArray) -> Pairs:
    """Return the pairs of one held-out fold.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Outcome, NaN where unknown.
    risks : ndarray of shape (n,)
        From 0 to 1.
    """
    known = ~np.isnan(y)
    pairs = float(np.sum(y == 1) * np.sum(y == 0))
    if pairs == 0:
        return Pairs(0.0, 0.0, 0, 0)
    if np.ptp(round_risks(risks[known])) == 0:
        return Pairs(0.0, 0.0, 1, 1)
    return Pairs(pairs * compute_auc(y, risks), pairs, 0, 1)


def add_pairs(parts: Sequence[Pairs]) -> Pairs:
    """Return the pairs of several folds or cross-validations together."""
    return Pairs(
        sum(part.concordant for part in parts),
        sum(part.total for part in parts),
        sum(part.constant for part in parts),
        sum(part.folds for part in parts),
    )


def evaluate_candidates(
    data: TrainingData, seed: int, *, procedure: Procedure, n_folds: int
) -> dict[tuple[str, str], Pairs]:
    """Judge each candidate and the whole procedure by one cross-validation.

    Parameters
    ----------
    data : TrainingData
        Patients, here with permuted outcomes.
    seed : int
        Of the folds and of what is fitted in them.
    procedure : Procedure
        Rerun from scratch on the training part of each fold.
    n_folds : int
        Folds.

    Returns
    -------
    dict
        By horizon and model. A candidate alone is taken at the setting that the inner
        cross-validation chose, before recalibration: that may make it a constant, but cannot
        change its ranking otherwise.
    """

    def predict(train: TrainingData, X: FloatArray, rng: np.random.Generator) -> Risks:
        return _predict_candidates(train, X, procedure, rng=rng)

    return _evaluate_folds(data, seed, predict, n_folds=n_folds)


def evaluate_fit(
    data: TrainingData, seed: int, *, fit: Fit, n_folds: int
) -> dict[tuple[str, str], Pairs]:
    """Judge any way of making a model as a whole; see :func:`evaluate_candidates`."""

    def predict(train: TrainingData, X: FloatArray, rng: np.random.Generator) -> Risks:
        return {WHOLE: fit(train, rng=rng).probability(X)}

    return _evaluate_folds(data, seed, predict, n_folds=n_folds)


def _evaluate_folds(
    data: TrainingData, seed: int, predict: Predict, *, n_folds: int
) -> dict[tuple[str, str], Pairs]:
    (folds,) = make_repeated_folds(data, n_folds=n_folds, n_repeats=1, seed=seed)
    parts: dict[tuple[str, str], list[Pairs]] = {}
    for fold in np.unique(folds):
        test = folds == fold
        rng = np.random.default_rng((seed, 2, int(fold)))
        for name, found in predict(data.take(~test), data.X[test], rng).items():
            for i, horizon in enumerate(data.horizons):
                pairs = count_fold_pairs(data.y[horizon][test], found[:, i])
                parts.setdefault((horizon, name), []).append(pairs)
    return {key: add_pairs(found) for key, found in parts.items()}


def _evaluate_permutation(
    data: TrainingData, judge: Judge, seed: tuple[int, ...]
) -> dict[tuple[str, str], Pairs]:
    rng = np.random.default_rng(seed)
    return judge(permute_outcomes(data, rng=rng), int(rng.integers(2**31)))


def compute_null_test(
    data: TrainingData,
    judge: Judge,
    *,
    n_permutations: int,
    seed: int,
    n_jobs: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Judge a procedure on permuted outcomes.

    Parameters
    ----------
    data : TrainingData
        The patients as they are.
    judge : callable
        The whole evaluation, from data and a seed to the :class:`Pairs` of each horizon and
        model: :func:`evaluate_candidates` with its procedure and folds filled in
        (`functools.partial`). Whatever in an evaluation may leak must be inside it.
    n_permutations : int
        At least 2; from 100 on the test counts for approval. One alone says nothing: at 48
        patients its AUC has a standard deviation of 0.1.
    seed : int
        The result depends on nothing else, the number of jobs included.
    n_jobs : int
        Processes.
    progress : callable
        Called after each permutation.

    Returns
    -------
    DataFrame
        One row per horizon and model: `horizon`, `model`; `auc`, the mean over permutations
        weighted by their pairs; `mc_error`, its Monte Carlo standard error; `n_permutations` in
        which the model was not a constant throughout; `share_constant`, the folds in which
        everyone had one risk; `verdict`: "passed" if the mean lies within :data:`BAND`, "failed"
        if not, "constant" if there was no fold to judge, "uncertain" if more permutations are
        needed to tell. Attribute `n_permutations` holds their number.
    """
    tasks = (
        delayed(_evaluate_permutation)(data, judge, (seed, 6, permutation))
        for permutation in range(n_permutations)
    )
    found = list(run_tasks(tasks, n_jobs, progress))
    order = [*CANDIDATES, WHOLE]
    keys = sorted(found[0], key=lambda key: (data.horizons.index(key[0]), order.index(key[1])))
    table = pd.DataFrame(
        [_summarise(h, model, [part[h, model] for part in found]) for h, model in keys]
    )
    table.attrs["n_permutations"] = n_permutations
    return table


def _summarise(horizon: str, model: str, pairs: Sequence[Pairs]) -> dict[str, object]:
    concordant, total = (
        np.array([getattr(part, name) for part in pairs]) for name in ("concordant", "total")
    )
    used = int((total > 0).sum())
    whole = add_pairs(pairs)
    row: dict[str, object] = {
        "horizon": horizon,
        "model": model,
        "auc": np.nan,
        "mc_error": np.nan,
        "n_permutations": used,
        "share_constant": whole.constant / max(whole.folds, 1),
    }
    if used < 2:
        return row | {"verdict": "constant" if used == 0 else "uncertain"}
    auc = float(concordant.sum() / total.sum())
    residual = concordant - auc * total
    error = float(np.sqrt((residual**2).sum() * used / (used - 1)) / total.sum())
    reach = float(student.ppf(0.975, used - 1)) * error
    return row | {"auc": auc, "mc_error": error, "verdict": _evaluate_mean(auc, reach)}


def _evaluate_mean(auc: float, reach: float) -> str:
    """Judge a mean by the band and by the half-width of its 95% Monte Carlo interval."""
    away = abs(auc - 0.5)
    width = (BAND[1] - BAND[0]) / 2
    if away > width:
        return "failed" if away > reach else "uncertain"
    return "passed" if reach <= width else "uncertain"


def list_failures(table: pd.DataFrame) -> list[str]:
    """Return the models that failed a null test, each with its horizon and mean AUC.

    Parameters
    ----------
    table : DataFrame
        From :func:`compute_null_test`.
    """
    failed = table[table["verdict"] == "failed"]
    return [
        f"{row.model} at {row.horizon.upper()} (mean AUC {row.auc:.2f})" for row in each_row(failed)
    ]
