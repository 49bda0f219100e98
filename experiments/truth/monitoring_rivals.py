"""What other charts than the one that is used would gain with the same false alarms.

Run as ``python -m experiments.truth.monitoring_rivals [--seed 1]``. Each has the whole budget to
itself and is told which change comes, and how large it is: only when is left open. Limits are
constant, and found by simulation so that the alarms in which nothing changes are as many.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd

from experiments.truth.monitoring import UsedModel
from features.arrays import BoolArray, FloatArray
from serving.monitoring.charts import FALSE_ALARMS, O_E_WATCHED

__all__ = ["compare_charts"]

_WINDOW = 60
_STEPS = 1000

Statistic = Callable[[FloatArray], FloatArray]
"""Log-likelihood ratios (n_paths, n) to what a chart shows after each."""


def _add_from_zero(ratios: FloatArray) -> FloatArray:
    """Return Page's cumulative sum."""
    value, shown = np.zeros(len(ratios)), np.empty_like(ratios)
    for t in range(ratios.shape[1]):
        value = np.maximum(0.0, value) + ratios[:, t]
        shown[:, t] = value
    return shown


def _add_likelihoods(ratios: FloatArray) -> FloatArray:
    """Return Shiryaev's and Roberts's sum over all times at which the change may have been."""
    value, shown = np.full(len(ratios), -np.inf), np.empty_like(ratios)
    for t in range(ratios.shape[1]):
        value = np.logaddexp(0.0, value) + ratios[:, t]
        shown[:, t] = value
    return shown


def _add_window(ratios: FloatArray) -> FloatArray:
    """Return the sum over the last 60: the most powerful test of just these."""
    total = np.cumsum(ratios, axis=1)
    total[:, _WINDOW:] -= total[:, :-_WINDOW].copy()
    return total


_CHARTS: dict[str, Statistic] = {
    "CUSUM (Page)": _add_from_zero,
    "Shiryaev-Roberts": _add_likelihoods,
    "sum of the last 60": _add_window,
}


def compare_charts(
    world: UsedModel, *, change: int = 100, within: int = 60, simulations: int, seed: int
) -> pd.DataFrame:
    """Return how often each kind of chart sees a fall to 0.7.

    Returns
    -------
    DataFrame
        `chart`; `alarms`, the share of simulations with one in 1000 outcomes in which nothing
        changes (1 - 1/e for all, in fresh simulations); `seen`, the share in which the change is
        seen within so many outcomes, of those without an alarm before it.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for name, show in _CHARTS.items():
        highest = show(_draw(world, _STEPS, _STEPS, simulations, rng)).max(axis=1)
        limit = float(np.quantile(highest, np.exp(-_STEPS * FALSE_ALARMS)))
        quiet = show(_draw(world, _STEPS, _STEPS, simulations, rng)).max(axis=1) >= limit
        changed = show(_draw(world, change + within, change, simulations, rng))
        shown: BoolArray = np.asarray(changed >= limit)
        before = np.any(shown[:, :change], axis=1)
        after = np.any(shown[:, change:], axis=1)
        rows.append((name, float(quiet.mean()), float(after[~before].mean())))
    return pd.DataFrame(rows, columns=["chart", "alarms", "seen"])


def _draw(
    world: UsedModel, n: int, change: int, simulations: int, rng: np.random.Generator
) -> FloatArray:
    """Return log-likelihood ratios of the fall, which comes after so many outcomes."""
    p = world.draw_risks(world.base, simulations * n, rng).reshape(simulations, n)
    true = np.where(np.arange(n) >= change, O_E_WATCHED, 1.0) * p
    responds = np.asarray(rng.random((simulations, n)) < true)
    none = np.log((1 - O_E_WATCHED * p) / (1 - p))
    return np.asarray(np.where(responds, np.log(O_E_WATCHED), none))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    table = compare_charts(UsedModel(), simulations=asked.simulations, seed=asked.seed)
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
