"""How long one explained estimate takes, beside the shap package's explainers.

Run as ``python -m experiments.benchmarks.explanation [--repeats N]``. Models and patients are
drawn at random: 12 predictors (6 numbers, 6 flags), two horizons, 100 background rows; the trees
are 80 of 4 leaves for each outcome. Then the same with a panel of 20 assays, which are one group.
One thread; set OMP_NUM_THREADS=1 as the service does.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from experiments.truth.truths import TWELVE
from features.arrays import FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.preprocessing import make_basis
from features.dictionary.variable import Variable
from training.fitting.candidates import BoostedTrees
from training.fitting.gaps import N_BACKGROUND
from training.model.explanation import Explainer
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel
from training.panel.model import make_assay_variables

__all__ = ["compute_agreement", "compute_panel_times", "compute_times", "make_model"]


SEED = 0
N_TREES = 80
N_PAIRS = 10
N_PEER_REPEATS = 5
N_ASSAYS = 20
ASSAYS = make_assay_variables([f"hsa-miR-{i}-5p" for i in range(1, N_ASSAYS + 1)])


def make_patients(n: int, rng: np.random.Generator, *, n_assays: int = 0) -> FloatArray:
    """Return `n` rows of the predictors: whole numbers over their range, 5% missing.

    Assays come last, normal values with two decimals; none is missing.
    """

    def column(variable: Variable) -> FloatArray:
        if not variable.is_numeric:
            return (rng.random(n) < 0.4).astype(np.float64)
        low, high = variable.low or 0.0, variable.high or 0.0
        return np.round(rng.triangular(low, (low + high) / 3, high, n))

    X = np.column_stack([column(variable) for variable in CONTRACT.check_predictors(TWELVE)])
    X[rng.random(X.shape) < 0.05] = np.nan
    return np.column_stack([X, np.round(rng.normal(0.0, 1.5, (n, n_assays)), 2)])


def make_model(*, trees: bool, seed: int, n_assays: int = 0) -> ResponseModel:
    """Return a model with bent predictors, two horizons and, if asked for, trees and assays."""
    rng = np.random.default_rng(seed)
    assays = ASSAYS[:n_assays]
    variables = (*CONTRACT.check_predictors(TWELVE), *assays)
    X = make_patients(480, rng, n_assays=n_assays)

    def outcome() -> OutcomeModel:
        basis = make_basis(variables, knots=3).fit(X)
        Z = basis.expand(X)
        coef = np.asarray(rng.normal(0.0, 0.2, Z.shape[1]))
        text = ""
        if trees:
            y = (rng.random(len(Z)) < expit(Z @ coef + Z[:, 0] * Z[:, -1])).astype(np.float64)
            member = BoostedTrees(tried=(N_TREES,)).fit_path(Z, basis, y)[0]
            text = member.trees.model_to_string()
        steps = np.empty(0)
        return OutcomeModel(basis, 0.0, coef, text, N_TREES, 0.5 if trees else 0.0, steps, steps)

    def working() -> WorkingModel:
        basis = make_basis(variables).fit(X)
        return WorkingModel(basis, rng.normal(0.0, 0.2, (1000, 1 + len(basis.groups_))))

    return ResponseModel(
        horizons=("t1", "t2"),
        predictors=tuple(variable.name for variable in variables),
        variables=tuple(CONTRACT.with_variables(assays).to_list()),
        first=outcome(),
        kept=outcome(),
        working_first=working(),
        working_kept=working(),
        background=rng.permuted(X[:N_BACKGROUND], axis=0),
    )


def _make_peers(model: ResponseModel) -> dict[str, Callable[[FloatArray], Any]]:
    import shap

    masker = shap.maskers.Independent(model.background, max_samples=N_BACKGROUND)
    exact = shap.explainers.Exact(model.probability, masker)
    orders = shap.explainers.Permutation(model.probability, masker, seed=0)
    evaluations = N_PAIRS * (2 * len(TWELVE) + 1)
    return {
        "shap Exact": lambda x: exact(x[np.newaxis], silent=True),
        "shap Permutation": lambda x: orders(x[np.newaxis], max_evals=evaluations, silent=True),
    }


def compute_times(*, repeats: int) -> pd.DataFrame:
    """Return the median time of one patient, all tasks taking turns on the same patients.

    Returns
    -------
    DataFrame
        ``model`` (logistic, trees), ``task``, ``median_ms`` and ``ratio``: how many times as
        long as our explanation alone (below 1 is quicker).
    """
    rng = np.random.default_rng(SEED)
    rows = []
    for name in ("logistic", "trees"):
        model = make_model(trees=name == "trees", seed=SEED)
        explainer = Explainer(model, n_permutations=2 * N_PAIRS)

        def estimate(
            x: FloatArray, model: ResponseModel = model, explainer: Explainer = explainer
        ) -> None:
            model.probability(x[np.newaxis])
            model.interval(x[np.newaxis])
            explainer.explain(x)

        ours: dict[str, Callable[[FloatArray], Any]] = {
            "explanation": explainer.explain,
            "probability + interval + explanation": estimate,
        }
        peers = _make_peers(model)
        times: dict[str, list[float]] = {task: [] for task in (*ours, *peers)}
        for i, x in enumerate(make_patients(repeats + 1, rng)):
            tasks = {**ours, **peers} if i <= N_PEER_REPEATS else ours
            for task, run in tasks.items():
                start = perf_counter()
                run(x)
                times[task].append(1000.0 * (perf_counter() - start))
        # The first patient warms up: what is loaded or compiled once is not counted.
        medians = {task: float(np.median(taken[1:])) for task, taken in times.items()}
        rows += [(name, task, ms, ms / medians["explanation"]) for task, ms in medians.items()]
    return pd.DataFrame(rows, columns=["model", "task", "median_ms", "ratio"])


def compute_panel_times(*, repeats: int) -> pd.DataFrame:
    """Return the median time of explaining one patient with and without a panel of 20 assays.

    Returns
    -------
    DataFrame
        ``model`` (logistic, trees), ``assays``, ``median_ms``, ``error`` and ``member_error``:
        the stated Monte Carlo standard errors of the predictors and of the single assays, median
        over patients.
    """
    rows = []
    for name in ("logistic", "trees"):
        for n_assays in (0, 5, N_ASSAYS):
            model = make_model(trees=name == "trees", seed=SEED, n_assays=n_assays)
            group = range(len(TWELVE), len(TWELVE) + n_assays)
            explainer = Explainer(model, group=group, n_permutations=2 * N_PAIRS)
            patients = make_patients(repeats + 1, np.random.default_rng(SEED), n_assays=n_assays)
            times, found = [], []
            for x in patients:
                # Processor time: what else the machine does is not counted.
                start = process_time()
                found.append(explainer.explain(x))
                times.append(1000.0 * (process_time() - start))
            errors = [
                float(np.median([getattr(one, field).max() for one in found]))
                for field in ("error", "member_error")
            ]
            rows.append((name, n_assays, float(np.median(times[1:])), *errors))
    return pd.DataFrame(rows, columns=["model", "assays", "median_ms", "error", "member_error"])


def compute_agreement() -> pd.DataFrame:
    """Return the largest difference from shap's exact enumeration, in probability.

    Returns
    -------
    DataFrame
        ``model``, ``method``, ``largest_difference`` over patients, predictors and horizons, and
        ``largest_error``, the Monte Carlo standard error that was stated.
    """
    rng = np.random.default_rng(SEED)
    rows = []
    for name in ("logistic", "trees"):
        model = make_model(trees=name == "trees", seed=SEED)
        explainer = Explainer(model, n_permutations=2 * N_PAIRS)
        exact = _make_peers(model)["shap Exact"]
        patients = make_patients(5, rng)
        ours = [explainer.explain(x) for x in patients]
        off = [
            np.abs(found.contributions - exact(x).values[0].T).max()
            for found, x in zip(ours, patients, strict=True)
        ]
        error = max(found.error.max() for found in ours)
        rows.append((name, ours[0].method, float(max(off)), float(error)))
    return pd.DataFrame(rows, columns=["model", "method", "largest_difference", "largest_error"])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=50, help="patients timed (default 50)")
    arguments = parser.parse_args()
    times = compute_times(repeats=arguments.repeats)
    print(times.to_string(index=False, float_format="{:.2f}".format))
    print()
    panels = compute_panel_times(repeats=arguments.repeats)
    print(panels.to_string(index=False, float_format="{:.2g}".format))
    print()
    print(compute_agreement().to_string(index=False, float_format="{:.2g}".format))


if __name__ == "__main__":
    main()
