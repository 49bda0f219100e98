"""What the service tells of its model: the answer of `GET /model`."""

from __future__ import annotations

from typing import Any

from features.dictionary.variable import Variable
from features.published.safety import describe_safety
from serving.estimate.predictor import Predictor
from training.panel.model import PanelModel
from training.store.statements import make_statements

__all__ = ["describe_model"]


def _describe_variable(variable: Variable, predictor: Predictor) -> dict[str, Any]:
    """Return one variable of the loaded model as `GET /model` shows it."""
    rule = (
        predictor.eligibility.describe(variable.name, dictionary=predictor.dictionary)
        if variable.name in predictor.eligibility_names
        else None
    )
    plain = ("name", "label", "kind", "unit", "low", "high", "hint", "source")
    return {name: getattr(variable, name) for name in plain} | {
        "categories": list(variable.categories),
        "predictor": variable.name in predictor.model.predictors,
        "eligibility": rule,
        "training_range": predictor.facts.training_ranges.get(variable.name),
    }


def _describe_assays(panel: PanelModel) -> dict[str, Any]:
    """Return what a panel must hold; its performance stands in the facts."""
    return {
        "selected": list(panel.selected),
        "references": list(panel.references),
        "plates": list(panel.plates),
        "ceiling": panel.ceiling,
        "min_coverage": panel.min_coverage,
    }


def describe_model(predictor: Predictor) -> dict[str, Any]:
    """Return what `GET /model` answers: facts, variables, standing statements, digest."""
    return {
        **predictor.facts.to_dict(),
        "digest": predictor.digest,
        "horizons": list(predictor.model.horizons),
        "predictors": list(predictor.model.predictors),
        "min_known": predictor.model.min_known,
        "centres": [centre.name for centre in predictor.model.centres],
        "centre": predictor.centre or None,
        "panel_assays": None if predictor.panel is None else _describe_assays(predictor.panel),
        "variables": [
            _describe_variable(variable, predictor)
            for variable in predictor.dictionary
            if variable.known_at in ("always", "baseline")
        ],
        "waivers": list(predictor.waivers),
        "statements": [predictor.stamp, *make_statements(predictor.facts)[1:]],
        "safety": describe_safety(predictor.facts.condition),
    }
