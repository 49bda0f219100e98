"""How near the predicted risks come to the true ones, where the truth is known.

Run as ``python -m experiments.truth.known_truth``: simulates cohorts under several truths
(`experiments.truth.worlds`), fits the default procedure, each candidate alone and the peers to the
same cohorts, and judges all of them in the same new patients. Writes `cohorts.csv` (one row for
each cohort and method), `known_truth.md` (the tables) and `known_truth.png` to the output folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config
from threadpoolctl import threadpool_limits

from experiments.truth.blend_scale import predict_on_probability_scale
from experiments.truth.peers import PEERS, RMS, Task, explain_missing_rms, predict_rms
from experiments.truth.truth_tables import (
    DEFAULT,
    compare_with_limits,
    compare_with_peers,
    compute_summary,
    format_table,
    plot_errors,
)
from experiments.truth.truths import Simulated, Truth, simulate_truth
from experiments.truth.worlds import TRUTHS
from features.arrays import FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from training.fitting.candidates import DEFAULT_CANDIDATES
from training.fitting.freezing import make_response_model
from training.fitting.procedure import Procedure
from training.fitting.response import FittedResponse, TrainingData, fit_response
from training.measures.metrics import compute_metric_rows

__all__ = ["compute_interval", "describe_rows", "run", "score"]


SCALE = "blend on the probability scale"
SIZES = {48: 40, 120: 40, 480: 12, 2000: 4}
"""Cohorts simulated for each truth, by the number of patients."""
N_NEW = 1000


def score(
    risk: FloatArray, predicted: FloatArray, interval: FloatArray | None = None
) -> dict[str, float]:
    """Judge predicted risks against the true ones.

    Parameters
    ----------
    risk, predicted : ndarray of shape (n_new,)
        True and predicted risk of new patients.
    interval : ndarray of shape (n_new, 2) or None
        Each patient's interval.

    Returns
    -------
    dict
        `rmse`: root mean squared error against the true risk; 0.10 means that a typical
        patient's risk is 10 percentage points off. `auc` and `slope` (calibration slope; 1 is
        right, below 1 too extreme; NaN when everyone gets one risk): what they would be with
        very many patients, each counted as a responder with the weight of his true risk and as
        a nonresponder with the rest. `coverage`, share of the intervals that hold the true risk,
        and `width`, their mean width; NaN without intervals.
    """
    y = np.repeat([1.0, 0.0], len(risk))
    weights = np.concatenate([risk, 1 - risk])
    metrics = compute_metric_rows(y, np.tile(predicted, 2), weights[np.newaxis])
    coverage = width = np.nan
    if interval is not None:
        low, high = interval.T
        coverage = float(np.mean((low <= risk) & (risk <= high)))
        width = float(np.mean(high - low))
    return {
        "rmse": float(np.sqrt(np.mean((predicted - risk) ** 2))),
        "auc": float(metrics["auc"][0]),
        "slope": float(metrics["calibration_slope"][0]),
        "coverage": coverage,
        "width": width,
    }


def compute_interval(
    data: TrainingData, fitted: FittedResponse, X: FloatArray, *, rng: np.random.Generator
) -> FloatArray:
    """Return the served interval, of shape (n_new, 2), of each new patient at the last horizon."""
    model = make_response_model(data, fitted, CONTRACT, only_rate=False, rng=rng)
    return np.asarray(model.interval(X)[:, -1])


def make_task(simulated: Simulated) -> Task:
    """Return what a peer gets: the columns of our straight candidates and the known outcomes."""
    data = simulated.data
    y = data.y[data.horizons[-1]]
    known = ~np.isnan(y)
    basis = make_basis(data.predictors).fit(data.X[known])
    return basis.expand(data.X[known]), y[known], basis.expand(simulated.X)


def run_cohort(
    truth: Truth, n: int, cohort: int, *, seed: int, scale: bool = False
) -> list[dict[str, object]]:
    """Fit everything but R's model to one cohort and judge it.

    Returns
    -------
    list of dict
        `truth`, `n`, `cohort`, `method` and what :func:`score` gives.
    """
    simulated = simulate_truth(
        truth, n, n_new=N_NEW, rng=np.random.default_rng((seed, 0, n, cohort))
    )
    data = simulated.data
    rows: list[dict[str, object]] = []

    def add(method: str, risks: FloatArray, interval: FloatArray | None = None) -> None:
        rows.append(
            {"truth": truth.name, "n": n, "cohort": cohort, "method": method}
            | score(simulated.risk, risks, interval)
        )

    with threadpool_limits(1):
        methods: dict[str, tuple[str, ...]] = {DEFAULT: DEFAULT_CANDIDATES}
        methods |= {name: (name,) for name in DEFAULT_CANDIDATES}
        for name, candidates in methods.items():
            rng = np.random.default_rng((seed, 1, n, cohort))
            fitted = fit_response(data, Procedure(candidates), rng=rng)
            risks = fitted.probability(simulated.X)[:, -1]
            interval = None
            if name == DEFAULT:
                interval = compute_interval(data, fitted, simulated.X, rng=rng)
            add(name, risks, interval)
        for name, predict in PEERS.items():
            add(name, predict(*make_task(simulated)))
        if scale:
            rng = np.random.default_rng((seed, 1, n, cohort))
            procedure = Procedure(DEFAULT_CANDIDATES)
            add(SCALE, predict_on_probability_scale(data, procedure, simulated.X, rng=rng))
    return rows


def run_rms(truth: Truth, n: int, cohorts: int, *, seed: int) -> list[dict[str, object]]:
    """Fit R's model to all cohorts of one size, in one R process, and judge it.

    Where it cannot be fitted the prevalence stands in: a statistician would not serve nothing.
    """
    rngs = (np.random.default_rng((seed, 0, n, cohort)) for cohort in range(cohorts))
    simulated = [simulate_truth(truth, n, n_new=N_NEW, rng=rng) for rng in rngs]
    tasks = [make_task(one) for one in simulated]
    rows: list[dict[str, object]] = []
    for cohort, (one, task, risks) in enumerate(
        zip(simulated, tasks, predict_rms(tasks), strict=True)
    ):
        served = np.full(N_NEW, task[1].mean()) if risks is None else risks
        rows.append(
            {"truth": truth.name, "n": n, "cohort": cohort, "method": RMS}
            | score(one.risk, served)
            | {"failed": float(risks is None)}
        )
    return rows


def run(
    truths: Sequence[str],
    sizes: dict[int, int],
    *,
    seed: int = 1,
    n_jobs: int = 1,
    scale: bool = False,
    progress: bool = False,
) -> pd.DataFrame:
    """Simulate, fit and judge.

    Parameters
    ----------
    truths : sequence of str
        Names in :data:`experiments.truth.worlds.TRUTHS`.
    sizes : dict of int to int
        Patients in a cohort to number of cohorts.
    seed : int
        The result depends on nothing else, the number of jobs included.
    n_jobs : int
        Processes.
    scale : bool
        Whether to blend the same candidates on the probability scale too.
    progress : bool
        Whether to say on the terminal what is done.

    Returns
    -------
    DataFrame
        One row for each truth, size, cohort and method; columns as in :func:`score`.
    """
    rows: list[dict[str, object]] = []
    has_rms = not explain_missing_rms()
    with parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
        for n, cohorts in sizes.items():
            for name in truths:
                tasks = (
                    delayed(run_cohort)(TRUTHS[name], n, cohort, seed=seed, scale=scale)
                    for cohort in range(cohorts)
                )
                rows += [row for found in Parallel()(tasks) for row in found]
                if has_rms:
                    rows += run_rms(TRUTHS[name], n, cohorts, seed=seed)
                if progress:
                    print(f"{name}, {n} patients: {cohorts} cohorts done", flush=True)
    return pd.DataFrame(rows)


def describe_rows(rows: pd.DataFrame) -> str:
    """Return the tables of :func:`run` in Markdown."""
    summary = compute_summary(rows)
    others = [name for name in (*PEERS, RMS, SCALE) if name in set(rows["method"])]
    served = summary.xs(DEFAULT, level="method").reset_index()
    served.loc[[TRUTHS[name].is_noise for name in served["truth"]], ["skill", "slope"]] = np.nan
    for mark in ("contained", "for_choosing"):
        served[mark] = [getattr(TRUTHS[name], mark) for name in served["truth"]]
    quality = ["truth", "for_choosing", "n", "cohorts", "rmse", "rmse_se", "skill", "auc", "slope"]
    interval = ["truth", "n", "contained", "coverage", "coverage_se", "width"]
    limits = compare_with_limits(summary).reset_index()
    parts = [
        ("The default procedure", served[quality]),
        ("Against prevalence and the best single candidate", limits),
        ("Against the peers", compare_with_peers(rows, others)),
        ("The patient's 95% interval", served[interval]),
    ]
    return "\n\n".join(f"## {title}\n\n{format_table(table)}" for title, table in parts) + "\n"


def _read_sizes(text: str) -> tuple[int, int]:
    size, _, cohorts = text.partition("x")
    return int(size), int(cohorts or SIZES.get(int(size), 20))


def main() -> None:
    """Run the experiment and write its tables and picture."""
    parser = argparse.ArgumentParser(description="Distance to a known true risk.")
    parser.add_argument("--truths", nargs="+", default=list(TRUTHS), choices=list(TRUTHS))
    parser.add_argument(
        "--sizes", nargs="+", type=_read_sizes, default=list(SIZES.items()), metavar="N[xCOHORTS]"
    )
    parser.add_argument("--scale", action="store_true", help="blend probabilities too")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("experiments/output/known_truth"))
    asked = parser.parse_args()
    rows = run(
        asked.truths,
        dict(asked.sizes),
        seed=asked.seed,
        n_jobs=asked.jobs,
        scale=asked.scale,
        progress=True,
    )
    asked.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(asked.out / "cohorts.csv", index=False)
    text = describe_rows(rows)
    (asked.out / "known_truth.md").write_text(text, encoding="utf-8")
    methods = [name for name in (*PEERS, RMS) if name in set(rows["method"])]
    plot_errors(compute_summary(rows), methods).savefig(asked.out / "known_truth.png", dpi=150)
    print(text)


if __name__ == "__main__":
    main()
