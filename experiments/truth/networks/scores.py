"""An attacker of a network's shares who knows that pain is told in whole points.

He begins as the one of :mod:`experiments.truth.networks.attack`. Then he takes the scores that are
told most exactly as the nearest whole point, solves for all other numbers again, and goes on until
every score is a whole point.

`python -m experiments.truth.networks.scores` prints the table of docs/network_disclosure.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from experiments.truth.networks.attack import TOLERANCES, Guess
from experiments.truth.networks.shares import TELLINGS, AttackedCentre, draw_attacked, find_least
from features.arrays import BoolArray, FloatArray, IntArray
from training.network.disclosure.solving import find_unknowns

__all__ = ["attack_scores", "tabulate_scores"]

_PAIN = 0
_AT_ONCE = 8
"""Of the scores that are left, the share that is rounded before all is solved again."""
_AGAIN = (3e-3, 3e-4, 0.0)


@dataclass(frozen=True)
class ScoresFound:
    """Shares of the pain scores that an attacker has exactly right.

    Parameters
    ----------
    solved : float
        Of numbers taken as continuous, rounded at the end.
    rounded : float
        Of scores rounded one after another.
    guessed : float
        Of scores drawn from mean and spread.
    """

    solved: float
    rounded: float
    guessed: float


def attack_scores(centre: AttackedCentre, *, starts: int, seed: int) -> ScoresFound:
    """Try to work out all pain scores.

    Parameters
    ----------
    centre : AttackedCentre
        Drawn with pain in whole points.
    starts : int
        Searches; the one that explains best is gone on with.
    seed : int
        Of the starts.
    """
    rng = np.random.default_rng(seed)
    guess = Guess(centre, find_unknowns(centre.X, centre.basis))
    scores = np.flatnonzero(guess.unknowns.predictors == _PAIN)
    size = len(guess.truth)
    found = [guess.solve(rng.standard_normal(size), TOLERANCES) for _ in range(starts)]
    u, _ = min(found, key=lambda pair: pair[1])
    return ScoresFound(
        solved=_share_right(guess, u, scores),
        rounded=_share_right(guess, _round_one_by_one(guess, u, scores), scores),
        guessed=float(
            np.mean([_share_right(guess, rng.standard_normal(size), scores) for _ in range(20)])
        ),
    )


def _share_right(guess: Guess, u: FloatArray, scores: IntArray) -> float:
    away = guess.match(u)[scores] * guess.unknowns.spreads[scores]
    return float(np.mean(np.abs(away) < 0.5))


def _round_one_by_one(guess: Guess, u: FloatArray, scores: IntArray) -> FloatArray:
    """Return the numbers once every score is a whole point, the surest first."""
    u, free, left = u.copy(), np.ones(len(u), dtype=bool), scores
    while len(left):
        order = np.argsort(_measure_doubt(guess, u, free)[left])
        taken = left[order[: max(1, len(left) // _AT_ONCE)]]
        point = np.round(guess.mean[taken] + u[taken] * guess.unknowns.spreads[taken])
        u[taken] = (point - guess.mean[taken]) / guess.unknowns.spreads[taken]
        free[taken] = False
        left = np.setdiff1d(left, taken)
        u = _solve_free(guess, u, free)
    return u


def _measure_doubt(guess: Guess, u: FloatArray, free: BoolArray) -> FloatArray:
    """Return the uncertainty (n_unknowns,) of each free number, in its own unit."""
    _, size, axes = np.linalg.svd(guess.slope(u, 0.0)[:, free], full_matrices=False)
    doubt = np.zeros(len(u))
    doubt[free] = np.sqrt(((axes.T / size) ** 2).sum(axis=1))
    return doubt * guess.unknowns.spreads


def _solve_free(guess: Guess, u: FloatArray, free: BoolArray) -> FloatArray:
    def fill(values: FloatArray) -> FloatArray:
        filled = u.copy()
        filled[free] = values
        return filled

    values = u[free]
    for tolerance in _AGAIN if len(values) else ():
        values = least_squares(
            lambda v, t: guess.misfit(fill(v), t),
            values,
            jac=lambda v, t: guess.slope(fill(v), t)[:, free],
            method="lm",
            args=(tolerance,),
            max_nfev=20,
        ).x
    return fill(values)


def tabulate_scores(
    sizes: Sequence[int], *, rounds: int, starts: int, centres: int
) -> pd.DataFrame:
    """Return what the attacker found in straight columns, one row per centre.

    Parameters
    ----------
    sizes : sequence of int
        Patients of a centre.
    rounds : int
        How many were told.
    starts : int
        Searches per centre.
    centres : int
        Drawn per setting.

    Returns
    -------
    DataFrame
        `n`, `told` ("fine" or "coarse"), `least` of the rank test, `solved`, `rounded`, `guessed`.
    """
    rows = []
    for n in sizes:
        for told in ("fine", "coarse"):
            for seed in range(centres):
                telling = TELLINGS[told].stop_after(rounds)
                centre = draw_attacked(n, telling, steps=True, seed=seed)
                found = attack_scores(centre, starts=starts, seed=seed)
                rows.append({"n": n, "told": told, "least": find_least(centre)} | vars(found))
    return pd.DataFrame(rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--centres", type=int, default=4)
    asked = parser.parse_args()
    table = tabulate_scores((30, 45), rounds=3, starts=3, centres=asked.centres)
    print(table.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
