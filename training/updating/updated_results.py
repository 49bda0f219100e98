"""What an update found, as one document like a training's: what its model card is made from.

The patients are those it was updated on; what was asked (title, rule, decision thresholds) is
what the version before was asked. The whole update, its closed tests included, is judged as a
procedure: cross-validated, rerun on bootstrap samples and on permuted outcomes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from features.dictionary.eligibility import Eligibility
from training.document.progress import Show
from training.evaluation.design import Design
from training.evaluation.evaluation import Assessment, assess, count_assessment
from training.evaluation.null_test import evaluate_fit
from training.measures.subgroups import DEFAULT_CUTS
from training.model.importance import explain_rows, global_importance
from training.report.results import make_results
from training.store.asked import StudyFacts
from training.store.found import OutcomeBlend, UpdatedOutcome, UpdateFacts
from training.store.results import Results
from training.study.study import Patients, describe_patients
from training.study.tables import Resampling
from training.updating.closed_testing import METHODS, ClosedTest
from training.updating.plan import UpdatePlan
from training.updating.update import update_outcomes
from training.validation.validation import WEIGHTING

__all__ = ["assess_update", "describe_updated", "make_update_design", "make_update_results"]

_RESAMPLING = Resampling(folds=5, repeats=20, bootstrap=500, bootstrap_reruns=200)
_PERMUTATIONS = 100
_NOTHING_LEFT = OutcomeBlend(members=[], slope=1.0, reason="", constant=False)
_INHERITED = "; those of the version that it was updated from"
_UNKNOWN_BACKGROUND = "made of what centres shared"
_NOT_REACHED = (
    "the results of the version it was updated from could not be reached: which decision "
    "thresholds were set for it is not known here"
)


def describe_updated(plan: UpdatePlan, before: Results | None) -> Patients:
    """Return the patients of an update as a study describes its own.

    Parameters
    ----------
    plan : UpdatePlan
        With its patients.
    before : Results or None
        Results of the version that is updated; None where they cannot be reached.
    """
    new = plan.patients
    # What a sample size is asked for: the coefficients of the largest update in question.
    parameters = max(1, int(plan.update.tests["response"].table["parameters"].max()))
    found = describe_patients(new, new.data, parameters=parameters)
    return found if before else replace(found, notices=(*found.notices, _NOT_REACHED))


def make_update_design(plan: UpdatePlan, before: Results | None) -> Design:
    """Return how an update is judged: by the thresholds set for the version before."""
    return Design(
        resampling=_RESAMPLING,
        weighting=WEIGHTING,
        thresholds=before.study.thresholds if before else None,
        subgroups=DEFAULT_CUTS,
        seed=plan.seed,
    )


def assess_update(
    plan: UpdatePlan, patients: Patients, design: Design, *, show: Show
) -> Assessment:
    """Judge the update as a procedure, on patients that it had not seen.

    Parameters
    ----------
    plan : UpdatePlan
        What is judged.
    patients, design : Patients, Design
        On whom, and how.
    show : callable
        Shows the progress of the fits.
    """
    fit = partial(update_outcomes, model=plan.parent.model, alpha=plan.alpha)
    total = count_assessment(patients, design, null_permutations=_PERMUTATIONS)
    with show("Judging the update", total) as progress:
        return assess(
            patients,
            design,
            fit,
            plan.update.probability(patients.data.X),
            judge=partial(evaluate_fit, fit=fit, n_folds=design.resampling.folds),
            null_permutations=_PERMUTATIONS,
            progress=progress,
        )


def make_update_results(
    plan: UpdatePlan,
    patients: Patients,
    design: Design,
    assessment: Assessment,
    before: Results | None,
) -> Results:
    """Return everything that an update found.

    Parameters
    ----------
    plan : UpdatePlan
        What was done.
    patients, design, assessment : Patients, Design, Assessment
        The patients it was done on, how it was judged, and how it did.
    before : Results or None
        Results of the version that was updated.
    """
    model, facts = plan.update.model, plan.parent.facts
    importance = global_importance(model, explain_rows(model, model.background))
    found = make_results(
        patients,
        design,
        assessment,
        importance,
        asked=_describe_asked(plan, design, before),
        blend=_describe_blend(plan, before),
    )
    outcomes = {
        name: UpdatedOutcome(
            method=test.method, words=_describe(test), n=test.n, events=test.events
        )
        for name, test in plan.update.tests.items()
    }
    update = UpdateFacts(
        parent=f"{facts.name}:{facts.version}",
        parent_digest=plan.parent.digest,
        alpha=plan.alpha,
        outcomes=outcomes,
    )
    if plan.centre:  # what does not apply is left out of the document
        whose = {"centre": plan.centre, "is_known": plan.is_known}
        update = update.model_copy(update=whose)
    # A network's was made of what its centres told, any other of rows.
    how = found.background.how if before is None else before.background.how
    how = _UNKNOWN_BACKGROUND if before is None and plan.centre else how
    how = f"{how.removesuffix(_INHERITED)}{_INHERITED}"
    background = found.background.model_copy(update={"how": how})
    return found.model_copy(update={"background": background, "update": update})


def _describe_asked(plan: UpdatePlan, design: Design, before: Results | None) -> StudyFacts:
    """Return what was asked, as the version before was: its study, and no procedure of its own."""
    facts = plan.parent.facts
    asked = {
        "name": facts.name,
        "title": before.study.title if before else facts.name,
        "population": facts.population,
        "condition": facts.condition,
        "treatment": facts.treatment,
        "rule": facts.rule,
        "rule_text": plan.parent.rule.past,
        "horizons": plan.patients.data.horizons,
        "outcomes": facts.outcomes,
        "eligibility": Eligibility.from_dict(facts.eligibility).to_dict(),
        "thresholds": design.thresholds,
        "seed": plan.seed,
        "sha256": facts.study_sha256,
        "procedure": {},
        "resampling": design.resampling.model_dump(),
    }
    return StudyFacts.model_validate(asked)


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


def _describe_blend(plan: UpdatePlan, before: Results | None) -> dict[str, OutcomeBlend]:
    """Return what the version before is made of, where the update has left it so."""
    model = {"response": plan.update.model.first, "kept": plan.update.model.kept}
    blend = {}
    for name, test in plan.update.tests.items():
        outcome = model[name]
        assert outcome is not None, "a tested outcome has a model"
        told = _NOTHING_LEFT if before is None or test.method == "refit" else before.blend[name]
        blend[name] = told.model_copy(update={"constant": outcome.is_constant})
    return blend
