"""The sections of a card on the model and how it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from training.card.literature import compute_shares
from training.card.pages.pictures import draw_calibration, draw_decision, draw_importance
from training.card.schema import Body
from training.card.words import OUTCOME_WORDS, interval
from training.document.document import Block, Bullets, Drawing, Drawings, make_table
from training.document.words import METRICS, OF_A_CONSTANT, capital, join, number, percent
from training.report.tables import (
    make_blend_table,
    make_instability_table,
    make_null_test_table,
    make_power_table,
    make_size_table,
    make_subgroups_table,
)
from training.store.found import FlipRow, InstabilityFacts, NullTest
from training.store.part import Horizon, NotDone, OrNotDone
from training.store.results import Results

__all__ = [
    "make_calibration_blocks",
    "make_decision_blocks",
    "make_fairness_blocks",
    "make_model_blocks",
    "make_performance_blocks",
    "make_stability_blocks",
]


def _at(body: Body) -> dict[Horizon, str]:
    return {h: body.results.study.name_horizon(h) for h in body.results.horizons}


def make_model_blocks(body: Body) -> list[Block]:
    """Return the blend, and what moves the estimate."""
    run = {f.id: f.answer for f in body.fields if f.by == "run"}
    constant = [
        f"{capital(OUTCOME_WORDS[outcome])}: everyone gets the same probability"
        + (f" ({blend.reason})" if blend.reason else "")
        + "."
        for outcome, blend in body.results.blend.items()
        if blend.constant
    ]
    labels, at = {p.name: p.label for p in body.results.predictors}, _at(body)
    shares = {h: compute_shares(body.results, h) for h in body.results.horizons}
    pictures = tuple(
        Drawing(draw_importance(found, labels, at[h]), f"What moves the estimate at {at[h]}")
        for h, found in shares.items()
        if found and not body.results.is_constant(h)
    )
    update = body.results.update
    blocks: list[Block] = [f"{capital(run['12g'])}."]
    if update:
        blocks.append(f"{capital(run['12f'])}. What it was made of before:")
    if any(blend.members for blend in body.results.blend.values()):
        blocks.append(make_blend_table(body.results.blend, OUTCOME_WORDS))
    if constant:
        blocks.append(Bullets(tuple(constant), "warning"))
    if pictures:
        blocks.append(
            Drawings(
                pictures,
                "Share of the mean absolute Shapley contribution, over the background rows. It "
                "tells what the model uses, not what causes response.",
            )
        )
    return [*blocks, f"{capital(run['12a'])}. {capital(run['13'])}."]


def make_performance_blocks(body: Body) -> list[Block]:
    """Return performance held out, apparent and corrected, each with its interval."""
    results, at = body.results, _at(body)
    blocks: list[Block] = []
    explained: set[str] = set()
    for horizon in results.horizons:
        rows = _list_performance(results, horizon)
        new = [row for row in rows if row["measure"] not in explained]
        explained |= {row["measure"] for row in rows}
        if not new:  # one reading serves every horizon
            rows = [{k: v for k, v in row.items() if k != _READING} for row in rows]
        if not any(row[_NOTE] for row in rows):
            rows = [{k: v for k, v in row.items() if k != _NOTE} for row in rows]
        blocks.append(
            make_table(
                f"Performance at {at[horizon]}",
                tuple(rows[0]) if rows else ("measure",),
                [tuple(row.values()) for row in rows],
                _describe_intervals(results, horizon),
            )
        )
    sites = results.sites
    if not isinstance(sites, NotDone):
        blocks.append(f"In other patients: {sites.text}.")
    else:
        blocks.append(Bullets((f"{capital(sites.reason)}.",), "warning"))
    return blocks


_READING, _NOTE = "how to read it", "note"


def _list_performance(results: Results, horizon: Horizon) -> list[dict[str, str]]:
    """Return the measures of a horizon, each as what stands under every heading."""
    rows = []
    constant = results.is_constant(horizon)
    for metric, (label, reading) in METRICS.items():
        held_out = results.find_performance(horizon, metric)
        if held_out is None or (constant and metric not in OF_A_CONSTANT):
            continue
        told = {"measure": label, "held out (95%)": interval(held_out)}
        if not isinstance(results.optimism, NotDone):
            row = results.find_optimism(horizon, metric)
            told["apparent"] = number(row.apparent) if row else "–"
            told["corrected for optimism (95%)"] = interval(row.interval) if row else "–"
        rows.append(told | {_READING: reading, _NOTE: held_out.note or ""})
    return rows


def _describe_intervals(results: Results, horizon: Horizon) -> str:
    """Return what the intervals of a horizon's performance table are."""
    note = f"Held out: {results.performance[horizon].interval}."
    if not isinstance(results.optimism, NotDone):
        note += f" Corrected: {results.optimism[horizon].interval}."
    weighting = results.weighting
    if not weighting or (horizon == "t1" and weighting.startswith("T2")):
        return note
    return f"{note} {capital(weighting)}."


def make_calibration_blocks(body: Body) -> list[Block]:
    """Return the calibration curves."""
    found, at = body.results.calibration, _at(body)
    pictures = tuple(
        Drawing(draw_calibration(found[h], at[h]), f"Calibration at {at[h]}")
        for h in body.results.horizons
        if not body.results.is_constant(h)
    )
    absent = _tell_constant(body, "no calibration curve")
    if not pictures:
        return [absent]
    return [
        *([absent] if absent else []),
        Drawings(
            pictures,
            "On the diagonal, of 100 patients told 60% about 60 respond. Bands this wide forgive "
            "much: they cannot show that the model is calibrated, only that it is grossly wrong.",
        ),
    ]


def _tell_constant(body: Body, what: str) -> str:
    """Return where there is none of something because everyone gets the same; may be empty."""
    results, at = body.results, _at(body)
    constant = [at[h] for h in results.horizons if results.is_constant(h)]
    if not constant:
        return ""
    return f"Everyone gets the same estimate at {join(constant)}: there is {what}."


def make_decision_blocks(body: Body) -> list[Block]:
    """Return the decision curves."""
    at = _at(body)
    blocks: list[Block] = []
    pictures, absent = [], []
    if same := _tell_constant(body, "nothing to decide by, and no decision curve"):
        blocks.append(same)
    for horizon in body.results.horizons:
        found = body.results.decision[horizon]
        if body.results.is_constant(horizon):
            continue
        if isinstance(found, NotDone):
            absent.append(found.reason)
        else:
            drawn = draw_decision(found, at[horizon])
            pictures.append(Drawing(drawn, f"Decision curve at {at[horizon]}"))
    if pictures:
        blocks.append(
            Drawings(
                tuple(pictures),
                "The model is of use where its line lies above both others. The threshold states "
                "what a decision is worth: at 25% one responder treated outweighs three courses "
                "without response.",
            )
        )
    elif absent:
        blocks.append(Bullets((f"No decision curve: {absent[0]}.",), "warning"))
    return [*blocks, "Whether its use changes what happens to patients has not been studied."]


def make_stability_blocks(body: Body) -> list[Block]:
    """Return instability, sample size and the null test."""
    results = body.results
    apart = {h: f for h, f in results.instability.items() if not results.is_constant(h)}
    return [
        *_make_instability_blocks(results.instability, apart),
        make_size_table(results.sample_size),
        *((make_power_table(results.power, results.sample_size),) if results.power else ()),
        *_make_null_test_blocks(results.null_test),
    ]


def _make_instability_blocks(
    instability: Mapping[Horizon, InstabilityFacts], apart: Mapping[Horizon, InstabilityFacts]
) -> list[Block]:
    """Return how far reruns move; sides of a threshold only of those whose estimates differ."""
    if not instability:
        return []
    blocks: list[Block] = [make_instability_table(instability)]
    flips = {h: found.classification or [] for h, found in apart.items()}
    cuts = sorted({row.threshold for rows in flips.values() for row in rows})
    if cuts:
        blocks.append(
            make_table(
                "Classification instability: patients whom a rerun puts on the other "
                "side of a threshold",
                ("threshold", *(h.upper() for h in flips)),
                [
                    (percent(cut), *(_describe_flip(rows, cut) for rows in flips.values()))
                    for cut in cuts
                ],
                "In brackets the patients who are on the other side in over a fifth of "
                "reruns. 0% is stable, 50% is a coin.",
            )
        )
    return blocks


def _describe_flip(rows: Sequence[FlipRow], cut: float) -> str:
    row = next((row for row in rows if row.threshold == cut), None)
    if row is None:
        return "–"
    return f"{percent(row.classification_instability)} ({percent(row.unstable_patients)})"


def _make_null_test_blocks(null: OrNotDone[NullTest]) -> list[Block]:
    if isinstance(null, NotDone):
        command = f" Run: {null.command}." if null.command else ""
        return [Bullets((f"Null test: {null.reason}.{command}",), "warning")]
    return [make_null_test_table(null.rows, {})]


def make_fairness_blocks(body: Body) -> list[Block]:
    """Return the subgroups and what the author says on fairness."""
    found = body.results.subgroups
    if isinstance(found, NotDone):
        blocks: list[Block] = [Bullets((f"Subgroups: {found.reason}.",), "warning")]
    else:
        blocks = [
            make_subgroups_table(
                h, found[h], body.gate_settings.per_class, ranked=not body.results.is_constant(h)
            )
            for h in body.results.horizons
        ]
    return blocks
