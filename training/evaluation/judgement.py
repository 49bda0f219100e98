"""What is told of one horizon: its held-out risks and its reruns, judged in every way.

Arrays in, tables out; none has a row for a patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from features.dictionary.variable import Variable
from training.evaluation.design import Design
from training.fitting.bootstrap import Reruns
from training.fitting.cross_validation import OutOfFold
from training.measures.held_out import HeldOut, describe_held_out
from training.measures.instability import Instability, describe_instability
from training.measures.missing_outcome import compute_seen_table
from training.measures.optimism import compute_optimism
from training.measures.performance import compute_cv_performance
from training.measures.spread import Spread, compute_spread
from training.measures.subgroups import compute_subgroups, make_subgroups
from training.study.study import Patients

__all__ = ["Judgement", "compute_judgement"]

_SUBGROUP_RESAMPLES = 200
_DESCRIBED = ("age_years", "sex", "nrs_t0", "disease_duration_years")


@dataclass(frozen=True, eq=False, kw_only=True)
class Judgement(HeldOut):
    """Everything that is told of one horizon of a procedure.

    Parameters
    ----------
    subgroups : DataFrame
        :func:`training.measures.subgroups.compute_subgroups`.
    seen : DataFrame or None
        Patients whose outcome is known beside the others; at T2 after T1, among responders at
        T1. None where there are too few of either.
    optimism : DataFrame or None
        :func:`training.measures.optimism.compute_optimism`; None without bootstrap reruns.
    instability : Instability or None
        None without bootstrap reruns.
    spread : Spread
        How far the estimates of the model made from all patients lie from one another.
    """

    subgroups: pd.DataFrame
    seen: pd.DataFrame | None
    optimism: pd.DataFrame | None
    instability: Instability | None
    spread: Spread


def compute_judgement(
    patients: Patients,
    design: Design,
    horizon: str,
    out: OutOfFold,
    served: FloatArray,
    reruns: Reruns,
    *,
    weights: FloatArray,
) -> Judgement:
    """Judge one horizon.

    Parameters
    ----------
    patients, design
        As :func:`training.evaluation.evaluation.assess` takes them.
    horizon : str
    out : OutOfFold
        Of the repeated cross-validation.
    served : ndarray of shape (n,)
        Risks by the model that was made from all patients.
    reruns : Reruns
        Of the whole procedure on bootstrap samples.
    weights : ndarray of shape (n,)
        Of each patient at this horizon.
    """
    y, held_out, base = patients.data.y[horizon], out.predictions[horizon], out.base[horizon]
    weighted: dict[str, Any] = {"sample_weight": weights}
    resampled = weighted | {"n_bootstrap": design.resampling.bootstrap, "seed": design.seed}
    few = resampled | {"n_bootstrap": min(design.resampling.bootstrap, _SUBGROUP_RESAMPLES)}
    seen = _describe_seen(patients, horizon)
    parts = make_subgroups(patients.table, patients.cohort.dictionary, design.subgroups)
    optimism = instability = None
    if len(reruns.predictions) > 1:
        again = reruns.predictions[:, :, patients.data.horizons.index(horizon)]
        optimism = compute_optimism(
            y, served, again, reruns.counts, n_resamples=reruns.n_resamples, **weighted
        )
        instability = describe_instability(y, served, again, design.thresholds, **weighted)
    return Judgement(
        performance=compute_cv_performance(
            y, held_out, out.folds, base_predictions=base, **resampled
        ),
        **describe_held_out(
            y, held_out, out.folds, base, thresholds=design.thresholds, resampled=resampled
        ),
        subgroups=compute_subgroups(y, held_out, out.folds, parts, **few),
        seen=seen,
        optimism=optimism,
        instability=instability,
        spread=compute_spread(served),
    )


def _describe_seen(patients: Patients, horizon: str) -> pd.DataFrame | None:
    """Compare those seen with those not seen; at T2 after T1 among responders at T1."""
    data, dictionary = patients.data, patients.cohort.dictionary
    asked = np.ones(len(data), dtype=np.bool_)
    seen = ~np.isnan(data.y[horizon])
    if horizon == "t2" and data.has_kept:
        asked, seen = data.y["t1"] == 1, ~np.isnan(data.kept)
    names = dict.fromkeys((*_DESCRIBED, *(v.name for v in data.predictors)))
    variables: tuple[Variable, ...] = tuple(
        dictionary[name] for name in names if name in dictionary
    )
    table = patients.table[asked].reset_index(drop=True)
    return compute_seen_table(table, seen[asked], variables)
