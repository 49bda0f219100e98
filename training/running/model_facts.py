"""What is known about a trained model beside its arithmetic: what its answers and card tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from features.texts import Text, say
from training.evaluation.evaluation import Evaluation
from training.evaluation.panel import PanelEvaluation
from training.evaluation.verdict import make_panel_verdict, make_verdict
from training.fitting.ends import find_ends
from training.fitting.response import TrainingData
from training.panel.data import PanelData
from training.panel.model import PanelModel
from training.store.facts import ModelFacts, package_versions
from training.study.study import Description

__all__ = ["make_count_facts", "make_facts", "make_performance_facts", "tell_unseen"]


def make_facts(
    description: Description, evaluation: Evaluation, panel: PanelModel | None = None
) -> ModelFacts:
    """Return what is known about a trained model beside its arithmetic.

    `panel` is its sub-model for patients with a panel, where there is one.
    """
    study, fitted = description.study, evaluation.fitted
    synthetic = description.cohort.synthetic
    return ModelFacts(
        name=study.name,
        status="demonstration" if synthetic else "research",
        population=study.population,
        treatment=study.treatment,
        condition=study.condition,
        outcomes=study.outcomes,
        rule=study.rule.text,
        base_rates={h: float(c["base_rate"]) for h, c in description.counts.items()},
        counts=make_count_facts(description.counts, description.data),
        eligibility=study.eligibility.to_dict(),
        training_ranges=_make_range_facts(description.data),
        performance=make_performance_facts(evaluation.performance),
        blend={outcome: fit.weights for outcome, fit in fitted.outcomes.items()},
        created=datetime.now(UTC).date().isoformat(),
        seed=study.seed,
        study_sha256=study.sha256,
        cohort_sha256=description.cohort.sha256,
        patients_sha256=description.data.sha256,
        code_version=version("ketresponse"),
        versions=package_versions(),
        synthetic=synthetic,
        notes=_make_notes(description, evaluation),
        texts=study.texts,
        submodel="clinical" if panel is None else "clinical+panel",
        panel=None
        if panel is None or description.panel is None or evaluation.panel is None
        else _make_panel_facts(panel, description.panel, evaluation.panel),
    )


def make_count_facts(
    counts: Mapping[str, Mapping[str, float]], data: TrainingData
) -> dict[str, Any]:
    """Return how many patients, and per horizon how many outcomes and responders, there were."""
    numbers = {h: {"n": int(c["n"]), "events": int(c["events"])} for h, c in counts.items()}
    return {"n_patients": len(np.unique(data.groups)), **numbers}


def make_performance_facts(
    performance: Mapping[str, pd.DataFrame],
) -> dict[str, dict[str, list[float]]]:
    """Return each metric of each horizon as estimate, low and high."""
    return {
        horizon: {
            str(metric): [float(row["estimate"]), float(row["low"]), float(row["high"])]
            for metric, row in table.iterrows()
        }
        for horizon, table in performance.items()
    }


def _make_notes(description: Description, evaluation: Evaluation) -> list[str]:
    verdict = make_verdict(evaluation, description.verdicts)[0]
    notes: list[str] = [verdict]
    if evaluation.fitted.first.model.is_constant:
        with_panel = evaluation.panel is not None and evaluation.panel.keeps_model
        notes.append(
            say(
                "The data did not bear a model: everyone without a panel gets the share of "
                "responders in the cohort."
            )
            if with_panel
            else say(
                "The data did not bear a model: everyone gets the share of responders in the "
                "cohort."
            )
        )
    if description.study.published_text:
        notes.append(description.study.published_text)
    if description.data.has_kept:
        notes.append(tell_unseen(description.study.condition))
    if evaluation.panel is not None:
        notes.append(make_panel_verdict(evaluation.panel))
    return notes


def tell_unseen(condition: str) -> Text:
    """Return what is taken for granted of responders who were not seen at T2.

    Parameters
    ----------
    condition : str
        "CRPS", whose T2 is the first follow-up, or another.
    """
    return say(
        "Responders who were not seen at {when} are taken as missing at random given the "
        "predictors.",
        when=say("the first follow-up") if condition == "CRPS" else "T2",
    )


def _make_range_facts(data: TrainingData) -> dict[str, dict[str, Any]]:
    """Return what training saw of each predictor: `low` and `high`, or the categories `seen`."""
    ranges: dict[str, dict[str, Any]] = {}
    for variable, column in zip(data.predictors, data.X.T, strict=True):
        known = column[~np.isnan(column)]
        if variable.is_numeric:
            low, high = find_ends(column, variable)
            ranges[variable.name] = {"low": low, "high": high}
        else:
            ranges[variable.name] = {"seen": [variable.decode(v) for v in np.unique(known)]}
    return ranges


def _make_panel_facts(model: PanelModel, data: PanelData, panel: PanelEvaluation) -> dict[str, Any]:
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
