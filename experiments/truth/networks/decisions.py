"""Net benefit from counts that no centre tells of a few patients, held against everybody's rows.

Centres judge a model that was made elsewhere. Their groups and bins of risk are added up as a
network's lead does; the same net benefit is computed of all patients in one place.

`python -m experiments.truth.networks.decisions` prints the table of docs/network_disclosure.md.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from features.arrays import FloatArray
from training.measures.decision_curve import COARSE, make_thresholds
from training.network.arithmetic.risk_groups import count_above, group_risks
from training.network.publishing.judging import sum_decisions

__all__ = ["DECISION_WORLDS", "tabulate_decisions"]

_BETWEEN = (0.3, 0.7)
_LIMIT = 5
_APART = 0.3
"""Standard deviation of the centres' intercepts, which the model does not know."""


@dataclass(frozen=True)
class DecisionWorld:
    """A network in which a model is judged.

    Parameters
    ----------
    centres, n : int
        How many, and patients of each.
    slope : float
        Of the true log-odds by the model's score, which has an SD of `spread`; 1: calibrated, 0:
        the score tells nothing.
    spread : float
        SD of the model's log-odds.
    """

    centres: int
    n: int
    slope: float
    spread: float


DECISION_WORLDS = {
    "strong": DecisionWorld(5, 45, 1.0, 1.5),
    "very strong": DecisionWorld(5, 45, 1.0, 2.5),
    "weak": DecisionWorld(5, 45, 1.0, 0.7),
    "strong, larger": DecisionWorld(4, 60, 1.0, 2.0),
    "useless": DecisionWorld(5, 45, 0.0, 0.7),
    "useless and sure": DecisionWorld(5, 45, 0.0, 1.5),
}


def _draw_decisions(world: DecisionWorld, *, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return the gain in net benefit over the better of all and none, at each threshold.

    Parameters
    ----------
    world : DecisionWorld
        What is judged.
    seed : int
        Of everything.

    Returns
    -------
    told, exact : ndarray of shape (n_thresholds,)
        From what the centres tell, and of all patients of the same centres in one place.
    """
    rng = np.random.default_rng(seed)
    told: list[dict[str, object]] = []
    exact: list[dict[str, object]] = []
    for centre in range(world.centres):
        score = world.spread * rng.standard_normal(world.n)
        base = 0.3 + _APART * rng.standard_normal()
        y = (rng.random(world.n) < expit(base + world.slope * score)).astype(np.float64)
        p = expit(0.3 + score)
        groups = group_risks(y, p, limit=_LIMIT)
        bins = {
            "true": [one for group in groups for one in group["responders"]],
            "false": [one for group in groups for one in group["others"]],
        }
        for cut in make_thresholds(_BETWEEN, COARSE) if groups else ():
            row = {"centre": centre, "threshold": cut, "n": world.n, "events": y.sum()}
            above = p >= cut
            counts = {"true": y[above].sum(), "false": (1 - y[above]).sum()}
            exact.append(row | {f"{side}_positives": n for side, n in counts.items()})
            sums = {
                side: sum(count_above(**b, cut=cut, limit=_LIMIT) for b in bins[side])
                for side in bins
            }
            told.append(row | {f"{side}_positives": n for side, n in sums.items()})
    return _find_gain(told), _find_gain(exact)


def _find_gain(rows: list[dict[str, object]]) -> FloatArray:
    found = sum_decisions(pd.DataFrame(rows), _BETWEEN)
    best = np.maximum(found["treat_all"], found["treat_none"])
    return (found["net_benefit"] - best).to_numpy(dtype=np.float64)


def tabulate_decisions(networks: int) -> pd.DataFrame:
    """Return how far what is told lies from all rows, one row per world.

    Parameters
    ----------
    networks : int
        Drawn in each world.

    Returns
    -------
    DataFrame
        Indexed by world: `gain`, the mean of the exact gain over thresholds; `bias`, the largest
        mean difference at a threshold; `sd_exact`, the spread of the exact gain over networks, and
        `sd_told`, of the told one; `passes_exact` and `passes_told`, the share of networks with a
        gain above 0 at every threshold, as the review's gate asks.
    """
    rows = {}
    for name, world in DECISION_WORLDS.items():
        drawn = [_draw_decisions(world, seed=seed) for seed in range(networks)]
        told, exact = (np.array([pair[side] for pair in drawn]) for side in (0, 1))
        rows[name] = {
            "gain": exact.mean(),
            "bias": np.abs((told - exact).mean(axis=0)).max(),
            "sd_exact": exact.std(axis=0).mean(),
            "sd_told": told.std(axis=0).mean(),
            "passes_exact": (exact > 0).all(axis=1).mean(),
            "passes_told": (told > 0).all(axis=1).mean(),
        }
    return pd.DataFrame(rows).T


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=300)
    asked = parser.parse_args()
    print(tabulate_decisions(asked.networks).round(3).to_string())


if __name__ == "__main__":
    main()
