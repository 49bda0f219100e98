"""What a panel adds to the clinical estimate, in the same patients.

Everything is repeated in each fold: the clinical procedure on all of the fold's training
patients, the panel's on those of them who have one. Held-out patients with a panel then get both
estimates, as they would be served: whoever's panel cannot be used gets the clinical one twice.
The differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from features.arrays import FloatArray
from training.evaluation.null_test import add_pairs
from training.evaluation.panel_folds import PanelFolds, cross_validate_panel, plan_folds
from training.fitting.procedure import Procedure
from training.fitting.response import FittedResponse
from training.fitting.weighting import compute_outcome_weights
from training.measures.decision_curve import compute_net_benefit_gain
from training.measures.differences import compare_draws
from training.measures.performance import compute_cv_draws
from training.measures.sample_size.development import compute_affordable_parameters
from training.measures.sample_size.verdict import SizeVerdict, compute_size_verdict
from training.measures.weighted import percentile_interval
from training.panel.assays import compute_assay_table
from training.panel.data import PanelData
from training.panel.fit import FittedPanel, fit_panel
from training.panel.posterior import HYPOTHESES
from training.panel.procedure import PanelProcedure
from training.panel.stability import Stability, compute_stability
from training.study.study import MIN_PER_CLASS

__all__ = ["PanelEvaluation", "count_panel_steps", "evaluate_panel"]

Progress = Callable[[], None]
Found = Literal["found", "not_shown", "nothing", "too_few"]

_METRICS = ("auc", "brier", "log_loss")


@dataclass(frozen=True, eq=False)
class PanelEvaluation:
    """What a panel adds. No table has a row for a patient.

    Parameters
    ----------
    counts : dict of str to int
        `panels` in the file; of these `without_course` in the cohort; `in_cohort`; `known`, those
        with a known outcome at the first horizon, and `events`; `not_normalised`;
        `unknown_timing`; `assays` measured and `kept` as candidates; `folds` judged; `failed`
        folds.
    found : str
        "found": the interval of the paired Brier difference lies on the better side of 0;
        "not_shown": better out of fold, but the interval holds 0; "nothing": no sub-model, or one
        that did no better out of fold; "too_few": fewer than 8 of either class.
    reason : str
        Why there is no sub-model; empty where there is one.
    size : SizeVerdict or None
        Sample size with all assays as parameters; None where one class is absent.
    affordable : int
        Parameters that these patients bear.
    fitted : FittedPanel or None
        On all patients. It belongs to patients, and is never stored.
    value : dict of str to DataFrame
        By horizon, :func:`training.measures.differences.compare_draws`: `first` clinical, `second`
        with the panel, each also with its own `_low` and `_high`; patients with a panel only.
    net_benefit : dict of str to DataFrame
        By horizon, :func:`training.measures.decision_curve.compute_net_benefit_gain`; empty
        without a range of thresholds.
    candidates : DataFrame
        One row for each of :data:`training.panel.posterior.HYPOTHESES`: `candidate`, `label`,
        `weight` (its probability) in the final model, `mean_weight` and `share_used` over the
        folds, `auc` of its score alone within folds, `share_constant`.
    assays : DataFrame
        :func:`training.panel.assays.compute_assay_table`.
    stability : Stability or None
        Selection on half samples of all patients.
    """

    counts: dict[str, int]
    found: Found
    reason: str
    size: SizeVerdict | None
    affordable: int
    fitted: FittedPanel | None = None
    value: dict[str, pd.DataFrame] = field(default_factory=dict)
    net_benefit: dict[str, pd.DataFrame] = field(default_factory=dict)
    candidates: pd.DataFrame = field(default_factory=pd.DataFrame)
    assays: pd.DataFrame = field(default_factory=pd.DataFrame)
    stability: Stability | None = None

    @property
    def keeps_model(self) -> bool:
        """Whether there is a sub-model to serve."""
        return self.found in ("found", "not_shown")


def count_panel_steps(data: PanelData, *, n_folds: int, n_repeats: int) -> int:
    """Return how often :func:`evaluate_panel` calls its `progress`."""
    if _too_few(data):
        return 1
    folds, repeats = plan_folds(data, n_folds, n_repeats)
    return folds * repeats + 2


def _too_few(data: PanelData) -> str:
    first = data.clinical.horizons[0]
    known, events = data.count(first)
    if min(events, known - events) >= MIN_PER_CLASS:
        return ""
    return (
        f"{events} responders and {known - events} nonresponders at {first.upper()} have a panel: "
        f"a sub-model needs at least {MIN_PER_CLASS} of each"
    )


def _join_side_by_side(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return the paired comparison, and each side's own interval."""
    table = compare_draws(first, second, paired=True)
    for name, draws in (("first", first), ("second", second)):
        table[f"{name}_low"], table[f"{name}_high"], _ = percentile_interval(draws.to_numpy()[1:])
    return table


def _compare(
    data: PanelData,
    out: PanelFolds,
    weights: dict[str, FloatArray],
    thresholds: list[float],
    *,
    n_bootstrap: int,
    seed: int,
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    value, gain = {}, {}
    for i, horizon in enumerate(data.clinical.horizons):
        y, weight = data.clinical.y[horizon][out.rows], weights[horizon][out.rows]
        known = ~np.isnan(y)
        if len(np.unique(y[known])) < 2:
            continue
        draws = partial(
            compute_cv_draws,
            y[known],
            folds=out.folds[:, known],
            sample_weight=weight[known],
            n_bootstrap=n_bootstrap,
            seed=seed,
            slopes=False,
        )
        first, second = draws(out.clinical[i][:, known]), draws(out.panel[i][:, known])
        value[horizon] = _join_side_by_side(first[list(_METRICS)], second[list(_METRICS)])
        if thresholds:
            gain[horizon] = compute_net_benefit_gain(
                y[known],
                out.clinical[i][:, known],
                out.panel[i][:, known],
                thresholds,
                sample_weight=weight[known],
                n_bootstrap=n_bootstrap,
                seed=seed,
            )
    return value, gain


def _evaluate_value(table: pd.DataFrame, fitted: FittedPanel) -> tuple[Found, str]:
    """Return the finding at the first horizon, and why there is no sub-model if there is none."""
    if not len(fitted.selected):
        return "nothing", fitted.first.reason
    brier = table.loc["brier"]
    if not brier["difference"] < 0:
        return "nothing", "the sub-model did no better than the clinical estimate out of fold"
    return ("found" if brier["high"] < 0 else "not_shown"), ""


def _describe_candidates(out: PanelFolds, fitted: FittedPanel) -> pd.DataFrame:
    rows = []
    for name, label in HYPOTHESES.items():
        pairs = add_pairs([part.pairs[name] for part in out.parts if name in part.pairs])
        given = np.array([part.weights.get(name, 0.0) for part in out.parts])
        rows.append(
            {
                "candidate": name,
                "label": label,
                "weight": fitted.first.weights.get(name, 0.0),
                "mean_weight": given.mean(),
                "share_used": (given > 0).mean(),
                "auc": pairs.concordant / pairs.total if pairs.total else np.nan,
                "share_constant": pairs.constant / pairs.folds if pairs.folds else np.nan,
            }
        )
    return pd.DataFrame(rows)


def _describe_assays(
    data: PanelData,
    fitted: FittedPanel,
    clinical: FittedResponse,
    out: PanelFolds,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, Stability]:
    y = data.clinical.y[data.clinical.horizons[0]]
    known = ~np.isnan(y)
    offset = np.full(len(y), np.nan)
    offset[known] = clinical.first.held_out
    rows = known[fitted.usable]
    own, Z = fitted.usable[rows], fitted.Z[rows]
    stability = compute_stability(Z, y[own], offset[own], rng=rng)
    names = [data.assays[j] for j in fitted.normaliser.kept_]
    chosen = np.array([np.mean([name in part.selected for part in out.parts]) for name in names])
    cts = data.rows[own][:, fitted.normaliser.kept_]
    table = compute_assay_table(
        Z,
        y[own],
        offset[own],
        names,
        detected=np.mean(cts < data.ceiling, axis=0),
        stability=stability,
        chosen=chosen,
        coef=fitted.first.coef,
    )
    return table, stability


def _compute_size(data: PanelData) -> tuple[SizeVerdict | None, int]:
    """Return the sample size with all assays as parameters, and the parameters borne."""
    first = data.clinical.horizons[0]
    known, events = data.count(first)
    if not 0 < events < known:
        return None, 0
    parameters = data.clinical.X.shape[1] + len(data.assays)
    size = compute_size_verdict(known, events, parameters, horizon=first.upper())
    return size, compute_affordable_parameters(known, events / known, c_statistic=0.70)


def _count_patients(data: PanelData) -> dict[str, int]:
    known, events = data.count(data.clinical.horizons[0])
    return data.counts | {
        "in_cohort": int(data.has.sum()),
        "known": known,
        "events": events,
        "assays": len(data.assays),
    }


def evaluate_panel(
    data: PanelData,
    clinical: Procedure,
    procedure: PanelProcedure,
    fitted: FittedResponse,
    *,
    n_folds: int,
    n_repeats: int,
    thresholds: list[float],
    weighting: str,
    n_bootstrap: int,
    seed: int,
    n_jobs: int = 1,
    progress: Progress = lambda: None,
) -> PanelEvaluation:
    """Fit the panel on all patients who have one, and judge what it adds.

    Parameters
    ----------
    data : PanelData
        All patients.
    clinical, procedure : Procedure, PanelProcedure
        The two procedures.
    fitted : FittedResponse
        The clinical procedure on all patients.
    n_folds, n_repeats : int
        Of the cross-validation; see :func:`cross_validate_panel`.
    thresholds : list of float
        At which net benefits are compared; empty for none.
    weighting : str
        A key of :data:`training.fitting.weighting.WEIGHTINGS`.
    n_bootstrap, seed, n_jobs
        Of the resamples and of everything random; processes.
    progress : callable
        Called :func:`count_panel_steps` times.
    """
    first = data.clinical.horizons[0]
    counts = _count_patients(data)
    size, affordable = _compute_size(data)
    if reason := _too_few(data):
        progress()
        return PanelEvaluation(counts, "too_few", reason, size, affordable)
    with threadpool_limits(1):
        panel = fit_panel(data, fitted, procedure, rng=np.random.default_rng((seed, 7)))
    progress()
    out = cross_validate_panel(
        data,
        clinical,
        procedure,
        n_folds=n_folds,
        n_repeats=n_repeats,
        seed=seed,
        n_jobs=n_jobs,
        progress=progress,
    )
    weights = compute_outcome_weights(data.clinical, weighting=weighting)
    value, gain = _compare(data, out, weights, thresholds, n_bootstrap=n_bootstrap, seed=seed)
    found, reason = _evaluate_value(value[first], panel)
    with threadpool_limits(1):
        rng = np.random.default_rng((seed, 8))
        assays, stability = _describe_assays(data, panel, fitted, out, rng)
    progress()
    counts |= {
        "not_normalised": int(data.has.sum()) - len(panel.usable),
        "kept": len(panel.center),
        "folds": len(out.parts),
        "failed": sum(bool(part.failure) for part in out.parts),
    }
    return PanelEvaluation(
        counts,
        found,
        reason,
        size,
        affordable,
        fitted=panel,
        value=value,
        net_benefit=gain,
        candidates=_describe_candidates(out, panel),
        assays=assays,
        stability=stability,
    )
