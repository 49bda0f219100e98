"""What an update found, as one document like a training's: what its model card is made from.

The patients are those it was updated on; what was asked (title, rule, decision thresholds) is
what the version before was asked. The whole update, its closed tests included, is judged as a
procedure: cross-validated, rerun on bootstrap samples and on permuted outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.dictionary.eligibility import Eligibility
from training.document.progress import show_progress
from training.evaluation.evaluation import Assessment, assess, count_steps
from training.evaluation.permutation_test import judge_fit
from training.measures.sample_size import verdict
from training.measures.subgroups import DEFAULT_CUTS
from training.model.explanation import explain_rows, global_importance
from training.model.fit import Procedure
from training.report.results import make_results, to_plain
from training.study.settings import Resampling, Study
from training.study.study import Description, count_outcome, find_notices
from training.updating.closed_testing import METHODS, ClosedTest
from training.updating.update import update_outcomes
from training.validation.validation import WEIGHTING

if TYPE_CHECKING:
    from rich.console import Console

    from training.updating.updated_model import UpdatePlan

__all__ = ["assess_update", "describe_updated", "make_update_results"]

_RESAMPLING = Resampling(folds=5, repeats=20, bootstrap=500, bootstrap_reruns=200)
_PERMUTATIONS = 100
_NOT_REACHED = (
    "the results of the version it was updated from could not be reached: which decision "
    "thresholds were set for it is not known here"
)


def describe_updated(plan: UpdatePlan, before: Mapping[str, Any] | None) -> Description:
    """Return the patients of an update as a study describes its cohort.

    Parameters
    ----------
    plan : UpdatePlan
        With its patients.
    before : mapping or None
        Results of the version that is updated; None where they cannot be reached.
    """
    facts, patients = plan.parent.facts, plan.patients
    asked = before["study"] if before else {}
    thresholds = asked.get("thresholds")
    study = Study(
        name=facts.name, title=asked.get("title", facts.name), seed=plan.seed,
        population=facts.population, condition=facts.condition, treatment=facts.treatment,
        cohort=Path(), dictionary=patients.cohort.dictionary, rule=facts.rule,
        horizons=patients.data.horizons, outcomes=facts.outcomes,
        eligibility=Eligibility.from_dict(
            facts.eligibility, dictionary=patients.cohort.dictionary
        ),
        predictors=plan.parent.model.predictors, procedure=Procedure(()),
        resampling=_RESAMPLING, weighting=WEIGHTING, subgroups=dict(DEFAULT_CUTS),
        thresholds=tuple(thresholds) if thresholds else None, text="",
    )  # fmt: skip  # read already: no file, and the text is the earlier version's
    counts = {h: count_outcome(patients.data, h) for h in study.horizons}
    parameters = _count_parameters(plan.update.tests["response"])
    notices = find_notices(patients.data, patients.labels)
    return Description(
        study=study,
        cohort=patients.cohort,
        table=patients.table,
        data=patients.data,
        labels=patients.labels,
        flow=patients.flow,
        counts=counts,
        verdicts={
            h: verdict(int(c["n"]), int(c["events"]), parameters, horizon=h.upper())
            for h, c in counts.items()
            if 0 < c["events"] < c["n"]
        },
        parameters=parameters,
        shortfall="",
        notices=notices if before else (*notices, _NOT_REACHED),
    )


def _count_parameters(test: ClosedTest) -> int:
    """Return the coefficients of the largest update that was in question."""
    return max(1, int(test.table["parameters"].max()))


def assess_update(
    plan: UpdatePlan, description: Description, *, console: Console | None = None
) -> Assessment:
    """Judge the update as a procedure, on patients that it had not seen.

    Parameters
    ----------
    plan : UpdatePlan
        What is judged.
    description : Description
        :func:`describe_updated`.
    console : rich.console.Console or None
        Where progress is shown.
    """
    fit = partial(update_outcomes, model=plan.parent.model, alpha=plan.alpha)
    total = count_steps(description, null_permutations=_PERMUTATIONS) - 1
    with show_progress(console, "Judging the update", total) as progress:
        return assess(
            description,
            fit,
            plan.update.probability(description.data.X),
            judge=partial(judge_fit, fit=fit, n_folds=_RESAMPLING.folds),
            null_permutations=_PERMUTATIONS,
            progress=progress,
        )


def make_update_results(
    plan: UpdatePlan,
    description: Description,
    assessment: Assessment,
    before: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return everything that an update found.

    Parameters
    ----------
    plan : UpdatePlan
        What was done.
    description, assessment : Description, Assessment
        The patients it was done on, and how it did.
    before : mapping or None
        Results of the version that was updated.

    Returns
    -------
    dict
        As :func:`training.report.results.make_results`, and `update`: `parent` (``NAME:VERSION``),
        `parent_digest`, `alpha`, and `outcomes`: outcome to `method`, `words`, `n` and `events`.
    """
    model, facts = plan.update.model, plan.parent.facts
    importance = global_importance(model, explain_rows(model, model.background))
    found = make_results(description, assessment, importance, blend=_describe_blend(plan, before))
    found["study"] |= {"sha256": facts.study_sha256, "procedure": {}}
    found["background"]["how"] += "; those of the version that it was updated from"
    outcomes = {
        name: {"method": test.method, "words": _describe(test), "n": test.n, "events": test.events}
        for name, test in plan.update.tests.items()
    }
    update = {
        "parent": f"{facts.name}:{facts.version}",
        "parent_digest": plan.parent.digest,
        "alpha": plan.alpha,
        "outcomes": outcomes,
    }
    return {**found, "update": to_plain(update)}


def _describe(test: ClosedTest) -> str:
    """Return what was done to an outcome, with what was estimated."""
    words = METHODS[test.method]
    if test.reason:
        return f"{words}: {test.reason}"
    if test.method not in ("intercept", "logistic"):
        return words
    estimates = test.estimates[test.method]
    words += f", intercept {estimates[0]:+.2f}"
    return words if test.method == "intercept" else f"{words}, slope {estimates[1]:.2f}"


def _describe_blend(plan: UpdatePlan, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the version before is made of, where the update has left it so."""
    model = {"response": plan.update.model.first, "kept": plan.update.model.kept}
    blend = {}
    for name, test in plan.update.tests.items():
        outcome = model[name]
        assert outcome is not None, "a tested outcome has a model"
        told: Mapping[str, Any] = {"members": [], "slope": 1.0, "reason": ""}
        if before is not None and test.method != "refit":
            told = before["blend"][name]
        blend[name] = {**told, "constant": outcome.is_constant}
    return blend
