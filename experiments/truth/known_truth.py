"""How near the predicted risks come to the true ones, where the truth is known.

Run as ``python -m experiments.truth.known_truth``: simulates cohorts under several truths
(`experiments.truth.worlds`), fits the default procedure, each candidate alone and the peers to the
same cohorts, and judges all of them in the same new patients. The peers that are not there (R's
rms, the dependency group "peers") are named and left out. Writes `cohorts.csv` (one row for
each cohort and method), `known_truth.md` (the tables) and `known_truth.png` to the output folder.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import delayed
from threadpoolctl import threadpool_limits

from experiments.truth.blend_scale import predict_on_probability_scale
from experiments.truth.coverage import compute_coverage, compute_rarity
from experiments.truth.drawn import PREFIX, draw_truth
from experiments.truth.engine import add_engine_options, open_asked_engine
from experiments.truth.peers import (
    BART,
    EBM,
    PEERS,
    RMS,
    Predicted,
    Task,
    explain_missing_peers,
    explain_missing_rms,
    list_peers,
    predict_rms,
)
from experiments.truth.truth_tables import (
    BLEND,
    DEFAULT,
    average_over_truths,
    compare_coverage,
    compare_with_before,
    compare_with_best,
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
from training.fitting.candidates import BLENDED, DEFAULT_CANDIDATES
from training.fitting.freezing import make_response_model
from training.fitting.jobs import run_tasks
from training.fitting.procedure import Procedure
from training.fitting.response import FittedResponse, TrainingData, fit_response
from training.measures.metrics import compute_metric_rows

__all__ = ["compute_interval", "describe_rows", "run", "run_cohort", "score"]


SCALE = "blend on the probability scale"
SIZES = {48: 40, 120: 30, 480: 20, 2000: 6}
"""Cohorts simulated for each truth, by the number of patients."""
SLOW_IN = 5
"""BART and EBM, which take ten times as long as all others, are fitted to one cohort in so many."""
N_NEW = 1000
_NOTHING: dict[str, tuple[str, ...]] = {"prevalence": ("prevalence",)}


def score(
    risk: FloatArray,
    predicted: FloatArray,
    interval: FloatArray | None = None,
    *,
    rarity: FloatArray | None = None,
) -> dict[str, float]:
    """Judge predicted risks against the true ones.

    Parameters
    ----------
    risk, predicted : ndarray of shape (n_new,)
        True and predicted risk of new patients.
    interval : ndarray of shape (n_new, 2) or None
        Each patient's interval.
    rarity : ndarray of shape (n_new,) or None
        How far each patient is from the cohort's centre.

    Returns
    -------
    dict
        `rmse`: root mean squared error against the true risk; 0.10 means that a typical
        patient's risk is 10 percentage points off. `auc` and `slope` (calibration slope; 1 is
        right, below 1 too extreme; NaN when everyone gets one risk): what they would be with
        very many patients, each counted as a responder with the weight of his true risk and as
        a nonresponder with the rest. With an interval what
        :func:`experiments.truth.coverage.compute_coverage` gives.
    """
    y = np.repeat([1.0, 0.0], len(risk))
    weights = np.concatenate([risk, 1 - risk])
    metrics = compute_metric_rows(y, np.tile(predicted, 2), weights[np.newaxis])
    found = {
        "rmse": float(np.sqrt(np.mean((predicted - risk) ** 2))),
        "auc": float(metrics["auc"][0]),
        "slope": float(metrics["calibration_slope"][0]),
    }
    return found if interval is None else found | compute_coverage(risk, interval, rarity)


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
    truth: Truth, n: int, cohort: int, *, seed: int, slow: bool = True, alternatives: bool = False
) -> list[dict[str, object]]:
    """Fit everything but R's model, and if `slow` BART and EBM, to one cohort and judge it.

    Returns
    -------
    list of dict
        `truth`, `n`, `cohort`, `method` and what :func:`score` gives.
    """
    simulated = simulate_truth(
        truth, n, n_new=N_NEW, rng=np.random.default_rng((seed, 0, n, cohort))
    )
    data = simulated.data
    task = make_task(simulated)
    rarity = compute_rarity(task[0], task[2])
    rows: list[dict[str, object]] = []

    def add(method: str, found: Predicted) -> None:
        rows.append(
            {"truth": truth.name, "n": n, "cohort": cohort, "method": method}
            | score(simulated.risk, found.risks, found.interval, rarity=rarity)
        )

    with threadpool_limits(1):
        methods: dict[str, tuple[str, ...]] = {DEFAULT: DEFAULT_CANDIDATES, BLEND: BLENDED}
        methods |= {name: (name,) for name in BLENDED} if alternatives else _NOTHING
        for name, candidates in methods.items():
            rng = np.random.default_rng((seed, 1, n, cohort))
            fitted = fit_response(data, Procedure(candidates), rng=rng)
            risks = fitted.probability(simulated.X)[:, -1]
            interval = None
            if name in (DEFAULT, BLEND):
                interval = compute_interval(data, fitted, simulated.X, rng=rng)
            add(name, Predicted(risks, interval))
        for name, predict in (list_peers() if slow else PEERS).items():
            add(name, predict(*task))
        if alternatives:
            rng = np.random.default_rng((seed, 1, n, cohort))
            procedure = Procedure(BLENDED)
            risks = predict_on_probability_scale(data, procedure, simulated.X, rng=rng)
            add(SCALE, Predicted(risks))
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


def _find_truth(name: str) -> Truth:
    drawn = name.removeprefix(PREFIX)
    return TRUTHS[name] if drawn == name else draw_truth(int(drawn))


class _Piece(NamedTuple):
    """What one process does at a time: one cohort of a cell, or R's model in all of them."""

    truth: str
    n: int
    cohorts: int
    cohort: int | None

    @property
    def is_slow(self) -> bool:
        return self.cohort is None or self.cohort * SLOW_IN < self.cohorts


def _run_piece(piece: _Piece, seed: int, alternatives: bool) -> list[dict[str, object]]:
    truth, n = _find_truth(piece.truth), piece.n
    if piece.cohort is None:
        return run_rms(truth, n, piece.cohorts, seed=seed)
    return run_cohort(
        truth, n, piece.cohort, seed=seed, slow=piece.is_slow, alternatives=alternatives
    )


def run(
    truths: Sequence[str],
    sizes: dict[int, int],
    *,
    seed: int = 1,
    n_jobs: int = 1,
    alternatives: bool = False,
    progress: bool = False,
) -> pd.DataFrame:
    """Simulate, fit and judge.

    Parameters
    ----------
    truths : sequence of str
        Names in :data:`experiments.truth.worlds.TRUTHS`, or those of drawn worlds.
    sizes : dict of int to int
        Patients in a cohort to number of cohorts.
    seed : int
        The result depends on nothing else, the number of jobs included.
    n_jobs : int
        Processes. All cohorts of all truths and sizes are spread over them, the slow ones first, so
        that none is left alone with one at the end.
    alternatives : bool
        Whether each candidate of the blend is also fitted alone, and the blend also made on the
        probability scale.
    progress : bool
        Whether to say on the terminal what is done.

    Returns
    -------
    DataFrame
        One row for each truth, size, cohort and method; columns as in :func:`score`.
    """
    cells = [(truth, n, cohorts) for n, cohorts in sizes.items() for truth in truths]
    ours = [_Piece(*cell, cohort) for cell in cells for cohort in range(cell[2])]
    theirs = [] if explain_missing_rms() else [_Piece(*cell, None) for cell in cells]
    pieces = sorted([*theirs, *ours], key=lambda piece: (not piece.is_slow, -piece.n))
    left = Counter((piece.truth, piece.n) for piece in pieces)
    found: dict[_Piece, list[dict[str, object]]] = {}
    tasks = (delayed(_run_piece)(piece, seed, alternatives) for piece in pieces)
    for piece, rows in zip(pieces, run_tasks(tasks, n_jobs, lambda: None), strict=True):
        found[piece] = rows
        left[piece.truth, piece.n] -= 1
        if progress and not left[piece.truth, piece.n]:
            print(f"{piece.truth}, {piece.n} patients: done", flush=True)
    return pd.DataFrame([row for piece in [*ours, *theirs] for row in found[piece]])


def describe_rows(rows: pd.DataFrame, before: pd.DataFrame | None = None) -> str:
    """Return the tables of :func:`run` in Markdown, and those of changes since an earlier run."""
    summary = compute_summary(rows)
    peers = [name for name in (*PEERS, RMS, BART, EBM) if name in set(rows["method"])]
    others = [*({BLEND} & set(rows["method"])), *peers, *({SCALE} & set(rows["method"]))]
    served = summary.xs(DEFAULT, level="method").reset_index()
    served.loc[[_find_truth(name).is_noise for name in served["truth"]], ["skill", "slope"]] = (
        np.nan
    )
    served["for_choosing"] = [_find_truth(name).for_choosing for name in served["truth"]]
    quality = ["truth", "for_choosing", "n", "cohorts", "rmse", "rmse_se", "skill", "auc", "slope"]
    limits = compare_with_limits(summary).reset_index()
    best = compare_with_best(rows, peers)
    held = f"{best['within'].sum()} of {len(best)} within the limit"
    coverage = compare_coverage(summary)
    coverage.insert(2, "contained", [_find_truth(name).contained for name in coverage["truth"]])
    parts = [
        ("The default procedure", served[quality]),
        ("Against prevalence and the best of our other ways", limits),
        (f"Against the best of prevalence and peers: {held}", best),
        ("Against the peers", compare_with_peers(rows, others)),
        ("The patient's 95% interval, by tenth of the true risk and among the rarest", coverage),
    ]
    if before is not None:
        changes = compare_with_before(rows, before)
        held = f"{changes['within'].sum()} of {len(changes)} within the limit"
        parts.append(("Since the earlier run, on average", average_over_truths(changes)))
        parts.append((f"Since the earlier run: {held}", changes))
    text = [f"## {title}\n\n{format_table(table)}" for title, table in parts]
    return "\n\n".join([*_name_missing(peers), *text]) + "\n"


def _name_missing(present: Sequence[str] = ()) -> list[str]:
    """Return a line that says which peers are left out, and why; none where all are there."""
    missing = explain_missing_peers().items()
    reasons = [f"{name} ({reason})" for name, reason in missing if name not in present]
    return [f"Left out: {'; '.join(reasons)}."] if reasons else []


def _read_number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {text}")
    return int(text)


def _read_sizes(text: str) -> tuple[int, int]:
    size, _, cohorts = text.partition("x")
    return int(size), int(cohorts or SIZES.get(int(size), 20))


def main() -> None:
    """Run the experiment and write its tables and picture."""
    parser = argparse.ArgumentParser(description="Distance to a known true risk.")
    parser.add_argument("--truths", nargs="+", default=list(TRUTHS), choices=list(TRUTHS))
    parser.add_argument("--drawn", type=_read_number, metavar="N", help="N worlds drawn at random")
    parser.add_argument(
        "--sizes", nargs="+", type=_read_sizes, default=list(SIZES.items()), metavar="N[xCOHORTS]"
    )
    parser.add_argument(
        "--alternatives", action="store_true", help="also each candidate alone, and other blends"
    )
    add_engine_options(parser)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("experiments/output/known_truth"))
    parser.add_argument("--before", type=Path, help="cohorts.csv of an earlier run, same seed")
    asked = parser.parse_args()
    before = None if asked.before is None else pd.read_csv(asked.before)
    print(*_name_missing(), flush=True)
    with open_asked_engine(asked, os.environ) as n_jobs:
        rows = run(
            asked.truths if asked.drawn is None else [f"{PREFIX}{i}" for i in range(asked.drawn)],
            dict(asked.sizes),
            seed=asked.seed,
            n_jobs=n_jobs,
            alternatives=asked.alternatives,
            progress=True,
        )
    asked.out.mkdir(parents=True, exist_ok=True)
    rows.to_csv(asked.out / "cohorts.csv", index=False)
    text = describe_rows(rows, before)
    (asked.out / "known_truth.md").write_text(text, encoding="utf-8")
    methods = [name for name in (*PEERS, RMS, BART, EBM) if name in set(rows["method"])]
    plot_errors(compute_summary(rows), methods).savefig(asked.out / "known_truth.png", dpi=150)
    print(text)


if __name__ == "__main__":
    main()
