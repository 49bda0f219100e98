"""Centres that contradict the others, in words: what the lead asks about before going on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.network.arithmetic.unlike import measure_break
from training.network.pooled import PooledOutcome
from training.network.result import NetworkOutcome

__all__ = ["describe_breaks", "describe_contradictions", "describe_heavy"]

_HEAVY = 0.5
"""Share of what all centres tell above which the common model is mostly one centre's own."""
_BROKEN = 0.75
"""Standard errors from round to round that no patients' own sums come near."""

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


def describe_breaks(pooled: Mapping[str, PooledOutcome]) -> list[str]:
    """Return a sentence for each round of a centre that does not follow from its round before.

    Parameters
    ----------
    pooled : mapping of str to PooledOutcome
        The outcomes whose slopes are pooled, without noise. Rounds in other columns, or with other
        coefficients in those that are not told, are not compared.
    """
    lines = []
    for name, outcome in pooled.items():
        for place, centre in enumerate(outcome.centres):
            for round_ in range(2, len(outcome.rounds) + 1):
                before, told = (
                    outcome.rounds[k][centre].likelihood for k in (round_ - 2, round_ - 1)
                )
                if before is None or told is None:
                    continue
                if (before.family, before.others) != (told.family, told.others):
                    continue
                pair = (outcome.find_points(k, told.family)[place] for k in (round_ - 1, round_))
                away = measure_break(*pair)
                if away > _BROKEN:
                    lines.append(
                        f"{centre}, {name}: what it tells in round {round_} does not follow from "
                        f"its round before ({away:.1f} standard errors away): no patients have "
                        "both; ask whether its patients or its program changed"
                    )
    return lines


def describe_heavy(pooled: Mapping[str, PooledOutcome]) -> list[str]:
    """Return a sentence for each centre that tells more than all others of three or more.

    Parameters
    ----------
    pooled : mapping of str to PooledOutcome
        The outcomes whose slopes are pooled.

    Notes
    -----
    What a centre tells is the diagonal of its curvature, as a share of all centres' and averaged
    over intercept and columns. A centre may be as large as that; a claim of it is worth a question,
    since no comparison with the others finds who outweighs them.
    """
    lines = []
    for name, outcome in pooled.items():
        points = outcome.find_points(len(outcome.rounds), outcome.setting.family)
        told = np.array([np.maximum(np.diag(point.curvature), 0.0) for point in points])
        total = told.sum(axis=0)
        shares = (told[:, total > 0] / total[total > 0]).mean(axis=1)
        for centre, share in zip(outcome.centres, shares.tolist(), strict=True):
            if len(points) >= 3 and share > _HEAVY:
                lines.append(
                    f"{centre}, {name}: {share:.0%} of all that the centres tell is its own, so "
                    "that the common model is mostly its own; check how many patients it has"
                )
    return lines


def _show(p: float) -> str:
    return "under 0.0001" if p < 1e-4 else f"{p:.4f}"
