"""Whether a model gives everyone the same estimate, as its results tell."""

from __future__ import annotations

from training.store.part import Horizon
from training.store.results import Results

__all__ = ["is_deployable", "list_constant"]

_ROUNDING = 0.005
"""Half a percentage point: what moves estimates by less on average is not seen where people read
them, as whole numbers of 100 patients."""


def list_constant(results: Results) -> list[Horizon]:
    """Return the horizons at which everyone gets the same estimate, but for rounding.

    Any of these tells it: the outcomes behind the horizon are constant; no member of their blends
    that tells patients apart has a weight; nothing in a record moves the estimate; or the estimates
    of the patients themselves have no spread.
    """
    return [horizon for horizon in results.horizons if _is_constant(results, horizon)]


def _is_constant(results: Results, horizon: Horizon) -> bool:
    outcomes = ("response",) if horizon == "t1" else ("response", "kept")
    behind = [outcome for outcome in outcomes if outcome in results.blend]
    if behind and all(_outcome_is_constant(results, outcome) for outcome in behind):
        return True
    moved = [
        abs(row.mean_absolute_contribution) for row in results.importance if row.horizon == horizon
    ]
    if moved and sum(moved) < _ROUNDING:
        return True
    groups = results.calibration[horizon].groups
    predicted = [group.predicted for group in groups]
    return len(predicted) > 1 and max(predicted) - min(predicted) < _ROUNDING


def _outcome_is_constant(results: Results, outcome: str) -> bool:
    blend = results.blend[outcome]
    if blend.constant:
        return True
    weights = [
        abs(member.weight)
        for member in blend.members
        if member.name != "prevalence" and not member.constant
    ]
    if results.update is not None or not blend.members:
        return False  # what an update adds to its parent stands in no member's weight
    return sum(weights) < _ROUNDING or abs(blend.slope) < _ROUNDING


def is_deployable(results: Results) -> bool:
    """Return whether the training itself says that its data bear a model.

    They do where there are enough patients by the sample-size criteria, the Brier skill is above 0
    with its interval, and not everyone gets the same estimate: at every horizon.
    """
    skill = {h: results.find_performance(h, "brier_skill") for h in results.horizons}
    return not list_constant(results) and all(
        (row := skill[h]) is not None
        and (row.low or 0) > 0
        and (h not in results.sample_size or results.sample_size[h].enough)
        for h in results.horizons
    )
