"""Whether one model does better than another, as far as the patients at hand can tell.

Two models judged on the same patients are compared in pairs: both are recomputed on the same
bootstrap resamples of those patients, and the interval is that of their difference. It is far
narrower than the two models' own intervals suggest, because a hard patient is hard for both. On
different patients there are no pairs, and the interval is wide.

Nothing about a patient is needed for it, or stored: a run keeps its metrics in each resample, with
the net benefit at the thresholds set beforehand (:func:`compute_draws`), and a digest of what
decides whom the resamples hold (:func:`compute_evaluation_key`). Where the digests of two runs
agree, row k of either table comes from the same patients. DeLong's test does need each patient's
risk: it stands beside the bootstrap where two studies are rerun.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from features.dictionary.eligibility import Eligibility
from features.errors import KetresponseError, NotEnoughData
from training.evaluation.design import Design, make_design
from training.fitting.cross_validation import OutOfFold, cross_validate
from training.fitting.response import TrainingData
from training.fitting.weighting import compute_outcome_weights
from training.measures.decision_curve import NET_BENEFIT, join_net_benefit
from training.measures.delong_test import AucParts, DelongTest, compare_auc, compute_auc_parts
from training.measures.differences import compare_draws
from training.measures.performance import compute_cv_draws
from training.store.optional.network_found import NETWORK
from training.store.registered import list_models
from training.store.tracking import TrackedRun, fetch_file, read_run
from training.study.settings import Study
from training.study.study import Description, read_description
from training.validation.contrast import Contrast, Side, compute_contrast
from training.validation.sides import describe_run, describe_side

__all__ = [
    "EVALUATION_TAG",
    "Comparison",
    "compare_runs",
    "compare_studies",
    "compute_draws",
    "compute_evaluation_key",
    "compute_study_key",
    "draws_file",
]

EVALUATION_TAG = "ketresponse.evaluation"
"""The tag of a run that holds :func:`compute_evaluation_key`."""

_DIGITS = 6


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two models compared.

    Parameters
    ----------
    names : (str, str)
        What was compared.
    reason : str
        Why there are no pairs; empty where both were judged on the same patients.
    tables : dict of str to DataFrame
        By horizon, :func:`compare_draws`.
    contrast : Contrast
        In what the two differ beside the numbers; to be said before them.
    notes : tuple of str
        What a reader must know.
    net_benefit : dict of str to DataFrame
        By horizon, :func:`compare_draws` of the net benefit, indexed by `threshold`; without the
        horizons at which the two have no threshold in common.
    delong : dict of str to DelongTest
        By horizon; empty where there are no pairs, and of stored runs.
    """

    names: tuple[str, str]
    reason: str
    tables: dict[str, pd.DataFrame]
    contrast: Contrast
    notes: tuple[str, ...] = ()
    net_benefit: dict[str, pd.DataFrame] = field(default_factory=dict)
    delong: dict[str, DelongTest] = field(default_factory=dict)

    @property
    def paired(self) -> bool:
        """Whether both were judged on the same patients."""
        return not self.reason


def draws_file(horizon: str) -> str:
    """Return the name of the file in which a run keeps its draws of a horizon."""
    return f"draws_{horizon}.csv"


def compute_draws(data: TrainingData, out: OutOfFold, design: Design) -> dict[str, pd.DataFrame]:
    """Return a cross-validation's metrics in every bootstrap resample, for storage.

    Parameters
    ----------
    data : TrainingData
        Who was judged.
    out : OutOfFold
        Their held-out risks.
    design : Design
        How they were weighted and resampled: as of the performance table.

    Returns
    -------
    dict of str to DataFrame
        By horizon, :func:`training.measures.performance.compute_cv_draws`, to six decimals: row 0
        is the estimate, the other rows are resamples. With a range of thresholds, the net benefit
        as of
        :func:`training.measures.decision_curve.join_net_benefit`. No row belongs to a patient.
    """
    weights = compute_outcome_weights(data, weighting=design.weighting)
    draws = {}
    for horizon, y in data.y.items():
        resampled: dict[str, Any] = {
            "sample_weight": weights[horizon],
            "n_bootstrap": design.resampling.bootstrap,
            "seed": design.seed,
        }
        risks = out.predictions[horizon]
        table = compute_cv_draws(
            y, risks, out.folds, base_predictions=out.base[horizon], **resampled
        )
        if design.thresholds:
            table = join_net_benefit(table, y, risks, design.thresholds, **resampled)
        draws[horizon] = table.round(_DIGITS)
    return draws


def compute_evaluation_key(
    *,
    cohort_sha256: str,
    eligibility: Eligibility,
    rule: str,
    horizons: tuple[str, ...],
    weighting: str,
    design: str,
    n_bootstrap: int,
    seed: int,
) -> str:
    """Return the digest of what decides which patients the resamples of a run hold.

    Parameters
    ----------
    cohort_sha256 : str
        Digest of the cohort file.
    eligibility, rule, horizons, weighting
        Which of its rows are judged, by which outcome, and how they are weighted.
    design : str
        How they were predicted, such as "20 x 5" of repeated cross-validation.
    n_bootstrap, seed : int
        Of the resamples; the folds come from the same seed.
    """
    content = [
        cohort_sha256,
        eligibility.to_dict(),
        rule,
        list(horizons),
        weighting,
        design,
        n_bootstrap,
        seed,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def compute_study_key(description: Description) -> str:
    """Return :func:`compute_evaluation_key` of a study's cross-validation."""
    study, resampling = description.study, description.study.resampling
    return compute_evaluation_key(
        cohort_sha256=description.cohort.sha256,
        eligibility=study.eligibility,
        rule=study.rule.text,
        horizons=study.horizons,
        weighting=study.weighting,
        design=f"{resampling.repeats} x {resampling.folds}",
        n_bootstrap=resampling.bootstrap,
        seed=study.seed,
    )


# ------------------------------------------------------------------------- stored runs


def _find_run(name: str, *, tracking_uri: str) -> TrackedRun:
    """Return the run of a registered model (NAME or NAME:VERSION), or the run of an id."""
    model, _, version = name.partition(":")
    registered = list_models(tracking_uri=tracking_uri)
    found = [
        known for known in registered if known.name == model and version in ("", known.version)
    ]
    if not found and ":" in name:
        known = ", ".join(f"{m.name}:{m.version}" for m in registered)
        raise KetresponseError(
            f"no registered model is called {name!r}; known: {known or 'none'}; "
            "`ketresponse models` lists them"
        )
    return read_run(found[0].run_id if found else name, tracking_uri=tracking_uri)


def _read_draws(run: TrackedRun, *, tracking_uri: str) -> dict[str, pd.DataFrame]:
    stored = {h: draws_file(h) for h in ("t1", "t2") if draws_file(h) in run.files}
    if not stored and run.tags.get("ketresponse.kind") == NETWORK:
        raise KetresponseError(
            f"the run {run.name} ({run.run_id}) is a network's: its patients were never in one "
            "place, so that there are no resamples of them to compare by. Run `ketresponse "
            "validate` of both models in one cohort of other patients, and compare those two runs"
        )
    if not stored:
        raise KetresponseError(
            f"the run {run.name} ({run.run_id}) keeps no resamples to compare by: it is no "
            "training or validation, or was made by an earlier version; run it again"
        )
    return {
        h: pd.read_csv(fetch_file(run.run_id, name, tracking_uri=tracking_uri))
        for h, name in stored.items()
    }


def compare_runs(first: str, second: str, *, tracking_uri: str) -> Comparison:
    """Compare two tracked trainings or validations.

    Parameters
    ----------
    first, second : str
        Run ids, or registered models as NAME or NAME:VERSION.
    tracking_uri : str
        Where they are tracked.

    Returns
    -------
    Comparison
        Paired where both judged the same patients by the same outcome with the same folds and
        seed; else unpaired, and why.

    Raises
    ------
    KetresponseError
        If a run is not there or keeps no resamples, or the two have no horizon in common.
    """
    runs = [_find_run(name, tracking_uri=tracking_uri) for name in (first, second)]
    a, b = (_read_draws(run, tracking_uri=tracking_uri) for run in runs)
    keys = [run.tags.get(EVALUATION_TAG) for run in runs]
    reason = ""
    if keys[0] is None or keys[0] != keys[1]:
        same = runs[0].tags.get("cohort_sha256") == runs[1].tags.get("cohort_sha256")
        reason = (
            "the same cohort file, but other eligibility, rule, horizons, weighting, folds or seed"
            if same
            else "the runs judge different cohorts"
        )
    sides = [
        describe_run(run, _find_thresholds(draws), tracking_uri=tracking_uri)
        for run, draws in zip(runs, (a, b), strict=True)
    ]
    return _compare((runs[0].name, runs[1].name), a, b, sides, reason=reason)


def _find_thresholds(draws: dict[str, pd.DataFrame]) -> tuple[float, ...] | None:
    """Return the ends of the thresholds at which a run keeps its net benefit."""
    names = [str(name) for frame in draws.values() for name in frame]
    cuts = [float(n.removeprefix(NET_BENEFIT)) for n in names if n.startswith(NET_BENEFIT)]
    return (min(cuts), max(cuts)) if cuts else None


def _compare(
    names: tuple[str, str],
    a: dict[str, pd.DataFrame],
    b: dict[str, pd.DataFrame],
    sides: Sequence[Side],
    *,
    reason: str,
    notes: tuple[str, ...] = (),
) -> Comparison:
    horizons = [horizon for horizon in a if horizon in b]
    if not horizons:
        raise KetresponseError(f"{names[0]} and {names[1]} have no horizon in common")
    tables, net_benefit = {}, {}
    for horizon in horizons:
        table = compare_draws(a[horizon], b[horizon], paired=not reason)
        at_threshold = table.index.str.startswith(NET_BENEFIT)
        tables[horizon] = table[~at_threshold]
        if at_threshold.any():
            benefit = table[at_threshold]
            cuts = benefit.index.str.removeprefix(NET_BENEFIT).astype(float)
            net_benefit[horizon] = benefit.set_axis(cuts.rename("threshold"))
    return Comparison(names, reason, tables, compute_contrast(*sides), notes, net_benefit)


# ------------------------------------------------------------------------- studies


@dataclass(frozen=True, eq=False)
class _Rerun:
    """A study that was rerun: its draws, and by horizon what patients contribute to the AUC."""

    draws: dict[str, pd.DataFrame]
    parts: Mapping[str, AucParts]


def _evaluate(description: Description, *, n_jobs: int, progress: Callable[[], None]) -> _Rerun:
    study, data, resampling = description.study, description.data, description.study.resampling
    out = cross_validate(
        data,
        study.procedure,
        n_folds=resampling.folds,
        n_repeats=resampling.repeats,
        seed=study.seed,
        n_jobs=n_jobs,
        progress=progress,
    )
    weights = compute_outcome_weights(data, weighting=study.weighting)
    parts = {
        horizon: compute_auc_parts(
            y, out.predictions[horizon], out.folds, sample_weight=weights[horizon]
        )
        for horizon, y in data.y.items()
    }
    return _Rerun(compute_draws(data, out, make_design(study)), parts)


def compare_studies(
    first: Study,
    second: Study,
    *,
    names: tuple[str, str],
    n_jobs: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> Comparison:
    """Rerun two studies with the same folds and seed, and compare them.

    Parameters
    ----------
    first, second : Study
        The second is run with the first one's seed and resampling.
    names : (str, str)
        What to call them.
    n_jobs : int
        Processes.
    progress : callable
        Called after each fit.

    Returns
    -------
    Comparison
        Paired where cohort file, eligibility, rule, horizons and weighting are the same;
        predictors and candidates may differ, and are what is compared.

    Raises
    ------
    NotEnoughData
        If a study's cohort cannot bear a model.
    """
    aligned = replace(second, seed=first.seed, resampling=first.resampling)
    notes = (
        ()
        if aligned == second
        else (f"{names[1]} was rerun with the seed and the resampling of {names[0]}.",)
    )
    a, b = read_description(first), read_description(aligned)
    for name, description in zip(names, (a, b), strict=True):
        if description.shortfall:
            raise NotEnoughData(f"{name}: {description.shortfall}")
    differ = [
        what
        for what, same in (
            ("cohort file", a.cohort.sha256 == b.cohort.sha256),
            ("eligibility", first.eligibility == second.eligibility),
            ("responder rule", first.rule == second.rule),
            ("horizons", first.horizons == second.horizons),
            ("weighting", first.weighting == second.weighting),
        )
        if not same
    ]
    reason = f"the studies differ in {' and '.join(differ)}" if differ else ""
    reruns = [_evaluate(each, n_jobs=n_jobs, progress=progress) for each in (a, b)]
    sides = [describe_side(each) for each in (a, b)]
    draws = [rerun.draws for rerun in reruns]
    found = _compare(names, draws[0], draws[1], sides, reason=reason, notes=notes)
    if reason:
        return found
    tests = {h: compare_auc(reruns[0].parts[h], reruns[1].parts[h]) for h in found.tables}
    return replace(found, delong=tests)
