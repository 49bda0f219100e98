"""A simulated trial: two arms, weekly pain over 12 weeks, published margins, a known truth.

The margins are those of Sigtermans 2009: its Table 1 by arm, and the pain scores before treatment
and at week 1. No means are published for weeks 2 to 12 and no correlations at all; what lies
between is made up, with a difference that shrinks to nothing at week 12. Such a trial serves to
try a method against a truth that is known. It says nothing about patients.

References
----------
Sigtermans 2009, doi:10.1016/j.pain.2009.06.023.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy.special import betaincinv, ndtr

from features.arrays import FloatArray

__all__ = ["ARMS", "make_trial"]


ARMS = ("placebo", "ketamine")
WEEKS = 12
"""Weeks of follow-up after the baseline week, which is week 0."""

# Means and SDs by arm (placebo, ketamine) and the ends of the scale; Table 1.
_NUMBERS: Mapping[str, tuple[tuple[float, float], tuple[float, float], float, float, int]] = (
    MappingProxyType(
        {
            "age_years": ((47.5, 13.1), (43.7, 11.5), 18, 90, 0),
            "weight_kg": ((79.3, 20.1), (78.9, 17.8), 40, 180, 0),
            "height_cm": ((170.1, 9.7), (173.6, 9.9), 140, 210, 0),
            "disease_duration_years": ((6.1, 5.1), (9.4, 8.0), 0.1, 31.9, 1),
            "mcgill_pri": ((25.1, 12.9), (28.6, 10.4), 0, 78, 0),
            "hads_depression": ((2.8, 1.8), (4.7, 3.1), 0, 21, 0),
            "hads_anxiety": ((4.4, 2.4), (6.1, 3.1), 0, 21, 0),
            "sf36_physical": ((33.0, 19.6), (30.0, 19.2), 0, 100, 0),
            "sf36_mental": ((65.9, 13.7), (51.8, 20.8), 0, 100, 0),
            "tsk": ((39.6, 14.2), (38.0, 6.8), 17, 68, 0),
        }
    )
)
# Shares of 30 by arm (placebo, ketamine); Table 1. Tramadol is the weak opioid.
_FLAGS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "paracetamol": (9, 6),
        "nsaid": (5, 9),
        "weak_opioid": (9, 6),
        "tricyclic": (5, 5),
        "ssri_snri": (3, 3),
        "gabapentinoid": (2, 7),
        "benzodiazepine": (9, 10),
    }
)
_CATEGORIES: Mapping[str, tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]] = (
    MappingProxyType(
        {
            "sex": (("female", "male"), (26, 4), (22, 8)),
            "affected_limbs": (("1", "2", "3", "4"), (21, 5, 2, 2), (15, 11, 1, 3)),
            "affected_site": (("upper", "lower", "both"), (13, 11, 6), (10, 11, 9)),
        }
    )
)
# Pain: before treatment (entry at 5 or more), and at week 1 with SDs from the printed standard
# errors (0.48 and 0.51 of 30).
_BEFORE = ((6.87, 1.43), (7.20, 1.16))
_WEEK_1 = (5.45, 2.68)
_SD_AFTER = (0.48 * np.sqrt(30), 0.51 * np.sqrt(30))
# Made up from here on.
_PLACEBO_AT_END = 6.0
_WANING = 3  # the power of time by which the difference wanes: late, as the trial found
_AR = 0.85  # from week to week, within a patient
_PULL = {"mcgill_pri": 0.30, "nrs_t0": 0.25}  # of the scores before treatment on those after
_PRI_WITH_NRS = 0.40


@dataclass(frozen=True)
class SimulatedTrial:
    """A simulated trial and the truth behind it.

    Attributes
    ----------
    table : DataFrame
        One row per patient and week (0 is before treatment): `patient_id`, `record_origin`
        ("synthetic" in every row), `arm`, `week`, `nrs`, and the baseline variables, the same in
        each row of a patient.
    truth : DataFrame
        Columns `week`, `placebo`, `ketamine` (mean scores in the population, 0 to 10) and
        `difference` (ketamine minus placebo).
    """

    table: pd.DataFrame
    truth: pd.DataFrame


def make_trial(n_per_arm: int, *, seed: int) -> SimulatedTrial:
    """Simulate a trial with the margins of Sigtermans 2009.

    Parameters
    ----------
    n_per_arm : int
        Patients in each arm, at least 2; the published trial had 30.
    seed : int
        The same seed and size give the same trial.

    Returns
    -------
    SimulatedTrial

    Raises
    ------
    ValueError
        If `n_per_arm` is below 2.
    """
    if n_per_arm < 2:
        raise ValueError(f"n_per_arm: expected at least 2 patients, got {n_per_arm}")
    rng = np.random.default_rng(seed)
    truth = _make_truth()
    arms = [_draw_arm(n_per_arm, arm, truth, rng) for arm in range(len(ARMS))]
    table = pd.concat(arms, ignore_index=True)
    patient = table["arm"] + table["patient"].astype(str)
    number = {name: i for i, name in enumerate(rng.permutation(patient.unique()), start=1)}
    table.insert(0, "patient_id", patient.map(lambda name: f"SYN-T{number[name]:04d}"))
    table.insert(1, "record_origin", "synthetic")
    table = table.drop(columns="patient").sort_values(["patient_id", "week"], ignore_index=True)
    return SimulatedTrial(table, truth)


def _make_truth() -> pd.DataFrame:
    week = np.arange(WEEKS + 1)
    elapsed = np.clip((week - 1) / (WEEKS - 1), 0, None)
    placebo = _WEEK_1[0] + (_PLACEBO_AT_END - _WEEK_1[0]) * elapsed
    difference = (_WEEK_1[1] - _WEEK_1[0]) * (1 - elapsed**_WANING) + 0.0  # no -0 at the end
    placebo[0], difference[0] = _BEFORE[0][0], _BEFORE[1][0] - _BEFORE[0][0]
    return pd.DataFrame(
        {
            "week": week,
            "placebo": placebo,
            "ketamine": placebo + difference,
            "difference": difference,
        }
    )


def _stretch(
    z: FloatArray, *, mean: float | FloatArray, sd: float, low: float, high: float
) -> FloatArray:
    """Turn standard normal values into a beta distribution on a scale, mean and SD exact."""
    width = high - low
    share = (np.asarray(mean) - low) / width
    size = share * (1 - share) / (sd / width) ** 2 - 1
    return np.asarray(low + width * betaincinv(share * size, (1 - share) * size, ndtr(z)))


def _draw_arm(n: int, arm: int, truth: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    normal = {name: rng.standard_normal(n) for name in _NUMBERS}
    before = normal["mcgill_pri"] * _PRI_WITH_NRS + rng.standard_normal(n) * np.sqrt(
        1 - _PRI_WITH_NRS**2
    )
    columns: dict[str, object] = {}
    for name, (*by_arm, low, high, decimals) in _NUMBERS.items():
        mean, sd = by_arm[arm]
        columns[name] = _stretch(normal[name], mean=mean, sd=sd, low=low, high=high).round(decimals)
    for name, (levels, *counts) in _CATEGORIES.items():
        columns[name] = rng.choice(levels, size=n, p=np.array(counts[arm]) / 30)
    for name, shares in _FLAGS.items():
        columns[name] = np.where(rng.random(n) < shares[arm] / 30, "yes", "no")
    pull = _PULL["mcgill_pri"] * normal["mcgill_pri"] + _PULL["nrs_t0"] * before
    together = 2 * _PRI_WITH_NRS * _PULL["mcgill_pri"] * _PULL["nrs_t0"]
    explained = sum(weight**2 for weight in _PULL.values()) + together
    own = np.empty((n, WEEKS))
    own[:, 0] = rng.standard_normal(n)
    for week in range(1, WEEKS):
        own[:, week] = _AR * own[:, week - 1] + np.sqrt(1 - _AR**2) * rng.standard_normal(n)
    latent = pull[:, None] + np.sqrt(1 - explained) * own
    mean, sd = _BEFORE[arm]
    scores = np.column_stack(
        [
            _stretch(before, mean=mean, sd=sd, low=5, high=10),
            _stretch(
                latent, mean=truth[ARMS[arm]].to_numpy()[1:], sd=_SD_AFTER[arm], low=0, high=10
            ),
        ]
    ).round(1)
    weeks = WEEKS + 1
    long = {name: np.repeat(np.asarray(values), weeks) for name, values in columns.items()}
    return pd.DataFrame(
        {
            "patient": np.repeat(np.arange(n), weeks),
            "arm": ARMS[arm],
            "week": np.tile(np.arange(weeks), n),
            "nrs": scores.ravel(),
            **long,
        }
    )
