"""What a registered update tells of itself: the facts of its version, the record of its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

import pandas as pd

from features.dictionary.eligibility import Eligibility
from features.texts import Text, say
from training.evaluation.design import Design
from training.evaluation.evaluation import Assessment
from training.running.model_facts import make_count_facts, make_performance_facts
from training.running.run_record import flatten_estimates
from training.store.facts import ModelFacts, package_versions
from training.store.optional.network_found import NETWORK, ONE_CENTRE
from training.store.tracking import RunRecord
from training.updating.plan import UpdatePlan
from training.validation.comparison import EVALUATION_TAG, compute_evaluation_key

__all__ = ["make_update_facts", "make_update_record"]


def _make_note(plan: UpdatePlan) -> Text:
    """Return what was updated on whom, and whose model it is now."""
    old = plan.parent.facts
    told: dict[str, object] = {
        "version": old.version,
        "digest": plan.parent.digest[:12],
        "n": len(plan.patients.data),
        "what": plan.words,
    }
    if plan.centre:
        return say(
            "The model of {centre} alone: updated from version {version} (digest {digest}), which "
            "is of several centres, on {n} other courses there: {what}. Counts, base rates and "
            "performance are of these courses; performance is that of the update, cross-validated.",
            centre=plan.centre,
            **told,
        )
    return say(
        "Updated from version {version} (digest {digest}) on {n} other courses: {what}. Counts, "
        "base rates and performance are of these courses; performance is that of the update, "
        "cross-validated.",
        **told,
    )


def make_update_facts(
    plan: UpdatePlan,
    counts: Mapping[str, Mapping[str, float]],
    performance: Mapping[str, pd.DataFrame],
) -> ModelFacts:
    """Return the parent's facts, with those of the new patients where the update changed them."""
    old, data = plan.parent.facts, plan.patients.data
    notes: list[str] = [_make_note(plan), *old.notes]
    if old.panel is not None:
        notes.append(
            say(
                "The earlier version also had a sub-model for patients with a microRNA panel; it "
                "was not updated and is left out."
            )
        )
    blend = dict(old.blend)
    if plan.centre:
        blend = {
            outcome: {ONE_CENTRE if n == NETWORK else n: weight for n, weight in members.items()}
            for outcome, members in blend.items()
        }
    blend |= {
        name: {"refit": 1.0} for name, test in plan.update.tests.items() if test.method == "refit"
    }
    return replace(
        old,
        version="unregistered",
        run_id=None,
        card_sha256=None,
        status="demonstration" if plan.synthetic else "research",
        synthetic=plan.synthetic,
        base_rates={h: float(c["base_rate"]) for h, c in counts.items()},
        counts=make_count_facts(counts, data),
        performance=make_performance_facts(performance),
        blend=blend,
        created=datetime.now(UTC).date().isoformat(),
        seed=plan.seed,
        cohort_sha256=plan.patients.cohort.sha256,
        patients_sha256=data.sha256,
        earlier_cohorts=[
            *old.earlier_cohorts,
            old.cohort_sha256,
            *filter(None, [old.patients_sha256]),
        ],
        code_version=version("ketresponse"),
        versions=package_versions(),
        notes=notes,
        submodel="clinical",
        panel=None,
    )


def make_update_record(
    plan: UpdatePlan, facts: ModelFacts, design: Design, assessment: Assessment
) -> RunRecord:
    """Return what is tracked of an update, its files apart."""
    metrics: dict[str, float] = {}
    for horizon, table in assessment.performance.items():
        metrics |= flatten_estimates(f"{horizon}_", table)
        metrics |= {f"{horizon}_{name}": float(n) for name, n in facts.counts[horizon].items()}
    for outcome, test in plan.update.tests.items():
        metrics |= {
            f"{outcome}_log_likelihood_{method}": float(value)
            for method, value in test.table["log_likelihood"].items()
        }
    parent, cohort = plan.parent, plan.patients.cohort
    outer = f"{design.resampling.repeats} x {design.resampling.folds}"
    return RunRecord(
        study=facts.name,
        kind="update",
        params={
            "parent": f"{parent.facts.name}:{parent.facts.version}",
            "alpha": plan.alpha,
            "seed": plan.seed,
            "outer_cv": outer,
        },
        metrics=metrics,
        tags={
            "ketresponse.status": facts.status,
            **plan.lineage,
            EVALUATION_TAG: compute_evaluation_key(
                cohort_sha256=cohort.sha256,
                eligibility=Eligibility.from_dict(facts.eligibility),
                rule=facts.rule,
                horizons=plan.patients.data.horizons,
                weighting=design.weighting,
                design=outer,
                n_bootstrap=design.resampling.bootstrap,
                seed=plan.seed,
            ),
            "cohort_sha256": cohort.sha256,
            "cohort_synthetic": str(cohort.synthetic).lower(),
            "code_version": facts.code_version,
        },
        note=facts.notes[0],
    )
