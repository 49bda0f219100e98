"""What several commands of this floor ask for, and how it is found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from features.errors import KetresponseError

__all__ = ["ModelArgument", "find_model"]

ModelArgument = Annotated[
    str,
    typer.Argument(
        help="Folder of a model, or a registered name: NAME, or NAME:VERSION.", metavar="MODEL"
    ),
]


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
