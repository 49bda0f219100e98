"""What several commands of this floor ask for, and how it is found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import InputError, KetresponseError

if TYPE_CHECKING:
    from serving.records.settings import RecordSettings
    from serving.records.store import RecordStore

__all__ = [
    "AnsweredOption",
    "AnswersOption",
    "CentreOption",
    "ModelArgument",
    "PanelOption",
    "find_centre_setting",
    "find_model",
    "find_record_settings",
    "opening_records",
]

ModelArgument = Annotated[
    str,
    typer.Argument(
        help="Folder of a model, or a registered name: NAME, or NAME:VERSION.", metavar="MODEL"
    ),
]

CentreOption = Annotated[
    str | None,
    typer.Option(
        help="Of a model of several centres, the one where the patients are; none for a new one. "
        "Default: KETRESPONSE_CENTRE.",
        metavar="NAME",
    ),
]

AnsweredOption = Annotated[
    str | None,
    typer.Option(
        "--cohort",
        help="A cohort instead: a file; with --out also a folder, a pattern or an address.",
        metavar="FILE",
    ),
]

AnswersOption = Annotated[
    Path | None,
    typer.Option("--out", help="Write a cohort's answers here, .csv or .parquet.", metavar="FILE"),
]

PanelOption = Annotated[
    Path | None,
    typer.Option(
        help="Panel of the patient, or panels of the cohort's patients, as `panel import` wrote "
        "it.",
        metavar="FILE",
    ),
]


def find_centre_setting(centre: str | None) -> str:
    """Return the name of the centre that is asked for here; "" for a new one."""
    return (os.environ.get("KETRESPONSE_CENTRE", "") if centre is None else centre).strip()


def find_model(model: str) -> Path:
    """Return the folder of a model that is named by folder or by its registered name."""
    if Path(model).is_dir():
        return Path(model)
    name, _, version = model.partition(":")
    if Path(model).name != model:
        raise KetresponseError(f"there is no folder {model}; check the path")
    try:
        from training.store.client import find_tracking_uri
        from training.store.registered import locate
    except ModuleNotFoundError as err:
        raise KetresponseError(
            f"there is no folder {model}, and registered models cannot be looked up without "
            f"{err.name}: give the model's folder, or install ketresponse[train]"
        ) from err
    return locate(name, version or None, tracking_uri=find_tracking_uri(os.environ))


def find_record_settings() -> RecordSettings:
    """Return where estimates are recorded."""
    from serving.records.settings import RecordSettings

    settings = RecordSettings.from_environ(os.environ)
    if settings is None:
        raise InputError("nothing is recorded here: KETRESPONSE_RECORDS is off")
    return settings


@contextmanager
def opening_records() -> Iterator[RecordStore]:
    """Give the store of this place, which must be there already."""
    from serving.records.store import open_store

    settings = find_record_settings()
    if settings.file is not None and not settings.file.exists() and not settings.key_file.exists():
        raise InputError(
            f"there are no records at {settings.place} yet: the first estimate of a service makes "
            "them; where they lie elsewhere, name the place in KETRESPONSE_RECORDS"
        )
    store = open_store(settings)
    try:
        yield store
    finally:
        store.close()
