"""What a network found, as the document that cards, reviews and reports are made from.

What needs patients' rows in one place does not exist here, and says so.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pandas as pd

from training.document.document import row_of
from training.document.words import join, with_interval
from training.fitting.weighting import describe_weighting
from training.network.home import WEIGHTING
from training.network.publishing.judging import sum_groups, tabulate_thresholds
from training.network.publishing.network_judgement import (
    NetworkJudgement,
    count_unknown,
    find_network,
    tabulate_behind,
    tell_network_verdict,
)
from training.network.publishing.network_part import describe_network
from training.network.publishing.network_patients import (
    describe_network_cohort,
    describe_network_flow,
    describe_network_labels,
    describe_network_predictor,
)
from training.network.result import NetworkOutcome, NetworkResult
from training.store.asked import StudyFacts
from training.store.facts import package_versions, to_plain
from training.store.found import BlendMember, OutcomeBlend
from training.store.headline import Finding, tell_headline
from training.store.optional.network_found import NEEDS_ROWS, NETWORK
from training.store.results import RESULTS_VERSION, Results
from training.study.study import count_straight_parameters

__all__ = ["make_network_results"]

_NO_ROWS = {"done": False, "reason": NEEDS_ROWS, "command": ""}


def make_network_results(
    result: NetworkResult, judged: NetworkJudgement, importance: pd.DataFrame
) -> Results:
    """Return everything that a network found.

    Parameters
    ----------
    result : NetworkResult
        What it found.
    judged : NetworkJudgement
        From :func:`judge_network`.
    importance : DataFrame
        :func:`training.model.importance.global_importance` over the model's background.
    """
    protocol = result.protocol
    horizons = protocol.horizons
    findings: dict[Any, Finding] = {h: find_network(result, judged, h) for h in horizons}
    found: dict[str, Any] = {
        "schema_version": RESULTS_VERSION,
        "study": _describe_asked(result),
        "cohort": describe_network_cohort(result),
        "flow": describe_network_flow(result, judged),
        "counts": judged.counts,
        "labels": describe_network_labels(result, judged),
        "score_labels": {"done": False, "reason": _SCORES, "command": ""},
        "parameters": count_straight_parameters(protocol.predictor_variables),
        "predictors": [describe_network_predictor(result, v) for v in protocol.predictor_variables],
        "sample_size": judged.sizes,
        "weighting": describe_weighting(WEIGHTING, horizons) if result.evaluation else "",
        "performance": {
            h: {"interval": table.attrs["interval"], "rows": table}
            for h, table in judged.performance.items()
        },
        "optimism": _NO_ROWS,
        "calibration": {h: _describe_calibration(result, h) for h in horizons},
        "decision": {h: _describe_decision(result, judged, h) for h in horizons},
        "instability": {},
        "learning_curve": _NO_ROWS,
        "null_test": _NO_ROWS,
        "subgroups": {"done": False, "reason": _SUBGROUPS, "command": ""},
        "sites": _describe_sites(result, judged),
        "missing_outcomes": {h: _describe_missing(result, judged, h) for h in horizons},
        "blend": {name: _describe_blend(one) for name, one in result.outcomes.items()},
        "importance": importance,
        "background": {"rows": len(result.model.background), "how": _BACKGROUND},
        "notices": _list_notices(result),
        "verdict": tell_network_verdict(judged),
        "findings": findings,
        "headline": tell_headline(findings),
        "code_version": version("ketresponse"),
        "versions": package_versions(),
        "network": describe_network(result, judged.pooled, judged.decisions),
    }
    return Results.model_validate(to_plain(found))


def _list_notices(result: NetworkResult) -> list[str]:
    """Return what has to be known of the counts, in sentences without a full stop."""
    notices = [remark.rstrip(".") for remark in result.remarks]
    cell = result.protocol.limits.cell
    for horizon in result.protocol.horizons:
        unknown = tabulate_behind(result, horizon)["unknown"]
        silent = unknown.index[unknown.isna()].tolist()
        if silent:
            notices.append(
                f"{horizon.upper()}: how many outcomes are not known is not told by "
                f"{join(silent)}; as fewer than {cell} they count as {cell - 1} each"
            )
    return notices


_SCORES = "each centre labelled its own patients by the agreed rule, once"
_SUBGROUPS = f"centres share no sums of parts of their patients, and {NEEDS_ROWS}"
_BACKGROUND = (
    "each column drawn on its own, with the counts that all centres tell between agreed numbers: "
    "no row is a patient"
)


def _describe_asked(result: NetworkResult) -> StudyFacts:
    protocol = result.protocol
    same = "name title population condition treatment horizons outcomes thresholds seed sha256"
    asked = {name: getattr(protocol, name) for name in same.split()} | {
        "rule": protocol.rule.text,
        "rule_text": protocol.rule.past,
        "eligibility": protocol.eligibility.to_dict(),
        "procedure": {},
        # One part for each centre; nothing was resampled.
        "resampling": dict.fromkeys(("repeats", "bootstrap", "bootstrap_reruns"), 0)
        | {"folds": len(result.centres), "learning_curve": 0},
    }
    return StudyFacts.model_validate(to_plain(asked))


def _describe_calibration(result: NetworkResult, horizon: str) -> dict[str, Any]:
    groups = result.groups.get(horizon)
    summed: Any = [] if groups is None or groups.empty else sum_groups(groups)
    return {"groups": summed, "curve": [], "summary": []}


def _describe_decision(
    result: NetworkResult, judged: NetworkJudgement, horizon: str
) -> dict[str, Any]:
    thresholds, found = result.protocol.thresholds, judged.decisions.get(horizon)
    if thresholds is None:
        reason = "the protocol sets no range of decision thresholds, and none may be chosen later"
    elif found is None:
        reason = "the centres have not judged the model"
    elif found.empty:
        reason = "at no threshold of the range do two centres tell who would be treated"
    else:
        rows = found.drop(columns=["centres", "n", "events", "true_positives", "false_positives"])
        told = {"range": thresholds, "rows": rows, "thresholds": tabulate_thresholds(found)}
        return {"done": True, **told}
    return {"done": False, "reason": reason, "command": ""}


def _describe_sites(result: NetworkResult, judged: NetworkJudgement) -> dict[str, Any]:
    """Return how the model did at centres that it was made without, as other patients."""
    if not result.evaluation:
        reason = "no external validation: no centre has judged the model made without it"
        return {"done": False, "reason": reason, "command": "ketresponse network combine"}
    measures = {"auc": "AUC", "o_e": "O:E", "slope": "calibration slope"}
    rows, told = [], []
    for horizon in result.protocol.horizons:
        table = judged.pooled[horizon]
        shown = []
        for measure, words in measures.items():
            row = row_of(table, measure)
            shown.append(f"{words} {with_interval(row.estimate, row.low, row.high)}")
            ends = {"low": row.prediction_low, "high": row.prediction_high}
            rows.append({"horizon": horizon, "measure": words, "estimate": row.estimate, **ends})
        centres = int(table["sites"].max())
        told.append(f"{horizon.upper()}: {centres} centres, {', '.join(shown)}")
    return {
        "done": True,
        "kind": NETWORK,
        "text": f"centre by centre, each told by the model made without it. {'; '.join(told)}",
        "o_e": {h: judged.pooled[h].loc["o_e", "estimate"] for h in result.protocol.horizons},
        "rows": rows,
    }


def _describe_missing(
    result: NetworkResult, judged: NetworkJudgement, horizon: str
) -> dict[str, Any]:
    count = judged.counts[horizon]
    unknown = count_unknown(result, horizon)
    total = count.n + unknown
    bounds = {
        "metric": "share_of_responders",
        "known": count.events / count.n if count.n else None,
        "lowest": count.events / total if total else None,
        "highest": (count.events + unknown) / total if total else None,
    }
    return {"unknown": unknown, "rows": [bounds]}


def _describe_blend(one: NetworkOutcome) -> OutcomeBlend:
    settings, n = one.settings, max(one.n, 1)
    taken = settings[(settings["family"] == one.family) & (settings["prior_sd"] == one.prior_sd)]
    loss = None if taken.empty else float(taken["deviance"].iloc[0]) / (2 * n)
    base = None if settings.empty else float(settings["prevalence"].iloc[0]) / (2 * n)
    members = [
        BlendMember(
            name="prevalence",
            label="share of responders at the centre",
            weight=1 - one.weight,
            setting="",
            log_loss=base,
            constant=True,
        )
    ]
    if one.family:
        model = BlendMember(
            name=NETWORK,
            label=f"logistic regression over centres, {one.family} effects",
            weight=one.weight,
            setting=f"prior SD {one.prior_sd:g}",
            log_loss=loss,
            constant=False,
        )
        members.insert(0, model)
    constant = not one.family or one.weight == 0
    return OutcomeBlend(members=members, slope=1.0, reason=one.reason, constant=constant)
