"""Centres of a network, drawn, with all that they share over the rounds.

Who is attacked in :mod:`experiments.truth.networks.attack`; and what the rank test of
:mod:`training.network.disclosure.solving` says of the same shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit

from features.arrays import BoolArray, FloatArray
from features.dictionary.transformers import PredictorBasis
from training.network.arithmetic.likelihood import find_penalised_mode
from training.network.disclosure.families import take_family
from training.network.disclosure.solving import SharedPoint, compute_point, compute_remaining
from training.network.home import LOSS_DECIMALS
from training.network.protocol.tables import Limits

__all__ = [
    "N_FLAGS",
    "TELLINGS",
    "AttackedCentre",
    "Telling",
    "draw_attacked",
    "find_least",
    "tabulate_least",
]

_STEPS_OF_ROUNDS = (0.2, 0.05, 1e-3, 1e-5, 1e-7)
_LOSSES = {2: np.array([0.3, 0.6, 0.85, 1.0]), 3: np.linspace(0.1, 1.0, 10)}
"""Of which multiples of a model made elsewhere a round tells the loss: penalties, then weights."""
_LIMITS = Limits()
N_FLAGS = 3
"""Of the predictors, the last ones."""


@dataclass(frozen=True)
class Telling:
    """How much a centre tells of each of its two outcomes; by default as a protocol does.

    Parameters
    ----------
    family : {"straight", "bends"}
        The columns.
    rounds : int
        The first is at the centre's own mode.
    gradient : tuple of int
        Decimals round by round; the last holds for all further ones.
    curvature : int
        Decimals of the curvature.
    curvature_rounds : int
        Rounds that tell one.
    losses : int
        Decimals of log-likelihoods and losses.
    """

    family: str = "straight"
    rounds: int = 6
    gradient: tuple[int, ...] = _LIMITS.gradient_decimals
    curvature: int = 1
    curvature_rounds: int = _LIMITS.curvature_rounds
    losses: int = LOSS_DECIMALS

    def stop_after(self, rounds: int) -> Telling:
        """Return the same with so many rounds."""
        return replace(self, rounds=rounds)

    def make_exact(self) -> Telling:
        """Return the same with nine decimals of everything, in every round."""
        return replace(self, gradient=(9,), curvature=9, curvature_rounds=self.rounds, losses=9)


TELLINGS = {"fine": Telling(), "coarse": Telling(curvature=0), "exact": Telling().make_exact()}
"""Curvature to one decimal, in whole numbers, and nine decimals of everything."""


@dataclass(frozen=True, eq=False)
class AttackedCentre:
    """A centre's patients, and all that it shares of them.

    Parameters
    ----------
    X : ndarray of shape (n, 5)
        Pain, duration (both continuous, or in steps), three flags.
    outcomes : ndarray of shape (n, 2)
        Response, 0 or 1; whether it was kept, NaN where there was none or it is unknown.
    basis : PredictorBasis
        The agreed one.
    points : list of SharedPoint
        Over all rounds.
    told : ndarray of shape (n_numbers,)
        Their numbers, as written.
    """

    X: FloatArray
    outcomes: FloatArray
    basis: PredictorBasis
    points: list[SharedPoint]
    told: FloatArray


def _draw_rows(n: int, rng: np.random.Generator) -> FloatArray:
    """Return rows with about the published margins (Mangnus 2021, doi:10.3390/jcm10010127)."""
    pain = np.clip(rng.normal(7.5, 1.4, n), 2, 10)
    years = np.clip(rng.lognormal(np.log(5), 0.843, n), 0.1, 60)
    return np.column_stack([pain, years, rng.random((n, N_FLAGS)) < 0.45])


def _agree_basis(knots: int) -> PredictorBasis:
    rows = _draw_rows(4000, np.random.default_rng(99))
    basis = PredictorBasis(categories={2: 2, 3: 2, 4: 2}, log1p=[1], knots=knots).fit(rows)
    return basis.with_ends(np.zeros(5), np.array([10.0, 60.0, 1.0, 1.0, 1.0]))


def draw_attacked(n: int, telling: Telling, *, steps: bool = False, seed: int) -> AttackedCentre:
    """Return a centre and what it shares over rounds that come to rest.

    Parameters
    ----------
    n : int
        Patients.
    telling : Telling
        How much is shared.
    steps : bool
        Whether pain is in whole points and duration in tenths of a year.
    seed : int
        Of everything.
    """
    rng = np.random.default_rng(seed)
    basis = _agree_basis(3)
    X = _draw_rows(n, rng)
    if steps:
        X[:, 0], X[:, 1] = np.round(X[:, 0]), np.maximum(np.round(X[:, 1], 1), 0.1)
    margin = 0.4 - 0.3 * (X[:, 0] - 7.5) - 0.4 * X[:, 2]
    response = (rng.random(n) < expit(margin)).astype(np.float64)
    kept = (rng.random(n) < expit(0.8 + margin / 2)).astype(np.float64)
    kept[(response == 0) | (rng.random(n) < 0.05)] = np.nan
    Z = basis.expand(X)
    points = [
        point
        for y in (response, kept)
        for point in _tell_outcome(Z, y, take_family(telling.family, basis.linear_), telling, rng)
    ]
    told = np.concatenate([_write(compute_point(Z, point), point) for point in points])
    return AttackedCentre(X, np.column_stack([response, kept]), basis, points, told)


def _tell_outcome(
    Z: FloatArray, y: FloatArray, columns: BoolArray, telling: Telling, rng: np.random.Generator
) -> Iterator[SharedPoint]:
    """Yield the points of one outcome: at the own mode, then ever nearer to where all agree."""
    known, size = ~np.isnan(y), 1 + int(columns.sum())
    mode = find_penalised_mode(
        Z[np.ix_(known, columns)], y[known], np.append(0.01, np.ones(size - 1))
    )
    at, end = mode.round(telling.gradient[0]), mode + 0.3 * rng.standard_normal(size)
    elsewhere = end + 0.2 * rng.standard_normal(size)
    for place in range(telling.rounds):
        yield SharedPoint(
            y,
            at,
            columns,
            gradient=telling.gradient[min(place, len(telling.gradient) - 1)],
            curvature=telling.curvature if place < telling.curvature_rounds else None,
            value=telling.losses,
        )
        for multiple in _LOSSES.get(place + 1, ()):
            other = np.append(elsewhere[0], multiple * elsewhere[1:])
            yield SharedPoint(y, other, columns, value=telling.losses)
        at = end + _STEPS_OF_ROUNDS[min(place, 4)] * rng.standard_normal(size)


def _write(numbers: FloatArray, point: SharedPoint) -> FloatArray:
    """Return numbers rounded to their decimals."""
    decimals = np.round(-np.log10(point.errors * np.sqrt(12))).astype(int)
    return np.array([round(float(x), int(d)) for x, d in zip(numbers, decimals, strict=True)])


def find_least(centre: AttackedCentre) -> float:
    """Return the smallest uncertainty, over patients, of their most open number, in spreads."""
    left = compute_remaining(centre.X, centre.basis, centre.points)[:, :-N_FLAGS]
    return float(np.nanmin(np.nanmax(left, axis=1)))


def tabulate_least(sizes: Sequence[int], *, centres: int) -> pd.DataFrame:
    """Return what the rank test leaves after each round, one row per setting.

    Parameters
    ----------
    sizes : sequence of int
        Patients of a centre.
    centres : int
        Drawn per setting; the table has means.

    Returns
    -------
    DataFrame
        `n`, `family`, `told` (of :data:`TELLINGS`), and the columns 1 to 6: rounds.
    """
    rows = []
    for n in sizes:
        for family in ("straight", "bends"):
            for told, telling in TELLINGS.items():
                row: dict[str, object] = {"n": n, "family": family, "told": told}
                for rounds in range(1, 7):
                    asked = replace(telling, family=family, rounds=rounds)
                    least = [
                        find_least(draw_attacked(n, asked, seed=seed)) for seed in range(centres)
                    ]
                    row[str(rounds)] = round(float(np.mean(least)), 3)
                rows.append(row)
    return pd.DataFrame(rows)
