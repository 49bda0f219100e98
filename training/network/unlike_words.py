"""Centres that contradict the others, in words: what the lead asks about before going on."""

from __future__ import annotations

from collections.abc import Mapping

from training.network.result import NetworkOutcome

__all__ = ["describe_contradictions"]

_TURNED = 0.01
_UNLIKE = 0.01
"""Level of the other two, over all centres of an outcome together (Bonferroni)."""


def describe_contradictions(outcomes: Mapping[str, NetworkOutcome]) -> list[str]:
    """Return a sentence for each way in which a centre contradicts the model made without it."""
    lines = []
    for name, outcome in outcomes.items():
        level = _UNLIKE / max(1, len(outcome.contradictions))
        for centre, found in outcome.contradictions.items():
            if found.p_slope < _TURNED:
                low, high = (found.slope + side * 1.96 * found.slope_se for side in (-1, 1))
                lines.append(
                    f"{centre}, {name}: the model made without it ranks its patients the wrong "
                    f"way round (calibration slope {found.slope:.2f}, {low:.2f} to {high:.2f}); "
                    "check whether responders and others were exchanged"
                )
            if found.p_coefficients < level:
                lines.append(
                    f"{centre}, {name}: its coefficients are unlike those of the other centres "
                    f"(p {_show(found.p_coefficients)}); check units and coding of its predictors"
                )
            if found.p_rate < level:
                lines.append(
                    f"{centre}, {name}: its share of responders is unlike what the other centres "
                    f"foresee (p {_show(found.p_rate)}); check its outcomes and who was admitted"
                )
    return lines


def _show(p: float) -> str:
    return "under 0.0001" if p < 1e-4 else f"{p:.4f}"
