"""The twelve gates between a model and its approval, computed from the body of its card.

Nothing is typed in: each gate is a function of what the run found. A gate that fails can be
waived by a reviewer, by name and with a reason; that stands in the annex, not here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from training.approval.gate import Gate
from training.card.author import DECLARED_REAL
from training.card.checks import find_declaration_fault, find_faults, require
from training.card.constancy import list_constant
from training.card.fields import FIELDS
from training.card.schema import Body, GateSettings
from training.card.words import interval
from training.document.words import UNDESCRIBED, number, percent
from training.measures.many import tell_no_reruns
from training.store.asked import SizeFacts
from training.store.found import InstabilityFacts
from training.store.optional.network_found import NEEDS_ROWS
from training.store.part import EstimateRow, Horizon, NotDone
from training.store.results import Results

__all__ = ["compute_flags", "compute_gates"]

_NO_EXTERNAL = "no external validation"


@dataclass(frozen=True)
class _Finding:
    """What a gate found: whether it is met, against what, what to know, and what to run."""

    passed: bool
    value: str
    threshold: str
    more: str = ""
    command: str = ""


def _check_frozen(body: Body, settings: GateSettings) -> _Finding:
    study, cohort = body.results.study, body.results.cohort
    asked = {
        "digest of the study": study.sha256,
        "digest of the cohort": cohort.sha256,
        "responder rule": study.rule,
        "horizons": study.horizons,
        "range of decision thresholds": study.thresholds,
    }
    absent = [name for name, found in asked.items() if not found]
    span = (
        f"thresholds {percent(study.thresholds[0])} to {percent(study.thresholds[1])}"
        if study.thresholds
        else "no range of thresholds"
    )
    where = "study and train again" if body.results.network is None else "protocol beforehand"
    more = f"not set before training: {', '.join(absent)}; set it in the {where}"
    return _Finding(
        passed=not absent,
        value=f"rule {study.rule}, {' and '.join(h.upper() for h in study.horizons)}, {span}",
        threshold="data contract, outcome rule, horizons and threshold range in the run",
        more=more if absent else "",
    )


def _check_size(body: Body, settings: GateSettings) -> _Finding:
    results = body.results
    return _Finding(
        passed=all(horizon in results.sample_size for horizon in results.horizons),
        value=results.per_horizon(lambda h: _describe_size(results.sample_size.get(h))),
        threshold="a report for each horizon, with the shortfall",
    )


def _describe_size(size: SizeFacts | None) -> str:
    if size is None:
        return "no report"
    wanted = f"{size.needed.n} needed" if size.needed else "no size can be given"
    return f"{size.n} patients, {wanted}"


def _check_null(body: Body, settings: GateSettings) -> _Finding:
    null = body.results.null_test
    asked = (
        f"mean AUC within {settings.null_low} to {settings.null_high} for the whole procedure and "
        f"each candidate, over at least {settings.permutations} permutations"
    )
    if isinstance(null, NotDone):
        return _Finding(False, "not run", asked, null.reason, null.command)
    judged = [row for row in null.rows if row.judged]
    unsure = [row for row in judged if row.auc is None or row.verdict == "uncertain"]
    outside = [
        f"{row.model} at {row.horizon.upper()} (mean AUC {number(row.auc, 3)})"
        for row in judged
        if row not in unsure
        and not (row.auc is not None and settings.null_low <= row.auc <= settings.null_high)
    ]
    shown = [row.auc for row in judged if row.auc is not None]
    aucs = " to ".join(dict.fromkeys(number(f(shown), 3) for f in (min, max))) if shown else ""
    found = f"mean AUC {aucs}" if shown else "every model constant"
    more = [f"outside: {', '.join(outside)}"] if outside else []
    command = ""
    if unsure or null.n_permutations < settings.permutations:
        more.append("too few permutations to tell")
        command = f"ketresponse train STUDY --null-test {settings.permutations} or more"
    return _Finding(
        passed=not more,
        value=f"{null.n_permutations} permutations, {found}",
        threshold=asked,
        more="; ".join(more),
        command=command,
    )


def _check_skill(body: Body, settings: GateSettings) -> _Finding:
    results = body.results
    rows = {h: results.find_performance(h, "brier_skill") for h in results.horizons}
    good = all(row is not None and (row.low or 0) > 0 for row in rows.values())
    return _Finding(
        passed=good,
        value=results.per_horizon(lambda h: interval(rows[h])),
        threshold="lower limit of the Brier skill above 0",
        more=""
        if good
        else "no evidence that it predicts better than telling everyone the base rate",
    )


def _check_calibration(body: Body, settings: GateSettings) -> _Finding:
    results = body.results
    # At centres that the model was made without, there is no optimism to correct.
    which = "corrected slope" if results.network is None else "slope at left-out centres"
    asked = (
        f"{which} within {settings.slope_low} to {settings.slope_high}; in other patients "
        f"|log O:E| at most {settings.log_o_e}"
    )
    if results.network is None and isinstance(results.optimism, NotDone):
        return _Finding(False, "not run", asked, results.optimism.reason, results.optimism.command)
    slopes, why = _find_slopes(results)
    good = all(
        slope is not None
        and slope.estimate is not None
        and settings.slope_low <= slope.estimate <= settings.slope_high
        for slope in slopes.values()
    )
    value = results.per_horizon(lambda h: interval(slopes[h]))
    if isinstance(results.sites, NotDone) or not results.sites.o_e:
        why.append("calibration-in-the-large is not counted: " + _NO_EXTERNAL)
        return _Finding(good, value, asked, "; ".join(why))
    ratios = results.sites.o_e
    shown = ", ".join(f"{h.upper()} O:E {number(o_e)}" for h, o_e in ratios.items())
    return _Finding(
        passed=good
        and all(
            o_e is not None and o_e > 0 and abs(math.log(o_e)) <= settings.log_o_e
            for o_e in ratios.values()
        ),
        value=f"{value}; other patients: {shown}",
        threshold=asked,
        more="; ".join(why),
    )


def _find_slopes(results: Results) -> tuple[dict[Horizon, EstimateRow | None], list[str]]:
    """Return each horizon's calibration slope without optimism, and why one is missing."""
    slopes: dict[Horizon, EstimateRow | None] = {}
    why = []
    for horizon in results.horizons:
        if results.network is not None:
            found = results.find_performance(horizon, "calibration_slope")
            slopes[horizon], note = found, found.note if found else ""
        else:
            row = results.find_optimism(horizon, "calibration_slope")
            slopes[horizon], note = (row.interval, row.note) if row else (None, "")
        slope = slopes[horizon]
        if note and (slope is None or slope.estimate is None):
            why.append(f"{horizon.upper()}: {note}")
    return slopes, why


def _check_instability(body: Body, settings: GateSettings) -> _Finding:
    results = body.results
    asked = (
        f"mean absolute prediction error at most {number(settings.instability)}; classification "
        "instability shown"
    )
    if not results.instability:
        if results.network is not None:
            return _Finding(False, "not run", asked, NEEDS_ROWS)
        why = f"not judged: {tell_no_reruns(results.cohort.n_patients)}"
        more = "set resampling.bootstrap_reruns in the study (20, say) and train again"
        return _Finding(False, "not run", asked, why, more)
    found = {h: results.instability[h] for h in results.horizons}
    errors = [part.mean_absolute_prediction_error for part in found.values()]
    shown = all(part.classification for part in found.values())
    return _Finding(
        passed=shown and all(e is not None and e <= settings.instability for e in errors),
        value=results.per_horizon(lambda h: _describe_instability(found[h])),
        threshold=asked,
        more=""
        if shown
        else "classification instability needs a range of thresholds; set it in the study and "
        "train again",
    )


def _describe_instability(found: InstabilityFacts) -> str:
    error = number(found.mean_absolute_prediction_error, 3)
    flips = [row.classification_instability for row in found.classification or []]
    known = [share for share in flips if share is not None]
    return f"{error}, up to {percent(max(known))} change sides" if known else error


def _check_benefit(body: Body, settings: GateSettings) -> _Finding:
    results = body.results
    asked = "net benefit above treating all and none at every threshold of the range"
    gains: dict[Horizon, list[float]] = {}
    for horizon in results.horizons:
        decision = results.decision[horizon]
        if isinstance(decision, NotDone):
            return _Finding(False, "not computed", asked, decision.reason, decision.command)
        gains[horizon] = [row.gain for row in decision.rows]
    missing = {} if results.network is None else results.network.untold
    untold = [h.upper() for h in results.horizons if missing.get(h)]
    return _Finding(
        passed=not untold and all(gain > 0 for found in gains.values() for gain in found),
        value=results.per_horizon(
            lambda h: (
                f"{number(min(gains[h]), 3)} at worst, above at "
                f"{sum(gain > 0 for gain in gains[h])} of {len(gains[h])} thresholds"
            )
        ),
        threshold=asked,
        more=f"not told at every threshold of the range: {', '.join(untold)}" if untold else "",
    )


def _check_subgroups(body: Body, settings: GateSettings) -> _Finding:
    found = body.results.subgroups
    asked = f'a table; under {settings.per_class} events or non-events "not estimable"'
    if isinstance(found, NotDone):
        return _Finding(False, "not computed", asked, found.reason, found.command)
    rows = [row for table in found.values() for row in table]
    none = sum(row.auc is None for row in rows)
    overread = any(row.smaller_class < settings.per_class and row.auc is not None for row in rows)
    return _Finding(not overread, f"{len(rows)} subgroups, {none} not estimable", asked)


def _check_external(body: Body, settings: GateSettings) -> _Finding:
    sites = body.results.sites
    asked = "a result in other patients: another cohort, or site by site"
    if not isinstance(sites, NotDone):
        return _Finding(True, sites.text, asked)
    until = "until then at most silent prospective evaluation"
    command = f"to fill it: {sites.command}" if sites.command else ""
    return _Finding(False, _NO_EXTERNAL, asked, until, command)


def _check_completeness(body: Body, settings: GateSettings) -> _Finding:
    # The author's answers are looked at again: a card may be older than what is asked of them.
    # What they were never asked is no fault: no approval ends by a question that is new.
    found = find_faults(body.author, required=require(body.flags))
    faults = {key: fault for key, fault in found.items() if key in body.author}
    waiting = {(field.table, field.id) for field in body.fields if field.status == "missing"}
    for field in FIELDS:
        if faults.keys() & set(field.sources):
            waiting.add((field.table, field.id))
    n = len(body.fields)
    more = []
    if waiting:
        first = f"; the first: {next(iter(faults.values()))}" if faults else ""
        more.append(f"{len(waiting)} fields wait for an answer{first}")
    study = body.results.study
    for what, words in (("population", study.population), ("treatment", study.treatment)):
        if words.startswith(UNDESCRIBED):  # it would stand so on every answer
            more.append(f"the study's {what} is not described: describe it and train again")
    return _Finding(
        passed=not more,
        value=f"{n - len(waiting)} of {n} fields",
        threshold='every field answered in its own words, or "not available, because ..."',
        more="; ".join(more),
        command="`ketresponse card check` lists them" if waiting else "",
    )


def _check_reviewers(body: Body, settings: GateSettings) -> _Finding:
    return _Finding(
        passed=False,
        value="told by the review log",
        threshold="two named reviewers, neither an author",
        more="approvals stand beside the card, bound to its digests",
    )


def _check_real(body: Body, settings: GateSettings) -> _Finding:
    """Say what is known: that nothing marks the patients as simulated, and who answers for it."""
    asked = "no simulated patient"
    if body.model.synthetic or body.results.cohort.synthetic:
        more = "a model of simulated data stays a demonstration for ever"
        return _Finding(False, "simulated patients", asked, more)
    name = str(body.author.get(DECLARED_REAL, ""))
    fault = find_declaration_fault(body.author)
    if fault:
        value = "not marked as simulated; declared real by nobody"
        return _Finding(False, value, asked, f"{fault}; then make the card again")
    return _Finding(True, f"not marked as simulated; declared real by {name}", asked)


_FIXED_IF_CONSTANT = (4, 5)
"""Better than the base rate, and calibration: what a model that is constant cannot meet."""

_GATES: tuple[tuple[str, Callable[[Body, GateSettings], _Finding]], ...] = (
    ("frozen before training", _check_frozen),
    ("sample size reported", _check_size),
    ("null test", _check_null),
    ("better than the base rate", _check_skill),
    ("calibration", _check_calibration),
    ("stability", _check_instability),
    ("net benefit", _check_benefit),
    ("subgroups", _check_subgroups),
    ("validation in other patients", _check_external),
    ("card complete", _check_completeness),
    ("two reviewers", _check_reviewers),
    ("real patients", _check_real),
)


def compute_gates(body: Body) -> list[Gate]:
    """Judge a model by its card; its thresholds are in `gate_settings`.

    Returns
    -------
    list of Gate
        All twelve, in order.
    """
    gates = []
    for place, (name, judge) in enumerate(_GATES, start=1):
        found = judge(body, body.gate_settings)
        status: Literal["pass", "fail"] = "pass" if found.passed else "fail"
        fixed = _tell_fixed(body.results) if place in _FIXED_IF_CONSTANT else ""
        gates.append(
            Gate(
                place,
                name,
                status,
                found.value,
                found.threshold,
                found.more,
                found.command,
                fixed=fixed,
            )
        )
    return gates


def _tell_fixed(results: Results) -> str:
    """Return why nobody may let a model pass that tells nobody apart; empty for any other."""
    constant = [horizon.upper() for horizon in list_constant(results)]
    if not constant:
        return ""
    return (
        f"at {' and '.join(constant)} the model gives everyone the same estimate, and no reason "
        "makes that a prediction"
    )


def compute_flags(results: Results, settings: GateSettings) -> list[str]:
    """Return what a reviewer must look into before anything else."""
    flags = []
    for horizon in results.horizons:
        row = results.find_performance(horizon, "auc")
        if row is not None and (row.estimate or 0) > settings.suspicious_auc:
            flags.append(
                f"{horizon.upper()}: the held-out AUC is {interval(row)}, above "
                f"{settings.suspicious_auc}. On this problem that is a sign of leakage until "
                "someone has looked: extra.leakage_review in the author's file says who and how."
            )
    return flags
