"""What a run and a model tell about the panel: facts of the sub-model, metrics of the run."""

from __future__ import annotations

from typing import Any

from training.evaluation.panel import PanelEvaluation
from training.evaluation.verdict import make_panel_verdict
from training.panel.data import PanelData
from training.panel.model import PanelModel

__all__ = ["collect_panel_metrics", "describe_submodel"]


def describe_submodel(model: PanelModel, data: PanelData, panel: PanelEvaluation) -> dict[str, Any]:
    """Return :attr:`training.store.facts.ModelFacts.panel` of a sub-model.

    Parameters
    ----------
    model : PanelModel
        Frozen.
    data : PanelData
        The patients behind it.
    panel : PanelEvaluation
        What it adds.
    """
    horizons: dict[str, Any] = {}
    for horizon in model.response.horizons:
        n, events = data.count(horizon)
        told: dict[str, Any] = {"n": n, "events": events}
        table = panel.value.get(horizon)
        for name, columns in (
            ("clinical", ("first", "first_low", "first_high")),
            ("clinical+panel", ("second", "second_low", "second_high")),
            ("difference", ("difference", "low", "high")),
        ):
            told[name] = (
                {}
                if table is None
                else {
                    str(metric): [float(table.loc[metric, column]) for column in columns]
                    for metric in table.index
                }
            )
        horizons[horizon] = told
    return {
        "assays": list(model.selected),
        "n_assays": panel.counts["kept"],
        "n_patients": panel.counts["in_cohort"],
        "horizons": horizons,
        "verdict": make_panel_verdict(panel),
    }


def collect_panel_metrics(panel: PanelEvaluation) -> dict[str, float]:
    """Return the metrics of a run that speak of the panel."""
    metrics = {
        f"panel_{name}": float(panel.counts[name])
        for name in ("in_cohort", "known", "events", "assays", "kept")
        if name in panel.counts
    }
    for horizon, table in panel.value.items():
        for metric, row in table.iterrows():
            for column, suffix in (("difference", ""), ("low", "_low"), ("high", "_high")):
                metrics[f"panel_{horizon}_{metric}_difference{suffix}"] = float(row[column])
    if panel.fitted is not None:
        first = panel.fitted.first
        metrics["panel_selected"] = float(len(panel.fitted.selected)) if panel.keeps_model else 0.0
        metrics["panel_global_p"] = first.p_value
        metrics |= {f"panel_weight_{name}": weight for name, weight in first.weights.items()}
    return metrics
