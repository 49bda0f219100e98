"""Whether AUC and groups of risk, told beside all sums, let somebody's numbers be worked out.

An AUC says how many pairs of patients a model puts in the right order, a group how many lie between
two risks: neither moves with a number but in steps. The rank test takes the AUC as smooth and the
sums of risks as they are. Here that is held against attackers who are given more than is told: each
patient's own bin, and the order of all patients' risks; and against the attack itself, given the
measures as they are told, the AUC in its steps, and each patient's bin.

`python -m experiments.truth.networks.ranks` prints the tables of docs/network_disclosure.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from experiments.truth.networks.attack import Guess, attack_all
from experiments.truth.networks.shares import N_FLAGS, AttackedCentre, Telling, draw_attacked
from features.arrays import FloatArray
from training.network.arithmetic.evaluating import compute_home_measures
from training.network.arithmetic.measure_slopes import differentiate_measures
from training.network.arithmetic.risk_groups import RISK_DECIMALS, group_risks, list_members
from training.network.disclosure.solving import SharedNumbers, Unknowns, compute_remaining
from training.network.home import MEASURE_DECIMALS, RANK_DECIMALS

__all__ = ["attack_judged", "find_left_open", "judge_centre", "tabulate_ranks"]

_BASE, _LIMIT = 0.6, 5
_SMOOTH = "brier o_e intercept slope brier_se brier_skill_se intercept_se slope_se".split()
_RANKS = ("auc", "auc_se")
_INSIDE = 0.01
"""By how much of a risk an attacker lets a patient lie outside the bin."""


@dataclass(frozen=True, eq=False)
class JudgedCentre:
    """A model made elsewhere, judged in a centre's patients at the first time.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Response, 0 or 1.
    coef : ndarray of shape (1 + n_columns,)
        The model's, intercept first.
    p : ndarray of shape (n,)
        Its risks.
    low, high : ndarray of shape (n,)
        Ends of the bin that each patient counts in.
    members : list of ndarray of bool of shape (n,)
        Who counts in each bin.
    told : ndarray of shape (n_numbers,)
        Measures, ranks and sums of risks, as they are written.
    errors : ndarray of shape (n_numbers,)
        What their rounding does.
    """

    y: FloatArray
    coef: FloatArray
    p: FloatArray
    low: FloatArray
    high: FloatArray
    members: list[FloatArray]
    told: FloatArray
    errors: FloatArray

    def compute(self, p: FloatArray) -> FloatArray:
        """Return what would be told, unrounded, of other risks of the same patients."""
        found, _ = compute_home_measures(self.y, p, _BASE)
        measures = [found.get(name, np.nan) for name in (*_SMOOTH, *_RANKS)]
        return np.array([*measures, *(float(whose @ p) for whose in self.members)])

    def differentiate(self, p: FloatArray, moved: FloatArray, unknowns: Unknowns) -> FloatArray:
        """Return how that moves where the risk of each unknown's patient moves by `moved`."""
        slopes = differentiate_measures(
            self.y, p, np.ones(len(p)), _BASE, unknowns.patients, moved, limit=_LIMIT
        )
        sums = [whose[unknowns.patients] * moved for whose in self.members]
        return np.vstack([slopes.measures, slopes.ranks, *sums])


def judge_centre(centre: AttackedCentre, *, seed: int) -> JudgedCentre:
    """Return what a centre tells of a model that was made of other patients.

    Parameters
    ----------
    centre : AttackedCentre
        Who is attacked.
    seed : int
        Of the others.
    """
    others = draw_attacked(150, Telling(rounds=1), seed=10_000 + seed).points[0]
    coef = np.zeros(1 + len(others.columns))
    coef[np.flatnonzero(np.append(True, others.columns))] = others.at
    y = centre.outcomes[:, 0]
    p = expit(coef[0] + centre.basis.expand(centre.X) @ coef[1:])
    groups = group_risks(y, p, limit=_LIMIT)
    members = [whose.astype(np.float64) for whose in list_members(groups, y, p)]
    bins = [one for group in groups for one in (*group["responders"], *group["others"])]
    low = sum(one["low"] * whose for one, whose in zip(bins, members, strict=True))
    high = sum(one["high"] * whose for one, whose in zip(bins, members, strict=True))
    decimals = np.repeat(
        [MEASURE_DECIMALS, RANK_DECIMALS, RISK_DECIMALS], [len(_SMOOTH), len(_RANKS), len(members)]
    )
    errors = 10.0**-decimals / np.sqrt(12)
    found = JudgedCentre(
        y, coef, p, np.asarray(low), np.asarray(high), members, np.empty(0), errors
    )
    told = [round(x, int(d)) for x, d in zip(found.compute(p).tolist(), decimals, strict=True)]
    return JudgedCentre(**{**vars(found), "told": np.array(told)})


def find_left_open(centre: AttackedCentre, judged: JudgedCentre) -> dict[str, float]:
    """Return what is left open to the patient closest to being solved, by what is known.

    Parameters
    ----------
    centre, judged
        Who is attacked, and what was told of a model there.

    Returns
    -------
    dict
        The smallest uncertainty, over patients, of their most open number, in spreads: of `sums`
        alone; with `measures`; with `ranks` and groups, as told; with each patient's `bin`; with
        the `order` of all patients' risks.
    """
    p, coef = judged.p, judged.coef

    def move(unknowns: Unknowns) -> FloatArray:
        return np.asarray(
            (unknowns.slopes @ coef[1:] * p[unknowns.patients]) * (1 - p)[unknowns.patients]
        )

    def tell(places: slice) -> Callable[[Unknowns], FloatArray]:
        def differentiate(unknowns: Unknowns) -> FloatArray:
            rows = judged.differentiate(p, move(unknowns), unknowns)[places]
            return np.asarray(rows / (np.sqrt(12) * judged.errors[places, np.newaxis]))

        return differentiate

    def bound(width: FloatArray) -> Callable[[Unknowns], FloatArray]:
        def differentiate(unknowns: Unknowns) -> FloatArray:
            own = unknowns.patients == np.arange(len(p))[:, np.newaxis]
            return np.where(own, move(unknowns) / width[unknowns.patients], 0.0)

        return differentiate

    ordered = np.concatenate([[0.0], np.sort(p), [1.0]])
    gap = np.empty(len(p))
    gap[np.argsort(p)] = ordered[2:] - ordered[:-2]
    added = {
        "sums": None,
        "measures": tell(slice(0, len(_SMOOTH))),
        "ranks": tell(slice(len(_SMOOTH), None)),
        "bin": bound(judged.high - judged.low),
        "order": bound(np.maximum(gap, 1e-6)),
    }
    shared: list[SharedNumbers] = []
    found = {}
    for name, numbers in added.items():
        if numbers is not None:
            shared.append(SharedNumbers(numbers, 0))
        left = compute_remaining(centre.X, centre.basis, [*centre.points, *shared])
        found[name] = float(np.nanmin(np.nanmax(left[:, :-N_FLAGS], axis=1)))
    return found


class _JudgedGuess(Guess):
    """A guess that is held against what was told of a model, too, and against everyone's bin."""

    judged: JudgedCentre

    def _find_risks(self, u: FloatArray) -> FloatArray:
        coef = self.judged.coef
        return np.asarray(expit(coef[0] + self.centre.basis.expand(self.place(u)) @ coef[1:]))

    def misfit(self, u: FloatArray, tolerance: float) -> FloatArray:
        judged, p = self.judged, self._find_risks(u)
        away = (judged.compute(p) - judged.told) / np.hypot(judged.errors, tolerance)
        outside = np.maximum(judged.low - p, 0) + np.minimum(judged.high - p, 0)
        rest = np.append(np.nan_to_num(away), outside / (_INSIDE + tolerance))
        return np.append(super().misfit(u, tolerance), rest)

    def slope(self, u: FloatArray, tolerance: float) -> FloatArray:
        judged, p, unknowns = self.judged, self._find_risks(u), self.unknowns
        step = 1e-5
        own = self.centre.basis.expand(self.place(u + step)) - self.centre.basis.expand(
            self.place(u - step)
        )
        belongs = unknowns.predictors[:, np.newaxis] == self.centre.basis.groups_
        rise = np.where(belongs, own[unknowns.patients] / (2 * step), 0.0) @ judged.coef[1:]
        moved = rise * (p * (1 - p))[unknowns.patients]
        rows = judged.differentiate(p, moved, unknowns)
        rows = rows / np.hypot(judged.errors, tolerance)[:, np.newaxis]
        out = (p < judged.low) | (p > judged.high)
        whose = unknowns.patients == np.arange(len(p))[:, np.newaxis]
        bins = np.where(whose & out[:, np.newaxis], -moved / (_INSIDE + tolerance), 0.0)
        return np.vstack([super().slope(u, tolerance), rows, bins])


def attack_judged(
    centre: AttackedCentre, judged: JudgedCentre, *, starts: int, seed: int
) -> dict[str, float]:
    """Try to work out all numbers, with what was told of a model and everyone's bin.

    Parameters
    ----------
    centre, judged
        Who is attacked, and what was told of a model there.
    starts : int
        Searches; the one that explains best counts.
    seed : int
        Of the starts.

    Returns
    -------
    dict
        `error` and `near` of :func:`experiments.truth.networks.attack.attack_all` without it,
        `error_judged` and `near_judged` with it.
    """

    def give(centre: AttackedCentre, unknowns: Unknowns) -> Guess:
        guess = _JudgedGuess(centre, unknowns)
        guess.judged = judged
        return guess

    without = attack_all(centre, starts=starts, seed=seed)
    found = attack_all(centre, starts=starts, seed=seed, make_guess=give)
    return {
        "error": without.error,
        "near": without.near,
        "error_judged": found.error,
        "near_judged": found.near,
    }


def tabulate_ranks(sizes: Sequence[int], *, starts: int, centres: int) -> pd.DataFrame:
    """Return what is left open and what was found after four rounds, one row per setting.

    Parameters
    ----------
    sizes : sequence of int
        Patients of a centre.
    starts : int
        Searches per centre; 0 for no attack.
    centres : int
        Drawn per setting; the table has means.

    Returns
    -------
    DataFrame
        `n`, `told` ("fine" or "coarse"), then :func:`find_left_open` and :func:`attack_judged`.
    """
    rows: list[dict[str, object]] = []
    for n in sizes:
        for told, curvature in (("fine", 1), ("coarse", 0)):
            parts = []
            for seed in range(centres):
                centre = draw_attacked(n, Telling(rounds=4, curvature=curvature), seed=seed)
                judged = judge_centre(centre, seed=seed)
                part = find_left_open(centre, judged)
                if starts:
                    part |= attack_judged(centre, judged, starts=starts, seed=seed)
                parts.append(part)
            means = pd.DataFrame(parts).mean()
            rows.append({"n": n, "told": told, **{str(name): x for name, x in means.items()}})
    return pd.DataFrame(rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--centres", type=int, default=3)
    asked = parser.parse_args()
    table = tabulate_ranks((30, 45, 60), starts=asked.starts, centres=asked.centres)
    print(table.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
