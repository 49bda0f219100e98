"""How near a network's model comes to the true risks, and whether its intervals hold them.

Run as ``python -m experiments.truth.networks.networks``: simulates the cohorts of six centres
(`experiments.truth.networks.worlds`), makes the network's model of them round by round, the same
procedure's with all rows in one place, and what a centre would have alone or others would compute
(BFI, ODAL), and judges all of them in the same new patients, of the known centres and of new
ones. Writes `networks.csv` (one row for each network and method) and `network.md`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import delayed
from scipy.special import expit
from threadpoolctl import threadpool_limits

from experiments.truth.engine import add_engine_options, open_asked_engine
from experiments.truth.networks.peers import CentreRows, compute_odal, fit_bfi
from experiments.truth.networks.pooled import PooledRows, fit_pooled_rows
from experiments.truth.networks.rounds import (
    ALL_ROUNDS,
    PRIOR_SDS,
    conclude_rounds,
    find_left_model,
    gather_rounds,
)
from experiments.truth.networks.tables import (
    ALONE,
    IGNORING,
    NETWORK,
    ONE_ROUND,
    POOLED,
    UNGUARDED,
    describe_networks,
)
from experiments.truth.networks.worlds import (
    NETWORK_WORLDS,
    NetworkWorld,
    SimulatedNetwork,
    agree_basis,
    simulate_network,
)
from features.arrays import FloatArray
from features.dictionary.transformers import PredictorBasis
from training.fitting.candidates import DEFAULT_CANDIDATES
from training.fitting.jobs import run_tasks
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData, fit_response
from training.fitting.solvers import fit_intercept
from training.network.arithmetic.heterogeneity import (
    assess_heterogeneity,
    estimate_centres,
    shrink_intercepts,
)
from training.network.arithmetic.likelihood import expand_likelihood
from training.network.result import NetworkResult

__all__ = ["Answers", "compare_networks", "judge", "run_networks"]

N_NEW = 300


class Answers(NamedTuple):
    """What a method says of the new patients.

    Parameters
    ----------
    known : ndarray of shape (n_centres, n_new)
        Their risk at each centre.
    new : ndarray of shape (n_new,) or (n_centres, n_new)
        Their risk at a new centre; of several models, each one's.
    known_interval, new_interval : ndarray of shapes (n_centres, n_new, 2) and (n_new, 2), or None
        95% intervals.
    """

    known: FloatArray
    new: FloatArray
    known_interval: FloatArray | None = None
    new_interval: FloatArray | None = None


def judge(network: SimulatedNetwork, answers: Answers) -> dict[str, float]:
    """Judge a method's answers against the true risks.

    Returns
    -------
    dict
        `rmse`, root mean squared error over new patients of a known centre, mean over the centres;
        `rmse_new`, that over patients of new centres; with intervals `coverage`, `width`,
        `coverage_new`, `width_new`: the share that hold the true risk, and their mean width.
    """

    def compute_rmse(risk: FloatArray, true: FloatArray) -> float:
        return float(np.sqrt(np.mean((risk - true) ** 2, axis=-1)).mean())

    found = {
        "rmse": compute_rmse(answers.known, network.risk_known),
        "rmse_new": compute_rmse(answers.new, network.risk_new),
    }
    told = (
        ("", answers.known_interval, network.risk_known),
        ("_new", answers.new_interval, network.risk_new),
    )
    for end, interval, true in told:
        if interval is None:
            continue
        low, high = interval[..., 0], interval[..., 1]
        found[f"coverage{end}"] = float(np.mean((low <= true) & (true <= high)))
        found[f"width{end}"] = float(np.mean(high - low))
    return found


def pool_data(cohorts: Sequence[TrainingData]) -> TrainingData:
    """Return the cohorts of all centres as one, of one horizon."""
    n = sum(len(data) for data in cohorts)
    return TrainingData(
        X=np.concatenate([data.X for data in cohorts]),
        predictors=cohorts[0].predictors,
        horizons=("t1",),
        y={"t1": np.concatenate([data.y["t1"] for data in cohorts])},
        kept=np.full(n, np.nan),
        groups=np.arange(n),
    )


def compare_networks(
    world: NetworkWorld, replicate: int, *, seed: int, n_new: int = N_NEW
) -> list[dict[str, object]]:
    """Simulate one network, make every method's model of it, and judge all.

    Returns
    -------
    list of dict
        `world`, `replicate`, `method`, what :func:`judge` gives, and what the network chose.
    """
    number = list(NETWORK_WORLDS).index(world.name)
    network = simulate_network(
        world, n_new=n_new, rng=np.random.default_rng((seed, number, replicate))
    )
    basis = agree_basis(world)
    rows: list[dict[str, object]] = []

    def add(method: str, answers: Answers, **found: float) -> None:
        key = {"world": world.name, "replicate": replicate, "method": method}
        rows.append(key | judge(network, answers) | found)

    with threadpool_limits(1):
        exact = fit_pooled_rows(_expand(network, basis), basis.linear_, prior_sds=PRIOR_SDS)
        for method, rounds in ((ONE_ROUND, 1), (NETWORK, ALL_ROUNDS), (UNGUARDED, ALL_ROUNDS)):
            guarded = method != UNGUARDED
            result = conclude_rounds(
                gather_rounds(
                    network.cohorts, basis, rounds=rounds, seed=replicate, guarded=guarded
                )
            )
            chosen = _list_choices(result)
            chosen["as_pooled"] = float(
                (chosen["prior_sd"], chosen["bends"]) == (exact.prior_sd, exact.bends)
            )
            add(method, _answer_as_network(network, result), **chosen)
        chosen = {"prior_sd": exact.prior_sd, "bends": float(exact.bends), "weight": exact.weight}
        add(POOLED, _answer_as_pooled(network, basis, exact), **chosen)
        for method, answers in _answer_as_others(network, basis, replicate):
            add(method, answers)
    return rows


def _expand(
    network: SimulatedNetwork, basis: PredictorBasis, *, straight: bool = False
) -> list[CentreRows]:
    columns = basis.linear_ if straight else np.ones_like(basis.linear_)
    return [CentreRows(basis.expand(d.X)[:, columns], d.y["t1"]) for d in network.cohorts]


def _list_choices(result: NetworkResult) -> dict[str, float]:
    outcome = result.outcomes["response"]
    intercept, slope = outcome.heterogeneity.intercept, outcome.heterogeneity.slope
    return {
        "prior_sd": outcome.prior_sd,
        "bends": float(outcome.family == "bends"),
        "weight": outcome.weight,
        "tau": intercept.estimate,
        "tau_low": intercept.low,
        "tau_high": intercept.high,
        "tau_slope": slope.estimate,
        "random_slopes": float(outcome.heterogeneity.random_slopes),
        "taking_part": float(len(outcome.centres)),
    }


def _answer_as_network(network: SimulatedNetwork, result: NetworkResult) -> Answers:
    here = [find_left_model(result, name) for name in result.protocol.centres]
    return Answers(
        known=np.array([model.probability(network.X)[:, -1] for model in here]),
        new=result.model.probability(network.X)[:, -1],
        known_interval=np.array([model.interval(network.X)[:, -1] for model in here]),
        new_interval=result.model.interval(network.X)[:, -1],
    )


def _answer_as_pooled(
    network: SimulatedNetwork, basis: PredictorBasis, exact: PooledRows
) -> Answers:
    """Return the answers of the same procedure with all rows in one place.

    How far the centres' intercepts are drawn together follows from the rows' own expansion.
    """
    columns = np.asarray(basis.linear_ | exact.bends)
    coef, precision = exact.coef[columns], np.full(int(columns.sum()), exact.prior_sd**-2.0)
    centres = [CentreRows(rows.Z[:, columns], rows.y) for rows in _expand(network, basis)]
    points = [
        expand_likelihood(rows.Z, rows.y, np.append(intercept, coef))
        for rows, intercept in zip(centres, exact.intercepts, strict=True)
    ]
    straight = basis.linear_[columns]
    heterogeneity = assess_heterogeneity(points, precision, straight)
    own, curvature = _fit_at_home([exact.weight * (rows.Z @ coef) for rows in centres], centres)
    known, new = shrink_intercepts(own, curvature, heterogeneity)
    slopes, common = np.tile(coef, (len(centres), 1)), coef
    if heterogeneity.random_slopes:
        drawn, together = estimate_centres(points, precision, straight, heterogeneity)
        slopes, common = drawn[:, 1:], together[1:]
        means = np.array([rows.Z.mean(axis=0) for rows in centres])
        known = known - exact.weight * np.sum(means * (slopes - coef), axis=1)
        new -= exact.weight * float(means.mean(axis=0) @ (common - coef))
    Z = basis.expand(network.X)[:, columns]
    return Answers(
        known=expit(known[:, np.newaxis] + exact.weight * slopes @ Z.T),
        new=expit(new + exact.weight * (Z @ common)),
    )


def _fit_at_home(
    margins: Sequence[FloatArray], centres: Sequence[CentreRows]
) -> tuple[FloatArray, FloatArray]:
    """Return each centre's own intercept beside its log-odds, and the curvature there."""
    own = np.array(
        [fit_intercept(m, float(rows.y.mean())) for m, rows in zip(margins, centres, strict=True)]
    )
    risks = [expit(margin + intercept) for margin, intercept in zip(margins, own, strict=True)]
    return own, np.array([float(np.sum(risk * (1 - risk))) for risk in risks])


def _answer_as_others(
    network: SimulatedNetwork, basis: PredictorBasis, seed: int
) -> Iterator[tuple[str, Answers]]:
    """Yield what each other way says: alone, without regard to centres, BFI, ODAL, nothing."""
    n_centres = len(network.cohorts)
    default, rng = Procedure(DEFAULT_CANDIDATES), np.random.default_rng(seed)

    def fit_alone(data: TrainingData) -> FloatArray:
        return fit_response(data, default, rng=rng).probability(network.X)[:, -1]

    alone = np.array([fit_alone(data) for data in network.cohorts])
    yield ALONE, Answers(alone, alone)
    everyone = pool_data(network.cohorts)
    yield IGNORING, _repeat(fit_alone(everyone), n_centres)
    centres, Z = _expand(network, basis, straight=True), basis.expand(network.X)[:, basis.linear_]
    beta = fit_bfi(centres).beta
    yield "BFI", _repeat(expit(beta[0] + Z @ beta[1:]), n_centres)
    beta = fit_bfi(centres, own_intercepts=True).beta
    own, margin = beta[:n_centres], Z @ beta[n_centres:]
    yield (
        "BFI, centres' intercepts",
        Answers(expit(own[:, np.newaxis] + margin), expit(own.mean() + margin)),
    )
    lead = int(np.argmax([len(rows.y) for rows in centres]))
    for order in (1, 2):
        beta, _ = compute_odal(centres, lead=lead, order=order)
        yield f"ODAL{order}", _repeat(expit(beta[0] + Z @ beta[1:]), n_centres)
    rate = np.full(len(network.X), everyone.y["t1"].mean())
    yield "prevalence", _repeat(rate, n_centres)


def _repeat(risk: FloatArray, n_centres: int) -> Answers:
    """Return the answers of a model that knows no centres."""
    return Answers(np.tile(risk, (n_centres, 1)), risk)


def run_networks(
    worlds: Sequence[str], replicates: int, *, seed: int = 1, n_jobs: int = 1, first: int = 0
) -> pd.DataFrame:
    """Return the rows of :func:`compare_networks` over worlds and replicates."""
    pieces = [(name, k) for name in worlds for k in range(first, first + replicates)]
    tasks = (delayed(compare_networks)(NETWORK_WORLDS[w], k, seed=seed) for w, k in pieces)
    found = run_tasks(tasks, n_jobs, lambda: None)
    return pd.DataFrame([row for rows in found for row in rows])


def main() -> None:
    """Run the experiment and write its tables."""
    parser = argparse.ArgumentParser(description="How near a network's model is to the truth.")
    parser.add_argument("--worlds", nargs="+", default=list(NETWORK_WORLDS), choices=NETWORK_WORLDS)
    parser.add_argument("--replicates", type=int, default=100)
    add_engine_options(parser)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("experiments/output/network"))
    asked = parser.parse_args()
    with open_asked_engine(asked, os.environ) as n_jobs:
        rows = run_networks(asked.worlds, asked.replicates, seed=asked.seed, n_jobs=n_jobs)
    asked.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(asked.out / "networks.csv", index=False)
    text = describe_networks(rows)
    (asked.out / "network.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
