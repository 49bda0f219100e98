"""`ketresponse update`: parse, call, print."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import did_you_mean
from features.options import JsonOption, MappingOption
from training.commands.options import CohortArgument, ModelArgument, read_patients

if TYPE_CHECKING:
    from training.updating.closed_testing import ClosedTest
    from training.updating.plan import UpdatePlan

__all__ = ["update"]

_CentreOption = Annotated[
    str,
    typer.Option(
        help="Of a model of several centres, the one where the patients are; default: the site "
        "that the cohort names.",
        metavar="NAME",
    ),
]


def update(
    model: ModelArgument,
    cohort: CohortArgument,
    mapping: MappingOption = None,
    centre: _CentreOption = "",
    alpha: Annotated[float, typer.Option(help="Level of each test.", min=0.0001, max=0.5)] = 0.05,
    seed: Annotated[int, typer.Option(help="Of intervals, folds and resamples.", min=0)] = 0,
    yes: Annotated[
        bool, typer.Option("--yes", help="Register what the tests ask for as a new version.")
    ] = False,
    json_: JsonOption = False,
) -> None:
    """Adapt a model to other patients as far as they ask for it: closed testing.

    For each outcome the simplest of keeping, moving the intercept, logistic recalibration and
    refitting is taken that the data do not reject. Without --yes nothing is registered: it only
    shows what would be.
    """
    from functools import partial

    from rich.console import Console

    from training.document.progress import show_progress
    from training.store.artifact import load_model
    from training.store.client import find_tracking_uri
    from training.store.mixing import tell_mixing
    from training.store.registered import find_folder
    from training.updating.plan import make_plan
    from training.updating.publish import publish_update

    tracking_uri = find_tracking_uri(os.environ)
    loaded = load_model(find_folder(model, tracking_uri=tracking_uri))
    patients = read_patients(loaded, cohort, mapping)
    plan = make_plan(loaded, patients, centre=centre, alpha=alpha, seed=seed)
    name = loaded.facts.name
    mixed = tell_mixing(name, synthetic=plan.synthetic, tracking_uri=tracking_uri)
    registered = None
    if yes and plan.update.changed:
        show = partial(show_progress, None if json_ else Console(stderr=True, markup=False))
        registered = publish_update(plan, tracking_uri=tracking_uri, show=show, mixed=True)
    if json_:
        summary = _summarise(plan)
        summary["registered"] = registered and f"{registered.name}:{registered.version}"
        summary["mixed"] = mixed or None
        summary["run_id"] = registered and registered.run_id
        typer.echo(json.dumps(summary, indent=2))
        return
    _describe(plan, [centre.name for centre in loaded.model.centres])
    if mixed and plan.update.changed:
        typer.echo(mixed)
    parent = f"{name}:{loaded.facts.version}"
    if not plan.update.changed:
        typer.echo(f"{parent} is kept as it is: nothing is registered.")
    elif registered is None:
        typer.echo(
            f"Nothing was registered. With --yes this becomes a new version of {name} "
            f"({'demonstration' if plan.synthetic else 'research'}), linked to {parent}."
        )
    else:
        typer.echo(
            f"Registered {registered.name}:{registered.version} ({registered.status}), updated "
            f"from {parent}."
        )


def _summarise(plan: UpdatePlan) -> dict[str, Any]:
    facts = plan.parent.facts
    return {
        "parent": f"{facts.name}:{facts.version}",
        "parent_digest": plan.parent.digest,
        "cohort_sha256": plan.patients.cohort.sha256,
        "synthetic": plan.synthetic,
        "warnings": list(plan.patients.warnings),
        "centre": {"name": plan.centre, "known": plan.is_known} if plan.centre else None,
        "changed": plan.update.changed,
        "outcomes": {
            name: {
                "method": test.method,
                "n": test.n,
                "events": test.events,
                "reason": test.reason,
                "tests": json.loads(test.table.reset_index().to_json(orient="records")),
            }
            for name, test in plan.update.tests.items()
        },
    }


def _describe(plan: UpdatePlan, centres: list[str]) -> None:
    from rich.console import Console

    from training.updating.closed_testing import METHODS

    console = Console(markup=False)
    for warning in plan.patients.warnings:
        console.print(warning, style="bold", markup=False)
    if plan.centre:
        console.print(_describe_start(plan, centres), markup=False)
    for name, test in plan.update.tests.items():
        console.print(f"{name}: {test.n} patients, {test.events} with the outcome.", markup=False)
        if test.reason:
            console.print(f"Kept as it is: {test.reason}.", markup=False)
            continue
        _print_tests(console, test)
        console.print(f"Asked for: {METHODS[test.method]}.{_describe_change(test)}", markup=False)


def _describe_start(plan: UpdatePlan, centres: list[str]) -> str:
    if plan.is_known:
        return (
            f"What is tested is {plan.centre}'s own model, one of several centres'. Patients whom "
            "that was learnt from are not other patients: nothing here can tell them."
        )
    near = did_you_mean(plan.centre, centres)
    return (
        f"The model has nothing of its own for {plan.centre}{f' ({near})' if near else ''}: what "
        "is tested is what holds for a new centre."
    )


def _describe_change(test: ClosedTest) -> str:
    """Return what was estimated, in words; a slope below 0 is told loudly."""
    if test.method not in ("intercept", "logistic"):
        return ""
    change = test.estimates[test.method]
    text = f" Intercept {change[0]:+.2f}"
    if test.method == "logistic":
        text += f", slope {change[1]:.2f}"
        if change[1] < 0:
            text += "; the slope is below 0: the model ranks these patients the wrong way round"
    return f"{text}."


def _print_tests(console: Any, test: ClosedTest) -> None:
    from rich.table import Table

    from training.document.document import each_row
    from training.document.words import p_value
    from training.updating.closed_testing import METHODS

    table = Table(title="Log-likelihoods, and tests of the largest model against each")
    for column in ("model", "parameters", "log-likelihood", "chi²", "df", "p"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for method, row in zip(test.table.index, each_row(test.table), strict=True):
        if row.note:
            table.add_row(f"{METHODS[method]} ({row.note})", *["–"] * 5)
            continue
        largest = row.p_value != row.p_value
        shown = (
            ("–", "–", "–")
            if largest
            else (f"{row.statistic:.2f}", f"{row.df:.0f}", p_value(row.p_value))
        )
        table.add_row(METHODS[method], f"{row.parameters:.0f}", f"{row.log_likelihood:.2f}", *shown)
    console.print(table)
