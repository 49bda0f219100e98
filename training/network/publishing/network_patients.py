"""Whom a network saw, as far as its centres tell it: rules, outcomes, predictors."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from features.dictionary.variable import Variable
from training.network.content import SharedSummary
from training.network.publishing.network_judgement import (
    NetworkJudgement,
    count_unknown,
    tabulate_behind,
)
from training.network.result import NetworkResult

__all__ = [
    "compute_cohort_sha256",
    "count_patients",
    "describe_network_cohort",
    "describe_network_flow",
    "describe_network_labels",
    "describe_network_predictor",
]


def compute_cohort_sha256(result: NetworkResult) -> str:
    """Return the digest that stands for the patients: of every share's, in order."""
    lines = sorted(f"{centre} {round_} {digest}\n" for centre, round_, digest in result.shares)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def count_patients(result: NetworkResult) -> int:
    """Return how many eligible patients stand behind the model, as far as centres tell."""
    return sum(result.patients[centre] or 0 for centre in result.outcomes["response"].centres)


def describe_network_cohort(result: NetworkResult) -> dict[str, Any]:
    """Return how many patients and centres there are."""
    patients = count_patients(result)
    return {
        "sha256": compute_cohort_sha256(result),
        "synthetic": result.synthetic,
        "rows": patients,
        "years": None,
        "sites": len(result.centres),
        "n_patients": patients,
    }


def describe_network_flow(result: NetworkResult, judged: NetworkJudgement) -> list[dict[str, Any]]:
    """Return the rules, whose counts stay at the centres, and who has a known outcome."""
    rules, dictionary = result.protocol.eligibility, result.protocol.dictionary
    at_home = dict.fromkeys(("remaining", "excluded", "unknown_kept"))
    steps: list[dict[str, Any]] = [{"step": "identified at the centres", **at_home}]
    for step in rules.steps:
        words = ", ".join(
            f"{dictionary[name].label}: {rules.describe(name, dictionary=dictionary)}"
            for name in step
        )
        steps.append({"step": words, **at_home})
    eligible = count_patients(result)
    steps[-1]["remaining"] = eligible
    for horizon, count in judged.counts.items():
        unknown = tabulate_behind(result, horizon)["unknown"]
        excluded = None if unknown.isna().any() else int(unknown.sum())
        known = {"remaining": count.n, "excluded": excluded, "unknown_kept": 0}
        steps.append({"step": f"outcome known at {horizon.upper()}", **known})
    return steps


def describe_network_labels(result: NetworkResult, judged: NetworkJudgement) -> dict[str, Any]:
    """Return what the outcomes are; on what each label rests stays at its centre."""
    labels: dict[str, Any] = {"rows": count_patients(result)}
    for horizon, count in judged.counts.items():
        labels[horizon] = {
            "responders": count.events,
            "nonresponders": count.n - count.events,
            "unknown": count_unknown(result, horizon),
        }
    kept = result.outcomes.get("kept")
    if kept is not None:
        labels["kept"] = {
            "responders": kept.events,
            "nonresponders": kept.n - kept.events,
            "unknown": max(0, judged.counts["t1"].events - kept.n),
        }
    return labels


def describe_network_predictor(result: NetworkResult, variable: Variable) -> dict[str, Any]:
    """Return a predictor's dictionary entry, what is missing, and its spread over all centres."""
    told = [
        summary
        for centre in result.centres
        for summary in result.summaries[centre]
        if summary.name == variable.name
    ]
    missing = [summary.missing for summary in told]
    names = ("name", "label", "kind", "unit", "known_at", "transform", "hint", "source")
    entry: dict[str, Any] = {name: getattr(variable, name) for name in names} | {
        "expected": variable.expected(),
        "codes": [f"{system} {code}" for system, code in variable.codes],
        "n": sum(n or 0 for n in result.patients.values()),
        "missing": None if None in missing else sum(m for m in missing if m is not None),
    }
    if variable.is_numeric:
        return entry | _pool_numbers(told)
    return entry | {"shares": _add_shares(told)}


def _pool_numbers(told: list[SharedSummary]) -> dict[str, float]:
    """Return mean and standard deviation over the centres that tell them."""
    known = [(s.n, s.number.mean, s.number.sd) for s in told if s.n and s.number is not None]
    if not known:
        return {}
    n, mean, sd = np.array(known, dtype=np.float64).T
    middle = float(np.average(mean, weights=n))
    squares = np.sum((n - 1) * sd**2 + n * (mean - middle) ** 2)
    return {"mean": middle, "sd": float(np.sqrt(squares / max(n.sum() - 1, 1)))}


def _add_shares(told: list[SharedSummary]) -> dict[str, int]:
    """Return patients of each category; none of which a centre does not tell its own."""
    found: dict[str, int] = {}
    for name in dict.fromkeys(name for summary in told for name in summary.shares or {}):
        counts = [(summary.shares or {}).get(name) for summary in told]
        if None not in counts:
            found[name] = sum(count for count in counts if count is not None)
    return found
