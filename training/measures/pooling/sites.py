"""Whether a model does as well at one site as at another.

Each site is judged on its own, and the sites are then pooled by random effects on the scale on
which an estimate is most nearly normal: the logit of the AUC, the logarithm of O:E, and the
calibration slope as it is. The prediction interval is the one to read before the model goes to a
further site: it holds what sites differ by, the interval of the mean does not.

References
----------
Debray 2017, doi:10.1136/bmj.i6460 (the method); Riley 2016, doi:10.1136/bmj.i3140; Snell 2018,
doi:10.1177/0962280217705678 (the scales).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from scipy.stats import norm

from features.arrays import FloatArray
from training.measures.discrimination import compute_auc_delong
from training.measures.pooling.meta_analysis import compute_pooled_effect
from training.measures.recalibration import fit_recalibration
from training.measures.weighted import check_evaluation, clipped_logit, round_risks

__all__ = [
    "MEASURES",
    "MIN_PER_CLASS",
    "compute_pooled_measure",
    "compute_pooled_sites",
    "compute_site_table",
]

MEASURES: Mapping[str, str] = MappingProxyType(
    {"auc": "AUC", "o_e": "O:E", "slope": "calibration slope"}
)
"""What is judged at each site, in plain words."""

MIN_PER_CLASS = 10
"""Events, and non-events, below which a site's performance is not estimated."""

_Z95 = float(norm.ppf(0.975))


class _Scale(NamedTuple):
    to: Callable[[float], float]
    back: Callable[[float], float]


_AS_IT_IS = _Scale(float, float)
_SCALES = {"auc": _Scale(logit, expit), "o_e": _Scale(np.log, np.exp), "slope": _AS_IT_IS}


def compute_site_table(
    y: ArrayLike, p: ArrayLike, sites: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> pd.DataFrame:
    """Judge predicted risks at each site.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 event, 0 none, NaN unknown (counted, else left out).
    p : array_like of shape (n,)
        Risks, 0 to 1.
    sites : array_like of str of shape (n,)
        Site of each patient; those of an empty name are left out.
    sample_weight : array_like of shape (n,), optional
        For example inverse probabilities of being seen.

    Returns
    -------
    DataFrame
        One row per `site`, largest first: `n` patients with a known outcome, `events` among them,
        `unknown` outcomes; for each of :data:`MEASURES` the estimate, `_low` and `_high` (95%) and
        `_se`, the standard error on the scale of the pooling (logit of the AUC by DeLong's
        variance, logarithm of O:E with the expected number taken as fixed, slope by its
        information); `note`, why numbers are missing: "not estimable" under 10 events or
        non-events, where the risks separate the classes or rank them perfectly, or where everyone
        has the same risk.
    """
    names = np.asarray(sites, dtype=str)
    outcome, risk = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    weight = np.ones(len(outcome)) if sample_weight is None else np.asarray(sample_weight, float)
    rows = []
    for name in sorted(set(names[names != ""].tolist())):
        here = names == name
        known = here & ~np.isnan(outcome)
        row: dict[str, object] = {
            "site": name,
            "n": int(known.sum()),
            "events": int(outcome[known].sum()),
            "unknown": int(here.sum() - known.sum()),
        }
        rows.append(row | _evaluate(outcome[known], risk[known], weight[known]))
    columns = ["site", "n", "events", "unknown"]
    columns += [f"{m}{end}" for m in MEASURES for end in ("", "_low", "_high", "_se")]
    table = pd.DataFrame(rows, columns=[*columns, "note"])
    return table.sort_values(["n", "site"], ascending=[False, True], ignore_index=True)


def _evaluate(y: FloatArray, p: FloatArray, weight: FloatArray) -> dict[str, object]:
    events, others = int(y.sum()), int((1 - y).sum())
    if min(events, others) < MIN_PER_CLASS:
        return {
            "note": f"not estimable: {events} events and {others} non-events, under "
            f"{MIN_PER_CLASS} of either"
        }
    outcome, risk, w = check_evaluation(y, p, weight)
    found = {
        "auc": _compute_auc(outcome, risk, w),
        "o_e": _compute_o_e(outcome, risk, w),
        "slope": _compute_slope(outcome, risk, w),
    }
    row: dict[str, object] = {"note": ""}
    missing = []
    for measure, (estimate, se) in found.items():
        scale = _SCALES[measure]
        if not (np.isfinite(estimate) and np.isfinite(se) and se > 0):
            missing.append(MEASURES[measure])
            continue
        center = scale.to(estimate)
        row |= {
            measure: estimate,
            f"{measure}_se": se,
            f"{measure}_low": scale.back(center - _Z95 * se),
            f"{measure}_high": scale.back(center + _Z95 * se),
        }
    if missing:
        row["note"] = f"not estimable: {', '.join(missing)}"
    return row


def _compute_auc(y: FloatArray, p: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Return the AUC and DeLong's standard error of its logit."""
    auc, _, _, variance = compute_auc_delong(y, round_risks(p), sample_weight=weight)
    if not 1e-12 < auc < 1 - 1e-12:
        return np.nan, np.nan
    return auc, float(np.sqrt(variance)) / (auc * (1 - auc))


def _compute_o_e(y: FloatArray, p: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Return O:E and the standard error of its logarithm; sqrt((1 - share) / O) if unweighted."""
    observed, expected = float(weight @ y), float(weight @ p)
    share = observed / weight.sum()
    error = float(np.sqrt(np.sum(weight**2 * share * (1 - share)))) / observed
    return (observed / expected, error) if expected > 0 else (np.nan, np.nan)


def _compute_slope(y: FloatArray, p: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Return the calibration slope and its standard error from the information."""
    if np.ptp(round_risks(p)) == 0:
        return np.nan, np.nan
    lp = clipped_logit(p)
    beta = np.concatenate(fit_recalibration(y, lp[None], weight[None, None]))[:, 0]
    if not np.isfinite(beta).all():
        return np.nan, np.nan
    design = np.column_stack([np.ones(len(lp)), lp])
    risk = expit(design @ beta)
    bread = np.linalg.inv((design * (weight * risk * (1 - risk))[:, None]).T @ design)
    filling = (design * (weight**2 * risk * (1 - risk))[:, None]).T @ design
    return float(beta[1]), float(np.sqrt((bread @ filling @ bread)[1, 1]))


def compute_pooled_sites(table: pd.DataFrame) -> pd.DataFrame:
    """Pool the sites of :func:`compute_site_table` by random effects.

    Parameters
    ----------
    table : DataFrame
        One row per site.

    Returns
    -------
    DataFrame
        Indexed by `measure`: `sites` that could be estimated; `estimate`, `low`, `high`, the mean
        over sites with its 95% interval; `prediction_low`, `prediction_high`, where the true
        value of a further site lies in 95% (t on sites - 2 degrees of freedom; NaN under three
        sites); `tau2`, variance between sites on the scale of the pooling; `i2`, the share of the
        variance that lies between sites, in percent; `q_p_value` of no difference between sites;
        `note`. Restricted maximum likelihood with Hartung and Knapp's interval, never narrower
        than the usual one: it holds its level with few sites, and is wide with two. An i2 of 0
        from few sites is no sign that they agree.
    """
    rows = [compute_pooled_measure(table, measure) for measure in MEASURES]
    columns = (
        "measure sites estimate low high prediction_low prediction_high tau2 i2 q_p_value note"
    )
    return pd.DataFrame(rows, columns=columns.split()).set_index("measure")


def compute_pooled_measure(table: pd.DataFrame, measure: str) -> dict[str, object]:
    """Pool one measure over sites, as :func:`compute_pooled_sites` does each of its own.

    Parameters
    ----------
    table : DataFrame
        One row per site, with the measure, NaN where it could not be estimated, and its standard
        error `_se`.
    measure : str
        One of :data:`MEASURES`, on its scale, or any other, as it is.

    Returns
    -------
    dict
        A row of :func:`compute_pooled_sites`; what could not be estimated is left out.
    """
    used = table[table[measure].notna() & (table[f"{measure}_se"] > 0)]
    row: dict[str, object] = {"measure": measure, "sites": len(used), "note": ""}
    if len(used) < 2:
        return row | {"note": "not estimable: fewer than two sites"}
    scale = _SCALES.get(measure, _AS_IT_IS)
    pooled = compute_pooled_effect(
        [scale.to(value) for value in used[measure]],
        used[f"{measure}_se"].to_numpy() ** 2,
        method="reml",
        interval="hartung_knapp",
    )
    row |= {
        "estimate": scale.back(pooled.estimate),
        "low": scale.back(pooled.interval[0]),
        "high": scale.back(pooled.interval[1]),
        "tau2": pooled.tau2,
        "i2": pooled.i2,
        "q_p_value": pooled.q_p_value,
    }
    if pooled.prediction_interval is None:
        return row | {"note": "no prediction interval: fewer than three sites"}
    low, high = pooled.prediction_interval
    return row | {"prediction_low": scale.back(low), "prediction_high": scale.back(high)}
