"""Models of several centres, made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from training.model.centres import Centre, CentreOutcome
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel


def _make_own(
    outcome: OutcomeModel, working: WorkingModel, move: float, seed: int
) -> CentreOutcome:
    """Return draws half as wide as a new centre's, around the intercept of this one."""
    rng = np.random.default_rng(seed)
    draws = working.draws.copy()
    middle = draws[:, 0].mean()
    draws[:, 0] = middle + move + 0.5 * rng.permutation(draws[:, 0] - middle)
    return CentreOutcome(outcome.intercept + move, outcome.coef, draws)


def add_centres(model: ResponseModel, moves: Mapping[str, float]) -> ResponseModel:
    """Return the model with centres whose log-odds differ from a new one's by so much.

    The first outcome's do; of a second one, the share that keeps its response is the first
    centre's alone its own.
    """
    centres = []
    for place, (name, move) in enumerate(moves.items()):
        kept = None
        if place == 0 and model.kept is not None and model.working_kept is not None:
            kept = _make_own(model.kept, model.working_kept, -move, place)
        first = _make_own(model.first, model.working_first, move, place)
        centres.append(Centre(name, first, kept))
    return replace(model, centres=tuple(centres))
