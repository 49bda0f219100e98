"""The twelve gates between a model and its approval, computed from the body of its card.

Nothing is typed in: each gate is a function of what the run found. A gate that fails can be
waived by a reviewer, by name and with a reason; that stands in the annex, not here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from training.card.words import find_metric, interval, is_done, number, per_horizon, percent

__all__ = ["Gate", "GateSettings", "compute_flags", "compute_gates"]

Body = Mapping[str, Any]
_NO_EXTERNAL = "no external validation"


@dataclass(frozen=True)
class GateSettings:
    """Thresholds of the gates.

    Parameters
    ----------
    null_low, null_high : float
        Within which the mean AUC on permuted outcomes has to lie.
    permutations : int
        Joint permutations from which a null test counts.
    slope_low, slope_high : float
        For the optimism-corrected calibration slope.
    log_o_e : float
        Largest distance of observed over expected from 1 in other patients, as a logarithm.
    instability : float
        Largest mean absolute prediction error.
    per_class : int
        Events, and non-events, under which a subgroup is "not estimable".
    suspicious_auc : float
        Observed AUC above which leakage is looked for.
    """

    null_low: float = 0.45
    null_high: float = 0.55
    permutations: int = 100
    slope_low: float = 0.8
    slope_high: float = 1.2
    log_o_e: float = 0.2
    instability: float = 0.10
    per_class: int = 10
    suspicious_auc: float = 0.85

    def to_dict(self) -> dict[str, float | int]:
        """Return plain values, for the card."""
        return asdict(self)


@dataclass(frozen=True)
class Gate:
    """One criterion, judged.

    Parameters
    ----------
    number : int
        1 to 12.
    name : str
        In a few words.
    status : {"pass", "fail"}
        Whether the card alone says that it is met. Gate 11 is met by the review log only.
    value : str
        What was found.
    threshold : str
        What is asked.
    text : str
        One sentence: what was found, against what, and what to do where something can be done.
    more : str
        The last part of it alone; may be empty.
    """

    number: int
    name: str
    status: Literal["pass", "fail"]
    value: str
    threshold: str
    text: str
    more: str = ""


_Finding = tuple[bool, str, str, str]
"""Passed, value, threshold, what to know or do."""


def _horizons(body: Body) -> list[str]:
    return list(body["results"]["study"]["horizons"])


def _each(body: Body, say: Callable[[str], str]) -> str:
    return per_horizon(body["results"], [say(horizon) for horizon in _horizons(body)])


def _not_done(part: Any, default: str) -> tuple[str, str]:
    """Return the reason a part was not computed, and what to run."""
    if not isinstance(part, Mapping):
        return default, ""
    command = part.get("command", "")
    return part.get("reason", default), f"; {command}" if command else ""


def _judge_frozen(body: Body, settings: GateSettings) -> _Finding:
    study, cohort = body["results"]["study"], body["results"]["cohort"]
    thresholds = study["thresholds"]
    absent = [
        name
        for name, found in (
            ("digest of the study", study["sha256"]),
            ("digest of the cohort", cohort["sha256"]),
            ("responder rule", study["rule"]),
            ("horizons", study["horizons"]),
            ("range of decision thresholds", thresholds),
        )
        if not found
    ]
    value = f"rule {study['rule']}, {' and '.join(h.upper() for h in study['horizons'])}, " + (
        f"thresholds {percent(thresholds[0])} to {percent(thresholds[1])}"
        if thresholds
        else "no range of thresholds"
    )
    more = f"not set before training: {', '.join(absent)}; set it in the study and train again"
    return (
        not absent,
        value,
        "data contract, outcome rule, horizons and threshold range in the run",
        more if absent else "",
    )


def _judge_size(body: Body, settings: GateSettings) -> _Finding:
    sizes = body["results"]["sample_size"]

    def say(horizon: str) -> str:
        size = sizes.get(horizon)
        if size is None:
            return "no report"
        needed = size["needed"]
        wanted = f"{needed['n']} needed" if needed else "no size can be given"
        return f"{size['n']} patients, {wanted}"

    complete = all(horizon in sizes for horizon in _horizons(body))
    return complete, _each(body, say), "a report for each horizon, with the shortfall", ""


def _judge_null(body: Body, settings: GateSettings) -> _Finding:
    null = body["results"]["null_test"]
    asked = (
        f"mean AUC within {settings.null_low} to {settings.null_high} for the whole procedure and "
        f"each candidate, over at least {settings.permutations} permutations"
    )
    if not is_done(null):
        reason, command = _not_done(null, "no null test was run")
        return False, "not run", asked, reason + command
    judged = [row for row in null["rows"] if row["verdict"] != "constant"]
    outside, unsure = [], []
    for row in judged:
        named = f"{row['model']} at {row['horizon'].upper()} (mean AUC {number(row['auc'], 3)})"
        if row["auc"] is None or row["verdict"] == "uncertain":
            unsure.append(named)
        elif not settings.null_low <= row["auc"] <= settings.null_high:
            outside.append(named)
    few = null["n_permutations"] < settings.permutations
    shown = [row["auc"] for row in judged if row["auc"] is not None]
    value = f"{null['n_permutations']} permutations" + (
        f", mean AUC {' to '.join(dict.fromkeys(number(f(shown), 3) for f in (min, max)))}"
        if shown
        else ", every model constant"
    )
    more = [f"outside: {', '.join(outside)}"] if outside else []
    if few or unsure:
        more.append(
            f"too few permutations to tell; ketresponse train STUDY --null-test "
            f"{settings.permutations} or more"
        )
    return not more, value, asked, "; ".join(more)


def _judge_skill(body: Body, settings: GateSettings) -> _Finding:
    rows = {
        h: find_metric(body["results"], "performance", h, "brier_skill") for h in _horizons(body)
    }
    good = all(row is not None and (row["low"] or 0) > 0 for row in rows.values())
    more = "" if good else "no evidence that it predicts better than telling everyone the base rate"
    return (
        good,
        _each(body, lambda h: interval(rows[h])),
        "lower limit of the Brier skill above 0",
        more,
    )


def _judge_calibration(body: Body, settings: GateSettings) -> _Finding:
    results = body["results"]
    asked = (
        f"corrected slope within {settings.slope_low} to {settings.slope_high}; in other patients "
        f"|log O:E| at most {settings.log_o_e}"
    )
    if not is_done(results["optimism"]):
        reason, command = _not_done(results["optimism"], "corrected values were not computed")
        return False, "not run", asked, reason + command
    rows = {h: find_metric(results, "optimism", h, "calibration_slope") for h in _horizons(body)}
    good = all(
        row is not None
        and row["corrected"] is not None
        and settings.slope_low <= row["corrected"] <= settings.slope_high
        for row in rows.values()
    )
    value = _each(body, lambda h: interval(rows[h], "corrected"))
    why = [
        f"{h.upper()}: {row['note']}"
        for h, row in rows.items()
        if row is not None and row["corrected"] is None and row.get("note")
    ]
    ratios = _other_patients(body)
    if not ratios:
        why.append("calibration-in-the-large is not counted: " + _NO_EXTERNAL)
        return good, value, asked, "; ".join(why)
    off = [
        h
        for h, o_e in ratios.items()
        if o_e is None or o_e <= 0 or abs(math.log(o_e)) > settings.log_o_e
    ]
    shown = ", ".join(f"{h.upper()} O:E {number(o_e)}" for h, o_e in ratios.items())
    return good and not off, f"{value}; other patients: {shown}", asked, "; ".join(why)


def _other_patients(body: Body) -> dict[str, float | None]:
    """Return O:E by horizon in patients of other sites or cohorts; empty where there are none."""
    sites = body["results"]["sites"]
    return dict(sites["o_e"]) if is_done(sites) else {}


def _judge_instability(body: Body, settings: GateSettings) -> _Finding:
    found = body["results"]["instability"]
    asked = (
        f"mean absolute prediction error at most {number(settings.instability)}; classification "
        "instability shown"
    )
    if not found:
        return (
            False,
            "not run",
            asked,
            "set resampling.bootstrap_reruns in the study and train again",
        )
    errors = {h: found[h]["mean_absolute_prediction_error"] for h in _horizons(body)}
    shown = all(found[h].get("classification") for h in _horizons(body))

    def say(horizon: str) -> str:
        rows = found[horizon].get("classification") or []
        worst = max((row["classification_instability"] for row in rows), default=None)
        return f"{number(errors[horizon], 3)}" + (
            f", up to {percent(worst)} change sides" if worst is not None else ""
        )

    good = all(e is not None and e <= settings.instability for e in errors.values())
    more = (
        ""
        if shown
        else (
            "classification instability needs a range of thresholds; set it in the study and train "
            "again"
        )
    )
    return good and shown, _each(body, say), asked, more


def _judge_benefit(body: Body, settings: GateSettings) -> _Finding:
    decision = body["results"]["decision"]
    asked = "net benefit above treating all and none at every threshold of the range"
    missing = [h for h in _horizons(body) if not is_done(decision.get(h))]
    if missing:
        reason, command = _not_done(decision.get(missing[0]), "no decision curve")
        return False, "not computed", asked, reason + command
    gains = {
        h: [
            row["net_benefit"] - max(row["treat_all"], row["treat_none"])
            for row in decision[h]["rows"]
        ]
        for h in _horizons(body)
    }
    good = all(gain > 0 for found in gains.values() for gain in found)

    def say(horizon: str) -> str:
        found = gains[horizon]
        above = sum(gain > 0 for gain in found)
        return f"{number(min(found), 3)} at worst, above at {above} of {len(found)} thresholds"

    return good, _each(body, say), asked, ""


def _judge_subgroups(body: Body, settings: GateSettings) -> _Finding:
    found = body["results"]["subgroups"]
    asked = f'a table; under {settings.per_class} events or non-events "not estimable"'
    if not is_done(found):
        reason, command = _not_done(found, "no subgroup was looked at")
        return False, "not computed", asked, reason + command
    rows = [row for horizon in found.values() for row in horizon]
    overread = [
        row
        for row in rows
        if min(row["events"], row["n"] - row["events"]) < settings.per_class
        and row.get("auc") is not None
    ]
    none = sum(row.get("auc") is None for row in rows)
    return not overread, f"{len(rows)} subgroups, {none} not estimable", asked, ""


def _judge_external(body: Body, settings: GateSettings) -> _Finding:
    sites = body["results"]["sites"]
    asked = "a result in other patients: another cohort, or site by site"
    if is_done(sites):
        return True, sites["text"], asked, ""
    command = sites.get("command")
    until = "until then at most silent prospective evaluation"
    return False, _NO_EXTERNAL, asked, f"to fill it: {command}; {until}" if command else until


def _judge_completeness(body: Body, settings: GateSettings) -> _Finding:
    fields = body["fields"]
    missing = [f"{f['table']} {f['id']}" for f in fields if f["status"] == "missing"]
    value = f"{len(fields) - len(missing)} of {len(fields)} fields"
    more = f"{len(missing)} wait for an answer; `ketresponse card check` lists them"
    return (
        not missing,
        value,
        'every field filled, or "not available, because ..."',
        (more if missing else ""),
    )


def _judge_reviewers(body: Body, settings: GateSettings) -> _Finding:
    return (
        False,
        "told by the review log",
        "two named reviewers, neither an author",
        ("approvals stand beside the card, bound to its digests"),
    )


def _judge_real(body: Body, settings: GateSettings) -> _Finding:
    synthetic = body["model"]["synthetic"] or body["results"]["cohort"]["synthetic"]
    value = "simulated patients" if synthetic else "real patients"
    more = "a model of simulated data stays a demonstration for ever" if synthetic else ""
    return not synthetic, value, "no simulated patient", more


_GATES: tuple[tuple[str, Callable[[Body, GateSettings], _Finding]], ...] = (
    ("frozen before training", _judge_frozen),
    ("sample size reported", _judge_size),
    ("null test", _judge_null),
    ("better than the base rate", _judge_skill),
    ("calibration", _judge_calibration),
    ("stability", _judge_instability),
    ("net benefit", _judge_benefit),
    ("subgroups", _judge_subgroups),
    ("validation in other patients", _judge_external),
    ("card complete", _judge_completeness),
    ("two reviewers", _judge_reviewers),
    ("real patients", _judge_real),
)


def compute_gates(body: Body) -> list[Gate]:
    """Judge a model by its card.

    Parameters
    ----------
    body : mapping
        Of the card; its thresholds are in `gate_settings`.

    Returns
    -------
    list of Gate
        All twelve, in order.
    """
    settings = GateSettings(**body["gate_settings"])
    gates = []
    for position, (name, judge) in enumerate(_GATES, start=1):
        passed, value, threshold, more = judge(body, settings)
        text = f"{value} (asked: {threshold})" + (f"; {more}" if more else "")
        status: Literal["pass", "fail"] = "pass" if passed else "fail"
        gates.append(Gate(position, name, status, value, threshold, text, more))
    return gates


def compute_flags(results: Mapping[str, Any], settings: GateSettings) -> list[str]:
    """Return what a reviewer must look into before anything else.

    Parameters
    ----------
    results : mapping
        :func:`training.report.results.make_results`.
    settings : GateSettings
        Thresholds.
    """
    flags = []
    for horizon in results["study"]["horizons"]:
        row = find_metric(results, "performance", horizon, "auc")
        if row is not None and (row["estimate"] or 0) > settings.suspicious_auc:
            flags.append(
                f"{horizon.upper()}: the held-out AUC is {interval(row)}, above "
                f"{settings.suspicious_auc}. On this problem that is a sign of leakage until "
                "someone has looked: extra.leakage_review in the author's file says who and how."
            )
    return flags
