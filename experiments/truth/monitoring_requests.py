"""How soon a rising share of requests is seen, where the truth is known.

Run as ``python -m experiments.truth.monitoring_requests [--simulations 200] [--seed 1]``. The share
before the change is known from a reference only: the first requests, or the training cohort.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from serving.monitoring.charts import SHARES, ShareBefore, compute_share_chart

__all__ = ["compute_request_detection"]

_RATE = "unlike"  # all charts of requests have the same part of the budget
_SETTINGS = ((30, 0.15, 0.35), (30, 0.15, 0.5), (30, 0.05, 0.25), (100, 0.1, 0.3), (100, 0.1, 0.5))


def compute_request_detection(
    n_reference: int,
    before: float,
    after: float,
    *,
    within: tuple[int, ...] = (30, 60, 100, 150),
    simulations: int,
    seed: int,
) -> pd.DataFrame:
    """Count how often a rise after 50 requests is seen within so many more.

    Parameters
    ----------
    n_reference : int
        Patients of the reference, in whom the share was that of before.
    before, after : float
        True share of requests.
    within : tuple of int
        Numbers of requests after the change.
    simulations, seed : int
        How many, and of what randomness.

    Returns
    -------
    DataFrame
        One row: `reference`, `before`, `after`, and for each number of requests the share of
        simulations, of those without an alarm before, in which the limit was crossed.
    """
    rng = np.random.default_rng(seed)
    change, n = 50, 50 + max(within)
    true = np.where(np.arange(n) < change, before, after)
    delays = []
    for _ in range(simulations):
        reference = ShareBefore(float(rng.binomial(n_reference, before)), n_reference)
        event = (rng.random(n) < true).astype(np.float64)
        chart = compute_share_chart(_RATE, np.arange(n), event, reference, SHARES[_RATE])
        first = chart.crossings[0].at if chart.crossings else n
        if first >= change:
            delays.append(first - change)
    row: dict[str, float] = {"reference": n_reference, "before": before, "after": after}
    row |= {f"within {most}": float(np.mean(np.array(delays) < most)) for most in within}
    return pd.DataFrame([row])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows = [
        compute_request_detection(*setting, simulations=asked.simulations, seed=asked.seed)
        for setting in _SETTINGS
    ]
    print(pd.concat(rows).round(2).to_string(index=False))


if __name__ == "__main__":
    main()
