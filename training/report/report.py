"""The report of a study: a verdict, and every table and picture on one page for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from training.document.document import Bullets, Document, Section
from training.evaluation.evaluation import Evaluation
from training.evaluation.verdict import make_verdict
from training.fitting.candidates import CANDIDATES
from training.fitting.procedure import Procedure
from training.fitting.weighting import describe_weighting
from training.report.composition import make_blend_section
from training.report.first_page import make_first_page
from training.report.panel_section import make_panel_section
from training.report.patients import (
    make_missing_section,
    make_patients_section,
    make_size_section,
    make_subgroups_section,
)
from training.report.performance import make_performance_section
from training.report.stability import (
    make_instability_section,
    make_learning_section,
    make_null_test_section,
)
from training.store.facts import package_versions
from training.store.statements import tell_interval
from training.study.settings import Study
from training.study.study import Description

if TYPE_CHECKING:
    import shap

__all__ = ["make_report", "make_stamp"]


def make_stamp(description: Description) -> str:
    """Return what a number of this study may be used for."""
    if description.cohort.synthetic:
        return "DEMONSTRATION: trained on simulated patients, never for clinical use."
    return "RESEARCH USE ONLY."


def _describe_missing(study: Study) -> str:
    weights = describe_weighting(study.weighting, study.horizons)
    if not weights:
        return "Missing outcomes are taken as missing at random given the predictors."
    return (
        f"Missing outcomes: {weights}. The fit itself takes outcomes as missing at random given "
        "the predictors, and is not weighted."
    )


def _describe_methods(description: Description, evaluation: Evaluation | None) -> Section:
    study, resampling = description.study, description.study.resampling
    names = [CANDIDATES[name].label for name in CANDIDATES if name in study.procedure.candidates]
    items = [
        f"Predictors: {', '.join(v.label for v in description.data.predictors)} "
        f"({description.parameters} parameters).",
        f"Responder: {study.rule.past}.",
        f"Candidates: {', '.join(names)}. {_tell_choice(study.procedure)}; "
        "missing predictors are filled in the same way at prediction.",
    ]
    if study.published_text:
        items.append(study.published_text)
    if evaluation is not None:
        items += [
            f"{resampling.repeats} x {resampling.folds}-fold cross-validation with the whole "
            f"procedure inside; intervals from {resampling.bootstrap} bootstrap resamples of "
            "patients. The AUC compares patients of the same fold only; calibration is computed "
            "over all patients of a repeat; repeats are averaged.",
            f"{resampling.bootstrap_reruns} reruns of the whole procedure on bootstrap samples "
            "stand behind optimism (Harrell 1996, doi:10.1002/(SICI)1097-0258(19960229)15:4<361::"
            "AID-SIM168>3.0.CO;2-4; .632+: Efron and Tibshirani 1997, "
            "doi:10.1080/01621459.1997.10474007) and instability (Riley and Collins 2023, "
            "doi:10.1002/bimj.202200302). An interval of a corrected value: 1.96 standard "
            "deviations of the optimism over the reruns, on the logit or log scale where the "
            "metric has a border.",
            _describe_missing(study),
        ]
        caveat = tell_interval(by_evidence=study.procedure.shrinks_itself)
        items.append(caveat.replace("The interval", "A patient's 95% interval", 1))
        if description.data.has_kept:
            items.append(
                "P(T2) = P(T1) x P(kept at T2 | responder at T1); the second is fitted among "
                "responders at T1 who were seen at T2."
            )
    packages = ", ".join(f"{name} {version}" for name, version in package_versions().items())
    items += [
        f"Seed {study.seed}; study file SHA-256 {study.sha256}; cohort SHA-256 "
        f"{description.cohort.sha256}.",
        f"Versions: {packages}.",
    ]
    return Section("How it was done", (Bullets(tuple(items)),))


def _tell_choice(procedure: Procedure) -> str:
    if procedure.shrinks_itself:
        return "Inside every fit models weigh by their evidence, nothing by cross-validation"
    return (
        "Settings, weights and recalibration come from "
        f"{procedure.inner_repeats} x {procedure.inner_folds}-fold cross-validation inside every "
        "fit"
    )


def make_report(
    description: Description,
    evaluation: Evaluation | None,
    *,
    importance: pd.DataFrame | None = None,
    explained: shap.Explanation | None = None,
) -> Document:
    """Lay a study out, complete.

    Parameters
    ----------
    description : Description
        The cohort and what was asked.
    evaluation : Evaluation or None
        None where the data could not bear a model: the report is then descriptive.
    importance : DataFrame or None
        :func:`training.model.importance.global_importance` of the frozen model.
    explained : shap.Explanation or None
        :func:`training.model.shap_view.to_shap` of the frozen model's background.

    Returns
    -------
    Document
        Holds counts and summaries, nothing of a single patient.
    """
    study = description.study
    if evaluation is None:
        verdict = f"Not enough data: no model was fitted. {description.shortfall}."
        sections = [make_patients_section(description)]
        if description.verdicts:
            sections.append(make_size_section(description))
    else:
        verdict, *sentences = make_verdict(evaluation, description.verdicts)
        sections = [
            make_first_page(description, evaluation),
            Section("What the data can bear", (Bullets(tuple(sentences)),)),
            make_patients_section(description),
            make_size_section(description, evaluation),
            *(
                make_performance_section(description, horizon, found)
                for horizon, found in evaluation.judgements.items()
            ),
            make_learning_section(description, evaluation),
            make_instability_section(evaluation),
            make_null_test_section(evaluation),
            make_subgroups_section(evaluation),
            make_missing_section(description, evaluation),
            make_blend_section(description, evaluation, importance, explained),
        ]
        if evaluation.panel is not None:
            sections.append(
                make_panel_section(evaluation.panel, study.panel, clinical=description.parameters)
            )
    return Document(
        title=study.title,
        lead=f"Population: {study.population}. Treatment: {study.treatment}.",
        stamp=f"{make_stamp(description)} {verdict}",
        sections=(*sections, _describe_methods(description, evaluation)),
        summary=evaluation is not None,
    )
