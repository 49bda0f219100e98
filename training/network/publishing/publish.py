"""What is registered of a network: a tracked run with its shares, a model, whole or not at all."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from features.errors import InputError, Problem, Refused
from features.files.temporary import temporary_folder
from training.document.progress import Show
from training.model.importance import explain_rows, global_importance
from training.network.protocol.canonical import read_canonical, write_canonical
from training.network.publishing.network_judgement import (
    NetworkJudgement,
    judge_network,
    tell_network_verdict,
)
from training.network.publishing.network_model_facts import make_network_model_facts
from training.network.publishing.network_patients import compute_cohort_sha256
from training.network.publishing.network_report import make_network_report
from training.network.publishing.network_results import make_network_results
from training.network.result import NetworkResult
from training.running.publish import write_findings
from training.running.run_record import flatten_estimates
from training.store.abandoned import end_abandoned
from training.store.facts import ModelFacts, package_versions
from training.store.mixing import check_mixing
from training.store.optional.network_found import NETWORK
from training.store.registered import TAG, RegisteredModel, list_models
from training.store.registry import register
from training.store.tracking import RunRecord, read_run, track_run

__all__ = ["publish_network"]

_SHARES = "shares"
_PROTOCOL = "network.toml"
_SHARE_TAG = f"{TAG}share."
_log = logging.getLogger(__name__)


def publish_network(
    result: NetworkResult,
    shares: Mapping[str, bytes],
    *,
    tracking_uri: str,
    show: Show,
    mixed: bool = False,
    tell: Callable[[str], object] = _log.warning,
) -> RegisteredModel:
    """Track what a network found, with the shares it was made of, and register its model.

    Parameters
    ----------
    result : NetworkResult
        What it found.
    shares : mapping of str to bytes
        The centres' files, by any name; those that do not count may be among them, and are not
        kept.
    tracking_uri : str
        Where.
    show : callable
        Shows the progress.
    mixed : bool
        Whether the name may hold models of simulated and of real patients both.
    tell : callable
        Is told what was killed before, and is taken back or marked so.

    Returns
    -------
    RegisteredModel
        A version of the protocol's name, never approved: it goes through review as any other.
        Its run holds results, report, protocol and shares, and its tags each share's digest.

    Raises
    ------
    InputError
        If a share that the result was made of is not among the files; nothing is written then.
    KetresponseError
        If the store does not take it; nothing is registered then.
    Refused
        If simulated and real patients would be mixed, and may not be, or if a version was made of
        the same shares; nothing is written then.
    """
    for line in end_abandoned(tracking_uri=tracking_uri):
        tell(line)
    _check_new(result, tracking_uri)
    kept = _find_shares(result, shares)
    if not mixed:
        check_mixing(result.protocol.name, synthetic=result.synthetic, tracking_uri=tracking_uri)
    judged = judge_network(result)
    with show("Explaining the model", 1) as progress:
        importance = global_importance(
            result.model, explain_rows(result.model, result.model.background)
        )
        progress()
    results = make_network_results(result, judged, importance)
    report = make_network_report(result, judged, results, importance)
    facts = make_network_model_facts(result, judged)
    with temporary_folder() as folder:
        write_findings(results, report, folder, importance=importance)
        _write_shares(kept, folder / _SHARES)
        record = replace(_make_record(result, judged, facts), files=folder)
        run_id = track_run(record, tracking_uri=tracking_uri)
    return register(
        run_id,
        result.model,
        facts,
        name=facts.name,
        tracking_uri=tracking_uri,
        tags=_make_lineage(result),
        mixed=mixed,
    )


def _check_new(result: NetworkResult, tracking_uri: str) -> None:
    """Refuse a second version of what was made of the same shares."""
    name, tags = result.protocol.name, _tag_shares(result)
    for model in list_models(tracking_uri=tracking_uri):
        if model.name != name:
            continue
        run = read_run(model.run_id, tracking_uri=tracking_uri)
        if {tag: d for tag, d in run.tags.items() if tag.startswith(_SHARE_TAG)} == tags:
            raise Refused(
                f"these shares are registered already, as {name}:{model.version}: nothing was "
                "registered"
            )


def _tag_shares(result: NetworkResult) -> dict[str, str]:
    return {f"{_SHARE_TAG}{round_}.{centre}": digest for centre, round_, digest in result.shares}


def _find_shares(result: NetworkResult, shares: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files that the result was made of, named by centre and round."""
    # In their one form: spaces that were changed on the way change no digest.
    forms = [write_canonical(read_canonical(data, name)) for name, data in shares.items()]
    by_digest = {hashlib.sha256(form).hexdigest(): form for form in forms}
    problems = [
        Problem(
            f"{centre}, round {round_}",
            f"the file of digest {digest[:12]}",
            "none of these files",
            action="give the shares as they were combined",
        )
        for centre, round_, digest in result.shares
        if digest not in by_digest
    ]
    if problems:
        raise InputError("the shares of the network", problems)
    return {
        f"{centre}_round_{round_}.json": by_digest[digest]
        for centre, round_, digest in result.shares
    }


def _write_shares(kept: Mapping[str, bytes], folder: Path) -> None:
    folder.mkdir()
    for name, data in kept.items():
        (folder / name).write_bytes(data)


def _make_lineage(result: NetworkResult) -> dict[str, str]:
    """Return the tags, of run and version alike, that lead to protocol and centres."""
    return {
        "ketresponse.network": ", ".join(result.centres),
        "ketresponse.protocol_sha256": result.protocol.sha256,
        "ketresponse.lead_key": result.protocol.lead_key,
    }


def _make_record(result: NetworkResult, judged: NetworkJudgement, facts: ModelFacts) -> RunRecord:
    """Return what is tracked, its files apart: no number of a single patient."""
    metrics: dict[str, float] = {}
    for horizon, table in judged.performance.items():
        metrics |= flatten_estimates(f"{horizon}_", table)
        count = judged.counts[horizon]
        metrics |= {f"{horizon}_n": count.n, f"{horizon}_events": count.events}
        ends = {
            "low": "mean_low",
            "high": "mean_high",
            "prediction_low": "low",
            "prediction_high": "high",
        }
        centres = judged.pooled[horizon].rename(columns=ends)
        metrics |= flatten_estimates(f"{horizon}_centres_", centres)
    for name, one in result.outcomes.items():
        metrics |= {
            f"{name}_weight": one.weight,
            f"{name}_prior_sd": one.prior_sd,
            f"{name}_change": one.change,
            f"{name}_tau_intercept": one.heterogeneity.intercept.estimate,
            f"{name}_tau_slope": one.heterogeneity.slope.estimate,
        }
    protocol = result.protocol
    verdict, *sentences = tell_network_verdict(judged)
    packages = [f"{name}=={number}\n" for name, number in package_versions().items()]
    return RunRecord(
        study=protocol.name,
        kind=NETWORK,
        params={
            "rule": protocol.rule.text,
            "horizons": "+".join(protocol.horizons),
            "predictors": ", ".join(protocol.predictors),
            "families": ", ".join(protocol.families),
            "prior_sds": ", ".join(f"{sd:g}" for sd in protocol.prior_sds),
            "intercepts": protocol.intercepts,
            "centres": len(result.centres),
            "rounds": f"{result.rounds} of {protocol.rounds}",
            "seed": protocol.seed,
        },
        metrics=metrics,
        tags={
            "ketresponse.status": facts.status,
            "ketresponse.verdict": verdict,
            **_make_lineage(result),
            **_tag_shares(result),
            "study_sha256": protocol.sha256,
            "cohort_sha256": compute_cohort_sha256(result),
            "cohort_synthetic": str(result.synthetic).lower(),
            "code_version": version("ketresponse"),
        },
        texts={_PROTOCOL: protocol.text, "versions.txt": "".join(packages)},
        note=f"**{verdict}**\n\n" + "\n".join(f"- {sentence}" for sentence in sentences),
    )
