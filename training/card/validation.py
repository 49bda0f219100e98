"""A later run's result in other patients, put on the card of the model that it judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.errors import InputError, Problem
from training.card.words import interval, per_horizon
from training.store.tracking import TrackedRun

__all__ = ["add_validation"]

_KINDS = {
    "validation": ("", ("auc", "o_e", "calibration_slope")),
    "leave-site-out": ("sites_", ("auc", "o_e", "slope")),
}
"""Kind of a run to the prefix of its metrics and their names."""
_LABELS = ("AUC", "O:E", "calibration slope")


def _check(run: TrackedRun, digest: str, results: Mapping[str, Any]) -> list[Problem]:
    tags = run.tags
    kind = tags.get("ketresponse.kind", "")
    if kind not in _KINDS:
        return [Problem("run", "a validation, or a leave-site-out run", kind or "another run")]
    problems = []
    if kind == "validation":
        if tags.get("ketresponse.model_digest") != digest:
            problems.append(Problem("model", "this model, by its digest", "another model"))
        if tags.get("ketresponse.is_training_cohort") != "false":
            problems.append(
                Problem("cohort", "other patients", "the cohort that the model was made from")
            )
    else:
        for name in ("study", "cohort"):
            if tags.get(f"{name}_sha256") != results[name]["sha256"]:
                problems.append(Problem(name, f"the {name} of this model", f"another {name}"))
    if tags.get("cohort_synthetic") != "false" and not results["cohort"]["synthetic"]:
        problems.append(Problem("cohort", "real patients", "simulated ones"))
    return problems


def add_validation(results: Mapping[str, Any], run: TrackedRun, *, digest: str) -> dict[str, Any]:
    """Return a model's results with what a later run found in other patients.

    Parameters
    ----------
    results : mapping
        :func:`training.report.results.make_results`, of the training.
    run : TrackedRun
        Of ``ketresponse validate`` (this model in another cohort) or ``ketresponse
        leave-site-out`` (this study's procedure at sites it had not seen).
    digest : str
        Of the model's artifact.

    Returns
    -------
    dict
        With `sites`: `kind`, `run_id`, `text`, `o_e` by horizon, and `rows` with `horizon`,
        `measure`, `estimate`, `low`, `high`. The interval of a leave-site-out run is the
        prediction interval for a further site.

    Raises
    ------
    InputError
        If the run is of another kind, model, study or cohort, or of the training cohort itself.
    """
    problems = _check(run, digest, results)
    if problems:
        raise InputError(f"run {run.run_id} as the validation of this model", problems)
    kind = run.tags["ketresponse.kind"]
    prefix, measures = _KINDS[kind]
    rows: list[dict[str, Any]] = []
    texts, o_e = [], {}
    for horizon in results["study"]["horizons"]:
        found = []
        for measure, label in zip(measures, _LABELS, strict=True):
            name = f"{horizon}_{prefix}{measure}"
            row = {
                "estimate": run.metrics.get(name),
                "low": run.metrics.get(f"{name}_low"),
                "high": run.metrics.get(f"{name}_high"),
            }
            rows.append({"horizon": horizon, "measure": label, **row})
            found.append(f"{label} {interval(row)}")
        o_e[horizon] = run.metrics.get(f"{horizon}_{prefix}o_e")
        count = run.metrics.get(f"{horizon}_n")
        size = f"{count:.0f} patients, " if count is not None else ""
        texts.append(size + ", ".join(found))
    what = "another cohort" if kind == "validation" else "site by site"
    text = f"{what} (run {run.run_id}). {per_horizon(results, texts)}"
    sites = {
        "done": True,
        "kind": kind,
        "run_id": run.run_id,
        "text": text,
        "o_e": o_e,
        "rows": rows,
    }
    return {**results, "sites": sites}
