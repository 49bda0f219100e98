"""What changed between two versions of a model, as their cards tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from training.card.gates import compute_gates
from training.card.schema import Body, Change, Part
from training.card.words import count, interval
from training.document.words import METRICS, join, number, percent

__all__ = ["compare_cards"]

_Pair = tuple[str, str]
_Facts = dict[str, str]
_SHORT = 12


def _data(body: Body) -> _Facts:
    results = body.results
    facts = {
        "cohort file (SHA-256)": results.cohort.sha256[:_SHORT],
        "eligible patients": str(results.cohort.n_patients),
        "simulated": "yes" if results.cohort.synthetic else "no",
        "population": results.study.population,
        "treatment": results.study.treatment,
        "responder rule": results.study.rule,
        "eligibility": "; ".join(
            f"{name} {rule}" for name, rule in sorted(results.study.eligibility.items())
        ),
        "threshold range": str(list(results.study.thresholds or ()) or "none"),
    }
    for horizon, counts in results.counts.items():
        share = f"{counts.events:.0f} of {counts.n:.0f} known; share {percent(counts.base_rate)}"
        facts[f"{horizon.upper()}: responders"] = share
    if results.network is not None:
        facts["centres"] = f"{join(results.network.names)}, {results.network.rounds} rounds"
    for row in results.flow:
        facts[f"flow: {row.step}"] = count(row.remaining)
    return facts


def _predictors(body: Body) -> _Facts:
    facts = {}
    for predictor in body.results.predictors:
        missing = f"missing {count(predictor.missing)} of {predictor.n}"
        transform = f", {predictor.transform}" if predictor.transform else ""
        facts[predictor.label] = f"{predictor.expected}{transform}; {missing}"
    return facts


def _model(body: Body) -> _Facts:
    study = body.results.study
    facts = {
        "artifact (SHA-256)": body.model.digest[:_SHORT],
        "study file (SHA-256)": study.sha256[:_SHORT],
        "code": body.model.code_version,
        "seed": str(study.seed),
        "resampling": ", ".join(f"{k} {v}" for k, v in study.resampling),
    }
    facts |= {f"package {name}": found for name, found in body.model.versions.items()}
    for outcome, blend in body.results.blend.items():
        for member in blend.members:
            facts[f"{outcome}: weight of {member.label}"] = number(member.weight)
    return facts


def _performance(body: Body) -> _Facts:
    results = body.results
    facts = {}
    for horizon in results.horizons:
        for metric, (label, _) in METRICS.items():
            row = results.find_performance(horizon, metric)
            if row is not None:
                facts[f"{horizon.upper()}: {label}, held out"] = interval(row)
        slope = results.find_optimism(horizon, "calibration_slope")
        if slope is not None:
            words = interval(slope.interval)
            facts[f"{horizon.upper()}: calibration slope, corrected"] = words
        moved = results.instability.get(horizon)
        if moved is not None:
            words = number(moved.mean_absolute_prediction_error, 3)
            facts[f"{horizon.upper()}: mean absolute prediction error"] = words
    return facts


def _gates(body: Body) -> _Facts:
    return {f"{g.number}. {g.name}": f"{g.status}: {g.value}" for g in compute_gates(body)}


def _author(body: Body) -> _Facts:
    return {
        key: ", ".join(value) if isinstance(value, list) else value
        for key, value in body.author.items()
    }


_TELL: dict[Part, Callable[[Body], _Facts]] = {
    "data": _data,
    "predictors": _predictors,
    "model": _model,
    "performance": _performance,
    "gates": _gates,
    "author": _author,
}


def _differences(before: _Facts, after: _Facts) -> Iterator[tuple[str, _Pair]]:
    for name in dict.fromkeys([*before, *after]):
        pair = before.get(name, "–") or "–", after.get(name, "–") or "–"
        if pair[0] != pair[1]:
            yield name, pair


def compare_cards(before: Body, after: Body) -> list[Change]:
    """Return every difference between two cards.

    In words, by part in the order in which a reviewer reads them; "–" where a card has no such
    thing. Empty where nothing differs that a card tells.
    """
    return [
        Change(part=part, what=what, before=old, after=new)
        for part, tell in _TELL.items()
        for what, (old, new) in _differences(tell(before), tell(after))
    ]
