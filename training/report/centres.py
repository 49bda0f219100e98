"""The tables on the centres of a network: who they are, what each shared, how they differ.

Made of results alone, for reports and cards alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from training.document.document import Table
from training.document.words import (
    ABSENT,
    capital,
    number,
    number_range,
    p_value,
    percent,
    with_interval,
)
from training.store.asked import PredictorFacts
from training.store.optional.network_found import (
    CENTRE_MEASURES,
    CentreFacts,
    CentrePerformanceFacts,
    CentrePredictorFacts,
    NetworkFacts,
    PooledMeasureFacts,
    TauFacts,
)
from training.store.part import EstimateRow, Horizon

__all__ = [
    "list_centre_warnings",
    "make_centre_performance_table",
    "make_heterogeneity_table",
    "make_patients_by_centre_table",
    "make_pooled_table",
    "make_settings_table",
    "make_shares_table",
]

_WORDS = {"response": "response", "kept": "kept at T2"}
_NOT_TOLD = "not told"
_SHORT = 12


def list_centre_warnings(network: NetworkFacts) -> list[str]:
    """Return what about the centres must not be overlooked, a sentence each."""
    dropped = [
        f"{centre.name}: none of its patients count, {centre.dropped}"
        for centre in network.centres
        if centre.dropped
    ]
    withheld = [
        f"{centre.name}: none of its patients stand behind {_WORDS[outcome]}, {why}"
        for centre in network.centres
        for outcome, why in centre.withheld.items()
    ]
    told = (*network.flags, *dropped, *withheld, *network.lacks)
    return [f"{text.rstrip('.')}." for text in told]


def make_patients_by_centre_table(
    network: NetworkFacts, predictors: Sequence[PredictorFacts], horizons: Sequence[Horizon]
) -> Table:
    """Return the table of patients by centre, a column for each, as papers begin with it.

    Parameters
    ----------
    network : NetworkFacts
        Of the results.
    predictors : sequence of PredictorFacts
        What to summarise, in order; each also over all centres.
    horizons : sequence of str
        Whose outcomes are counted.
    """
    centres = [centre for centre in network.centres if centre.counts_for]
    rows = [row for horizon in horizons for row in _count_outcomes(horizon, centres)]
    cells = {(cell.centre, cell.predictor): cell for cell in network.patients}
    for predictor in predictors:
        at = {c.name: cells.get((c.name, predictor.name)) for c in centres}
        if any(at.values()):
            rows += _describe_predictor(predictor, at)
    shown = pd.DataFrame(rows, columns=["characteristic", "all", *(c.name for c in centres)])
    return Table(
        "patients_by_centre",
        "Patients by centre.",
        shown,
        "Mean (SD), or patients (% of those of whom it is known). Each centre summed up its own "
        f"patients. {capital(_NOT_TOLD)}: fewer than the {network.cell} agreed on, or a number "
        "that would give such a one away.",
    )


def _count_outcomes(horizon: Horizon, centres: Sequence[CentreFacts]) -> list[list[str]]:
    counts = [centre.counts.get(horizon) for centre in centres]
    known = [None if count is None else count.n for count in counts]
    events = [None if count is None else count.events for count in counts]
    name = horizon.upper()
    return [
        [f"{name} known", *_with_sum(known)],
        [
            f"responded at {name}, n (%)",
            _tell_share(_add(events), _add(known)),
            *(_tell_share(e, n) for e, n in zip(events, known, strict=True)),
        ],
    ]


def _add(values: Sequence[int | None]) -> int | None:
    """Return the sum; None where one is not told, which a sum would give away."""
    told = [value for value in values if value is not None]
    return sum(told) if len(told) == len(values) else None


def _with_sum(values: Sequence[int | None]) -> list[str]:
    return [_tell_count(value) for value in (_add(values), *values)]


def _tell_count(value: int | None) -> str:
    return _NOT_TOLD if value is None else str(value)


def _tell_share(events: int | None, n: int | None) -> str:
    if events is None or n is None:
        return _NOT_TOLD
    return f"{events} ({percent(events / n)})" if n else ABSENT


def _describe_predictor(
    predictor: PredictorFacts, at: Mapping[str, CentrePredictorFacts | None]
) -> list[list[str]]:
    """Return a predictor's rows: one of a number or a yes/no, one for each of its categories."""
    missing = [None if cell is None else cell.missing for cell in at.values()]
    unit = predictor.unit.split(",")[0]  # what follows are the ends of a scale
    repeats = not unit or unit.lower() in predictor.label.lower()
    name = predictor.label if repeats else f"{predictor.label}, {unit}"
    known = _add([None if cell is None else cell.n for cell in at.values()])
    if predictor.kind not in ("yes_no", "category"):
        summed = [_tell_mean(predictor.mean, predictor.sd)]
        summed += [ABSENT if c is None else _tell_mean(c.mean, c.sd) for c in at.values()]
        rows = [[f"{name}, mean (SD)", *summed]]
    else:
        rows = [
            [
                f"{predictor.label}: {name}, n (%)",
                _tell_share(predictor.shares.get(name), known),
                *(
                    ABSENT if c is None else _tell_share(c.counts.get(name), c.n)
                    for c in at.values()
                ),
            ]
            for name in _list_categories(predictor, at)
        ]
    if any(missing) or None in missing:
        rows.append([f"\u2003not known: {predictor.label}", *_with_sum(missing)])
    return rows


def _list_categories(
    predictor: PredictorFacts, at: Mapping[str, CentrePredictorFacts | None]
) -> list[str]:
    """Return the categories that are told, of a yes/no the yes alone."""
    cells = [cell for cell in at.values() if cell is not None]
    names = dict.fromkeys([*predictor.shares, *(n for cell in cells for n in cell.counts)])
    return [name for name in names if predictor.kind != "yes_no" or name == "yes"]


def _tell_mean(mean: float | None, sd: float | None) -> str:
    if mean is None:
        return _NOT_TOLD
    return number(mean, 1) + ("" if sd is None else f" ({number(sd, 1)})")


def make_shares_table(network: NetworkFacts) -> Table:
    """Return who shared what: the rounds of each centre, and the outcomes it shared slopes of."""
    outcomes = list(network.outcomes)

    def tell(centre: CentreFacts) -> list[str]:
        shared = [share for share in network.shares if share.centre == centre.name]
        rounds = sorted({share.round for share in shared})
        slopes = [
            f"{_WORDS[o]}: "
            + (f"counts alone, {centre.withheld[o]}" if o in centre.withheld else "yes")
            for o in outcomes
        ]
        return [
            centre.name,
            ", ".join(map(str, rounds)) or ABSENT,
            f"none of its patients count: {centre.dropped}"
            if centre.dropped
            else "; ".join(slopes),
            ", ".join(share.sha256[:_SHORT] for share in shared) or ABSENT,
        ]

    shown = pd.DataFrame(
        [tell(centre) for centre in network.centres],
        columns=["centre", "rounds", "sums for slopes", "digests of its files"],
    )
    values = pd.DataFrame([share.to_json() for share in network.shares])
    return Table(
        "shares",
        "What each centre shared.",
        shown,
        "No row of a patient is in any of these files; they are kept with the run, whole digests "
        "(SHA-256) beside them.",
        values if len(values) else None,
    )


def make_heterogeneity_table(network: NetworkFacts) -> Table:
    """Return by how much centres differ in each outcome: intercepts and slopes."""
    return Table.from_rows(
        "heterogeneity",
        "By how much centres differ.",
        list(network.outcomes.items()),
        {
            "outcome": lambda r: _WORDS[r[0]],
            "centres": lambda r: len(r[1].centres),
            "tau of intercepts (95%)": lambda r: _tell_tau(r[1].tau_intercept),
            "tau of slopes (95%)": lambda r: _tell_tau(r[1].tau_slope),
            "p of equal slopes": lambda r: p_value(r[1].tau_slope and r[1].tau_slope.p_value),
            "slopes": lambda r: "differ by centre" if r[1].random_slopes else "the same everywhere",
        },
        "Tau: standard deviation between centres in log-odds; 0.3 moves a probability of 50% by "
        "about 7 percentage points at every third centre. A handful of centres tells little of "
        "it: read the interval. The estimate at a centre that took no part is widened by it.",
    )


def _tell_tau(tau: TauFacts | None) -> str:
    return ABSENT if tau is None else with_interval(tau.estimate, tau.low, tau.high)


def make_settings_table(network: NetworkFacts) -> Table:
    """Return each family and penalty that was tried, and which was taken."""
    rows = [
        (outcome, found, row)
        for outcome, found in network.outcomes.items()
        for row in found.settings
    ]
    return Table.from_rows(
        "settings",
        "Families and penalties that were tried.",
        rows,
        {
            "outcome": lambda r: _WORDS[r[0]],
            "family": lambda r: r[2].family,
            "prior SD of a slope": lambda r: (
                ABSENT if r[2].prior_sd is None else f"{r[2].prior_sd:g}"
            ),
            "deviance at left-out centres": lambda r: number(r[2].deviance, 1),
            "of the others' share": lambda r: number(r[2].prevalence, 1),
            "": lambda r: (
                "taken" if (r[2].family, r[2].prior_sd) == (r[1].family, r[1].prior_sd) else ""
            ),
        },
        (
            "Each centre worked out, at home, the deviance of the model made without it"
            if network.rounds > 1
            else "The deviance of the model made without a centre, as its own curve foretells it"
        )
        + "; lower is better. Taken is the lowest over all centres.",
    )


def _tell_prior(prior_sd: float | None) -> str:
    return ABSENT if prior_sd is None else f"{prior_sd:g}"


def make_centre_performance_table(
    horizon: Horizon, rows: Sequence[CentrePerformanceFacts]
) -> Table:
    """Return how the model did at each centre that had no part in making it."""

    def tell(measure: str, row: CentrePerformanceFacts) -> str:
        return _tell_estimate(row.measures.get(measure))

    shown = pd.DataFrame(
        [
            {
                "centre": row.centre,
                "known": _tell_count(row.n),
                "responders": _tell_count(row.events),
                **{words: tell(measure, row) for measure, words in CENTRE_MEASURES.items()},
            }
            for row in rows
        ],
        columns=["centre", "known", "responders", *CENTRE_MEASURES.values()],
    )
    notes = "".join(f" {row.centre}: {row.note}." for row in rows if row.note)
    return Table(
        f"by_centre_{horizon}",
        f"By centre, {horizon.upper()}: each told by the model that was made without it.",
        shown,
        f"95% intervals. Every centre judged its own patients at home.{notes}",
    )


def _tell_estimate(row: EstimateRow | None) -> str:
    return ABSENT if row is None else with_interval(row.estimate, row.low, row.high)


def make_pooled_table(horizon: Horizon, rows: Sequence[PooledMeasureFacts]) -> Table:
    """Return each measure over centres by random effects, and at a further centre."""
    columns: dict[str, str | Callable[[Any], object]] = {
        "measure": lambda r: capital(CENTRE_MEASURES.get(r.measure, r.measure)),
        "centres": "centres",
        "mean (95% interval)": lambda r: with_interval(r.estimate, r.low, r.high),
        "a further centre (95%)": lambda r: number_range(r.prediction_low, r.prediction_high),
        "tau²": lambda r: number(r.tau2, 3),
        "I²": lambda r: percent(None if r.i2 is None else r.i2 / 100),
        "p of no difference": lambda r: p_value(r.q_p_value),
    }
    if any(row.note for row in rows):
        columns["note"] = "note"
    return Table.from_rows(
        f"over_centres_{horizon}",
        f"Over centres, {horizon.upper()}: random effects.",
        rows,
        columns,
        "Restricted maximum likelihood, with Hartung and Knapp's interval of the mean, on the "
        "scale of the logit (AUC), the logarithm (O:E) and the measure itself. With few centres "
        "an I² of 0 is no sign that they agree: read the further centre's.",
    )
