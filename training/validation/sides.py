"""What is known of a stored run, or of a study that was read, before it is compared."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from features.dictionary.eligibility import Eligibility
from features.errors import KetresponseError
from training.store.registered import CENTRE_TAG
from training.store.results import RESULTS_FILE, Results, read_results
from training.store.tracking import TrackedRun, fetch_file, read_run
from training.study.study import Description
from training.validation.contrast import Side

__all__ = ["describe_run", "describe_side"]

_STUDY_FILE = "study.toml"


def describe_side(description: Description) -> Side:
    """Return what is known of a study that was read."""
    study, resampling = description.study, description.study.resampling
    return Side(
        kind="training",
        synthetic=description.cohort.synthetic,
        cohort_sha256=description.cohort.sha256,
        file=study.cohort.name,
        patients=frozenset(description.table["patient_id"].astype(str)),
        n_patients=description.table["patient_id"].nunique(),
        counts={h: (int(c["n"]), int(c["events"])) for h, c in description.counts.items()},
        horizons=study.horizons,
        rule=_word_rule(study.rule.text, study.rule.past),
        eligibility=_word_eligibility(study.eligibility.to_dict()),
        predictors=study.predictors,
        candidates=tuple(study.procedure.candidates),
        thresholds=study.thresholds or (),
        weighting=study.weighting,
        resampling=_word_resampling(resampling.repeats, resampling.folds, study.seed),
    )


def describe_run(
    run: TrackedRun, thresholds: tuple[float, ...] | None, *, tracking_uri: str
) -> Side:
    """Return what a stored training, update or validation tells of itself.

    Parameters
    ----------
    run : TrackedRun
        Of any age: what it does not tell is None.
    thresholds : tuple of float or None
        The ends of those at which it keeps a net benefit; None where it keeps none.
    tracking_uri : str
        Where it is.
    """
    kind = run.tags.get("ketresponse.kind")
    results = _find_results(run, tracking_uri=tracking_uri)
    told: dict[str, Any] = {
        "kind": kind,
        "synthetic": {"true": True, "false": False}.get(run.tags.get("cohort_synthetic", "")),
        "cohort_sha256": run.tags.get("cohort_sha256"),
        "counts": _find_counts(run.metrics),
        "thresholds": thresholds,
        "centre": run.tags.get(CENTRE_TAG),
    }
    if results is not None:
        told |= _describe_asked(results)
        if kind != "validation":
            told |= _describe_judged(results)
            told["file"] = _find_file(run, tracking_uri=tracking_uri)
    if kind == "validation":
        told["horizons"] = tuple(sorted(told["counts"])) or None
    return Side(**told)


def _describe_asked(results: Results) -> dict[str, Any]:
    """Return what is of the model itself, wherever it is judged."""
    study = results.study
    return {
        "rule": _word_rule(study.rule, study.rule_text),
        "eligibility": _word_eligibility(study.eligibility),
        "predictors": tuple(predictor.name for predictor in results.predictors),
        "candidates": tuple(study.procedure.candidates) or None,
    }


def _describe_judged(results: Results) -> dict[str, Any]:
    """Return what is of the patients that a training judged itself in."""
    study, resampling = results.study, results.study.resampling
    return {
        "n_patients": results.cohort.n_patients,
        "counts": {h: (count.n, count.events) for h, count in results.counts.items()},
        "horizons": tuple(study.horizons),
        "thresholds": study.thresholds or (),
        "weighting": results.weighting,
        "resampling": _word_resampling(resampling.repeats, resampling.folds, study.seed),
    }


def _find_results(run: TrackedRun, *, tracking_uri: str) -> Results | None:
    """Return what the run found, or for a validation what the training of its model found."""
    try:
        if RESULTS_FILE not in run.files:
            trained = run.tags.get("ketresponse.training_run", "")
            if not trained:
                return None
            run = read_run(trained, tracking_uri=tracking_uri)
        return read_results(fetch_file(run.run_id, RESULTS_FILE, tracking_uri=tracking_uri))
    except KetresponseError:  # of another store, or of a version before: then it is not told
        return None


def _find_file(run: TrackedRun, *, tracking_uri: str) -> str | None:
    """Return the name of the cohort file, as the study file that is kept with the run says it."""
    if _STUDY_FILE not in run.files:
        return None
    text = fetch_file(run.run_id, _STUDY_FILE, tracking_uri=tracking_uri).read_text("utf-8")
    return PurePath(tomllib.loads(text)["cohort"]["file"]).name


def _find_counts(metrics: Mapping[str, float]) -> dict[str, tuple[int, int]]:
    return {
        h: (int(metrics[f"{h}_n"]), int(metrics[f"{h}_events"]))
        for h in ("t1", "t2")
        if f"{h}_n" in metrics and f"{h}_events" in metrics
    }


def _word_rule(text: str, words: str) -> str:
    return text if not words or words == text else f"{text} ({words})"


def _word_eligibility(rules: Mapping[str, Any]) -> dict[str, str]:
    eligibility = Eligibility.from_dict(dict(rules))
    names = [name for step in eligibility.steps for name in step]
    return {name: _word_limits(eligibility, name) for name in names}


def _word_limits(eligibility: Eligibility, name: str) -> str:
    """Return a rule without its unit: a study's own variables are in no dictionary here."""
    if name in eligibility.allowed:
        return " or ".join(eligibility.allowed[name])
    ends = [("at least", eligibility.minimum), ("at most", eligibility.maximum)]
    return " and ".join(f"{words} {end[name]:g}" for words, end in ends if name in end)


def _word_resampling(repeats: int, folds: int, seed: int) -> str:
    return f"{repeats} x {folds}, seed {seed}"
