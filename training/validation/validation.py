"""How a frozen model does in other patients, and how a procedure does at sites it has not seen.

Nothing is fitted here to the patients who are judged. At T2 the responders who were seen stand
also for those who were not (weighting "follow_up" of :mod:`training.measures.missing_outcome`).

References
----------
Collins 2024, doi:10.1136/bmj-2023-074819; Riley 2024, doi:10.1136/bmj-2023-074820 (external
validation); Steyerberg and Harrell 2016, doi:10.1016/j.jclinepi.2015.04.005 (leaving sites out).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import FloatArray, TextArray
from features.errors import InputError, Problem
from training.fitting.cross_validation import OutOfFold, predict_folds
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData, fit_response
from training.fitting.weighting import compute_outcome_weights
from training.measures.decision_curve import join_net_benefit
from training.measures.held_out import HeldOut, describe_held_out
from training.measures.performance import compute_cv_draws, compute_performance
from training.measures.pooling.sites import compute_pooled_sites, compute_site_table
from training.model.response_model import ResponseModel

__all__ = [
    "WEIGHTING",
    "Judged",
    "SiteResults",
    "compute_case_mix",
    "compute_site_results",
    "cross_validate_sites",
    "compute_validation",
]


WEIGHTING = "follow_up"
"""How patients with a known outcome are weighted: as in a training by default."""


@dataclass(frozen=True, eq=False)
class SiteResults:
    """Performance by site.

    Parameters
    ----------
    table : DataFrame
        :func:`training.measures.pooling.sites.compute_site_table`.
    pooled : DataFrame
        :func:`training.measures.pooling.sites.compute_pooled_sites`.
    """

    table: pd.DataFrame
    pooled: pd.DataFrame


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged(HeldOut):
    """A frozen model judged at one horizon.

    The Brier skill of its bounds is against the share of responders among known outcomes.

    Parameters
    ----------
    n, events, unknown : int
        Patients with a known outcome, responders among them, patients without one.
    sites : SiteResults or None
        None where fewer than two sites are known.
    draws : DataFrame
        :func:`training.measures.performance.compute_cv_draws` with the net benefit: what two
        models judged on the same patients are compared by.
    """

    n: int
    events: int
    unknown: int
    sites: SiteResults | None
    draws: pd.DataFrame


def compute_validation(
    model: ResponseModel,
    data: TrainingData,
    sites: TextArray,
    *,
    thresholds: tuple[float, float],
    n_bootstrap: int = 500,
    seed: int,
) -> dict[str, Judged]:
    """Judge a frozen model in other patients.

    Parameters
    ----------
    model : ResponseModel
        As it is served.
    data : TrainingData
        The patients, with the model's predictors; horizons may be fewer than the model's.
    sites : ndarray of str of shape (n,)
        Site of each patient; empty where not known.
    thresholds : (float, float)
        Range of decision thresholds, set before the results are seen; between 0 and 1.
    n_bootstrap : int
        Resamples of patients.
    seed : int
        Of the resamples.

    Returns
    -------
    dict of str to Judged
        By horizon.
    """
    risks = model.probability(data.X)
    weights = compute_outcome_weights(data, weighting=WEIGHTING)
    return {
        horizon: _evaluate(
            data.y[horizon],
            risks[:, i],
            sites,
            weights[horizon],
            thresholds=thresholds,
            n_bootstrap=n_bootstrap,
            seed=seed,
        )
        for i, horizon in enumerate(data.horizons)
    }


def _evaluate(
    y: FloatArray,
    p: FloatArray,
    sites: TextArray,
    weight: FloatArray,
    *,
    thresholds: tuple[float, float],
    n_bootstrap: int,
    seed: int,
) -> Judged:
    resampled: dict[str, Any] = {"sample_weight": weight, "n_bootstrap": n_bootstrap, "seed": seed}
    rows, one_fold = p[np.newaxis], np.zeros((1, len(p)), dtype=np.intp)
    base = np.full_like(rows, np.nanmean(y))
    known = ~np.isnan(y)
    named = set(sites[sites != ""].tolist())
    return Judged(
        n=int(known.sum()),
        events=int(np.nansum(y)),
        unknown=int((~known).sum()),
        performance=compute_performance(y, p, **resampled),
        **describe_held_out(y, rows, one_fold, base, thresholds=thresholds, resampled=resampled),
        sites=compute_site_results(y, p, sites, sample_weight=weight) if len(named) > 1 else None,
        draws=join_net_benefit(
            compute_cv_draws(y, rows, one_fold, **resampled), y, rows, thresholds, **resampled
        ),
    )


def compute_case_mix(
    data: TrainingData, training_ranges: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """Compare the new patients' predictors with what training saw.

    Parameters
    ----------
    data : TrainingData
        The new patients.
    training_ranges : mapping
        :attr:`training.store.facts.ModelFacts.training_ranges`.

    Returns
    -------
    DataFrame
        One row per `predictor` with its `label`: `missing` patients; `beyond`, those with a value
        that training did not see (the model takes a number as the nearest one seen); `of`, all
        patients. Many beyond: the model is judged on patients it was not made for.
    """
    rows = []
    for variable, column in zip(data.predictors, data.X.T, strict=True):
        known = column[~np.isnan(column)]
        seen = training_ranges[variable.name]
        if variable.is_numeric:
            beyond = int(((known < seen["low"]) | (known > seen["high"])).sum())
        else:
            beyond = sum(variable.decode(value) not in seen["seen"] for value in known)
        rows.append((variable.name, variable.label, len(column) - len(known), beyond, len(column)))
    return pd.DataFrame(rows, columns=["predictor", "label", "missing", "beyond", "of"])


# ------------------------------------------------------------------------- sites


def compute_site_results(
    y: FloatArray, p: FloatArray, sites: TextArray, *, sample_weight: FloatArray | None = None
) -> SiteResults:
    """Judge predicted risks at each site, and pool the sites by random effects.

    Parameters
    ----------
    y, p, sites, sample_weight
        As in :func:`training.measures.pooling.sites.compute_site_table`.
    """
    table = compute_site_table(y, p, sites, sample_weight=sample_weight)
    return SiteResults(table, compute_pooled_sites(table))


def cross_validate_sites(
    data: TrainingData,
    sites: TextArray,
    procedure: Procedure,
    *,
    seed: int,
    n_jobs: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> OutOfFold:
    """Predict the patients of each site by the procedure run on all other sites.

    This is how the procedure does at a place that it has not seen, as far as the sites at hand
    can tell. Judge the result site by site (:func:`compute_site_results`): models of different
    sites are not ranked against each other.

    Parameters
    ----------
    data : TrainingData
        All patients.
    sites : ndarray of str of shape (n,)
        Site of each patient.
    procedure : Procedure
        Rerun from scratch for each site left out.
    seed : int
        The result depends on nothing else, the number of jobs included.
    n_jobs : int
        Processes.
    progress : callable
        Called after each site.

    Returns
    -------
    OutOfFold
        One repeat whose folds are the sites, in the order of their sorted names.

    Raises
    ------
    InputError
        If there are fewer than two sites, a patient's site is not known, or a patient has courses
        at two sites, who would be on both sides.
    """
    names, folds = np.unique(sites, return_inverse=True)
    problems = []
    unknown = int((sites == "").sum())
    if unknown:
        problems.append(
            Problem(
                "site",
                "a site for each eligible course",
                f"{unknown} without one",
                action="fill it in, or make such courses ineligible",
            )
        )
    if len(names) - (unknown > 0) < 2:
        problems.append(Problem("site", "at least two sites", f"{len(names) - (unknown > 0)}"))
    pairs = np.unique(np.column_stack([data.groups, folds]), axis=0)
    shared = len(pairs) - len(np.unique(data.groups))
    if shared:
        problems.append(Problem("site", "each patient at one site", f"{shared} at more than one"))
    if problems:
        raise InputError("leaving one site out", problems)
    fit = partial(fit_response, procedure=procedure)
    return predict_folds(
        data,
        fit,
        np.asarray(folds, dtype=np.intp)[np.newaxis],
        seed=seed,
        n_jobs=n_jobs,
        progress=progress,
    )
