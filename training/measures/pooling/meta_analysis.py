"""Published rates and effects, pooled by random effects.

Pooling answers two questions that must not be confused. The *interval* is about the mean over
all centres: it narrows as studies are added. The *prediction interval* is about the next centre:
it holds the spread between centres as well, and is the one to read when a rate is expected
somewhere. With a handful of small studies both are crude. What is published on ketamine in CRPS
is pooled with these functions in `experiments.evidence.pooling`.

Written out because no kept-up Python library holds all of it: PyMARE pools effects but neither
shares of patients nor prediction intervals by t, and statsmodels' ``combine_effects`` has no
prediction interval and knows no Freeman-Tukey scale. Tests hold metafor's results.

References
----------
DerSimonian and Laird 1986, doi:10.1016/0197-2456(86)90046-2. Paule and Mandel 1982,
doi:10.6028/jres.087.022. Freeman and Tukey 1950, doi:10.1214/aoms/1177729756. Miller 1978,
doi:10.1080/00031305.1978.10479283. Higgins 2009, doi:10.1111/j.1467-985X.2008.00552.x. Viechtbauer
2005, doi:10.3102/10769986030003261 (restricted maximum likelihood). Hartung and Knapp 2001,
doi:10.1002/sim.791; Röver 2015, doi:10.1186/s12874-015-0091-1 (never narrower than the normal one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import brentq
from scipy.special import expit

from features.arrays import BoolArray, FloatArray
from features.shares import compute_wilson_interval

__all__ = [
    "PooledProportion",
    "Scale",
    "check_effects",
    "compute_forest",
    "compute_pooled_effect",
    "compute_pooled_proportion",
]

_GRID = 400

Interval = tuple[float, float]
Method = Literal["dl", "pm", "reml"]
IntervalMethod = Literal["normal", "hartung_knapp"]
Scale = Literal["raw", "logit", "freeman_tukey"]


@dataclass(frozen=True)
class PooledEffect:
    """A mean effect over studies, on the scale on which the effects came.

    Attributes
    ----------
    estimate, standard_error : float
        Mean over studies and its standard error.
    interval : (float, float)
        Interval of the mean over studies.
    prediction_interval : (float, float) or None
        Interval for the true effect in a new study; None where fewer than three studies leave no
        degrees of freedom for it.
    p_value : float
        Of the mean being zero, by the distribution that the interval takes.
    tau2 : float
        Variance between studies; 0 when they differ no more than chance would have it.
    q, q_p_value : float
        Cochran's Q (k - 1 degrees of freedom) and the p value of no difference between studies.
        With few studies a large p value is no sign of agreement.
    i2 : float
        Share of the total variance that lies between studies, in percent, 0 to 100: by Q, by
        restricted maximum likelihood by tau2.
    weights : ndarray of shape (k,)
        Share of each study in the mean; they add to 1.
    """

    estimate: float
    standard_error: float
    interval: Interval
    prediction_interval: Interval | None
    p_value: float
    tau2: float
    q: float
    q_p_value: float
    i2: float
    weights: FloatArray


@dataclass(frozen=True)
class PooledProportion:
    """A pooled share of patients.

    Attributes
    ----------
    rate : float
        In [0, 1].
    interval, prediction_interval : (float, float) or None
        As in :class:`PooledEffect`, as shares in [0, 1].
    used : ndarray of bool, shape (n_studies,)
        False where a study was dropped because its share has no variance on this scale.
    effect : PooledEffect
        The pooling on its own scale, with the heterogeneity; one weight for each study used.
    """

    rate: float
    interval: Interval
    prediction_interval: Interval | None
    used: BoolArray
    effect: PooledEffect


def compute_pooled_effect(
    effects: ArrayLike,
    variances: ArrayLike,
    *,
    method: Method = "dl",
    level: float = 0.95,
    prediction: Literal["t", "normal"] = "t",
    interval: IntervalMethod = "normal",
) -> PooledEffect:
    """Pool effects by random effects with inverse-variance weights.

    Parameters
    ----------
    effects, variances : array-like of shape (k,)
        One effect per study and its variance within the study, above 0; k at least 2.
    method : {"dl", "pm", "reml"}
        Variance between studies by DerSimonian and Laird, by Paule and Mandel (iterated, less
        biased when studies are few and differ much) or by restricted maximum likelihood.
    level : float
        Level of the intervals, in (0, 1).
    prediction : {"t", "normal"}
        Quantile of the prediction interval: t on k - 2 degrees of freedom (Higgins 2009), which
        allows for a between-study variance that is itself a guess, or normal.
    interval : {"normal", "hartung_knapp"}
        Of the mean. Hartung and Knapp's takes the spread of the studies about the mean for its
        standard error, never less than the usual one (Röver 2015), and t on k - 1 degrees of
        freedom: with few studies it holds its level where the normal one is too narrow. The
        prediction interval takes the same standard error.

    Returns
    -------
    PooledEffect

    Raises
    ------
    ValueError
        If there are fewer than two studies, or a variance is not above 0.
    """
    y, v = check_effects(effects, variances, least=2)
    df = len(y) - 1
    q = _cochran_q(y, v, 0.0)
    tau2 = _find_tau2(y, v, method=method)
    weights = 1 / (v + tau2)
    estimate = float(np.average(y, weights=weights))
    error = float(1 / np.sqrt(weights.sum()))
    of_mean = stats.norm()
    if interval == "hartung_knapp":
        error *= float(np.sqrt(max(1.0, _cochran_q(y, v, tau2) / df)))
        of_mean = stats.t(df)
    z = float(stats.norm.ppf(0.5 + level / 2))
    half = float(of_mean.ppf(0.5 + level / 2)) * error
    spread = float(np.hypot(error, np.sqrt(tau2)))
    reach = None
    if prediction == "normal":
        reach = z * spread
    elif df > 1:
        reach = float(stats.t.ppf(0.5 + level / 2, df - 1)) * spread
    return PooledEffect(
        estimate=estimate,
        standard_error=error,
        interval=(estimate - half, estimate + half),
        prediction_interval=None if reach is None else (estimate - reach, estimate + reach),
        p_value=float(2 * of_mean.sf(abs(estimate) / error)),
        tau2=tau2,
        q=q,
        q_p_value=float(stats.chi2.sf(q, df)),
        i2=_compute_i2(v, tau2) if method == "reml" else 100 * max(0.0, 1 - df / max(q, 1e-300)),
        weights=weights / weights.sum(),
    )


def compute_pooled_proportion(
    events: ArrayLike,
    n: ArrayLike,
    *,
    scale: Scale = "logit",
    correction: float = 0.5,
    method: Method = "dl",
    level: float = 0.95,
) -> PooledProportion:
    """Pool shares of patients by random effects.

    Parameters
    ----------
    events, n : array-like of shape (k,)
        Patients with the event, out of how many. Events may be fractions of a patient, where
        only a percentage is printed.
    scale : {"raw", "logit", "freeman_tukey"}
        `logit`: log odds; keeps intervals within [0, 1]. `freeman_tukey`: double arcsine, taken
        back at the harmonic mean of n; needs no correction, but depends on that mean. `raw`: the
        share itself, whose variance is smallest where the share is extreme.
    correction : float
        Added to the events and to the non-events of a study where nobody or everybody had the
        event, on the raw and the logit scale. With 0 such a study is dropped, silently so in
        much software: `used` tells.
    method, level
        As in :func:`compute_pooled_effect`.

    Returns
    -------
    PooledProportion

    Raises
    ------
    ValueError
        If a count is impossible, or fewer than two studies can be used.
    """
    e, size = _check_counts(events, n)
    if scale == "freeman_tukey":
        effects = 0.5 * (
            np.arcsin(np.sqrt(e / (size + 1))) + np.arcsin(np.sqrt((e + 1) / (size + 1)))
        )
        variances = 1 / (4 * size + 2)
        used = np.ones(len(e), dtype=bool)
    else:
        extreme = (e == 0) | (e == size)
        e = np.where(extreme, e + correction, e)
        size = np.where(extreme, size + 2 * correction, size)
        used = (e > 0) & (e < size)
        e, size = e[used], size[used]
        share = e / size
        raw = scale == "raw"
        effects = share if raw else np.log(share / (1 - share))
        variances = share * (1 - share) / size if raw else 1 / e + 1 / (size - e)
    effect = compute_pooled_effect(effects, variances, method=method, level=level)
    mean_n = float(stats.hmean(size))

    def to_shares(*values: float) -> tuple[float, ...]:
        return tuple(_to_share(value, scale=scale, mean_n=mean_n) for value in values)

    prediction = effect.prediction_interval
    return PooledProportion(
        rate=to_shares(effect.estimate)[0],
        interval=_pair(to_shares(*effect.interval)),
        prediction_interval=None if prediction is None else _pair(to_shares(*prediction)),
        used=used,
        effect=effect,
    )


def compute_forest(responders: pd.DataFrame, pooled: PooledProportion) -> pd.DataFrame:
    """Lay out what a forest plot of shares draws.

    Parameters
    ----------
    responders : DataFrame
        Columns `study`, `events` (whole numbers) and `n`.
    pooled : PooledProportion
        The same rows pooled.

    Returns
    -------
    DataFrame
        Columns `study`, `events`, `n`, `rate`, `low`, `high` (95% Wilson) and `weight` (share of
        the pooled estimate, 0 where dropped).
    """
    low, high = compute_wilson_interval(responders["events"], responders["n"])
    weight = np.zeros(len(responders))
    weight[pooled.used] = pooled.effect.weights
    return pd.DataFrame(
        {
            "study": responders["study"],
            "events": responders["events"],
            "n": responders["n"],
            "rate": responders["events"] / responders["n"],
            "low": low,
            "high": high,
            "weight": weight,
        }
    )


def _cochran_q(y: FloatArray, v: FloatArray, tau2: float) -> float:
    weights = 1 / (v + tau2)
    return float(np.sum(weights * (y - np.average(y, weights=weights)) ** 2))


def _find_tau2(y: FloatArray, v: FloatArray, *, method: Method) -> float:
    """Estimate the variance between studies; never below 0, where weights would go wrong."""
    df = len(y) - 1
    if method == "reml":
        return _maximise_restricted(y, v)
    excess = _cochran_q(y, v, 0.0) - df
    if excess <= 0:
        return 0.0
    if method == "dl":
        weights = 1 / v
        return float(excess / (weights.sum() - np.sum(weights**2) / weights.sum()))
    # Q is at most the sum of squares over tau2: at twice that sum over df it is below df.
    highest = 2 * float(np.sum((y - y.mean()) ** 2)) / df
    return float(brentq(lambda tau2: _cochran_q(y, v, tau2) - df, 0.0, highest, xtol=1e-14))


def _compute_i2(v: FloatArray, tau2: float) -> float:
    """Return the share of tau2 in the total variance of a typical study, in percent."""
    weights = 1 / v
    typical = (len(v) - 1) * weights.sum() / (weights.sum() ** 2 - np.sum(weights**2))
    return float(100 * tau2 / (tau2 + typical))


def _maximise_restricted(y: FloatArray, v: FloatArray) -> float:
    """Return the tau2, from 0, of the highest restricted likelihood.

    The likelihood may have two peaks: the highest cell of a grid is found first, and in it the
    root of the slope. No root lies above the upper end of the grid.
    """
    k = len(y)
    highest = (k * np.ptp(y) ** 2 + v.max()) / (k - 1)
    grid = np.concatenate([[0.0], np.geomspace(1e-8, 1.0, _GRID) * highest])
    weights = 1 / (v + grid[:, None])
    total = weights.sum(axis=1)
    mean = weights @ y / total
    squares = np.sum(weights * (y - mean[:, None]) ** 2, axis=1)
    likelihood = np.log(weights).sum(axis=1) - np.log(total) - squares
    best = int(np.argmax(likelihood))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID)]
    rises, falls = (_slope_restricted(y, v, end) for end in (low, high))
    if rises <= 0 or falls >= 0:  # highest at 0; elsewhere too flat for a root to be told
        return float(grid[best])
    return float(brentq(lambda tau2: _slope_restricted(y, v, tau2), low, high, xtol=1e-14))


def _slope_restricted(y: FloatArray, v: FloatArray, tau2: float) -> float:
    """Return twice the slope of the restricted log-likelihood."""
    weights = 1 / (v + tau2)
    away = y - np.average(y, weights=weights)
    squares, total = weights**2, weights.sum()
    return float(squares @ away**2 - total + squares.sum() / total)


def _pair(values: tuple[float, ...]) -> Interval:
    low, high = values
    return low, high


def _to_share(value: float, *, scale: Scale, mean_n: float) -> float:
    if scale == "logit":
        return float(expit(value))
    if scale == "raw":
        return float(np.clip(value, 0, 1))
    # Beyond these ends the double arcsine is that of no share at all.
    lowest = 0.5 * np.arcsin(np.sqrt(1 / (mean_n + 1)))
    if value <= lowest:
        return 0.0
    if value >= np.pi / 2 - lowest:
        return 1.0
    sine = np.sin(2 * value)
    inner = 1 - (sine + (sine - 1 / sine) / mean_n) ** 2
    return float(0.5 * (1 - np.sign(np.cos(2 * value)) * np.sqrt(max(inner, 0.0))))


def check_effects(
    effects: ArrayLike, variances: ArrayLike, *, least: int
) -> tuple[FloatArray, FloatArray]:
    """Return effects and variances as arrays, of at least so many studies, or raise."""
    y, v = np.asarray(effects, dtype=float), np.asarray(variances, dtype=float)
    if y.ndim != 1 or y.shape != v.shape:
        raise ValueError(f"effects, variances: expected equal lengths, got {y.shape} and {v.shape}")
    if len(y) < least:
        raise ValueError(f"effects: expected at least {least} studies, got {len(y)}")
    if not np.isfinite(y).all() or not (np.isfinite(v) & (v > 0)).all():
        raise ValueError("effects, variances: expected finite effects and variances above 0")
    return y, v


def _check_counts(events: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    e, size = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    if e.ndim != 1 or e.shape != size.shape:
        raise ValueError(f"events, n: expected equal lengths, got {e.shape} and {size.shape}")
    if not ((size > 0) & (e >= 0) & (e <= size)).all():
        raise ValueError("events, n: expected events from 0 to n, and n above 0, in each study")
    return e, size
