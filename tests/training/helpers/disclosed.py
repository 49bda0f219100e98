"""A centre of a network, drawn: two numbers, three flags, an agreed basis."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray
from features.dictionary.transformers import PredictorBasis
from training.network.disclosure.families import take_family
from training.network.disclosure.solving import SharedPoint

NAMES = ("nrs_t0", "disease_duration_years", "opioid", "antidepressant", "anti_epileptic")
STEPS = np.array([1.0, 0.01, np.nan, np.nan, np.nan])


def draw_rows(n: int, rng: np.random.Generator) -> FloatArray:
    """Return raw predictors (n, 5)."""
    pain = np.clip(np.round(rng.normal(7.5, 1.5, n)), 1, 10)
    years = np.round(np.clip(np.exp(rng.normal(1.0, 0.9, n)), 0.1, 25), 2)
    return np.column_stack([pain, years, rng.random((n, 3)) < 0.4])


def agree_basis(knots: int = 3) -> PredictorBasis:
    """Return a basis made of nobody's rows."""
    rows = draw_rows(4000, np.random.default_rng(99))
    basis = PredictorBasis(categories={2: 2, 3: 2, 4: 2}, log1p=[1], knots=knots).fit(rows)
    return basis.with_ends(
        np.array([0.0, 0.0, 0, 0, 0], dtype=float), np.array([10.0, 40.0, 1, 1, 1])
    )


def draw_centre(n: int, *, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return raw predictors (n, 5) and outcome (n,)."""
    rng = np.random.default_rng(seed)
    X = draw_rows(n, rng)
    margin = 0.4 - 0.3 * (X[:, 0] - 7.5) - 0.3 * X[:, 2]
    return X, (rng.random(n) < expit(margin)).astype(float)


def share_rounds(
    y: FloatArray, basis: PredictorBasis, family: str, *, curvature: int, seed: int
) -> list[SharedPoint]:
    """Return what five rounds share: curvature in the first three, places that come nearer."""
    rng = np.random.default_rng(seed)
    columns = take_family(family, basis.linear_)
    end = np.append(0.4, 0.3 * rng.standard_normal(int(columns.sum())))
    points = []
    for place, off in enumerate((0.5, 0.1, 0.01, 1e-4, 1e-6)):
        at = end + off * rng.standard_normal(len(end))
        told = curvature if place < 3 else None
        points.append(SharedPoint(y, at, columns, gradient=9, curvature=told))
    return points
