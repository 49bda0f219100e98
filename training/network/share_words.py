"""What the parts of a share and of a round are, in plain English: they stand in every file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["describe_ask", "describe_share"]

_SHARE = {
    "patients": "How many of the centre's eligible patients count: all, but for those whose first "
    "outcome is unknown where they are too few to be told of.",
    "synthetic": "Whether any of them is simulated: what comes of it is then a demonstration.",
    "counts": "By time: patients whose outcome is known (n), responders among them (events), and "
    "patients whose outcome is not known. null: fewer than the limit, or it would tell such a "
    "number.",
    "summaries": "Each predictor: patients with a value and without, mean and standard deviation "
    "(sd), and patients between agreed edges, joined where they would be fewer than the limit. "
    "null: fewer than the limit, or it would tell such a number.",
    "outcomes": "The sums over patients that a common model is made of: 'response' at the first "
    "time, 'kept' of those who had responded. n and events are null where one of them, or of the "
    "others, is fewer than the limit.",
    "outcomes.likelihood": "The log-likelihood (value) of the outcomes at coefficients (at; the "
    "intercept first, then the protocol's columns), its slope (gradient) and how it bends "
    "(curvature): each number is a sum over all patients, rounded as the protocol says. "
    "curvature is null in rounds that tell none.",
    "outcomes.losses": "How well models that were made without this centre predict here: one sum "
    "each (log loss), and the same for everyone's getting the same probability.",
    "outcomes.shrinking": "The same sums for one such model, drawn toward the same probability for "
    "everyone by tenths, and the intercept that fits here at each.",
    "outcomes.blended": "Slope and bend of the log-likelihood in the intercept alone.",
    "outcomes.withheld": "Why nothing more is told of an outcome.",
    "evaluation": "How the model that was made without this centre does here: calibration, AUC, "
    "Brier score, with standard errors, and patients by groups of risk, and in each group the "
    "responders and the others in bins of their own: how many, and the sum of their risks "
    "(expected); none under the limit, and none overlap. responder_weight: for how many patients a "
    "responder stands at the second time, since only responders can be missed there. "
    "o_e: responders observed by expected. auc_se is of the AUC's logit, o_e_se of the logarithm "
    "of o_e. "
    "brier_skill: the share of brier_prevalence, which everyone's getting the same probability "
    "has, by which brier is lower. null: too few to tell.",
    "noise": "Whether noise was added, and how much.",
    "remarks": "What else the lead has to know, in words.",
}
_ROUND = {
    "outcomes": "Where each centre is to work out its sums next: its intercept and the common "
    "coefficients.",
    "outcomes.losses": "By centre, coefficients of models that were made without it, to be tried.",
    "outcomes.shrinking": "By centre, those of the chosen model that was made without it.",
    "outcomes.blended": "The coefficients after they were drawn in, for which each centre's "
    "intercept is asked.",
    "evaluated": "By centre, the whole model that was made without it, to be judged there.",
    "base_rates": "By centre, the share of responders at the others.",
    "dropped": "Centres that no longer take part, and why.",
}


def describe_share(content: Mapping[str, Any]) -> dict[str, str]:
    """Return what each part of a share's content is; nothing on parts that it does not have."""
    return _describe(content, _SHARE)


def describe_ask(content: Mapping[str, Any]) -> dict[str, str]:
    """Return what each part of a round's content is."""
    return _describe(content, _ROUND)


def _describe(content: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, str]:
    outcomes = content.get("outcomes", {}).values()
    inner = {f"outcomes.{name}" for one in outcomes for name, value in one.items() if value}
    there = {name for name, value in content.items() if value not in ({}, [], "", None)} | inner
    return {f"content.{name}": told for name, told in words.items() if name in there}
