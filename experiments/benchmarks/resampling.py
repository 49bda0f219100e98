"""What Harrell's bootstrap costs, beside R's rms::validate on the same patients.

Run as ``python -m experiments.benchmarks.resampling [--resamples 1000] [--full]``. For 150 and
1000 patients with ten predictors it reruns plain logistic regression on bootstrap samples, as a
study with ``candidates = ["logistic"]`` and ``inner_repeats = 0`` does, and prints CPU seconds
and corrected values of both. ``--full`` times the default procedure too, 200 samples of 150
patients, against a plain scikit-learn loop over the same work.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from threadpoolctl import threadpool_limits

from experiments.benchmarks.training import make_data, predict_once_plainly
from experiments.truth.peers import explain_missing_rms
from features.dictionary.variable import Variable
from training.fitting.bootstrap import predict_from_bootstraps
from training.fitting.candidates import DEFAULT_CANDIDATES
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData, fit_response
from training.measures.optimism import compute_optimism

__all__ = ["PLAIN", "make_plain_data", "validate_by_bootstrap", "validate_with_rms"]


N_PREDICTORS = 10
PLAIN = Procedure(("logistic",), inner_repeats=0)
_SCRIPT = """
suppressMessages(library(rms))
args <- commandArgs(TRUE)
d <- read.csv(args[1]); set.seed(1)
fit <- lrm(y ~ ., data = d, x = TRUE, y = TRUE)
used <- system.time(v <- validate(fit, B = as.integer(args[2])))
found <- v[c("Dxy", "B", "Slope"), "index.corrected"]
write.csv(data.frame(cpu = used[1] + used[2], auc = (found[1] + 1) / 2, brier = found[2],
                     calibration_slope = found[3]), args[3], row.names = FALSE)
"""


def make_plain_data(n: int, *, seed: int) -> TrainingData:
    """Return `n` simulated patients with ten numeric predictors, two of which matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(5, 2, size=(n, N_PREDICTORS))
    y = (rng.random(n) < expit(0.5 * (X[:, 0] - 5) - 0.25 * (X[:, 1] - 5))).astype(np.float64)
    predictors = tuple(
        Variable(f"x{j}", f"predictor {j}", "number", known_at="baseline", roles=("predictor",))
        for j in range(N_PREDICTORS)
    )
    return TrainingData(
        X=X,
        predictors=predictors,
        horizons=("t1",),
        y={"t1": y},
        kept=np.full(n, np.nan),
        groups=np.arange(n),
    )


def validate_by_bootstrap(
    data: TrainingData, procedure: Procedure, *, n_resamples: int, seed: int = 1, n_jobs: int = 1
) -> pd.DataFrame:
    """Rerun a procedure on bootstrap samples; return `optimism.compute_optimism`."""
    fit = partial(fit_response, procedure=procedure)
    served = fit(data, rng=np.random.default_rng(seed)).probability(data.X)[:, 0]
    reruns = predict_from_bootstraps(
        data, fit, n_resamples=n_resamples, seed=seed, n_jobs=n_jobs, plain=procedure.is_plain
    )
    return compute_optimism(
        data.y["t1"],
        served,
        reruns.predictions[:, :, 0],
        reruns.counts,
        n_resamples=reruns.n_resamples,
    )


def validate_with_rms(data: TrainingData, *, n_resamples: int) -> dict[str, float]:
    """Return R's CPU seconds and corrected AUC, Brier score and slope."""
    with TemporaryDirectory() as folder:
        source, result = Path(folder, "data.csv"), Path(folder, "found.csv")
        table = pd.DataFrame(data.X, columns=[v.name for v in data.predictors])
        table.assign(y=data.y["t1"]).to_csv(source, index=False)
        script = Path(folder, "validate.R")
        script.write_text(_SCRIPT, encoding="utf-8")
        command = ["Rscript", str(script), str(source), str(n_resamples), str(result)]
        subprocess.run(command, check=True, capture_output=True)
        return {str(name): float(value) for name, value in pd.read_csv(result).iloc[0].items()}


def _compare(n: int, n_resamples: int) -> None:
    data = make_plain_data(n, seed=1)
    start = process_time()
    corrected = validate_by_bootstrap(data, PLAIN, n_resamples=n_resamples)["corrected"].to_dict()
    ours = process_time() - start
    print(f"{n} patients, {n_resamples} samples:")
    print(f"  ketresponse {ours:.2f} s CPU; {_show(corrected)}")
    missing = explain_missing_rms()
    if missing:
        print(f"  rms::validate not timed: {missing}")
        return
    theirs = validate_with_rms(data, n_resamples=n_resamples)
    print(f"  rms::validate {theirs['cpu']:.2f} s CPU; {_show(theirs)}")
    print(f"  ratio {theirs['cpu'] / ours:.1f}")


def _show(corrected: Mapping[Any, float]) -> str:
    return ", ".join(f"{m} {corrected[m]:.3f}" for m in ("auc", "brier", "calibration_slope"))


def _compare_full(n_resamples: int, n_plain: int) -> None:
    data, procedure = make_data(150, seed=1), Procedure(DEFAULT_CANDIDATES)
    start = perf_counter()
    validate_by_bootstrap(data, procedure, n_resamples=n_resamples, n_jobs=2)
    elapsed = perf_counter() - start
    start = process_time()
    validate_by_bootstrap(data, procedure, n_resamples=n_plain)
    ours = (process_time() - start) / (n_plain + 1)
    rng = np.random.default_rng(1)
    start = process_time()
    for _ in range(n_plain):
        sample = data.take(rng.integers(0, len(data), len(data)))
        predict_once_plainly(sample, data.X, procedure, seed=1)
    plain = (process_time() - start) / n_plain
    print(
        f"default procedure, {len(data)} patients, {n_resamples} samples, two processes: "
        f"{elapsed:.0f} s"
    )
    print(f"  {ours:.2f} s CPU a sample, scikit-learn loop {plain:.2f} s; ratio {plain / ours:.1f}")


def main() -> None:
    """Time both and print the ratios."""
    parser = argparse.ArgumentParser(description="Harrell's bootstrap beside rms::validate.")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--full", action="store_true", help="the default procedure too")
    parser.add_argument("--plain", type=int, default=3, help="samples of the scikit-learn loop")
    asked = parser.parse_args()
    with threadpool_limits(1):
        small = make_plain_data(100, seed=0)
        validate_by_bootstrap(small, PLAIN, n_resamples=5)  # loads the libraries
        for n in (150, 1000):
            _compare(n, asked.resamples)
    if asked.full:
        _compare_full(200, asked.plain)


if __name__ == "__main__":
    main()
