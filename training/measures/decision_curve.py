"""Whether acting on the predicted risk would do more good than treating all or none.

The threshold is the probability of response from which a course would be offered. It states what
the decision is worth: at 0.25 one responder treated outweighs three courses without response.
The range of thresholds is set before the results are seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from training.measures.weighted import (
    bootstrap_weights,
    check_evaluation,
    percentile_interval,
    ratio,
    round_risks,
)

__all__ = ["compute_decision_curve"]


def compute_decision_curve(
    y: ArrayLike,
    p: ArrayLike,
    thresholds: Sequence[float],
    *,
    sample_weight: ArrayLike | None = None,
    n_bootstrap: int = 500,
    seed: int | np.random.Generator,
) -> pd.DataFrame:
    """Return the net benefit of treating by predicted risk, over a range of thresholds.

    Net benefit is the share of patients who are treated and respond, less the share who are
    treated and do not, times the threshold's odds.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 responded, 0 not, NaN unknown (left out).
    p : array_like, shape (n,) or (n_repeats, n)
        Risks, 0 to 1; the net benefit is averaged over the repeats of a cross-validation.
    thresholds : sequence of float
        In [0, 1). A patient is treated whose risk is at or above the threshold.
    sample_weight : array_like, shape (n,), optional
        Kept fixed in the bootstrap.
    n_bootstrap : int
        Resamples of patients, on the same risks.
    seed : int or Generator

    Returns
    -------
    DataFrame
        One row per `threshold`: `net_benefit` of the model; `treat_all`; `treat_none`, always 0;
        `avoided_per_100`, courses without response that the model spares 100 patients, net of
        responders missed, compared with treating all (negative where it does harm, NaN at
        threshold 0). All but `treat_none` have `_low` and `_high`, the 95% bootstrap interval.
        A model is of use where its net benefit is the highest of the three.

    References
    ----------
    Vickers and Elkin 2006, doi:10.1177/0272989X06295361; Vickers 2008,
    doi:10.1186/1472-6947-8-53.
    """
    outcome, rows, weight = check_evaluation(y, p, sample_weight, repeats=True)
    cuts = np.asarray(thresholds, dtype=np.float64)
    if not ((cuts >= 0) & (cuts < 1)).all():
        raise ValueError("thresholds must lie in [0, 1)")
    weights = bootstrap_weights(weight, n_bootstrap=n_bootstrap, seed=seed)
    total = weights.sum(axis=1)
    odds = cuts / (1 - cuts)
    treated = np.stack(
        [(round_risks(rows) >= cut).mean(axis=0) for cut in round_risks(cuts)], axis=1
    )
    worth = outcome[:, None] - (1 - outcome[:, None]) * odds
    net_benefit = ratio(weights @ (treated * worth), total[:, None])
    treat_all = ratio(weights @ worth, total[:, None])
    avoided = 100 * ratio(net_benefit - treat_all, np.broadcast_to(odds, net_benefit.shape))
    table = pd.DataFrame({"threshold": cuts, "treat_none": 0.0})
    for name, draws in (
        ("net_benefit", net_benefit),
        ("treat_all", treat_all),
        ("avoided_per_100", avoided),
    ):
        table[name] = draws[0]
        table[f"{name}_low"], table[f"{name}_high"], _ = percentile_interval(draws[1:])
    return table
