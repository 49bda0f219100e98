"""An attack on what a centre shares with a network, to see whether patients can be worked out.

The attacker has every file of all rounds and knows, beside them, each patient's flags and outcome,
which numbers are missing or clipped, and mean and spread of each number. He looks for numbers that
give all shared sums, by nonlinear least squares from many starts, first with wide tolerances that
are then narrowed. What he finds is held against guessing from mean and spread alone. Patients with
the same flags and outcome cannot be told apart: each group is matched as favourably as can be.

A second attacker knows all other patients whole and solves for the last one.

`python -m experiments.truth.networks.attack` prints the tables of docs/network_disclosure.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import least_squares, linear_sum_assignment

from experiments.truth.networks.shares import (
    N_FLAGS,
    TELLINGS,
    AttackedCentre,
    Telling,
    draw_attacked,
    find_least,
    tabulate_least,
)
from features.arrays import FloatArray
from training.network.disclosure.noise import add_noise, plan_noise
from training.network.disclosure.solving import (
    Unknowns,
    compute_point,
    differentiate_point,
    find_unknowns,
)

__all__ = ["Guess", "TOLERANCES", "attack_all", "attack_last", "tabulate_attacks"]

TOLERANCES = (0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6, 0.0)
_NEAR_TRUTH = TOLERANCES[5:]
_LIMIT = 6.0
"""Spreads from the mean beyond which no number is tried."""
_NEAR = 0.05


class Guess:
    """The centre with the unknown numbers at other values, in spreads from their mean.

    Parameters
    ----------
    centre : AttackedCentre
        Who is attacked.
    unknowns : Unknowns
        The numbers that the attacker does not know.
    """

    def __init__(self, centre: AttackedCentre, unknowns: Unknowns) -> None:
        self.centre, self.unknowns = centre, unknowns
        self.errors = np.concatenate([point.errors for point in centre.points])
        i, j = unknowns.patients, unknowns.predictors
        on_scale = np.where(centre.basis.logged_[j], np.log1p(centre.X[i, j]), centre.X[i, j])
        self.mean = np.array([on_scale[j == k].mean() for k in j])
        self.truth = (on_scale - self.mean) / unknowns.spreads

    def place(self, u: FloatArray) -> FloatArray:
        """Return raw predictors with the unknown numbers in them."""
        X, basis = self.centre.X.copy(), self.centre.basis
        i, j = self.unknowns.patients, self.unknowns.predictors
        value = self.mean + np.clip(u, -_LIMIT, _LIMIT) * self.unknowns.spreads
        X[i, j] = np.where(basis.logged_[j], np.expm1(value), value)
        return X

    def misfit(self, u: FloatArray, tolerance: float) -> FloatArray:
        """Return how far shared numbers and prior are missed, in their errors."""
        Z = self.centre.basis.expand(self.place(u))
        numbers = np.concatenate([compute_point(Z, point) for point in self.centre.points])
        return np.append((numbers - self.centre.told) / np.hypot(self.errors, tolerance), u)

    def slope(self, u: FloatArray, tolerance: float) -> FloatArray:
        """Return the derivative of :meth:`misfit`."""
        basis, unknowns = self.centre.basis, self.unknowns
        step = 1e-5
        rise = basis.expand(self.place(u + step)) - basis.expand(self.place(u - step))
        own = unknowns.predictors[:, np.newaxis] == basis.groups_
        slopes = np.where(own, rise[unknowns.patients] / (2 * step), 0.0)
        here = replace(unknowns, slopes=slopes)
        Z = basis.expand(self.place(u))
        found = [differentiate_point(Z, point, here) for point in self.centre.points]
        scaled = np.vstack(found) / np.hypot(self.errors, tolerance)[:, np.newaxis]
        return np.asarray(np.vstack([scaled, np.eye(len(u))]))

    def solve(self, start: FloatArray, tolerances: Sequence[float]) -> tuple[FloatArray, float]:
        """Return the best numbers from a start, and the misfit of what was shared."""
        u = start
        for tolerance in tolerances:
            u = least_squares(
                self.misfit,
                u,
                jac=self.slope,
                method="lm",
                args=(tolerance,),
                max_nfev=30,
                xtol=1e-12,
                ftol=1e-12,
            ).x
        missed = self.misfit(u, 0.0)[: len(self.errors)]
        return u, float(np.sqrt(np.mean(missed**2)))

    def match(self, u: FloatArray) -> FloatArray:
        """Return the errors of numbers, patients who look alike exchanged as is best for u."""
        centre, unknowns = self.centre, self.unknowns
        found, truth = np.full((2, *centre.X.shape), np.nan)
        found[unknowns.patients, unknowns.predictors] = u
        truth[unknowns.patients, unknowns.predictors] = self.truth
        known = np.column_stack([centre.X[:, -N_FLAGS:], centre.outcomes, np.isnan(truth)])
        known = np.nan_to_num(known, nan=-1.0)
        _, groups = np.unique(known, axis=0, return_inverse=True)
        errors = np.empty_like(truth)
        for group in np.unique(groups):
            rows = np.flatnonzero(groups == group)
            away = np.nan_to_num(found[rows, np.newaxis] - truth[rows])
            order = linear_sum_assignment((away**2).sum(axis=2))[1]
            errors[rows[order]] = found[rows] - truth[rows[order]]
        return np.asarray(errors[unknowns.patients, unknowns.predictors])


@dataclass(frozen=True)
class AttackResult:
    """What an attacker found, beside what guessing gives.

    Parameters
    ----------
    fit : float
        Misfit of all shared numbers in their rounding errors; about 1 where the attack found
        numbers that explain everything.
    error : float
        Root mean square error of the numbers, in spreads.
    guess : float
        The same of numbers drawn from mean and spread.
    near : float
        Share of the patients all of whose numbers are within 5% of a spread.
    near_guess : float
        The same of numbers drawn from mean and spread.
    """

    fit: float
    error: float
    guess: float
    near: float
    near_guess: float


def attack_all(
    centre: AttackedCentre,
    *,
    starts: int,
    from_truth: bool = False,
    seed: int,
    make_guess: Callable[[AttackedCentre, Unknowns], Guess] | None = None,
) -> AttackResult:
    """Try to work out all patients' numbers.

    Parameters
    ----------
    centre : AttackedCentre
        Who is attacked.
    starts : int
        Least-squares searches; the one that explains best counts.
    from_truth : bool
        Whether they start a tenth of a spread from the truth: no attacker can.
    seed : int
        Of the starts.
    make_guess : callable or None
        Of what the attacker knows; None: what was shared, as :class:`Guess` has it.
    """
    rng = np.random.default_rng(seed)
    guess = (make_guess or Guess)(centre, find_unknowns(centre.X, centre.basis))
    size = len(guess.truth)
    found = []
    for _ in range(starts):
        start = rng.standard_normal(size)
        if from_truth:
            start = guess.truth + 0.1 * start
        found.append(guess.solve(start, _NEAR_TRUTH if from_truth else TOLERANCES))
    best, fit = min(found, key=lambda pair: pair[1])
    errors = guess.match(best)
    drawn = [guess.match(rng.standard_normal(size)) for _ in range(20)]
    return AttackResult(
        fit=fit,
        error=_measure_size(errors),
        guess=float(np.mean([_measure_size(one) for one in drawn])),
        near=_share_near(errors, guess.unknowns),
        near_guess=float(np.mean([_share_near(one, guess.unknowns) for one in drawn])),
    )


def _measure_size(errors: FloatArray) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _share_near(errors: FloatArray, unknowns: Unknowns) -> float:
    worst = pd.Series(np.abs(errors)).groupby(unknowns.patients).max()
    return float((worst <= _NEAR).mean())


def attack_last(
    centre: AttackedCentre, *, noise: tuple[float, float] | None = None, seed: int
) -> float:
    """Solve for a patient's numbers, all others being known.

    Parameters
    ----------
    centre : AttackedCentre
        Who is attacked.
    noise : (epsilon, delta) or None
        Of all that is shared: then only gradients and curvatures are, and not at an own mode.
    seed : int
        Of noise and starts.

    Returns
    -------
    float
        Root mean square error of the last patient's numbers, in spreads, the patient's flags and
        outcome being known too. A guess at the mean has an error of about 1.
    """
    rng = np.random.default_rng(seed)
    everyone = find_unknowns(centre.X, centre.basis)
    last = everyone.patients == everyone.patients.max()
    only = Unknowns(
        everyone.patients[last],
        everyone.predictors[last],
        everyone.spreads[last],
        everyone.slopes[last],
    )
    if noise is not None:
        centre = _add_noise_to_all(centre, noise, rng)
    guess = Guess(centre, only)
    whole = Guess(centre, everyone)
    shift = whole.mean[last] - guess.mean
    guess.mean, guess.truth = whole.mean[last], guess.truth - shift / only.spreads
    starts = [rng.standard_normal(int(last.sum())) for _ in range(4)]
    found = [guess.solve(start, TOLERANCES[::2]) for start in starts]
    best, _ = min(found, key=lambda pair: pair[1])
    return _measure_size(best - guess.truth)


def _add_noise_to_all(
    centre: AttackedCentre, noise: tuple[float, float], rng: np.random.Generator
) -> AttackedCentre:
    """Return the centre with what it shares under differential privacy."""
    points = [replace(point, value=None) for point in centre.points if point.gradient is not None]
    curvatures = sum(point.curvature is not None for point in points)
    plan = plan_noise(
        centre.basis,
        points[0].columns,
        epsilon=noise[0],
        delta=noise[1],
        gradients=len(points),
        curvatures=curvatures,
        counts=2,
    )
    Z = centre.basis.expand(centre.X)
    told = []
    for point in points:
        numbers, size = compute_point(Z, point), len(point.at)
        curvature = None
        upper = np.triu_indices(size)
        if point.curvature is not None:
            curvature = np.zeros((size, size))
            curvature[upper] = numbers[size:]
            curvature = curvature + np.triu(curvature, 1).T
        gradient, bent = add_noise(numbers[:size], curvature, plan, rng=rng)
        told.append(gradient if bent is None else np.append(gradient, bent[upper]))
    noisy = [
        replace(point, gradient_noise=plan.gradient, curvature_noise=plan.curvature)
        for point in points
    ]
    return replace(centre, points=noisy, told=np.concatenate(told))


def tabulate_attacks(
    sizes: Sequence[int], *, starts: int, centres: int, tell: Callable[[str], None] = print
) -> pd.DataFrame:
    """Return what the attacker of all patients found, one row per setting.

    Parameters
    ----------
    sizes : sequence of int
        Patients of a centre.
    starts : int
        Searches per centre.
    centres : int
        Drawn per setting; the table has means.
    tell : callable
        Told of each row when it is there.

    Returns
    -------
    DataFrame
        `n`, `family`, `told` (of the tellings), `least` (uncertainty left to the most open number
        of the patient who is closest to being solved, by the rank test), then `error` and `near` of
        the attack, of guessing and of an attack that starts near the truth.
    """
    rows = []
    for n in sizes:
        for family in ("straight", "bends"):
            for told, telling in TELLINGS.items():
                asked = replace(telling, family=family)
                parts = [_attack_one(n, asked, starts, seed) for seed in range(centres)]
                means = pd.DataFrame(parts).mean().round(3).to_dict()
                rows.append({"n": n, "family": family, "told": told} | means)
                tell(str(rows[-1]))
    return pd.DataFrame(rows)


def _attack_one(n: int, telling: Telling, starts: int, seed: int) -> dict[str, float]:
    centre = draw_attacked(n, telling, seed=seed)
    blind = attack_all(centre, starts=starts, seed=seed)
    near = attack_all(centre, starts=1, from_truth=True, seed=seed)
    return {
        "least": find_least(centre),
        "fit": blind.fit,
        "error": blind.error,
        "guess": blind.guess,
        "from_truth": near.error,
        "near": blind.near,
        "near_guess": blind.near_guess,
        "near_from_truth": near.near,
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--centres", type=int, default=3)
    asked = parser.parse_args()
    sizes = (30, 45, 60)
    print(tabulate_least((*sizes, 100), centres=asked.centres).to_string(), flush=True)
    for noise in (None, (30.0, 1e-3), (10.0, 1e-3), (3.0, 1e-3), (1.0, 1e-3)):
        found = [
            attack_last(draw_attacked(45, Telling(), seed=seed), noise=noise, seed=seed)
            for seed in range(10 * asked.centres)
        ]
        print(f"all others known, noise {noise}: error {np.sqrt(np.mean(np.square(found))):.3g}")
    print(tabulate_attacks(sizes, starts=asked.starts, centres=asked.centres).to_string())


if __name__ == "__main__":
    main()
