"""What is put in the place of a non-detect, held against a truth that is known.

Panels are simulated without a limit; then everything above 35 cycles is hidden, and, in the
second world, part of what lies just below it as well. Three ways of filling the gaps are compared:
40 cycles, the ceiling itself, and the expectation of a censored normal value. What counts is how
far the mean of an assay, its spread and a difference between two groups of patients move from
what the hidden values would have given. Run with ``python -m experiments.truth.panel_nondetects``.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from scipy.special import expit

from features.arrays import BoolArray, FloatArray, IntArray
from features.panel.normaliser import PanelNormaliser

__all__ = ["compute_filling_errors"]


LIMIT = 35.0
_REFERENCES = (0, 1, 2, 3, 4)
_WAYS = ("40", "ceiling", "censored")


def simulate_cycles(
    n: int, n_assays: int, *, soft: bool, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return Ct values as they are, as they are seen (35 for a non-detect), and the group.

    Parameters
    ----------
    n, n_assays : int
        Patients, half of them in each group, and assays beside 5 references. Levels lie between
        30 and 37 cycles, SDs between 0.7 and 1.8; samples differ by an SD of 1 in input; every
        assay differs between the groups, by 1 cycle up or down.
    soft : bool
        Whether detection fails already below the ceiling: half of the time at 34.5 cycles.
    rng : numpy.random.Generator
        Source of randomness.
    """
    group = np.arange(n) % 2 == 1
    level = np.concatenate([rng.uniform(20, 25, 5), rng.uniform(30, 37, n_assays)])
    sd = np.concatenate([np.full(5, 0.3), rng.uniform(0.7, 1.8, n_assays)])
    effect = np.concatenate([np.zeros(5), rng.choice([-1.0, 1.0], n_assays)])
    truth = (
        level
        + rng.normal(0, 1, n)[:, None]
        + np.outer(group - 0.5, effect)
        + sd * rng.normal(size=(n, len(level)))
    )
    seen = truth < LIMIT
    if soft:
        seen &= rng.random(truth.shape) > expit((truth - 34.5) / 0.3)
    return truth, np.where(seen, truth, LIMIT), group


def _normalise(ct: FloatArray, way: str) -> tuple[FloatArray, IntArray]:
    filled = np.where(ct >= LIMIT, 40.0, ct) if way == "40" else ct
    model = PanelNormaliser(
        ceiling=LIMIT if way == "censored" else None, reference=_REFERENCES, min_detected=0.0
    ).fit(filled)
    return model.transform(filled), model.kept_


def compute_filling_errors(
    *, n: int, n_assays: int, n_simulations: int, soft: bool, seed: int
) -> pd.DataFrame:
    """Compare the ways of filling on assays that are detected in 25% to 90% of patients.

    Returns
    -------
    DataFrame
        Indexed by way. `mean_bias`: of an assay's mean ΔCt, in cycles. `sd_ratio`: its SD over
        the true one. `difference_bias`: of the difference between groups, in cycles, negative
        where it is drawn towards zero. `difference_error`: root mean square error of that
        difference. `value_error`: that of the filled values themselves.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n_simulations):
        truth, ct, group = simulate_cycles(n, n_assays, soft=soft, rng=rng)
        detected = (ct < LIMIT).mean(axis=0)
        true = truth - truth[:, _REFERENCES].mean(axis=1, keepdims=True)
        for way in _WAYS:
            z, kept = _normalise(ct, way)
            used = (detected[kept] >= 0.25) & (detected[kept] <= 0.9)
            z, t, hidden = z[:, used], true[:, kept[used]], ct[:, kept[used]] >= LIMIT
            true_gap = t[group].mean(axis=0) - t[~group].mean(axis=0)
            moved = z[group].mean(axis=0) - z[~group].mean(axis=0) - true_gap
            rows.append(
                {
                    "way": way,
                    "mean_bias": np.mean(z.mean(axis=0) - t.mean(axis=0)),
                    "sd_ratio": np.mean(z.std(axis=0) / t.std(axis=0)),
                    "difference_bias": np.mean(moved * np.sign(true_gap)),
                    "difference_error": np.mean(moved**2),
                    "value_error": np.mean((z - t)[hidden] ** 2),
                }
            )
    table = pd.DataFrame(rows).groupby("way", sort=False).mean()
    errors = ["difference_error", "value_error"]
    table[errors] = np.sqrt(table[errors])
    return table


def main() -> None:
    """Print both worlds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=48, help="patients")
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for soft in (False, True):
        table = compute_filling_errors(
            n=arguments.n,
            n_assays=100,
            n_simulations=arguments.simulations,
            soft=soft,
            seed=arguments.seed,
        )
        print("detection fails gradually" if soft else "everything below 35 cycles is detected")
        print(table.round(3).to_string(), end="\n\n")


if __name__ == "__main__":
    main()
