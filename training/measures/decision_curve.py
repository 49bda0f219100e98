"""What follows from acting on the predicted risk: shares at a threshold, and net benefit.

The threshold is the probability of response from which a course would be offered. It states what
the decision is worth: at 0.25 one responder treated outweighs three courses without response.
The range of thresholds is set before the results are seen, and is cut by one rule,
:func:`make_thresholds`.

Written out because dcurves, the Python package of the method's authors, knows neither repeats of a
cross-validation nor intervals; a test holds both equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.arrays import FloatArray
from features.shares import compute_wilson_interval
from training.measures.weighted import (
    bootstrap_weights,
    check_evaluation,
    percentile_interval,
    ratio,
    round_risks,
)

__all__ = [
    "COARSE",
    "FINE",
    "NET_BENEFIT",
    "Decisions",
    "compute_decision_curve",
    "compute_net_benefit_gain",
    "compute_threshold_table",
    "describe_decisions",
    "join_net_benefit",
    "make_thresholds",
]

COARSE, FINE = 0.05, 0.01
"""Steps of a table, and of a curve."""

_CELLS = 1_000_000
"""Thresholds x patients that are looked at together: 8 MB a table."""

NET_BENEFIT = "net_benefit_"
"""What the name of a column of draws begins with that holds the net benefit at a threshold."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """What acting on the risks would do, over the range of thresholds set beforehand.

    Parameters
    ----------
    thresholds : DataFrame
        :func:`compute_threshold_table`, at every twentieth.
    curve : DataFrame
        :func:`compute_decision_curve`, at every hundredth.
    """

    thresholds: pd.DataFrame
    curve: pd.DataFrame

    @property
    def least_gain(self) -> float:
        """The smallest gain in net benefit over the better of treating all and treating none."""
        best = np.maximum(self.curve["treat_all"], self.curve["treat_none"])
        return float((self.curve["net_benefit"] - best).min())


def make_thresholds(between: tuple[float, float], step: float) -> list[float]:
    """Return both ends of a range and every multiple of `step` between them.

    Multiples, not steps from the lower end: curves of different ranges meet at the same round
    thresholds.

    Parameters
    ----------
    between : (float, float)
        From 0 to 1, the lower end first; twice the same for a single threshold.
    step : float
        Above 0; :data:`COARSE` or :data:`FINE`.

    Returns
    -------
    list of float
        Ascending, to six decimals.

    Examples
    --------
    >>> make_thresholds((0.33, 0.52), COARSE)
    [0.33, 0.35, 0.4, 0.45, 0.5, 0.52]
    """
    low, high = between
    if not 0 <= low <= high <= 1:
        raise ValueError(f"between: expected 0 <= low <= high <= 1, got {between}")
    inside = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    return [float(x) for x in np.unique(np.round([low, *inside, high], 6))]


def compute_threshold_table(
    y: ArrayLike,
    p: ArrayLike,
    thresholds: Sequence[float],
    *,
    sample_weight: ArrayLike | None = None,
) -> pd.DataFrame:
    """Return how well "risk at or above the threshold" tells who has the event.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, NaN unknown.
    p : array_like, shape (n,) or (n_repeats, n)
        Risks; shares are averaged over the repeats of a cross-validation.
    thresholds : sequence of float
        In [0, 1].
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    DataFrame
        One row per `threshold`: `share_positive`; `sensitivity`, `specificity`, `ppv`, `npv` (the
        predictive values at this cohort's prevalence), each with `_low` and `_high`, Wilson's 95%
        interval at the effective number of patients, (sum w)^2 / sum w^2. NaN where a share has
        no patients below the line.
    """
    outcome, rows, weight = check_evaluation(y, p, sample_weight, repeats=True)
    cuts = np.asarray(thresholds, dtype=np.float64)
    if not ((cuts >= 0) & (cuts <= 1)).all():
        raise ValueError("thresholds must lie in [0, 1]")
    parts = [_tell_thresholds(outcome, rows, some, weight) for some in _split(cuts, len(outcome))]
    return pd.concat(parts, ignore_index=True)


def _tell_thresholds(
    outcome: FloatArray, rows: FloatArray, cuts: FloatArray, weight: FloatArray
) -> pd.DataFrame:
    """Return the rows of :func:`compute_threshold_table` at some thresholds."""
    positive = _share_at_or_above(rows, cuts)
    everyone = np.ones_like(positive)
    table = pd.DataFrame({"threshold": cuts})
    table["share_positive"] = positive @ weight / weight.sum()
    for name, right, among in (
        ("sensitivity", positive, everyone * outcome),
        ("specificity", 1 - positive, everyone * (1 - outcome)),
        ("ppv", everyone * outcome, positive),
        ("npv", everyone * (1 - outcome), 1 - positive),
    ):
        total = among @ weight
        effective = ratio(total**2, among @ weight**2)
        share = ratio((right * among) @ weight, total)
        table[name] = share
        low, high = compute_wilson_interval(share * effective, effective)
        table[f"{name}_low"], table[f"{name}_high"] = low, high
    return table


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
        responders missed, compared with the better of treating all and treating none (negative
        where it does worse than that, NaN at threshold 0). All but `treat_none` have `_low` and
        `_high`, the 95% bootstrap interval; each resample has its own better of the two. A model
        is of use where its net benefit is the highest of the three.

    Notes
    -----
    Vickers' interventions avoided compare with treating all alone. Above the share of events,
    where treating none is the better, treating none avoids courses as well: what it avoids is
    then no merit of the model. Up to there both are the same number.

    References
    ----------
    Vickers and Elkin 2006, doi:10.1177/0272989X06295361; Vickers 2008,
    doi:10.1186/1472-6947-8-53.
    """
    outcome, rows, weight = check_evaluation(y, p, sample_weight, repeats=True)
    cuts = _check_cuts(thresholds)
    weights = bootstrap_weights(weight, n_bootstrap=n_bootstrap, seed=seed)
    net_benefit = _compute_net_benefit(outcome, rows, cuts, weights)
    treat_all = _compute_net_benefit(outcome, np.ones_like(rows), cuts, weights)
    odds = np.broadcast_to(cuts / (1 - cuts), net_benefit.shape)
    avoided = 100 * ratio(net_benefit - np.maximum(treat_all, 0.0), odds)
    table = pd.DataFrame({"threshold": cuts, "treat_none": 0.0})
    for name, draws in (
        ("net_benefit", net_benefit),
        ("treat_all", treat_all),
        ("avoided_per_100", avoided),
    ):
        table[name] = draws[0]
        table[f"{name}_low"], table[f"{name}_high"], _ = percentile_interval(draws[1:])
    return table


def describe_decisions(
    y: FloatArray,
    p: FloatArray,
    between: tuple[float, float],
    *,
    sample_weight: FloatArray,
    **resampling: Any,
) -> Decisions:
    """Return what acting on risks would do, over a range of thresholds.

    Parameters
    ----------
    y, p, sample_weight, **resampling
        As in :func:`compute_decision_curve`.
    between : (float, float)
        The range, as :func:`make_thresholds` takes it.
    """
    table, curve = (make_thresholds(between, step) for step in (COARSE, FINE))
    weighted: dict[str, Any] = {"sample_weight": sample_weight}
    return Decisions(
        compute_threshold_table(y, p, table, **weighted),
        compute_decision_curve(y, p, curve, **weighted, **resampling),
    )


def join_net_benefit(
    draws: pd.DataFrame,
    y: FloatArray,
    p: FloatArray,
    between: tuple[float, float],
    *,
    sample_weight: FloatArray,
    n_bootstrap: int,
    seed: int,
) -> pd.DataFrame:
    """Return a table of bootstrap draws with the net benefit over a range of thresholds.

    Parameters
    ----------
    draws : DataFrame
        :func:`training.measures.performance.compute_cv_draws` of the same patients and seed.
    y, p, sample_weight, n_bootstrap, seed
        As of the draws.
    between : (float, float)
        The range, as :func:`make_thresholds` takes it.

    Returns
    -------
    DataFrame
        The draws, with a column for every twentieth, :data:`NET_BENEFIT` and the threshold.
    """
    outcome, rows, weight = check_evaluation(y, p, sample_weight, repeats=True)
    cuts = _check_cuts(make_thresholds(between, COARSE))
    weights = bootstrap_weights(weight, n_bootstrap=n_bootstrap, seed=seed)
    names = [f"{NET_BENEFIT}{cut:g}" for cut in cuts]
    net_benefit = _compute_net_benefit(outcome, rows, cuts, weights)
    return draws.join(pd.DataFrame(net_benefit, columns=names))


def compute_net_benefit_gain(
    y: FloatArray,
    before: FloatArray,
    after: FloatArray,
    thresholds: Sequence[float],
    *,
    sample_weight: FloatArray,
    n_bootstrap: int,
    seed: int,
) -> pd.DataFrame:
    """Return what two ways of estimating a risk differ by in net benefit, in the same patients.

    Parameters
    ----------
    y : ndarray of shape (n,)
        1 responded, 0 not.
    before, after : ndarray of shape (n_repeats, n)
        Risks, 0 to 1.
    thresholds, sample_weight
        As in :func:`compute_decision_curve`.
    n_bootstrap, seed : int
        Resamples of patients, the same for both.

    Returns
    -------
    DataFrame
        One row per `threshold`: net benefit `clinical` and with `panel`, `difference` with `low`
        and `high`, its paired 95% interval; above 0 the panel does more good.
    """
    cuts = _check_cuts(thresholds)
    weights = bootstrap_weights(sample_weight, n_bootstrap=n_bootstrap, seed=seed)
    first, second = (_compute_net_benefit(y, risks, cuts, weights) for risks in (before, after))
    low, high, _ = percentile_interval((second - first)[1:])
    return pd.DataFrame(
        {
            "threshold": cuts,
            "clinical": first[0],
            "panel": second[0],
            "difference": (second - first)[0],
            "low": low,
            "high": high,
        }
    )


def _check_cuts(thresholds: Sequence[float]) -> FloatArray:
    cuts = np.asarray(thresholds, dtype=np.float64)
    if not ((cuts >= 0) & (cuts < 1)).all():  # at 1 the threshold's odds are infinite
        raise ValueError("thresholds must lie in [0, 1)")
    return cuts


def _compute_net_benefit(
    y: FloatArray, risks: FloatArray, cuts: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the net benefit at each cut (columns) for each row of weights."""
    parts = []
    for some in _split(cuts, len(y)):
        treated = _share_at_or_above(risks, some).T
        worth = y[:, None] - (1 - y[:, None]) * some / (1 - some)
        parts.append(weights @ (treated * worth))
    return ratio(np.hstack(parts), weights.sum(axis=1)[:, None])


def _split(cuts: FloatArray, n_patients: int) -> list[FloatArray]:
    """Return the thresholds in as many parts as memory asks for: each makes tables of patients."""
    return np.array_split(cuts, max(1, -(-len(cuts) * n_patients // _CELLS)))


def _share_at_or_above(risks: FloatArray, cuts: FloatArray) -> FloatArray:
    """Return for each cut and patient the share of repeats with a risk at or above it."""
    rounded = round_risks(risks)
    return np.stack([(rounded >= cut).mean(axis=0) for cut in round_risks(cuts)])
