"""Whether the limits of the charts of outcomes hold what they promise.

Run as ``python -m experiments.truth.monitoring_limits [--simulations 20000] [--seed 1]``. One
sequence of estimates, and many courses of outcomes drawn from it: nothing changes.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from experiments.truth.monitoring import WORLDS, YEAR, YEARS, UsedModel
from features.arrays import BoolArray, FloatArray
from serving.monitoring.chart import STEP, compute_chart, make_scores
from serving.monitoring.charts import FALSE_ALARMS, SHARES, make_changed_risks

__all__ = ["compute_alarm_shares"]


def compute_alarm_shares(world: UsedModel, *, simulations: int, seed: int) -> pd.DataFrame:
    """Count how often the charts of 1000 patients raise an alarm though nothing changes.

    Returns
    -------
    DataFrame
        A row for each chart of outcomes, and one for any of them: `chart`; `allowed`, the
        probability of an alarm in 20 years that its rate allows; `any`, the share of simulations
        with one; `first_year`, with one among the first 50 patients.
    """
    rng = np.random.default_rng(seed)
    n = YEAR * YEARS
    first, kept = (world.draw_risks(mean, n, rng) for mean in (world.base, world.kept))
    responds = np.asarray(rng.random((simulations, n)) < first)
    stays = np.asarray(rng.random((simulations, n)) < kept)
    told: dict[str, tuple[float, FloatArray]] = {}
    for name, p, y in (("first", first, responds), ("kept", kept, stays)):
        for way in ("fewer", "more"):
            rate = FALSE_ALARMS * SHARES[f"{name}_{way}"]
            times = _find_first(y, p, fewer=way == "fewer", rate=rate)
            told[f"{name}_{way}"] = 1 - (1 - rate) ** n, times
    anyone = 1 - np.prod([1 - allowed for allowed, _ in told.values()])
    told["any"] = float(anyone), np.min([times for _, times in told.values()], axis=0)
    rows = [
        (name, allowed, float(np.mean(times < n)), float(np.mean(times < YEAR)))
        for name, (allowed, times) in told.items()
    ]
    return pd.DataFrame(rows, columns=["chart", "allowed", "any", "first_year"])


def _find_first(y: BoolArray, p: FloatArray, *, fewer: bool, rate: float) -> FloatArray:
    """Return the first crossing of each row of outcomes; the number of patients where none is."""
    scores = make_scores(p, make_changed_risks(p, fewer=fewer))
    never = np.full(len(p), float(fewer))  # outcomes that speak for no change
    limit = np.rint(compute_chart(never, p, scores, rate=rate)["limit"].to_numpy() / STEP)
    value, times = np.zeros(len(y)), np.full(len(y), float(len(p)))
    for t in range(len(p)):
        value = np.maximum(0, value + np.where(y[:, t], scores.event[t], scores.none[t]))
        times[(value >= limit[t]) & (times == len(p))] = t
    return times


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for name, world in WORLDS.items():
        table = compute_alarm_shares(world, simulations=asked.simulations, seed=asked.seed)
        print(f"\n{name}\n{table.round(4).to_string(index=False)}", flush=True)


if __name__ == "__main__":
    main()
