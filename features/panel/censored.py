"""Non-detects as what they are: values known only to lie above a limit.

Each assay's values are taken as normal with a mean and a spread of its own. A non-detect adds to
the likelihood the probability of lying above its limit (Tobin 1958, doi:10.2307/1907382); it is
then replaced by its expectation given that it lies there. Putting the ceiling, or 40, in its place
biases means, spreads and differences (McCall 2014, doi:10.1093/bioinformatics/btu239).

With few samples an assay's own spread is a poor estimate, and that of a mostly undetected assay a
worse one: spreads are drawn towards what is common to all assays (Smyth 2004,
doi:10.2202/1544-6115.1027).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, erfcx, log_ndtr, polygamma

from features.arrays import BoolArray, FloatArray

__all__ = [
    "VariancePrior",
    "compute_expected",
    "compute_hazard",
    "fit_censored",
    "fit_variance_prior",
]


_STEPS = 60
_HALVINGS = 30
_TOLERANCE = 1e-9
_SMALLEST_VARIANCE = 1e-6
_WELL_SEEN = 0.95
_FEWEST_COLUMNS = 5
_STRENGTHS = (2.0, 200.0)


@dataclass(frozen=True)
class VariancePrior:
    """What is known of an assay's variance before it is looked at.

    Parameters
    ----------
    strength : float
        It counts as much as so many further samples.
    variance : float
        Its typical value, in squared cycles.
    """

    strength: float
    variance: float


@dataclass(frozen=True, eq=False)
class CensoredFit:
    """Mean and spread of each assay.

    Attributes
    ----------
    mean, sd : ndarray of shape (n_columns,)
        Of the values as they would be without a limit, in cycles; NaN for a column without any
        detected value.
    """

    mean: FloatArray
    sd: FloatArray


def compute_hazard(x: FloatArray) -> FloatArray:
    """Return the standard normal density over the upper tail at `x`, without under- or overflow."""
    with np.errstate(over="ignore"):
        return np.asarray(np.sqrt(2 / np.pi) / erfcx(x / np.sqrt(2)))


def compute_expected(mean: FloatArray, sd: FloatArray, limit: FloatArray) -> FloatArray:
    """Return the expectation of normal values known to lie above a limit.

    Parameters
    ----------
    mean, sd, limit : ndarray
        Of shapes that broadcast.

    Returns
    -------
    ndarray
        Always above both `mean` and `limit`; near `mean` where the limit lies far below it.
    """
    return np.maximum(mean + sd * compute_hazard((limit - mean) / sd), limit)


def _solve_trigamma(target: float) -> float:
    """Return x with trigamma(x) = target, by Newton's method on its reciprocal (Smyth 2004)."""
    x = 0.5 + 1 / target
    for _ in range(50):
        value = float(polygamma(1, x))
        step = value * (1 - value / target) / float(polygamma(2, x))
        x += step
        if abs(step) < 1e-10 * x:
            break
    return x


def fit_variance_prior(variances: FloatArray, df: FloatArray) -> VariancePrior:
    """Return the common variance of assays and how tightly they lie about it.

    Parameters
    ----------
    variances, df : ndarray of shape (n,)
        Sample variances, and their degrees of freedom (at least 1).

    Notes
    -----
    By the moments of log variances, section 6.2 of Smyth 2004. The strength is kept between 2
    and 200 samples.
    """
    low, high = _STRENGTHS
    z = np.log(np.maximum(variances, _SMALLEST_VARIANCE))
    e = z - digamma(df / 2) + np.log(df / 2)
    excess = float(np.var(e, ddof=1) - np.mean(polygamma(1, df / 2))) if len(e) > 1 else 0.0
    strength = high if excess <= 0 else float(np.clip(2 * _solve_trigamma(excess), low, high))
    half = strength / 2
    return VariancePrior(strength, float(np.exp(np.mean(e) + digamma(half) - np.log(half))))


def _fit_prior(Z: FloatArray, detected: BoolArray) -> VariancePrior:
    """Return the prior that well detected columns give; all columns where these are few."""
    n_seen = detected.sum(axis=0)
    enough = n_seen >= 3
    well = enough & (n_seen >= _WELL_SEEN * np.maximum(np.isfinite(Z).sum(axis=0), 1))
    used = well if well.sum() >= _FEWEST_COLUMNS else enough
    if not used.any():
        return VariancePrior(_STRENGTHS[0], 1.0)
    seen = np.where(detected, Z, np.nan)[:, used]
    return fit_variance_prior(
        np.nanvar(seen, axis=0, ddof=1), (n_seen[used] - 1).astype(np.float64)
    )


def fit_censored(
    Z: FloatArray, detected: BoolArray, *, prior: VariancePrior | None = None
) -> CensoredFit:
    """Fit each column's mean and spread, non-detects taken as censored.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
        Values; the limit where a value was not detected; NaN where not measured.
    detected : ndarray of bool of shape (n_samples, n_columns)
        False for non-detects and for what was not measured.
    prior : VariancePrior or None
        None: estimated from the columns themselves.

    Returns
    -------
    CensoredFit
        The penalised maximum of the likelihood. Without non-detects: the mean, and
        ``(SS + d0 s0) / (n + d0 - 1)`` for the variance, SS the sum of squares about the mean
        and d0, s0 the prior's strength and variance.

    Notes
    -----
    In the parameters mean / sd and 1 / sd the likelihood is concave (Olsen 1978,
    doi:10.2307/1911445), and so is the penalty: Newton's method with halved steps finds the one
    maximum.
    """
    prior = prior or _fit_prior(Z, detected)
    fitted = detected.any(axis=0)
    mean, sd = np.full(Z.shape[1], np.nan), np.full(Z.shape[1], np.nan)
    if fitted.any():
        mean[fitted], sd[fitted] = _Tobit(Z[:, fitted], detected[:, fitted], prior).solve()
    return CensoredFit(mean, sd)


class _Tobit:
    """The censored normal likelihood of many columns at once, in g = mean / sd and t = 1 / sd.

    Detected values enter by their sums; only non-detects are kept one by one.
    """

    def __init__(self, Z: FloatArray, detected: BoolArray, prior: VariancePrior) -> None:
        self.n_columns = Z.shape[1]
        self.n = detected.sum(axis=0).astype(np.float64)
        seen = np.where(detected, Z, 0.0)
        self.center = seen.sum(axis=0) / self.n
        offset = np.where(detected, Z - self.center, 0.0)
        self.sum, self.squares = offset.sum(axis=0), (offset**2).sum(axis=0)
        rows, self.column = np.nonzero(~detected & ~np.isnan(Z))
        self.limit = Z[rows, self.column] - self.center[self.column]
        self.extra = prior.strength - 1
        self.pull = prior.strength * max(prior.variance, _SMALLEST_VARIANCE)

    def _add(self, values: FloatArray) -> FloatArray:
        sums = np.bincount(self.column, weights=values, minlength=self.n_columns)
        return np.asarray(sums, dtype=np.float64)

    def value(self, g: FloatArray, t: FloatArray) -> FloatArray:
        """Return each column's penalised log likelihood."""
        squares = t**2 * (self.squares + self.pull) - 2 * t * g * self.sum + self.n * g**2
        tails = log_ndtr(g[self.column] - t[self.column] * self.limit)
        return np.asarray((self.n + self.extra) * np.log(t) - squares / 2 + self._add(tails))

    def step(self, g: FloatArray, t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return Newton's step in g and t, and how much it promises to gain."""
        v = t[self.column] * self.limit - g[self.column]
        h = compute_hazard(v)
        w = h * (h - v)
        slope_g = t * self.sum - self.n * g + self._add(h)
        slope_t = (
            (self.n + self.extra) / t
            - t * (self.squares + self.pull)
            + g * self.sum
            - self._add(h * self.limit)
        )
        gg = self.n + self._add(w)
        gt = self.sum + self._add(w * self.limit)
        tt = (self.n + self.extra) / t**2 + self.squares + self.pull + self._add(w * self.limit**2)
        determinant = gg * tt - gt**2
        step_g = (tt * slope_g + gt * slope_t) / determinant
        step_t = (gt * slope_g + gg * slope_t) / determinant
        return step_g, step_t, slope_g * step_g + slope_t * step_t

    def solve(self) -> tuple[FloatArray, FloatArray]:
        """Return each column's mean and spread."""
        t = 1 / np.sqrt((self.squares + self.pull) / (self.n + self.extra))
        g = np.zeros(self.n_columns)
        value = self.value(g, t)
        for _ in range(_STEPS):
            step_g, step_t, gain = self.step(g, t)
            if np.all(gain < _TOLERANCE):
                break
            # Keep t above zero, then halve what does not gain enough.
            room = np.divide(-0.9 * t, step_t, out=np.ones_like(t), where=step_t < 0)
            size = np.minimum(1.0, room)
            for _ in range(_HALVINGS):
                new = self.value(g + size * step_g, t + size * step_t)
                short = new < value + 1e-4 * size * gain - 1e-12 * np.abs(value)
                if not short.any():
                    break
                size = np.where(short, size / 2, size)
            g, t = g + size * step_g, t + size * step_t
            value = new
        return self.center + g / t, 1 / t
