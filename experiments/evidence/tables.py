"""The published evidence as tables: counts, pooled rates, tests of asymmetry, studies, safety.

Computed from `features.published.studies`; laid out by `experiments.evidence.report`.

References
----------
Mangnus 2021, doi:10.1111/papr.13056. Zhao 2018, doi:10.1007/s11916-018-0664-x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from experiments.evidence.pooling import (
    Horizon,
    compute_pain_changes,
    compute_responders,
    describe_pooled,
)
from features.published.rates import BASE_RATES, read_pooled_rates
from features.published.safety import SAFETY_FACTS
from features.published.studies import PublishedStudy
from training.measures.pooling.asymmetry import compute_begg_test, compute_egger_test
from training.measures.pooling.meta_analysis import (
    PooledProportion,
    Scale,
    compute_forest,
    compute_pooled_effect,
    compute_pooled_proportion,
)

__all__ = [
    "HORIZON_WORDS",
    "compute_asymmetry",
    "compute_base_rates",
    "compute_forests",
    "compute_funnels",
    "compute_rate_comparison",
    "compute_safety",
    "compute_study_table",
]

HORIZON_WORDS: dict[Horizon, str] = {
    "immediate": "at the end of treatment",
    "1-3 months": "at 1 to 3 months",
}

_CERTAIN_ERROR = ("sigtermans-2009",)
"""The one study whose own report says that the spread is a standard error."""


def compute_base_rates() -> pd.DataFrame:
    """Lay out the counts of Mangnus 2021.

    Returns
    -------
    DataFrame
        Columns `key`, `outcome`, `events`, `n`, `rate`, `low`, `high` (95% Wilson), `note`.
    """
    return pd.DataFrame(
        [(r.key, r.outcome, r.events, r.n, r.rate, *r.interval, r.note) for r in BASE_RATES],
        columns=["key", "outcome", "events", "n", "rate", "low", "high", "note"],
    )


def compute_rate_comparison(studies: Sequence[PublishedStudy]) -> pd.DataFrame:
    """Set the pooled rates in print beside what the studies give.

    Returns
    -------
    DataFrame
        Columns `horizon`, `way` (short name), `words`, `studies`, `used`, `rate`, `low`, `high`,
        `prediction_low`, `prediction_high` (shares in [0, 1]), `tau2` (on the scale), `q`,
        `q_p_value` and `i2` (percent). Ways, for each horizon: `printed`; `reproduced`, the
        studies and the arithmetic that give the printed numbers; and the studies that the paper
        names, from whole counts, on the scales `logit`, `freeman_tukey` and `raw`.
    """
    rows: list[dict[str, Any]] = []
    for horizon, words in HORIZON_WORDS.items():
        printed = next(
            rate
            for rate in read_pooled_rates()
            if rate.horizon == horizon and rate.origin == "as published"
        )
        low, high = printed.interval
        found: dict[str, Any] = {
            "studies": printed.studies,
            "rate": printed.rate,
            "low": low,
            "high": high,
        }
        ways: list[tuple[str, str, dict[str, Any]]] = [
            ("printed", "as printed in Zhao 2018", found)
        ]
        table = compute_responders(
            studies, horizon=horizon, selection="as_reproduced", counts="whole_percent"
        )
        pooled = compute_pooled_proportion(table["events"], table["n"], scale="raw", correction=0)
        text = "reproduced: raw shares, the anaesthetic study in, the pilot of 4 out"
        ways.append(("reproduced", text, describe_pooled(pooled)))
        table = compute_responders(studies, horizon=horizon)
        ways += [
            (scale, f"studies as stated, {text}", describe_pooled(_pool(table, scale)))
            for scale, text in _SCALES.items()
        ]
        rows += [{"horizon": words, "way": way, "words": text} | row for way, text, row in ways]
    return pd.DataFrame(rows)


_SCALES: dict[Scale, str] = {
    "logit": "log odds",
    "freeman_tukey": "double arcsine (Freeman-Tukey)",
    "raw": "raw shares (the pilot of 4 has no variance, and drops out)",
}


def _pool(table: pd.DataFrame, scale: Scale) -> PooledProportion:
    correction = 0.0 if scale == "raw" else 0.5
    return compute_pooled_proportion(
        table["events"], table["n"], scale=scale, correction=correction
    )


def compute_forests(studies: Sequence[PublishedStudy]) -> dict[Horizon, pd.DataFrame]:
    """Lay out what the forest plots draw, for each horizon.

    Returns
    -------
    dict of DataFrame
        :func:`training.measures.pooling.meta_analysis.compute_forest` of the studies as stated, log
        odds, and below them, with weight 0 and `stated` False, the study that the printed rate
        holds though the paper does not name it.
    """
    forests = {}
    for horizon in HORIZON_WORDS:
        stated = compute_responders(studies, horizon=horizon)
        other = compute_responders(studies, horizon=horizon, selection="as_reproduced")
        both = pd.concat([stated, other[~other["key"].isin(stated["key"])]], ignore_index=True)
        pooled = _pool(stated, "logit")
        is_stated = both["key"].isin(stated["key"]).to_numpy()
        # A study outside the set has no weight in it.
        forest = compute_forest(both, replace(pooled, used=is_stated))
        forests[horizon] = forest.assign(stated=is_stated)
    return forests


def compute_funnels(studies: Sequence[PublishedStudy]) -> dict[str, pd.DataFrame]:
    """Lay out the standardised changes of pain, read in three ways.

    Returns
    -------
    dict of DataFrame
        :func:`experiments.evidence.pooling.compute_pain_changes` with every spread as printed, with
        the one that its own report calls a standard error read as such, and with all that look
        like one.
    """
    suspects = tuple(
        study.key
        for study in studies
        if study.zhao is not None
        and any(
            score is not None and score.spread_read_as == "SEM"
            for score in (study.zhao.baseline, study.zhao.end)
        )
    )
    return {
        "every spread taken as an SD, as in the paper": compute_pain_changes(studies),
        "Sigtermans 2009 put right": compute_pain_changes(studies, reread=_CERTAIN_ERROR),
        f"all {len(suspects)} suspected standard errors read as such": compute_pain_changes(
            studies, reread=suspects
        ),
    }


def compute_asymmetry(studies: Sequence[PublishedStudy]) -> pd.DataFrame:
    """Test whether small studies show other effects than large ones.

    Returns
    -------
    DataFrame
        Columns `effect`, `reading`, `studies`, `pooled`, `low`, `high` (DerSimonian-Laird, on the
        scale of the effect), `i2`, `egger_intercept`, `egger_p`, `begg_tau`, `begg_p`: for
        the standardised change of pain in each reading of the spreads, and for the responder
        rates of the studies as stated (log odds).
    """
    rows = []

    def add(effect: str, reading: str, effects: ArrayLike, variances: ArrayLike) -> None:
        egger, begg = compute_egger_test(effects, variances), compute_begg_test(effects, variances)
        pooled = compute_pooled_effect(effects, variances)
        rows.append(
            {
                "effect": effect,
                "reading": reading,
                "studies": np.size(effects),
                "pooled": pooled.estimate,
                "low": pooled.interval[0],
                "high": pooled.interval[1],
                "i2": pooled.i2,
                "egger_intercept": egger.statistic,
                "egger_p": egger.p_value,
                "begg_tau": begg.statistic,
                "begg_p": begg.p_value,
            }
        )

    for reading, changes in compute_funnels(studies).items():
        add("standardised change of pain", reading, changes["effect"], changes["variance"])
    for horizon, words in HORIZON_WORDS.items():
        table = compute_responders(studies, horizon=horizon)
        events, others = table["events"], table["n"] - table["events"]
        extreme = 0.5 * ((events == 0) | (others == 0))
        events, others = events + extreme, others + extreme
        add(f"responder rate {words}", "log odds", np.log(events / others), 1 / events + 1 / others)
    return pd.DataFrame(rows)


def compute_safety() -> pd.DataFrame:
    """Lay out the safety facts: counts for people to know, never a prediction.

    Returns
    -------
    DataFrame
        Columns `matter`, `setting`, `events`, `n`, `rate`, `placebo_events`, `placebo_n` (NaN
        where there was no placebo), `source`, `note`.
    """
    return pd.DataFrame(fact.to_dict() | {"rate": fact.rate} for fact in SAFETY_FACTS)


def compute_study_table(studies: Sequence[PublishedStudy]) -> pd.DataFrame:
    """Lay out the studies, one row each.

    Returns
    -------
    DataFrame
        Columns `key`, `study`, `year`, `doi`, `drug`, `n_zhao`, `n_chitneni` (patients as each
        review prints them), `mg_h_low`, `mg_h_high` (infusion rate for 70 kg, NaN where it is not
        one), `immediate_percent`, `follow_up_percent` (responders as printed), `anaesthetic_dose`,
        `under_18`, `mixed_pain`, `same_trial_as`, `notes` (how many doubts are known).
    """
    rows = []
    for study in studies:
        zhao, chitneni = study.zhao, study.chitneni
        row = zhao or chitneni
        rate = None if row is None else row.dose.mg_h_at_70_kg
        pair = (None, None) if zhao is None else (zhao.immediate, zhao.follow_up)
        shares = [None if share is None else share.percent for share in pair]
        low, high = rate or (None, None)
        rows.append(
            {
                "key": study.key,
                "study": study.reference.study,
                "year": study.reference.year,
                "doi": study.reference.doi,
                "drug": study.drug,
                "n_zhao": zhao and zhao.n,
                "n_chitneni": chitneni and chitneni.n,
                "mg_h_low": low,
                "mg_h_high": high,
                "immediate_percent": shares[0],
                "follow_up_percent": shares[1],
                "anaesthetic_dose": study.anaesthetic_dose,
                "under_18": study.under_18,
                "mixed_pain": study.mixed_pain,
                "same_trial_as": ";".join(study.same_trial_as),
                "notes": len(study.notes),
            }
        )
    return pd.DataFrame(rows)
