"""What is known about a network's model beside its arithmetic: what its answers and card tell."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from features.dictionary.variable import Variable
from features.texts import Text, say, say_list
from training.network.publishing.network_judgement import NetworkJudgement, tell_network_verdict
from training.network.publishing.network_patients import compute_cohort_sha256, count_patients
from training.network.result import NetworkResult
from training.running.model_facts import make_performance_facts, tell_unseen
from training.store.facts import ModelFacts, package_versions
from training.store.optional.network_found import NETWORK

__all__ = ["make_network_model_facts"]


def make_network_model_facts(result: NetworkResult, judged: NetworkJudgement) -> ModelFacts:
    """Return what is known about a network's model; one of simulated centres is a demonstration."""
    protocol = result.protocol
    counts: dict[str, Any] = {
        h: {"n": count.n, "events": count.events} for h, count in judged.counts.items()
    }
    return ModelFacts(
        name=protocol.name,
        status="demonstration" if result.synthetic else "research",
        population=protocol.population,
        treatment=protocol.treatment,
        condition=protocol.condition,
        outcomes=dict(protocol.outcomes),
        rule=protocol.rule.text,
        base_rates={h: count.base_rate or 0.0 for h, count in judged.counts.items()},
        counts={"n_patients": count_patients(result), **counts},
        eligibility=protocol.eligibility.to_dict(),
        training_ranges={
            v.name: _describe_range(result, place, v)
            for place, v in enumerate(protocol.predictor_variables)
        },
        performance=make_performance_facts(judged.performance),
        blend={
            name: {NETWORK: one.weight, "prevalence": 1 - one.weight}
            for name, one in result.outcomes.items()
        },
        created=datetime.now(UTC).date().isoformat(),
        seed=protocol.seed,
        study_sha256=protocol.sha256,
        cohort_sha256=compute_cohort_sha256(result),
        code_version=version("ketresponse"),
        versions=package_versions(),
        synthetic=result.synthetic,
        notes=_make_notes(result, judged),
        texts=dict(protocol.texts),
    )


def _describe_range(result: NetworkResult, place: int, variable: Variable) -> dict[str, Any]:
    """Return what all centres together have seen: as agreed, since no centre tells its extremes."""
    if variable.is_numeric:
        basis = result.protocol.basis
        return {"low": float(basis.low_[place]), "high": float(basis.high_[place])}
    names = variable.categories if variable.kind == "category" else ("no", "yes")
    told = [
        summary.shares
        for centre in result.centres
        for summary in result.summaries[centre]
        if summary.name == variable.name and summary.shares is not None
    ]
    # A count that is not told may be of few patients, or of none: it is taken as seen.
    seen = [name for name in names if any(shares.get(name) != 0 for shares in told)]
    return {"seen": seen or list(names)}


def _make_notes(result: NetworkResult, judged: NetworkJudgement) -> list[str]:
    notes: list[str] = [
        tell_network_verdict(judged)[0],
        say(
            "Made of sums that {n} centres shared ({names}); no patient's values left a centre.",
            n=len(result.centres),
            names=say_list([Text(name) for name in result.centres]),
        ),
    ]
    if result.outcomes["response"].weight == 0:
        notes.append(
            say(
                "The centres' patients did not bear a model: everyone at a centre gets the share "
                "of responders there."
            )
        )
    if "kept" in result.outcomes:
        notes.append(tell_unseen(result.protocol.condition))
    return notes
