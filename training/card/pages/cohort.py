"""The sections of a card on use, patients, outcome and predictors."""

from __future__ import annotations

from training.card.limitations import list_rules
from training.card.schema import Body
from training.card.words import count, interval
from training.document.document import Block, Bullets, Table, make_table
from training.document.words import ABSENT, METRICS, OF_A_CONSTANT, capital, number, percent
from training.report.tables import make_bounds_table, make_flow_table
from training.store.asked import PredictorFacts
from training.store.found import ScoreLabelFacts
from training.store.results import Results

__all__ = [
    "make_outcome_blocks",
    "make_population_blocks",
    "make_predictors_blocks",
    "make_use_blocks",
]


def make_use_blocks(body: Body) -> list[Block]:
    """Return how to use the number, and how not."""
    # The first says who stands behind the estimate and what was predicted: page one does.
    return [Bullets(tuple(body.statements[1:]), "warning")]


def make_population_blocks(body: Body) -> list[Block]:
    """Return who the patients are, and how many are left after each step."""
    results = body.results
    rates = []
    for horizon in body.results.horizons:
        found = results.counts[horizon]
        share = f"{percent(found.base_rate)} ({percent(found.low)} to {percent(found.high)})"
        rates.append((horizon.upper(), f"{found.n:.0f}", f"{found.events:.0f}", share))
    return [
        f"{capital(results.study.population)}. Treatment: {results.study.treatment}.",
        "Whom the model is for: " + "; ".join(list_rules(results)) + ".",
        make_flow_table(
            results.flow,
            "The outcome steps are no exclusions: each horizon is fitted on those whose outcome "
            "is known.",
        ),
        make_table(
            "Numbers behind each horizon",
            ("horizon", "outcome known", "responders", "share of responders (95%)"),
            rates,
            "At T2 the share is of all, not of those known: how it is made stands on page one."
            if results.labels.kept is not None
            else "",
        ),
    ]


def make_outcome_blocks(body: Body) -> list[Block]:
    """Return what was predicted, what labels rest on, and what unknown outcomes could change."""
    results = body.results
    labels = {h: results.labels.at(h) for h in results.horizons}
    bounds = [
        (h, found.unknown, row)
        for h, found in results.missing_outcomes.items()
        for row in found.rows
        if row.metric in OF_A_CONSTANT or not results.is_constant(h)
    ]
    answers = {f.id: f.answer for f in body.fields if f.table == "ketresponse"}
    return [
        f"Responder: {results.study.rule_text}.",
        Bullets(tuple(f"{h.upper()}: {results.study.outcomes[h]}" for h in body.results.horizons)),
        Table.from_rows(
            "labels",
            "What the labels rest on",
            labels.items(),
            {
                "horizon": lambda r: r[0].upper(),
                "responders": lambda r: r[1].responders,
                "nonresponders": lambda r: r[1].nonresponders,
                "unknown": lambda r: r[1].unknown,
                "by score": lambda r: count(r[1].score),
                "by wording alone": lambda r: count(r[1].wording),
                "by both": lambda r: count(r[1].both),
            },
        ),
        f"{capital(answers['low_baseline'])}. Labels from scores alone: {answers['score_labels']}.",
        *_make_scores_blocks(results),
        make_bounds_table(
            bounds, "Over everyone, whatever the unknown outcomes are and why they are missing."
        ),
    ]


def _make_scores_blocks(results: Results) -> list[Block]:
    """Return what labels from scores alone would change; nothing where they change nothing."""
    found = results.score_labels
    rows = _compare_scores(results, found) if isinstance(found, ScoreLabelFacts) else []
    if not rows:
        return []
    return [
        make_table(
            "With labels from scores alone",
            ("horizon", "result", "labels of the study", "from scores alone"),
            rows,
            "The whole procedure judged again without the record's wording, by the same folds; of "
            "more than 20,000 patients, in 20,000 drawn at random. Results that differ much rest "
            "on the wording.",
        )
    ]


def _compare_scores(results: Results, found: ScoreLabelFacts) -> list[tuple[str, ...]]:
    """Return counts and performance with the study's labels beside those from scores alone."""
    rows: list[tuple[str, ...]] = []
    for horizon in results.horizons if found.performance else []:
        name, before, after = horizon.upper(), results.counts[horizon], found.counts[horizon]
        rows.append(
            (
                name,
                "responders",
                f"{before.events:.0f} of {before.n:.0f}",
                f"{after.events:.0f} of {after.n:.0f}",
            )
        )
        again = {row.metric: row for row in found.performance[horizon]}
        rows += [
            (
                name,
                METRICS[metric][0],
                interval(results.find_performance(horizon, metric)),
                interval(again.get(metric)),
            )
            for metric in ("auc", "brier_skill", "calibration_slope")
            if metric in OF_A_CONSTANT or not results.is_constant(horizon)
        ]
    return rows


def _spread(predictor: PredictorFacts) -> str:
    if predictor.quartiles is not None:
        low, middle, high = (f"{value:g}" for value in predictor.quartiles)
        return f"median {middle} (quartiles {low} to {high})"
    if predictor.mean is not None:
        return f"mean {number(predictor.mean, 1)} (SD {number(predictor.sd, 1)})"
    known = predictor.n - (predictor.missing or 0)
    told = ", ".join(
        f"{name} {count} ({percent(count / known)})"
        for name, count in predictor.shares.items()
        if name != "no"
    )
    return told or ABSENT


def make_predictors_blocks(body: Body) -> list[Block]:
    """Return the predictors with their dictionary entries and what is missing."""
    predictors = body.results.predictors
    rows = [
        (p.label, p.expected, _spread(p), f"{count(p.missing)} of {p.n}", ", ".join(p.codes) or "–")
        for p in predictors
    ]
    sources = dict.fromkeys(
        source.strip() for p in predictors for source in p.source.split(";") if source.strip()
    )
    run = {f.id: f.answer for f in body.fields if f.table == "TRIPOD+AI"}
    return [
        "All are known before admission; nothing that is known only after the start of treatment "
        "may be a predictor.",
        make_table(
            "Predictors",
            ("predictor", "value", "in these patients", "missing", "codes"),
            rows,
            f"Sources: {'; '.join(sources)}." if sources else "",
        ),
        f"{capital(run['11'])}.",
        f"{capital(run['12b'])}.",
    ]
