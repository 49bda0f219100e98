"""What one run found, gathered into the document that the model card is made from.

Its types, and how it is read and written, are in :mod:`training.store.results`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from features.dictionary.variable import Variable
from training.evaluation.design import Design
from training.evaluation.evaluation import Assessment
from training.evaluation.judgement import Judgement
from training.evaluation.verdict import judge_sizes, make_findings, make_verdict
from training.fitting.candidates import CANDIDATES
from training.fitting.gaps import N_BACKGROUND
from training.fitting.response import FittedResponse
from training.fitting.weighting import describe_weighting
from training.measures.many import tell_no_reruns
from training.report.panel_section import describe_panel
from training.store.asked import StudyFacts
from training.store.facts import package_versions, to_plain
from training.store.found import BlendMember, OutcomeBlend
from training.store.headline import tell_headline
from training.store.results import RESULTS_VERSION, Results
from training.study.settings import Study
from training.study.study import Patients

__all__ = ["describe_blend", "describe_study", "make_results"]

_NULL_COMMAND = "ketresponse train STUDY --null-test 100"


def _not_done(reason: str, command: str = "") -> dict[str, Any]:
    """Return what stands for a part that was not computed."""
    return {"done": False, "reason": reason, "command": command}


def _describe_predictor(variable: Variable, column: FloatArray) -> dict[str, Any]:
    """Return the dictionary's entry, how much is missing, and the spread over patients."""
    known = column[~np.isnan(column)]
    told = ("name", "label", "kind", "unit", "known_at", "transform", "hint", "source")
    entry: dict[str, Any] = {name: getattr(variable, name) for name in told} | {
        "expected": variable.expected(),
        "codes": [f"{system} {code}" for system, code in variable.codes],
        "n": len(column),
        "missing": len(column) - len(known),
    }
    if variable.is_numeric:
        # Rounded: a quartile of few patients is one patient's value.
        steps = np.round(np.quantile(known, [0.25, 0.5, 0.75]) / variable.precision)
        return entry | {"quartiles": np.round(steps * variable.precision, 6).tolist()}
    names = variable.categories if variable.kind == "category" else ("no", "yes")
    return entry | {"shares": {name: int((known == i).sum()) for i, name in enumerate(names)}}


def describe_study(study: Study) -> StudyFacts:
    """Return what a study asked."""
    same = "name title population condition treatment horizons outcomes thresholds seed"
    asked = {name: getattr(study, name) for name in same.split()} | {
        "sha256": study.sha256,
        "rule": study.rule.text,
        "rule_text": study.rule.past,
        "eligibility": study.eligibility.to_dict(),
        "procedure": asdict(study.procedure),
        "resampling": study.resampling.model_dump(),
    }
    return StudyFacts.model_validate(to_plain(asked))


def _describe_cohort(patients: Patients) -> dict[str, Any]:
    cohort = patients.cohort
    years: list[float] = []
    if "treatment_year" in cohort.table:
        years = cohort.table["treatment_year"].dropna().tolist()
    sites = cohort.table["site"].nunique() if "site" in cohort.table else 0
    return {
        "sha256": cohort.sha256,
        "synthetic": cohort.synthetic,
        "rows": len(cohort.table),
        "years": [int(min(years)), int(max(years))] if years else None,
        "sites": int(sites),
        "n_patients": len(np.unique(patients.data.groups)),
    }


def _describe_judgement(judged: Judgement) -> dict[str, Any]:
    """Return everything that is told of one horizon, by the part of the results it belongs to."""
    optimism = instability = decision = None
    if judged.optimism is not None:
        interval = judged.optimism.attrs.get("interval", "")
        optimism = {"interval": interval, "rows": judged.optimism}
    if judged.instability is not None:
        instability = {
            **judged.instability.summary,
            "predictions": judged.instability.predictions,
            "classification": judged.instability.classification,
            "calibration": judged.instability.calibration,
        }
    if judged.decisions is not None:
        cuts = judged.decisions.curve["threshold"]
        decision = {
            "done": True,
            "range": [float(cuts.min()), float(cuts.max())],
            "rows": judged.decisions.curve,
            "thresholds": judged.decisions.thresholds,
        }
    return {
        "performance": {
            "interval": judged.performance.attrs.get("interval", ""),
            "rows": judged.performance,
        },
        "optimism": optimism,
        "calibration": {
            "groups": judged.groups,
            "curve": judged.calibration.curve,
            "summary": judged.calibration.summary,
        },
        "risks": judged.risks,
        "decision": decision
        or _not_done(
            "the study sets no range of decision thresholds, and none may be chosen afterwards",
            "set [decision] thresholds in the study file before training",
        ),
        "instability": instability,
        "missing_outcomes": {
            "unknown": int(judged.bounds.attrs.get("unknown", 0)),
            "rows": judged.bounds,
        },
        "subgroups": judged.subgroups,
    }


def _describe_null_test(table: pd.DataFrame | None) -> dict[str, Any]:
    if table is None:
        return _not_done("no null test was run", _NULL_COMMAND)
    labels = {name: candidate.label for name, candidate in CANDIDATES.items()}
    return {
        "done": True,
        "n_permutations": int(table["n_permutations"].max()),
        "rows": table.assign(model=[labels.get(name, name) for name in table["model"]]),
    }


def _describe_panel(parameters: int, evaluation: Assessment) -> dict[str, Any]:
    if evaluation.panel is None:
        return _not_done("the study has no microRNA panel", "ketresponse train STUDY --panel PANEL")
    return describe_panel(evaluation.panel, parameters)


def describe_blend(response: FittedResponse) -> dict[str, OutcomeBlend]:
    """Return what the model of each outcome is made of."""
    return {
        outcome: OutcomeBlend(
            members=[
                BlendMember(
                    name=name,
                    label=CANDIDATES[name].label,
                    weight=weight,
                    setting=fit.settings.get(name, ""),
                    log_loss=to_plain(fit.log_loss.get(name)),
                    constant=name in fit.constant,
                )
                for name, weight in fit.weights.items()
            ],
            slope=fit.slope,
            reason=fit.reason,
            constant=fit.model.is_constant,
        )
        for outcome, fit in response.outcomes.items()
    }


def _describe_score_labels(patients: Patients, evaluation: Assessment) -> dict[str, Any]:
    found = patients.score_labels
    if found.reason:
        return _not_done(found.reason)
    return {
        "done": True,
        "changed": found.changed,
        "counts": found.counts,
        "performance": evaluation.score_labels,
    }


def _describe_judgements(
    evaluation: Assessment, horizons: Sequence[str], n_patients: int
) -> dict[str, Any]:
    """Return every part that is told by horizon."""
    judged = {h: _describe_judgement(evaluation.judgements[h]) for h in horizons}
    parts = {
        name: {h: found[name] for h, found in judged.items() if found[name] is not None}
        for name in judged[horizons[0]]
    }
    return parts | {
        "optimism": parts["optimism"]
        or _not_done(
            tell_no_reruns(n_patients),
            "set resampling.bootstrap_reruns in the study file and train again",
        )
    }


_NO_OTHER_PATIENTS = _not_done(
    "no external validation: the model was judged in its own cohort only",
    "ketresponse validate MODEL COHORT, or ketresponse leave-site-out STUDY; then "
    "ketresponse card make MODEL --card card.toml --validation RUN",
)
_BACKGROUND = {
    "rows": N_BACKGROUND,
    "how": "each column of the training rows' known values permuted on its own and rounded to "
    "the dictionary's precision: margins as in training, no row is a patient",
}


def make_results(
    patients: Patients,
    design: Design,
    evaluation: Assessment,
    importance: pd.DataFrame,
    *,
    asked: StudyFacts,
    blend: Mapping[str, OutcomeBlend],
) -> Results:
    """Return everything that a run found.

    Parameters
    ----------
    patients, design : Patients, Design
        On whom the procedure was judged, and how.
    evaluation : Assessment
        The procedure, judged.
    importance : DataFrame
        :func:`training.model.importance.global_importance` over the frozen model's background,
        which is nobody.
    asked : StudyFacts
        What was asked, as :func:`describe_study` tells it.
    blend : mapping
        What the model is made of, as :func:`describe_blend` tells it.
    """
    data = patients.data
    findings = make_findings(evaluation, patients, asked.outcomes)
    found: dict[str, Any] = {
        "schema_version": RESULTS_VERSION,
        "study": asked,
        "cohort": _describe_cohort(patients),
        "flow": patients.flow,
        "counts": patients.counts,
        "labels": patients.labels.counts(),
        "score_labels": _describe_score_labels(patients, evaluation),
        "parameters": patients.parameters,
        "predictors": [
            _describe_predictor(variable, column)
            for variable, column in zip(data.predictors, data.X.T, strict=True)
        ],
        "sample_size": judge_sizes(evaluation, patients.verdicts),
        "power": evaluation.power,
        "weighting": describe_weighting(design.weighting, data.horizons),
        **_describe_judgements(evaluation, data.horizons, len(data)),
        "rerun_failures": evaluation.failures,
        "learning_curve": evaluation.learning
        or _not_done(
            "the learning curve was switched off",
            "set resampling.learning_curve in the study file and train again",
        ),
        "null_test": _describe_null_test(evaluation.null_test),
        "panel": _describe_panel(patients.parameters, evaluation),
        "sites": _NO_OTHER_PATIENTS,
        "blend": blend,
        "importance": importance,
        "background": _BACKGROUND,
        "notices": patients.notices,
        "verdict": make_verdict(evaluation, patients.verdicts),
        "findings": findings,
        "headline": tell_headline(findings),
        "code_version": version("ketresponse"),
        "versions": package_versions(),
    }
    return Results.model_validate(to_plain(found))
