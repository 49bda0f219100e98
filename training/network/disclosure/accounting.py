"""How much privacy noise buys, added up over everything that is shared.

Differential privacy with (epsilon, delta): whatever an attacker knows already, of all other
patients too, no file is more than exp(epsilon) times as probable with a patient as without, but
for a chance of delta. Several releases add up in zero-concentrated differential privacy (zCDP):
normal noise of standard deviation s on numbers that one patient changes by at most D (in length)
costs rho = D^2 / (2 s^2), and rhos are summed.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq, minimize_scalar

__all__ = ["compute_epsilon", "compute_rho"]

_ORDERS = (-12.0, 12.0)
"""Logarithms of alpha - 1 between which the best order is looked for."""
_RHOS = (1e-12, 1e4)


def compute_epsilon(rho: float, delta: float) -> float:
    """Return the epsilon that rho-zCDP gives at a delta.

    Parameters
    ----------
    rho : float
        Above 0: the sum over all releases.
    delta : float
        In (0, 1).

    Returns
    -------
    float
        Below 1 is strong protection, above 10 hardly any. It is never more than
        rho + 2 sqrt(rho ln(1/delta)).

    References
    ----------
    Bun and Steinke 2016, doi:10.1007/978-3-662-53641-4_24. The conversion is Canonne, Kamath and
    Steinke 2022, doi:10.29012/jpc.784, proposition 12.
    """

    def at_order(log_excess: float) -> float:
        excess = float(np.exp(log_excess))  # alpha - 1
        order = 1 + excess
        price = (-np.log(delta) - np.log(order)) / excess
        return float(order * rho + price + np.log(excess / order))

    best = minimize_scalar(at_order, bounds=_ORDERS, method="bounded", options={"xatol": 1e-9})
    return max(float(best.fun), 0.0)


def compute_rho(epsilon: float, delta: float) -> float:
    """Return the largest rho that keeps within (epsilon, delta).

    Parameters
    ----------
    epsilon : float
        Above 0.
    delta : float
        In (0, 1); far below one over the number of patients.

    Raises
    ------
    ValueError
        If no noise could reach them.
    """
    if not (0 < epsilon < np.inf and 0 < delta < 1):
        raise ValueError(
            f"noise: expected epsilon above 0 and delta in (0, 1), got {epsilon:g} and {delta:g}"
        )
    low, high = np.log(_RHOS)
    if compute_epsilon(float(np.exp(low)), delta) > epsilon:
        raise ValueError(
            f"noise: epsilon {epsilon:g} at delta {delta:g} is too small to be reached"
        )
    found = brentq(lambda log: compute_epsilon(float(np.exp(log)), delta) - epsilon, low, high)
    return float(np.exp(found)) * (1 - 1e-9)
