"""How often a panel's signal is found where it is known, and what finding it is worth.

Run as ``python -m experiments.truth.panel_planted [--cohorts 20] [--n 60] [--assays 100 700]``. In
each world some assays go with the response beside two clinical predictors, or none does. Printed
per world: how often the whole procedure finds something, whether the planted assays are in the
sub-model, and how far the served risks of new patients are from the true ones with the panel and
without.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from threadpoolctl import threadpool_limits

from experiments.truth.panel_null import CLINICAL, PANEL, judge_panel
from features.arrays import FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.schema import Dictionary
from training.fitting.freezing import make_response_model
from training.fitting.response import TrainingData, fit_response
from training.panel.data import PanelData
from training.panel.freeze import freeze_panel

__all__ = ["WORLDS", "find_in_world", "simulate_world"]


_NEW = 400
_PREDICTORS = ("nrs_t0", "hads_depression", "hads_anxiety", "tsk")
_CENTER, _SD = np.array([7.0, 8.0, 8.0, 40.0]), np.array([1.3, 3.0, 3.0, 6.0])
_EFFECTS = np.array([0.8, 0.4, 0.0, 0.0])
_LEVEL, _CEILING = 26.0, 40.0


@dataclass(frozen=True)
class World:
    """Which assays go with the response.

    Parameters
    ----------
    planted : int
        The first so many assays do.
    effect : callable
        Standardised assays (n, n_assays) and common factors (n, 5) to what is added to the
        log-odds (n,).
    correlation : float
        Between the first two assays; 0 where they are like the others.
    """

    planted: int
    effect: Callable[[FloatArray, FloatArray], FloatArray]
    correlation: float = 0.0


def _difference(S: FloatArray, _: FloatArray) -> FloatArray:
    between = S[:, 0] - S[:, 1]
    return np.asarray(2.0 * between / between.std())


_SIGNS = np.where(np.arange(8) % 2, -1.0, 1.0)

WORLDS: dict[str, World] = {
    "noise": World(0, lambda S, F: np.zeros(len(S))),
    "one assay": World(1, lambda S, F: 1.5 * S[:, 0]),
    "two assays": World(2, lambda S, F: 1.1 * (S[:, 0] - S[:, 1])),
    "two that go together": World(2, lambda S, F: 0.9 * (S[:, 0] + S[:, 1]), 0.7),
    "the difference of two": World(2, _difference, 0.8),
    "eight assays": World(8, lambda S, F: 0.7 * S[:, :8] @ _SIGNS),
    "a factor of all": World(0, lambda S, F: 1.5 * F[:, 0]),
}
"""By name. Effects are log-odds per standard deviation."""


def simulate_world(
    world: World, n: int, n_assays: int, *, seed: int
) -> tuple[PanelData, FloatArray]:
    """Return patients with panels, horizon T1, and their true risks (n,)."""
    rng = np.random.default_rng((seed, n_assays))
    X, factors = rng.normal(size=(n, len(_EFFECTS))), rng.normal(size=(n, 5))
    loading, own = rng.normal(0.0, 0.4, (5, n_assays)), rng.normal(size=(n, n_assays))
    if world.correlation:
        loading[:, :2] = 0.0
    panel = factors @ loading + 0.8 * own
    if world.correlation:
        shared = np.sqrt(world.correlation) * rng.normal(size=(n, 1))
        panel[:, :2] = shared + np.sqrt(1 - world.correlation) * own[:, :2]
    added = world.effect((panel - panel.mean(axis=0)) / panel.std(axis=0), factors)
    risk = expit(0.2 + X @ _EFFECTS + added)
    y = (rng.random(n) < risk).astype(float)
    clinical = TrainingData(
        X=_CENTER + _SD * X,
        predictors=tuple(CONTRACT[name] for name in _PREDICTORS),
        horizons=("t1",),
        y={"t1": y},
        kept=np.full(n, np.nan),
        groups=np.arange(n),
    )
    data = PanelData(
        clinical=clinical,
        rows=np.minimum(_LEVEL + panel + rng.normal(size=(n, 1)), _CEILING),
        has=np.ones(n, dtype=bool),
        assays=tuple(f"assay-{j}" for j in range(n_assays)),
        plates=(),
        ceiling=_CEILING,
        counts={"panels": n, "without_course": 0, "unknown_timing": 0},
    )
    return data, risk


def find_in_world(
    world: World, n: int, n_assays: int, *, n_repeats: int = 2, seed: int
) -> dict[str, float | str]:
    """Return what the whole procedure makes of one cohort.

    Returns
    -------
    dict
        `found`, as the report says it; `p_value` of the global test; `planted` assays in the
        sub-model, of `selected`; `rmse_clinical` and `rmse`, root mean square distance of new
        patients' served risks from the true ones, without and with the panel; `cover` and
        `cover_clinical`, shares of 95% intervals that hold the true risk, where there is a
        sub-model; `seconds` of CPU for the panel's evaluation.
    """
    data, risk = simulate_world(world, n + _NEW, n_assays, seed=seed)
    train, new = data.take(np.arange(n)), np.arange(n, n + _NEW)
    rng = np.random.default_rng((seed, 0))
    with threadpool_limits(1):
        fitted = fit_response(train.clinical, CLINICAL, rng=rng)
        started = time.process_time()
        found = judge_panel(train, fitted, n_repeats=n_repeats, seed=seed)
        seconds = time.process_time() - started
        dictionary = Dictionary(train.clinical.predictors)
        clinical = make_response_model(train.clinical, fitted, dictionary, only_rate=False, rng=rng)
        model = None
        if found.fitted is not None and found.keeps_model:
            model = freeze_panel(train, clinical, found.fitted, PANEL, rng=rng)
    X, truth = data.clinical.X[new], risk[new]
    before = clinical.probability(X)[:, 0]
    told: dict[str, float | str] = {
        "found": found.found,
        "p_value": np.nan if found.fitted is None else found.fitted.first.p_value,
        "planted": 0.0,
        "selected": 0.0,
        "rmse_clinical": float(np.sqrt(np.mean((before - truth) ** 2))),
        "seconds": seconds,
    }
    told["rmse"] = told["rmse_clinical"]
    if model is None or found.fitted is None:
        return told
    encoded = model.encode(X, data.rows[new])
    after, limits = model.response.probability(encoded)[:, 0], model.response.interval(encoded)
    own = found.fitted.normaliser.kept_[found.fitted.selected]
    inside = (limits[:, 0, 0] <= truth) & (truth <= limits[:, 0, 1])
    return told | {
        "planted": float((own < world.planted).sum()),
        "selected": float(len(own)),
        "rmse": float(np.sqrt(np.mean((after - truth) ** 2))),
        "cover": float(inside.mean()),
        "width": float((limits[:, 0, 1] - limits[:, 0, 0]).mean()),
    }


def main() -> None:
    """Print one line for each world and size of panel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=20)
    parser.add_argument("--n", type=int, default=60, help="patients")
    parser.add_argument("--assays", type=int, nargs="+", default=[100, 700])
    parser.add_argument("--repeats", type=int, default=2, help="of the five folds")
    parser.add_argument("--worlds", nargs="+", default=list(WORLDS), choices=list(WORLDS))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for name in asked.worlds:
        for n_assays in asked.assays:
            table = pd.DataFrame(
                [
                    find_in_world(
                        WORLDS[name], asked.n, n_assays, n_repeats=asked.repeats, seed=seed
                    )
                    for seed in range(1000 * asked.seed, 1000 * asked.seed + asked.cohorts)
                ]
            )
            shares = table["found"].value_counts(normalize=True).round(2).to_dict()
            means = table.drop(columns="found").mean().round(3).to_dict()
            print(name, n_assays, shares, means, flush=True)


if __name__ == "__main__":
    main()
