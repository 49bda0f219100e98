"""A cohort rebuilt from the counts that Mangnus 2021 prints (doi:10.1111/papr.13056).

Nobody's data: the numbers of patients, medians, quartile widths, means and SDs are the paper's,
the rows that give them are made up here.
"""

from itertools import cycle

import numpy as np
import pandas as pd
from scipy.stats import norm, truncnorm

__all__ = ["make_mangnus_cohort"]

# Response at T1 and T2 (Table 3, and those lost before T2): R yes, N no, U unknown.
_FATES = ["RR"] * 19 + ["RN"] * 6 + ["RU"] * 4 + ["NN"] * 15 + ["NU"] * 3 + ["UU"]

# Pain before treatment and at discharge, empty where not recorded. 29 responders, 27 and 24 of
# whom have a score: medians 8 (IQR 1) and 5 (IQR 4).
_RESPONDERS = [
    (10, 8),
    (10, 8),
    (10, 8),
    (10, 7),
    (9, 6),
    (9, 6),
    (9, 6),
    (9, 5),
    (8, 5),
    (8, 5),
    (8, 5),
    (8, 5),
    (8, 5),
    (8, 4),
    (8, 4),
    (8, 4),
    (8, 3),
    (8, 2),
    (8, 2),
    (8, 2),
    (8, 2),
    (7, 2),
    (7, 1),
    (7, 0),
    (7, None),
    (7, None),
    (6, None),
    (None, None),
    (None, None),
]
# 18 nonresponders, 15 and 12 with a score: medians 8 (IQR 2) and 8 (IQR 1). Four pairs fall by 1
# and none rises: exactly p = 2 / 2^4 = 0.125.
_NONRESPONDERS = [
    (6, 6),
    (7, 7),
    (7, 7),
    (7, 7),
    (8, 8),
    (8, 8),
    (8, 8),
    (8, 8),
    (9, 8),
    (9, 8),
    (9, 8),
    (10, 9),
    (6, None),
    (7, None),
    (9, None),
    (None, None),
    (None, None),
    (None, None),
]
# At T2 18 scores, median 7 (IQR 3); 9 of them in the 19 who responded, median 6 (IQR 3).
_T2_KEPT = [8, 8, 8, 7, 6, 5, 5, 5, 3]
_T2_NOT = [9, 9, 9, 8, 8, 7, 7, 5, 5]


def _quantiles(n: int, *points: float) -> list[float]:
    """Give n whole values with these points at equal distances from minimum to maximum."""
    return list(np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(points)), points).round())


def _normal(n: int, mean: float, sd: float) -> list[float]:
    """Give n values as normal as can be, with this mean and SD."""
    z = norm.ppf((np.arange(n) + 0.5) / n)
    return list((mean + sd * z / z.std(ddof=1)).round(2))


def _adult_ages(n: int) -> list[float]:
    """Give ages of mean 39 and SD 14: a normal distribution cut off at 18 and 85."""
    ages = truncnorm.ppf((np.arange(n) + 0.5) / n, -0.5935, 2.7398, 29.93, 20.10)
    return list((39 + 14 * (ages - ages.mean()) / ages.std(ddof=1)).round(2))


def _yes(n: int, of: int, *, step: int) -> list[str]:
    """Give n yes among `of`, spread over the rows."""
    chosen = {(step * i) % of for i in range(n)}
    assert len(chosen) == n
    return ["yes" if i in chosen else "no" for i in range(of)]


def _side_effects() -> list[str]:
    words = ["dizziness"] * 14 + ["drowsiness"] * 11 + ["nausea"] * 8 + ["headache"] * 6
    entries: list[list[str]] = [[] for _ in range(30)]
    for word, entry in zip(words, cycle(entries), strict=False):
        entry.append(word)
    return ["; ".join(entry) for entry in entries] + ["none"] * 18


def make_mangnus_cohort() -> pd.DataFrame:
    """Return 60 courses in the columns of the contract: 48 eligible, 9 combined, 3 emergencies."""
    n = len(_FATES)
    scores = [*_RESPONDERS, *_NONRESPONDERS, (None, None)]
    t2: list[float | None] = [None] * n
    kept_rows = [i for i, fate in enumerate(_FATES) if fate == "RR"]
    # Who kept the response, with the scores before treatment that leave room for it.
    for row, score in zip([0, 1, 2, 3, 4, 8, 9, 10, 11], _T2_KEPT, strict=True):
        assert row in kept_rows
        t2[row] = score
    others = [i for i, fate in enumerate(_FATES) if fate == "NN"]
    for row, score in zip([others[i] for i in (11, 8, 9, 4, 5, 6, 7, 0, 12)], _T2_NOT, strict=True):
        t2[row] = score
    words = {"R": "yes", "N": "no", "U": ""}
    responders = [fate[0] == "R" for fate in _FATES]
    first_day, dose = _quantiles(29, 1, 2, 2, 3, 5), _quantiles(29, 3, 4, 6, 8, 14)
    weeks, relief = _quantiles(40, 1, 2, 4, 7, 12), _quantiles(12, 4, 6, 9, 13, 27)
    seen = [fate[1] != "U" for fate in _FATES]
    told = set(kept_rows[:12])
    draw = {
        name: iter(values)
        for name, values in {
            "day": first_day,
            "dose": dose,
            "weeks": weeks,
            "relief": relief,
        }.items()
    }

    def where(mask: list[bool], name: str) -> list[float | None]:
        return [next(draw[name]) if shown else None for shown in mask]

    eligible = pd.DataFrame(
        {
            "patient_id": [f"SYN-M{i:02d}" for i in range(n)],
            "record_origin": "synthetic",
            "course_number": 1,
            "setting": "elective",
            "drug": "s_ketamine",
            "route": "intravenous",
            "concurrent_infusion_drug": "none",
            "age_years": _adult_ages(n),
            "sex": ["female"] * 41 + ["male"] * 7,
            "nrs_t0": [before for before, _ in scores],
            "disease_duration_years": _quantiles(n, 1, 2, 3, 4, 5, 7, 9, 9, 20),
            "paracetamol": _yes(17, n, step=5),
            "nsaid": _yes(11, n, step=7),
            "opioid": _yes(30, n, step=11),
            "antidepressant": _yes(12, n, step=13),
            "anti_epileptic": _yes(16, n, step=17),
            "max_dose_mg_h": _normal(n, 7, 3),
            "effective_dose_mg_h": where(responders, "dose"),
            "first_effect_day": where(responders, "day"),
            "infusion_days": _normal(n, 6, 2),
            "side_effects": _side_effects(),
            "nrs_t1": [after for _, after in scores],
            "success_t1": [words[fate[0]] for fate in _FATES],
            "nrs_t2": t2,
            "success_t2": [words[fate[1]] for fate in _FATES],
            "follow_up_weeks": where(seen, "weeks"),
            "relief_weeks": where([i in told for i in range(n)], "relief"),
        }
    )
    others_60 = eligible.iloc[:12].copy()
    others_60["patient_id"] = [f"SYN-X{i:02d}" for i in range(12)]
    others_60.loc[others_60.index[:9], "concurrent_infusion_drug"] = "mannitol"
    others_60.loc[others_60.index[9:], "setting"] = "emergency"
    return pd.concat([eligible, others_60], ignore_index=True)
