"""What becomes of a network in which something goes wrong, and how many rounds it takes.

Run as ``python -m experiments.truth.networks.failures``. Of simulated networks
(`experiments.truth.networks.worlds`) it says how often a centre whose responders and others were
exchanged is flagged, and how often one that told the truth is; what a flipped centre, and one that
drops out after the first round, cost in distance to the true risks at the other centres; and how
far the estimate is from all rows after each round.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from experiments.truth.networks.peers import CentreRows
from experiments.truth.networks.pooled import fit_with_intercepts
from experiments.truth.networks.rounds import (
    ALL_ROUNDS,
    conclude_rounds,
    find_left_model,
    gather_rounds,
)
from experiments.truth.networks.worlds import (
    NETWORK_WORLDS,
    NetworkWorld,
    SimulatedNetwork,
    agree_basis,
    simulate_network,
)
from experiments.truth.truth_tables import format_table
from features.dictionary.transformers import PredictorBasis
from training.fitting.response import TrainingData
from training.network.result import NetworkResult

__all__ = ["flip_outcomes", "follow_rounds", "run_failures", "summarise_failures"]

_N_NEW = 300
_HELD = 5
"""Centres at which errors are compared: the sixth is the one with which something goes wrong."""
_LAST = "centre-6"


def flip_outcomes(data: TrainingData) -> TrainingData:
    """Return a cohort whose responders and others are exchanged."""
    return replace(data, y={horizon: 1 - y for horizon, y in data.y.items()})


def _compute_error(result: NetworkResult, network: SimulatedNetwork) -> float:
    """Return the error to the true risks at the centres with which nothing is wrong."""
    errors = []
    for place, name in enumerate(list(result.protocol.centres)[:_HELD]):
        risk = find_left_model(result, name).probability(network.X)[:, -1]
        errors.append(np.sqrt(np.mean((risk - network.risk_known[place]) ** 2)))
    return float(np.mean(errors))


def _count_flagged(result: NetworkResult, names: Sequence[str]) -> int:
    return sum(any(flag.startswith(f"{name},") for flag in result.flags) for name in names)


def run_failures(world: NetworkWorld, replicate: int, *, seed: int) -> dict[str, object]:
    """Simulate one network and let its last centre, the largest, do right and wrong.

    Returns
    -------
    dict
        `world`, `replicate`; `false`, how many of six honest centres are flagged; `caught`, whether
        the flipped one is, and `turned`, whether in the words of exchanged outcomes; `blamed`, how
        many of the five others are then flagged; errors at the five other centres: `all` (nothing
        wrong), `flipped`, `dropped` (the sixth stayed for the first round only), and `without`
        (it never took part).
    """
    number = list(NETWORK_WORLDS).index(world.name)
    rng = np.random.default_rng((seed, number, replicate))
    network = simulate_network(world, n_new=_N_NEW, rng=rng)
    basis, cohorts = agree_basis(world), network.cohorts
    with threadpool_limits(1):
        liars = [*cohorts[:_HELD], flip_outcomes(cohorts[-1])]
        honest = conclude_rounds(gather_rounds(cohorts, basis))
        lying = conclude_rounds(gather_rounds(liars, basis))
        dropped = conclude_rounds(gather_rounds(cohorts, basis, stays={_LAST: 1}))
        without = conclude_rounds(gather_rounds(cohorts[:_HELD], basis))
    names = list(honest.protocol.centres)
    return {
        "world": world.name,
        "replicate": replicate,
        "false": _count_flagged(honest, names),
        "caught": _count_flagged(lying, [_LAST]) > 0,
        "turned": any(f.startswith(f"{_LAST},") and "wrong way round" in f for f in lying.flags),
        "blamed": _count_flagged(lying, names[:_HELD]),
        "all": _compute_error(honest, network),
        "flipped": _compute_error(lying, network),
        "dropped": _compute_error(dropped, network),
        "without": _compute_error(without, network),
    }


def summarise_failures(rows: pd.DataFrame) -> pd.DataFrame:
    """Return by world the shares and mean errors of :func:`run_failures`.

    Returns
    -------
    DataFrame
        `world`, `networks`; `false`, share of honest centres flagged in honest networks;
        `false_network`, share of honest networks with any flag; `caught`, `turned`; `blamed`,
        share of the honest centres flagged beside a flipped one; mean errors `all`, `flipped`,
        `dropped`, `without`.
    """
    here = rows.astype({"caught": float, "turned": float})
    here = here.assign(false_network=(here["false"] > 0).astype(float))
    groups = here.groupby("world", sort=False)
    table = groups[["false", "false_network", "caught", "turned", "blamed"]].mean()
    table["false"] /= _HELD + 1
    table["blamed"] /= _HELD
    errors = groups[["all", "flipped", "dropped", "without"]].mean()
    table.insert(0, "networks", groups.size())
    return table.join(errors).reset_index()


def follow_rounds(cohorts: Sequence[TrainingData], basis: PredictorBasis) -> list[float]:
    """Return the largest distance of a coefficient to that of all rows, after each round.

    Of the setting that is chosen in the end, with nothing held back.
    """
    outcome = gather_rounds(cohorts, basis, guarded=False).pooled["response"]
    setting = outcome.setting
    columns = outcome.choose(setting.family)
    rows = [CentreRows(basis.expand(d.X)[:, columns], d.y["t1"]) for d in cohorts]
    _, coef = fit_with_intercepts(rows, outcome.make_precision(setting))
    return [
        float(np.abs(outcome.estimate(k, setting).coef - coef).max())
        for k in range(1, ALL_ROUNDS + 1)
    ]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", nargs="+", default=list(NETWORK_WORLDS), choices=NETWORK_WORLDS)
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--followed", type=int, default=20, help="networks whose rounds are told")
    parser.add_argument("--seed", type=int, default=2)
    asked = parser.parse_args()
    rows, away = [], []
    for name in asked.worlds:
        world = NETWORK_WORLDS[name]
        rows += [run_failures(world, k, seed=asked.seed) for k in range(asked.replicates)]
        for k in range(asked.followed):
            rng = np.random.default_rng((asked.seed, list(NETWORK_WORLDS).index(name), k))
            network = simulate_network(world, n_new=1, rng=rng)
            away.append([name, *follow_rounds(network.cohorts, agree_basis(world))])
    print(format_table(summarise_failures(pd.DataFrame(rows))))
    columns = ["world", *(f"round {k}" for k in range(1, ALL_ROUNDS + 1))]
    largest = pd.DataFrame(away, columns=columns).groupby("world", sort=False).max()
    print(largest.map("{:.1e}".format).to_string())


if __name__ == "__main__":
    main()
