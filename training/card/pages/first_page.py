"""The first page of a card: how sure the model is in one picture, and which gates it passed."""

from __future__ import annotations

from collections.abc import Sequence

from training.approval.gate import Gate
from training.card.pages.pictures import draw_sureness
from training.card.schema import Body
from training.document.document import Drawing, Drawings
from training.document.words import capital
from training.store.part import Horizon

__all__ = ["list_said", "make_sureness", "name_checked"]

_APART = (
    "Dots: how many of them responded, with 95% intervals; diamonds: what they were told, by "
    "models that had not seen them. A model that tells patients apart has those told little "
    "respond clearly less often than those told much."
)
_SAME = "Dot: how many responded, with its 95% interval; diamond: what everyone is told."


def make_sureness(body: Body) -> Drawings:
    """Return what patients were told beside how many of them responded, for each horizon."""
    results = body.results
    constant = {h for h in results.horizons if results.is_constant(h)}

    def draw(horizon: Horizon) -> str:
        count, where = results.counts[horizon], results.study.name_horizon(horizon)
        if horizon not in constant:
            groups = results.calibration[horizon].groups
            return draw_sureness(count, groups, where, told=None)
        found = (results.findings or {}).get(horizon)
        told = count.base_rate if found is None else found.mean
        return draw_sureness(count, [], where, told=told)

    drawn = tuple(
        Drawing(draw(h), capital(results.study.name_horizon(h))) for h in results.horizons
    )
    return Drawings(drawn, _SAME if len(constant) == len(results.horizons) else _APART)


def name_checked(gates: Sequence[Gate]) -> list[tuple[str, list[Gate]]]:
    """Return which gates failed, which were let pass and which passed, under these words."""
    kinds = (("Failed", "fail"), ("Failed, and let pass", "waived"), ("Passed", "pass"))
    told = [(words, [g for g in gates if g.status == status]) for words, status in kinds]
    return [(words, found) for words, found in told if found]


def list_said(body: Body, stamp: str) -> list[str]:
    """Return what the first page says, so that the annex need not say it again."""
    plain = body.plain
    return [
        stamp,
        *(body.results.headline or []),
        body.results.verdict[0],
        *body.flags,
        plain.what,
        plain.whom,
        *plain.how_sure,
        *plain.when_not,
    ]
