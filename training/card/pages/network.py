"""The section of a card on the centres of a network; only where the run had one."""

from __future__ import annotations

from training.card.pages.forest import FORESTS, draw_forest
from training.card.schema import Body
from training.document.document import Block, Bullets, Drawing, Drawings
from training.document.words import capital
from training.report.centres import (
    list_centre_warnings,
    make_centre_performance_table,
    make_heterogeneity_table,
    make_patients_by_centre_table,
    make_pooled_table,
    make_settings_table,
    make_shares_table,
)
from training.store.optional.network_found import CENTRE_MEASURES, NetworkFacts
from training.store.part import Horizon

__all__ = ["make_network_blocks"]


_READ_FOREST = (
    "Each centre was told by the model made without it. Dots: estimate with its 95% interval; "
    "below, the mean over centres with its interval, and thin where a further centre is expected. "
    "Dashed: 0.5 is a coin (AUC), 1 is right (O:E, slope). An interval that goes on beyond the "
    "picture ends at its border."
)


def make_network_blocks(body: Body) -> list[Block]:
    """Return who the centres are, what each shared, how they differ and how the model did there.

    Nothing where the run had no network.
    """
    network = body.results.network
    if network is None:
        return []
    horizons = body.results.horizons
    warnings = list_centre_warnings(network)
    blocks: list[Block] = [
        f"{len(network.names)} centres in {network.rounds} of {network.planned} agreed rounds. "
        "Every centre's patients stayed there; the model is made of sums.",
        *((Bullets(tuple(warnings), "warning"),) if warnings else ()),
        make_patients_by_centre_table(network, body.results.predictors, horizons),
        make_shares_table(network),
        Bullets(tuple(f"{text.rstrip('.')}." for text in (*network.limits, network.noise))),
        make_heterogeneity_table(network),
    ]
    if any(found.settings for found in network.outcomes.values()):
        blocks.append(make_settings_table(network))
    for horizon in horizons:
        blocks += _make_performance_blocks(body, network, horizon)
    return blocks


def _make_performance_blocks(body: Body, network: NetworkFacts, horizon: Horizon) -> list[Block]:
    """Return one horizon by centre: tables, and a forest plot for each measure."""
    rows, pooled = network.performance.get(horizon, []), network.pooled.get(horizon, [])
    if not rows:
        return []
    blocks: list[Block] = [
        make_centre_performance_table(horizon, rows),
        make_pooled_table(horizon, pooled),
    ]
    if body.results.is_constant(horizon):
        return blocks
    where = body.results.study.name_horizon(horizon)
    over = {row.measure: row for row in pooled}
    drawn = tuple(
        Drawing(
            draw_forest(measure, words, rows, over.get(measure), where),
            f"{capital(words)} at each centre, {where}",
        )
        for measure, words in CENTRE_MEASURES.items()
        if measure in FORESTS
    )
    return [*blocks, Drawings(drawn, _READ_FOREST)]
