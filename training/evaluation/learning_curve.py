"""How the performance in unseen patients changes with the number of patients learnt from.

The whole procedure is fitted on parts of each training fold, drawn at random with the classes in
proportion, and judged on the same held-out patients. Where the curve still rises, more patients
would help; where it is flat near the base rate, these predictors have no more to give.

Parts may be fitted in fewer repeats than the whole. How a part differs from the whole is then told
within those repeats, in the same folds, and the curve ends at the number that all repeats give: it
cannot contradict the performance that stands beside it. Beyond the patients at hand the curve is
continued as a + b / n, the rate at which the error of a model with a fixed number of parameters
falls: an outlook, not a result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from training.fitting.cross_validation import OutOfFold
from training.fitting.response import TrainingData
from training.measures.performance import compute_cv_performance

__all__ = ["SHARES", "compute_learning_curve", "continue_curve", "count_fits"]

SHARES = (0.25, 0.5, 0.75)
"""Parts of the training fold that are fitted beside the whole of it."""
_METRICS = ("auc", "brier_skill")
_N_BOOTSTRAP = 200


def count_fits(n_folds: int, n_repeats: int) -> int:
    """Return how many fits a learning curve takes beyond those of the cross-validation."""
    return len(SHARES) * n_folds * n_repeats


def compute_learning_curve(
    data: TrainingData,
    parts: Sequence[OutOfFold],
    whole: OutOfFold,
    *,
    performance: Mapping[str, pd.DataFrame],
    weights: dict[str, FloatArray],
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Judge the procedure on parts of the patients.

    Parameters
    ----------
    data : TrainingData
        All patients.
    parts : sequence of OutOfFold
        By each of :data:`SHARES`, from
        :func:`training.fitting.cross_validation.predict_from_parts`, on the first folds of `whole`.
    whole : OutOfFold
        The cross-validation on the whole of each training fold.
    performance : mapping of str to DataFrame
        What `whole` gives at each horizon, as
        :func:`training.measures.performance.compute_cv_performance`: where the curve ends.
    weights : dict of str to ndarray of shape (n,)
        Of each patient in the metrics, by horizon.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict of str to DataFrame
        For each horizon one row for each size: `n`, patients learnt from (with a known outcome,
        mean over folds); `auc` and `brier_skill` in held-out patients, each with `_low` and
        `_high`, 95% intervals that lack the variance of refitting. The skill is against the
        prevalence of the whole training fold at every size. The last row is `performance`; the
        others differ from it by what they differ from the whole in the repeats of `parts`, and
        their intervals are moved with them.
    """
    folds = parts[0].folds
    n_folds = len(np.unique(folds[0]))
    first = OutOfFold({h: p[: len(folds)] for h, p in whole.predictions.items()}, whole.base, folds)
    curves = {}
    for horizon in data.horizons:
        judge = partial(_judge, data.y[horizon], horizon, whole, weights[horizon], seed=seed)
        headline = _keep(performance[horizon])
        moved = headline["estimate"] - judge(first, n_bootstrap=0)["estimate"]
        found = [judge(part, n_bootstrap=_N_BOOTSTRAP).add(moved, axis=0) for part in parts]
        known = float(np.sum(~np.isnan(data.y[horizon])))
        curves[horizon] = pd.DataFrame(
            [
                _make_row(share * known * (1 - 1 / n_folds), values)
                for share, values in zip((*SHARES, 1.0), (*found, headline), strict=True)
            ]
        )
    return curves


def _judge(
    y: FloatArray,
    horizon: str,
    whole: OutOfFold,
    weights: FloatArray,
    part: OutOfFold,
    *,
    n_bootstrap: int,
    seed: int,
) -> pd.DataFrame:
    table = compute_cv_performance(
        y,
        part.predictions[horizon],
        part.folds,
        base_predictions=whole.base[horizon][: len(part.folds)],
        sample_weight=weights,
        n_bootstrap=n_bootstrap,
        seed=seed,
    )
    return _keep(table)


def _keep(table: pd.DataFrame) -> pd.DataFrame:
    return table.loc[list(_METRICS), ["estimate", "low", "high"]]


def _make_row(n: float, values: pd.DataFrame) -> dict[str, float]:
    row = {"n": float(round(n))}
    for metric, found in values.clip(upper=1.0).iterrows():  # which a moved end could pass
        row |= {
            f"{metric}{end}": float(found[name])
            for name, end in (("estimate", ""), ("low", "_low"), ("high", "_high"))
        }
    return row


def continue_curve(n: FloatArray, values: FloatArray, at: FloatArray) -> FloatArray:
    """Return a + b / n, fitted by least squares weighted by n, at other sizes.

    Parameters
    ----------
    n, values : ndarray of shape (k,)
        Sizes and a metric; NaN values are left out.
    at : ndarray
        Sizes to continue to.

    Returns
    -------
    ndarray
        At most 1, which no metric here exceeds; NaN where fewer than 3 values are known.
    """
    known = ~np.isnan(values)
    if known.sum() < 3:
        return np.full(np.shape(at), np.nan)
    root = np.sqrt(n[known])
    design = np.column_stack([np.ones(int(known.sum())), 1 / n[known]])
    (a, b), *_ = np.linalg.lstsq(design * root[:, None], values[known] * root, rcond=None)
    return np.asarray(np.minimum(a + b / at, 1.0))
