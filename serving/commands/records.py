"""`ketresponse records ...` and `ketresponse outcomes ...`: what was estimated, what came of it.

Everything heavy is imported inside the functions, so that `ketresponse --help` answers at once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.errors import InputError, KetresponseError
from features.options import ForceOption
from serving.commands.options import (
    ModelArgument,
    find_model,
    find_record_settings,
    opening_records,
)

__all__ = ["outcomes_app", "records_app"]

records_app = typer.Typer(
    help="Recorded estimates: how many, one patient's, the next cohort, deletion, keys, backup.",
    no_args_is_help=True,
)
outcomes_app = typer.Typer(
    help="Report what became of the patients who were asked about.", no_args_is_help=True
)

_Pseudonym = Annotated[
    str,
    typer.Option("--pseudonym", help="As it was sent with the requests (patient_id).", prompt=True),
]


def _name_user() -> str:
    import getpass

    return f"{getpass.getuser()} at this machine"


@records_app.command("status")
def show_status() -> None:
    """Tell how much is recorded, where, since when, and what was deleted."""
    from serving.records.upkeep import list_deletions

    settings = find_record_settings()
    with opening_records() as store:
        counted = store.count()
        estimates, reports = counted["estimates"], counted["outcomes"]
        print(
            f"{settings.place}: {estimates} estimate{'s'[: estimates != 1]}, "
            f"{reports} report{'s'[: reports != 1]}."
        )
        if counted["estimates"]:
            print(f"From {counted['first']:%Y-%m-%d} to {counted['last']:%Y-%m-%d} (UTC).")
        days = settings.retention_days
        print(f"Kept for {days} days." if days else "Kept until they are deleted.")
        print(
            "Inputs and answers are kept, encrypted."
            if settings.keeps_content
            else "Of new estimates neither inputs nor answers are kept."
        )
        print(f"Sealed with key {store.keys.current} of {settings.key_file}.")
        for one in list_deletions(store):
            print(
                f"Deleted on {one['at']:%Y-%m-%d} by {one['by']}: {one['estimates']} estimates, "
                f"{one['outcomes']} reports; {one['reason']}"
            )


@records_app.command("export")
def export_records(
    pseudonym: _Pseudonym,
    out: Annotated[Path, typer.Option("--out", help="JSON file to write.", metavar="FILE")],
    force: ForceOption = False,
) -> None:
    """Write all that is kept of one patient, for the patient to see (GDPR, article 15)."""
    import json

    from features.files.table import check_output, write_bytes
    from serving.records.upkeep import export_patient

    check_output(out, force=force, endings=(".json",))
    with opening_records() as store:
        found = export_patient(store, pseudonym)
    if not found["estimates"]:
        raise InputError("nothing is kept of a patient of that pseudonym")
    write_bytes(
        json.dumps(found, indent=2, allow_nan=False).encode(), out, force=force, private=True
    )
    print(
        f"Wrote {len(found['estimates'])} estimates and {len(found['outcomes'])} reports to {out}."
    )


@records_app.command("delete")
def delete_records(
    pseudonym: _Pseudonym,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, for the note of the deletion.", prompt=True)
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Delete all that is kept of one patient (GDPR, article 17). It cannot be undone."""
    from serving.records.upkeep import delete_patient

    if not reason.strip():
        raise InputError("say why in --reason: the note of the deletion keeps it")
    with opening_records() as store:
        n = len(store.read(pseudonym=pseudonym))
        if n and not yes:
            typer.confirm(f"Delete {n} estimates with their outcomes for ever?", abort=True)
        by, now = _name_user(), datetime.now(UTC)
        done = delete_patient(store, pseudonym, by=by, reason=reason, at=now)
    print(f"Deleted {done[0]} estimates and {done[1]} reports. Backups still hold them.")


@records_app.command("purge")
def purge_records(
    days: Annotated[
        int | None, typer.Option("--days", help="Older than this many days.", min=1)
    ] = None,
) -> None:
    """Delete what is older than the setting allows, or than --days."""
    from serving.records.upkeep import delete_old

    days = days or find_record_settings().retention_days
    if days is None:
        raise InputError(
            "nothing says how long records are kept: set KETRESPONSE_RECORDS_RETENTION_DAYS, or "
            "name --days"
        )
    with opening_records() as store:
        done = delete_old(store, days, by=_name_user(), at=datetime.now(UTC))
    print(f"Deleted {done[0]} estimates and {done[1]} reports older than {days} days.")


@records_app.command("rotate")
def rotate_record_keys() -> None:
    """Seal every record with a new key; a running service takes it up by itself."""
    from serving.records.upkeep import rotate_keys

    with opening_records() as store:
        done = rotate_keys(store)
        print(
            f"Sealed {done} values with key {store.keys.current}. Back {store.key_file} up: "
            "without it the records stay closed."
        )


@records_app.command("backup")
def back_records_up(
    out: Annotated[
        Path, typer.Option("--out", help="File to write, .db.", metavar="FILE", show_default=False)
    ],
    force: ForceOption = False,
) -> None:
    """Copy the store while a service writes to it; the key file is not in the copy."""
    from features.files.table import check_output
    from serving.records.backup import back_up

    check_output(out, force=force, endings=(".db",))
    with opening_records() as store:
        back_up(store, out)
        print(f"Copied the records to {out}. Keep a copy of {store.key_file} elsewhere.")


@records_app.command("downgrade")
def downgrade_records(
    step: Annotated[str, typer.Argument(help="Of the tables, such as 0001.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Take the tables back to an older version's, before that is installed again.

    End the service first. Estimates and outcomes stay; what only later steps hold is lost. Step
    0001 knows neither tasks nor suspensions: a suspended model would answer again.
    """
    from serving.records.backup import step_back

    with opening_records() as store:
        if not yes:
            typer.confirm(f"Take {store.database.place} back to step {step}?", abort=True)
        step_back(store, step)
    print(f"The tables are those of step {step}; this version brings them up to date again.")


@records_app.command("cohort")
def export_cohort(
    out: Annotated[
        Path, typer.Option("--out", help="Cohort file to write, .csv or .parquet.", metavar="FILE")
    ],
    model: Annotated[
        str | None, typer.Option("--model", help="Of this model only, NAME:VERSION.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write estimates with their outcomes as a cohort file, for the next training."""
    from features.files.table import TABLE_ENDINGS, check_output, write_table
    from serving.records.cohort import make_cohort_table

    check_output(out, force=force, endings=TABLE_ENDINGS)
    with opening_records() as store:
        estimates = [one for one in store.read() if model in (None, one.model)]
        table = make_cohort_table(estimates, store.read_outcomes())
    if table.empty:
        raise InputError("there is no estimate with an outcome yet: report outcomes first")
    write_table(table, out, force=force, private=True)
    print(f"Wrote {len(table)} patients to {out}: patient_id is a keyed hash of the pseudonym.")


@records_app.command("tasks")
def show_tasks(
    everything: Annotated[bool, typer.Option("--all", help="Those that are closed too.")] = False,
) -> None:
    """List what the watch over the models asks of their reviewers."""
    from serving.records.tasks import list_tasks

    with opening_records() as store:
        tasks = list_tasks(store.database)
    shown = [task for task in tasks if everything or task.closed_at is None]
    for task in shown:
        print(f"{task.id}  since {task.opened_at:%Y-%m-%d}  {task.text}")
        if task.closed_at is not None:
            print(f"   closed {task.closed_at:%Y-%m-%d} by {task.closed_by}: {task.comment}")
    if not shown:
        print("Nothing is asked of the reviewers.")


@records_app.command("close")
def close_one_task(
    number: Annotated[int, typer.Argument(help="Of the task, as `records tasks` lists it.")],
    comment: Annotated[str, typer.Option("--comment", help="What was found.", prompt=True)],
) -> None:
    """Close a task with what was found."""
    from serving.records.tasks import close_task

    if not comment.strip():
        raise InputError("say in --comment what was found: it is kept with the task")
    by, now = _name_user(), datetime.now(UTC)
    with opening_records() as store:
        close_task(store.database, number, by=by, comment=comment.strip(), at=now)
    print(f"Closed task {number}.")


@records_app.command("suspend")
def suspend_model(
    model: ModelArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is shown.", prompt=True)],
) -> None:
    """Let a model give no estimates for the time being; a running service obeys in seconds."""
    from serving.records.tasks import suspend
    from training.store.artifact import read_facts

    if not reason.strip():
        raise InputError("say why in --reason: whoever asks for an estimate reads it")
    _, digest = read_facts(find_model(model))
    by, now = _name_user(), datetime.now(UTC)
    with opening_records() as store:
        found = suspend(store.database, digest, by=by, reason=reason.strip(), at=now)
    print(f"Suspended since {found.at:%Y-%m-%d %H:%M} UTC by {found.by}: {found.reason}")


@records_app.command("resume")
def resume_model(model: ModelArgument) -> None:
    """Let a suspended model answer again."""
    from serving.records.tasks import lift_suspension
    from training.store.artifact import read_facts

    _, digest = read_facts(find_model(model))
    with opening_records() as store:
        lift_suspension(store.database, digest, by=_name_user(), at=datetime.now(UTC))
    print("It answers again; a running service takes a few seconds.")


@outcomes_app.command("import")
def import_outcomes(
    file: Annotated[
        Path,
        typer.Argument(
            help="Table with request_id or patient_id, and outcome columns such as nrs_t1.",
            metavar="FILE",
        ),
    ],
) -> None:
    """Record the outcomes of a file: all of them, or none with every problem named."""
    from features.files.table import read_table
    from serving.records.outcomes import report_outcomes

    table = read_table(file)
    if table.empty:
        raise InputError(f"{file} has no rows")
    rows = [
        {str(name): value for name, value in row.items() if value != ""}
        for row in table.to_dict("records")
    ]
    lines = [int(position) + 1 for position in table.index]
    with opening_records() as store:
        try:
            done = report_outcomes(
                store, rows, caller=_name_user(), at=datetime.now(UTC), lines=lines, most=len(rows)
            )
        except KetresponseError:
            print(f"Nothing of {file} was recorded.")
            raise
    print(f"Recorded the outcomes of {len(done)} patients.")
