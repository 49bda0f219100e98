"""A simulated cohort: published margins, invented effects, a known true risk.

Each margin (the distribution of one variable, or of an outcome) follows Mangnus 2021: Table 1,
Table 2, Table 3, the pain scores by responder status and the shares of missing values. The finer
drug classes and benzodiazepines lean on Sigtermans 2009. No paper prints a relation between
anything known before admission and the response, so every such effect here
(:data:`INVENTED_EFFECTS`) is made up. A simulated cohort serves to try the software out and to
measure how near a method comes to a truth that is known; it says nothing about patients, and no
model made from it may ever be used for one.

References
----------
Mangnus 2021, doi:10.1111/papr.13056. Sigtermans 2009, doi:10.1016/j.pain.2009.06.023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import truncnorm

from features.arrays import BoolArray, FloatArray, ObjectArray
from features.dictionary.contract import CONTRACT

__all__ = ["INVENTED_EFFECTS", "SimulatedCohort", "make_cohort"]


INVENTED_EFFECTS: Mapping[str, float] = MappingProxyType(
    {
        "nrs_t0": -0.35,
        "disease_duration_years": -0.40,
        "opioid": -0.80,
        "antidepressant": 0.40,
        "anti_epileptic": 0.60,
    }
)
"""Made-up log odds ratios of response at T1; no study supports them.

A numeric predictor's is per standard deviation (of log(1 + years) for the duration), a yes/no
predictor's is yes against no, that of `sex` is male against female. Half of each acts on the odds
that a response is kept until T2.
"""

_EFFECT_KEPT = 0.5
_RATE_T1 = 29 / 47
_RATE_KEPT = 19 / 25

# Shares of 48 patients, Mangnus 2021 Table 1; benzodiazepines 19 of 60, Sigtermans 2009.
_NRS_T0 = {3: 0.01, 4: 0.03, 5: 0.05, 6: 0.09, 7: 0.18, 8: 0.34, 9: 0.20, 10: 0.10}
_NRS_SD = 1.5
_LOG_DURATION_SD = 0.65
# A drug is drawn first, its classes follow. Within a class the split is a convention of ours.
_DRUGS: Mapping[str, tuple[float, tuple[tuple[str, float, str], ...]]] = MappingProxyType(
    {
        "paracetamol": (17 / 48, (("N02BE01", 1.0, ""),)),
        "nsaid": (11 / 48, (("M01AB05", 0.4, ""), ("M01AE01", 0.4, ""), ("M01AH05", 0.2, ""))),
        "opioid": (
            30 / 48,
            (
                ("N02AX02", 0.5, "weak_opioid"),
                ("N02AA05", 0.3, "strong_opioid"),
                ("N02AB03", 0.2, "strong_opioid"),
            ),
        ),
        "antidepressant": (
            12 / 48,
            (
                ("N06AA09", 0.6, "tricyclic"),
                ("N06AB04", 0.2, "ssri_snri"),
                ("N06AX21", 0.15, "ssri_snri"),
                ("N06AX11", 0.05, ""),
            ),
        ),
        "anti_epileptic": (
            16 / 48,
            (
                ("N02BF02", 0.5, "gabapentinoid"),
                ("N02BF01", 0.35, "gabapentinoid"),
                ("N03AF01", 0.15, ""),
            ),
        ),
        "benzodiazepine": (19 / 60, (("N05BA04", 0.6, ""), ("N05CD07", 0.4, ""))),
    }
)
_SUBCLASSES = ("weak_opioid", "strong_opioid", "tricyclic", "ssri_snri", "gabapentinoid")
# Of the 30 patients of 48 with any side effect.
_ANY_SIDE_EFFECT = 30 / 48
_SIDE_EFFECTS = {"dizziness": 14 / 30, "drowsiness": 11 / 30, "nausea": 8 / 30, "headache": 6 / 30}

_KNOWN_T1 = 47 / 48
_SEEN_T2_IF_KNOWN_T1 = 40 / 47
_SCORED_T0 = 42 / 48
_SCORED_T1_IF_KNOWN = 36 / 47
_SCORED_T2_IF_SEEN = 18 / 40
_RELIEF_TOLD = 12 / 19
# How often the record's wording stands beside a score that already decides: not published.
_WORDING_BESIDE_SCORE = 0.5
# Responders by wording whose score fell by less than 2 points: not published.
_WORDING_ABOVE_SCORE = 0.10

_REFERENCE_SIZE = 20_000


@dataclass(frozen=True)
class SimulatedCohort:
    """A simulated cohort and the truth behind it.

    Attributes
    ----------
    table : DataFrame
        One row per course in the columns of the cohort contract that Mangnus 2021 bears on (the
        optional questionnaires and body measures are left out); yes/no, categories, ATC codes
        and side effects as text, all else as numbers, missing values empty. `record_origin` is
        "synthetic" in every row.
    true_risk : DataFrame
        Columns `patient_id`, `t1` (probability of response at discharge), `kept` (probability
        that a response at T1 is still there at T2) and `t2` = `t1` * `kept`, each in [0, 1] and
        given the patient's complete baseline values, also where the table shows them as missing.
    """

    table: pd.DataFrame
    true_risk: pd.DataFrame


@dataclass(frozen=True)
class _Baseline:
    age: FloatArray
    male: BoolArray
    nrs: FloatArray
    duration: FloatArray
    flags: dict[str, BoolArray]
    atc: ObjectArray


def make_cohort(
    n: int, *, seed: int, effects: Mapping[str, float] | None = None, ineligible: bool = False
) -> SimulatedCohort:
    """Simulate a cohort whose margins are those of Mangnus 2021 and whose effects are invented.

    Parameters
    ----------
    n : int
        Number of rows, at least 1.
    seed : int
        The same seed, size and effects give the same cohort.
    effects : mapping of str to float or None
        Log odds ratios of response at T1, in the units of :data:`INVENTED_EFFECTS`, which is
        what None stands for; an empty mapping makes response unrelated to everything. May name
        `age_years`, `sex`, `nrs_t0`, `disease_duration_years` and the drug classes. The response
        rates in the population stay as published whatever the effects.
    ineligible : bool
        Whether 9 of every 60 rows are admissions with a second infusion drug and 3 of every 60
        emergencies, as among the 60 courses that Mangnus 2021 identified; in their
        probabilities they are no different from the others.

    Returns
    -------
    SimulatedCohort
        The table and the true probabilities, rows in the same order.

    Raises
    ------
    ValueError
        If `n` is below 1 or an effect names what cannot have one.
    """
    if n < 1:
        raise ValueError(f"n: expected at least 1 row, got {n}")
    chosen = INVENTED_EFFECTS if effects is None else effects
    rng = np.random.default_rng(seed)
    baseline = _draw_baseline(n, rng)
    t1, kept = _compute_risk(baseline, tuple(sorted(chosen.items())))
    responds = rng.random(n) < t1
    sustains = responds & (rng.random(n) < kept)
    scored_t0 = rng.random(n) < _SCORED_T0
    patient_id = [f"SYN-{number:05d}" for number in range(1, n + 1)]
    columns = (
        {"patient_id": patient_id, "record_origin": "synthetic"}
        | _describe_baseline(baseline, rng)
        | _draw_infusion(responds, rng)
        | _draw_outcomes(baseline, scored_t0, responds=responds, sustains=sustains, rng=rng)
    )
    table = pd.DataFrame(columns)[[name for name in CONTRACT.names if name in columns]]
    if ineligible:
        _make_ineligible(table, rng)
    true_risk = pd.DataFrame({"patient_id": patient_id, "t1": t1, "kept": kept, "t2": t1 * kept})
    return SimulatedCohort(table, true_risk)


def _draw_baseline(n: int, rng: np.random.Generator) -> _Baseline:
    # A normal of mean 29.93 and SD 20.10 cut off at 18 and 85 has mean 39 and SD 14.
    mean, sd = 29.93, 20.10
    age = truncnorm.rvs((18 - mean) / sd, (85 - mean) / sd, mean, sd, size=n, random_state=rng)
    age = np.round(age)
    # sinh(0.6745 * 0.843) = 0.6 is half the published IQR width over the median.
    duration = np.clip(rng.lognormal(np.log(5.0), 0.843, n), 0.1, np.minimum(age - 8, 60)).round(1)
    male = rng.random(n) < 7 / 48
    nrs = rng.choice(list(_NRS_T0), size=n, p=list(_NRS_T0.values())).astype(float)
    flags = {}
    subclass = dict.fromkeys(_SUBCLASSES, np.zeros(n, dtype=bool))
    atc = np.full(n, "", dtype=object)
    for drug_class, (share, drugs) in _DRUGS.items():
        taken = rng.random(n) < share
        which = rng.choice(len(drugs), size=n, p=[weight for _, weight, _ in drugs])
        flags[drug_class] = taken
        for index, (code, _, finer) in enumerate(drugs):
            takes_this = taken & (which == index)
            atc[takes_this] += f";{code}"
            if finer:
                subclass[finer] = subclass[finer] | takes_this
    codes = pd.Series(atc, dtype=object).str.removeprefix(";").replace("", "none")
    return _Baseline(age, male, nrs, duration, flags | subclass, codes.to_numpy(dtype=object))


def _standardise(baseline: _Baseline, name: str) -> FloatArray:
    scaled = {
        "age_years": (baseline.age - 39) / 14,
        "sex": baseline.male,
        "nrs_t0": (baseline.nrs - 8) / _NRS_SD,
        "disease_duration_years": (np.log1p(baseline.duration) - np.log1p(5)) / _LOG_DURATION_SD,
    } | baseline.flags
    if name not in scaled:
        raise ValueError(f"effects: expected one of {', '.join(scaled)}, got {name!r}")
    return np.asarray(scaled[name], dtype=float)


def _linear(baseline: _Baseline, effects: Sequence[tuple[str, float]]) -> FloatArray:
    total = np.zeros(len(baseline.age))
    for name, effect in effects:
        total += effect * _standardise(baseline, name)
    return total


@lru_cache(maxsize=64)
def _find_intercepts(effects: tuple[tuple[str, float], ...]) -> tuple[float, float]:
    """Find the intercepts that keep the published rates in the population.

    They are solved once over a fixed reference population, so that a patient's risk depends on
    the patient alone, never on who else was drawn.
    """
    linear = _linear(_draw_baseline(_REFERENCE_SIZE, np.random.default_rng(0)), effects)
    t1 = brentq(lambda a: float(expit(a + linear).mean()) - _RATE_T1, -100, 100)
    weights = expit(t1 + linear)
    half = _EFFECT_KEPT * linear
    kept = brentq(
        lambda a: float(np.average(expit(a + half), weights=weights)) - _RATE_KEPT, -100, 100
    )
    return float(t1), float(kept)


def _compute_risk(
    baseline: _Baseline, effects: tuple[tuple[str, float], ...]
) -> tuple[FloatArray, FloatArray]:
    intercept_t1, intercept_kept = _find_intercepts(effects)
    linear = _linear(baseline, effects)
    return expit(intercept_t1 + linear), expit(intercept_kept + _EFFECT_KEPT * linear)


def _describe_baseline(baseline: _Baseline, rng: np.random.Generator) -> dict[str, object]:
    n = len(baseline.age)
    return {
        "site": "SIM",
        "course_number": 1,
        "crps_type": "1",
        "setting": "elective",
        "drug": "s_ketamine",
        "route": "intravenous",
        "treatment_year": rng.integers(2010, 2020, n),
        "concurrent_infusion_drug": "none",
        "age_years": baseline.age,
        "sex": np.where(baseline.male, "male", "female"),
        "nrs_t0": baseline.nrs,
        "disease_duration_years": baseline.duration,
        "medication_atc": baseline.atc,
    } | {name: np.where(flag, "yes", "no") for name, flag in baseline.flags.items()}


def _draw_infusion(responds: BoolArray, rng: np.random.Generator) -> dict[str, object]:
    """Draw Table 2; the first effect and its dose exist only where there was an effect."""
    n = len(responds)
    days = np.clip(np.round(rng.normal(6.0, 2.0, n)), 1, 14)
    # Rates start at 3 mg/h and end at 14 at the latest; rising stops once pain falls.
    highest = np.clip(np.round(rng.normal(6.9, 3.2, n)), 3, 14)
    effective = np.maximum(highest - rng.choice([0.0, 1.0, 2.0], size=n, p=[0.5, 0.3, 0.2]), 2)
    first_day = rng.choice(np.arange(1.0, 6.0), size=n, p=[0.20, 0.50, 0.20, 0.07, 0.03])
    return {
        "max_dose_mg_h": highest,
        "effective_dose_mg_h": np.where(responds, effective, np.nan),
        "first_effect_day": np.where(responds, np.minimum(first_day, days), np.nan),
        "infusion_days": days,
        "side_effects": _draw_side_effects(n, rng),
    }


def _draw_side_effects(n: int, rng: np.random.Generator) -> ObjectArray:
    words = np.full(n, "", dtype=object)
    any_effect = rng.random(n) < _ANY_SIDE_EFFECT
    for name, share in _SIDE_EFFECTS.items():
        words[any_effect & (rng.random(n) < share)] += f"; {name}"
    words[any_effect & (words == "")] = "; other"
    words[~any_effect] = "; none"
    return pd.Series(words, dtype=object).str.removeprefix("; ").to_numpy(dtype=object)


def _draw_scores(
    nrs_t0: FloatArray, *, responds: BoolArray, sustains: BoolArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw every patient's T1 and T2 scores so that they agree with the responses.

    A responder's score has fallen by 2 points or more, but for the few whom only the wording
    calls one; whoever does not respond, or no longer does, has fallen by 1 at most.
    """
    n = len(nrs_t0)

    def little_change() -> FloatArray:
        change = rng.choice([0.0, 1.0, -1.0], size=n, p=[0.72, 0.25, 0.03])
        return np.asarray(np.clip(nrs_t0 - change, 0, 10), dtype=np.float64)

    worded = rng.random(n) < _WORDING_ABOVE_SCORE
    top = nrs_t0 - 2
    fallen = np.round(top * rng.beta(1.0, 0.35, n))
    nrs_t1 = np.where(responds & ~worded, fallen, little_change())
    # Among those who keep the response, part of the relief wanes.
    waned = nrs_t1 + np.round((top - nrs_t1) * rng.beta(1.0, 0.35, n))
    nrs_t2 = np.where(sustains & ~worded, waned, little_change())
    return nrs_t1, nrs_t2


def _draw_wording(
    response: BoolArray, *, fall: FloatArray, known: BoolArray, rng: np.random.Generator
) -> ObjectArray:
    """Draw the record's verdict: always where no score decides, else now and then."""
    scored = ~np.isnan(fall)
    by_score = scored & ((fall >= 2) == response)
    stands = known & (~by_score | (rng.random(len(response)) < _WORDING_BESIDE_SCORE))
    words = np.where(response, "yes", "no").astype(object)
    words[~stands] = None
    return words


def _draw_outcomes(
    baseline: _Baseline,
    scored_t0: BoolArray,
    *,
    responds: BoolArray,
    sustains: BoolArray,
    rng: np.random.Generator,
) -> dict[str, object]:
    n = len(responds)
    nrs_t1, nrs_t2 = _draw_scores(baseline.nrs, responds=responds, sustains=sustains, rng=rng)
    known = rng.random(n) < _KNOWN_T1
    seen = known & (rng.random(n) < _SEEN_T2_IF_KNOWN_T1)
    nrs_t1[~(known & (rng.random(n) < _SCORED_T1_IF_KNOWN))] = np.nan
    nrs_t2[~(seen & (rng.random(n) < _SCORED_T2_IF_SEEN))] = np.nan
    nrs_t0 = np.where(scored_t0, baseline.nrs, np.nan)
    # sinh(0.6745 * 0.875) = 5/8 is half the published IQR width over the median of 4.
    weeks = np.clip(np.round(rng.lognormal(np.log(4.0), 0.875, n)), 1, 26)
    # Relief that is there at T2 has lasted at least until then.
    relief = np.maximum(np.round(rng.lognormal(np.log(8.0), 0.6, n)), weeks)
    told = seen & sustains & (rng.random(n) < _RELIEF_TOLD)
    return {
        "nrs_t0": nrs_t0,
        "nrs_t1": nrs_t1,
        "success_t1": _draw_wording(responds, fall=nrs_t0 - nrs_t1, known=known, rng=rng),
        "nrs_t2": nrs_t2,
        "success_t2": _draw_wording(sustains, fall=nrs_t0 - nrs_t2, known=seen, rng=rng),
        "follow_up_weeks": np.where(seen, weeks, np.nan),
        "relief_weeks": np.where(told, relief, np.nan),
    }


def _make_ineligible(table: pd.DataFrame, rng: np.random.Generator) -> None:
    """Turn 9 of every 60 rows into combination courses and 3 of every 60 into emergencies."""
    combined, emergencies = round(len(table) * 9 / 60), round(len(table) * 3 / 60)
    rows = rng.permutation(len(table))[: combined + emergencies]
    drugs = np.resize(["mannitol", "tadalafil", "pamidronic_acid"], combined)
    table.loc[rows[:combined], "concurrent_infusion_drug"] = drugs
    table.loc[rows[combined:], "setting"] = "emergency"
