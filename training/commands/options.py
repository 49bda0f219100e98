"""Arguments and options that several commands share, and how a cohort of theirs is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from training.store.artifact import LoadedModel
    from training.validation.new_patients import NewPatients

__all__ = [
    "MODEL_HELP",
    "CohortArgument",
    "ForceOption",
    "JobsOption",
    "JsonOption",
    "MappingOption",
    "ModelArgument",
    "read_patients",
]

MODEL_HELP = "Folder of a model, or a registered name: NAME, or NAME:VERSION."
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP)]
CohortArgument = Annotated[
    Path, typer.Argument(metavar="COHORT", help="Cohort file of other patients.")
]
MappingOption = Annotated[
    Path | None, typer.Option("--mapping", help="Mapping (TOML) that declares further variables.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", help="Processes; default: all cores.", min=1)
]


def read_patients(loaded: LoadedModel, cohort: Path, mapping: Path | None) -> NewPatients:
    """Return a cohort's patients by the model's rules, with what a mapping declares."""
    from features.cohort.mapping_file import read_mapping
    from training.validation.new_patients import read_new_patients

    further = () if mapping is None else read_mapping(mapping).variables
    return read_new_patients(loaded, cohort, further=further)
