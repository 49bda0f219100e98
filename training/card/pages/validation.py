"""A later run's result in other patients, put on the card of the model that it judged."""

from __future__ import annotations

from features.errors import InputError, Problem
from training.card.words import interval
from training.measures.pooling.sites import MEASURES
from training.model.centres import NO_CENTRE
from training.store.found import OtherPatients, OtherPatientsRow
from training.store.part import Horizon
from training.store.registered import CENTRE_TAG
from training.store.results import Results
from training.store.tracking import TrackedRun

__all__ = ["add_validation"]

_KINDS = {
    "validation": ("", ("auc", "o_e", "calibration_slope")),
    "leave-site-out": ("sites_", ("auc", "o_e", "slope")),
}
"""Kind of a run to the prefix of its metrics and their names."""


def _check(run: TrackedRun, digest: str, results: Results) -> list[Problem]:
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
        if tags.get(CENTRE_TAG, NO_CENTRE) != NO_CENTRE:
            expected = "the model as it answers at a centre that took no part"
            action = "run `ketresponse validate` without --centre, in patients of another hospital"
            problems.append(Problem("centre", expected, "one centre's own", action=action))
    else:
        for name, part in (("study", results.study), ("cohort", results.cohort)):
            if tags.get(f"{name}_sha256") != part.sha256:
                problems.append(Problem(name, f"the {name} of this model", f"another {name}"))
    if tags.get("cohort_synthetic") != "false" and not results.cohort.synthetic:
        problems.append(Problem("cohort", "real patients", "simulated ones"))
    return problems


def add_validation(results: Results, run: TrackedRun, *, digest: str) -> Results:
    """Return a model's results with what a later run found in other patients.

    Parameters
    ----------
    results : Results
        Of the training.
    run : TrackedRun
        Of ``ketresponse validate`` (this model in another cohort) or ``ketresponse
        leave-site-out`` (this study's procedure at sites it had not seen).
    digest : str
        Of the model's artifact.

    Returns
    -------
    Results
        With `sites`. The interval of a leave-site-out run is the prediction interval for a
        further site.

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
    rows: dict[Horizon, list[OtherPatientsRow]] = {
        horizon: [
            OtherPatientsRow(
                horizon=horizon,
                measure=label,
                estimate=run.metrics.get(f"{horizon}_{prefix}{measure}"),
                low=run.metrics.get(f"{horizon}_{prefix}{measure}_low"),
                high=run.metrics.get(f"{horizon}_{prefix}{measure}_high"),
            )
            for measure, label in zip(measures, MEASURES.values(), strict=True)
        ]
        for horizon in results.horizons
    }

    def tell(horizon: Horizon) -> str:
        count = run.metrics.get(f"{horizon}_n")
        size = f"{count:.0f} patients, " if count is not None else ""
        return size + ", ".join(f"{row.measure} {interval(row)}" for row in rows[horizon])

    what = "another cohort" if kind == "validation" else "site by site"
    sites = OtherPatients(
        done=True,
        kind=kind,
        run_id=run.run_id,
        text=f"{what} (run {run.run_id}). {results.per_horizon(tell)}",
        o_e={h: run.metrics.get(f"{h}_{prefix}o_e") for h in results.horizons},
        rows=[row for found in rows.values() for row in found],
    )
    return results.model_copy(update={"sites": sites})
