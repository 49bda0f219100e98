"""What intervals hold by how likely centres are taken to be alike, before any of them told.

Run as ``python -m experiments.truth.networks.priors``. Six centres tell little of how far they
differ, so that the prior shows in every interval: more weight on centres that differ in nothing
makes intervals narrower where that is so, and too narrow where they differ. All worlds of
`experiments.truth.networks.worlds` are looked at together, in networks of a seed of their own.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit
from threadpoolctl import threadpool_limits

from experiments.truth.networks.networks import Answers, judge
from experiments.truth.networks.rounds import conclude_rounds, find_left_model, gather_rounds
from experiments.truth.networks.worlds import (
    NETWORK_WORLDS,
    NetworkWorld,
    agree_basis,
    simulate_network,
)
from experiments.truth.truth_tables import format_table
from features.arrays import FloatArray
from training.fitting.interval import PRIOR_SD
from training.network.arithmetic.heterogeneity import ALIKE, assess_heterogeneity, draw_centres

__all__ = ["compare_priors", "summarise_priors"]

_N_NEW = 120
_N_DRAWS = 1000
_ENDS = [0.025, 0.975]


def compare_priors(
    world: NetworkWorld, replicate: int, *, alike: Sequence[float], seed: int
) -> list[dict[str, object]]:
    """Simulate one network and judge its intervals under several priors.

    Parameters
    ----------
    world : NetworkWorld
        What is true.
    replicate : int
        Which network of the seed.
    alike : sequence of float
        Prior probabilities that centres differ in nothing, each from 0 to below 1.
    seed : int
        Of the networks.

    Returns
    -------
    list of dict
        `world`, `replicate`, `alike`, and what :func:`~experiments.truth.networks.networks.judge`
        gives.
    """
    number = list(NETWORK_WORLDS).index(world.name)
    network = simulate_network(
        world, n_new=_N_NEW, rng=np.random.default_rng((seed, number, replicate))
    )
    basis = agree_basis(world)
    with threadpool_limits(1):
        gathered = gather_rounds(network.cohorts, basis, seed=replicate)
        result = conclude_rounds(gathered)
        outcome = gathered.pooled["response"]
        family = outcome.setting.family
        columns = outcome.choose(family)
        points, straight = outcome.find_points(gathered.rounds, family), outcome.straight[columns]
        precision = np.full(len(straight), PRIOR_SD**-2.0)
        Z = basis.expand(network.X)[:, columns]
        names = list(gathered.protocol.centres)
        served = [find_left_model(result, name).probability(network.X)[:, -1] for name in names]
        new = result.model.probability(network.X)[:, -1]
        rows: list[dict[str, object]] = []
        for prior in alike:
            apart = assess_heterogeneity(points, precision, straight, alike=prior)
            rng = np.random.default_rng(replicate)
            draws = draw_centres(points, precision, straight, apart, _N_DRAWS, rng=rng)
            drawn = dict(zip(outcome.centres, draws.known, strict=True))
            known = [
                _find_interval(drawn.get(name, draws.new), Z, risk)
                for name, risk in zip(names, served, strict=True)
            ]
            answers = Answers(
                np.array(served), new, np.array(known), _find_interval(draws.new, Z, new)
            )
            key = {"world": world.name, "replicate": replicate, "alike": prior}
            rows.append(key | judge(network, answers))
    return rows


def _find_interval(draws: FloatArray, Z: FloatArray, served: FloatArray) -> FloatArray:
    """Return the 95% interval (n_new, 2) of draws, made to hold what is served."""
    low, high = np.quantile(expit(draws[:, :1] + draws[:, 1:] @ Z.T), _ENDS, axis=0)
    return np.column_stack([np.minimum(low, served), np.maximum(high, served)])


def summarise_priors(rows: pd.DataFrame) -> pd.DataFrame:
    """Return by world and prior what intervals hold.

    Returns
    -------
    DataFrame
        `world`, `alike`, `networks`; `coverage` and `coverage_new` with their standard errors
        `_se`, and the mean widths.
    """
    groups = rows.groupby(["world", "alike"], sort=False)
    table = groups[["width", "width_new"]].mean()
    for place, name in enumerate(("coverage", "coverage_new")):
        error: pd.Series = groups[name].std() / np.sqrt(groups.size())
        table.insert(2 * place, name, groups[name].mean())
        table.insert(2 * place + 1, f"{name}_se", error)
    table.insert(0, "networks", groups.size())
    return table.reset_index()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", nargs="+", default=list(NETWORK_WORLDS), choices=NETWORK_WORLDS)
    parser.add_argument("--alike", nargs="+", type=float, default=[0.0, ALIKE, 0.33, 0.5])
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--seed", type=int, default=15)
    asked = parser.parse_args()
    rows = [
        row
        for name in asked.worlds
        for k in range(asked.replicates)
        for row in compare_priors(NETWORK_WORLDS[name], k, alike=asked.alike, seed=asked.seed)
    ]
    print(format_table(summarise_priors(pd.DataFrame(rows))))


if __name__ == "__main__":
    main()
