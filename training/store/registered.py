"""Registered models, found again: listed, and located by name.

A local store is read without MLflow (:mod:`training.store.listing`), which is asked for any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from features.errors import KetresponseError
from training.store.client import fetch_files, make_client, telling_failures
from training.store.listing import find_run_files, read_versions
from training.store.statuses import name_status

__all__ = [
    "ARTIFACT",
    "ARTIFACT_PATH",
    "CENTRE_TAG",
    "DIGEST_TAG",
    "MODEL_PATH",
    "TAG",
    "RegisteredModel",
    "describe_version",
    "find_folder",
    "list_models",
    "locate",
]

TAG = "ketresponse."
"""What the names of all our tags begin with."""
DIGEST_TAG = f"{TAG}digest"
"""Set last: a version that has it was finished."""
CENTRE_TAG = f"{TAG}centre"
"""Of a run or a version, the centre of a model of several that it is about."""
MODEL_PATH = "model"
"""Where a run keeps its model as MLflow packs it."""
ARTIFACT = "artifact"
"""The artifact folder's name in there."""
ARTIFACT_PATH = f"{MODEL_PATH}/data/{ARTIFACT}"
"""Where a run keeps the artifact folder of its model."""


@dataclass(frozen=True)
class RegisteredModel:
    """One version of a registered model.

    Parameters
    ----------
    name, version : str
        As the registry knows it; versions count from "1".
    status : str
        See :data:`training.store.facts.STATUSES`.
    created : str
        When it was registered, UTC, ISO 8601 to the second.
    horizons : tuple of str
        In the order of the model.
    n, events : dict of str to int
        Patients with a known outcome, and responders among them, per horizon.
    auc : dict of str to float or None
        Cross-validated, per horizon; None where it could not be estimated.
    digest : str
        Of the artifact.
    run_id : str
        The training it came from.
    """

    name: str
    version: str
    status: str
    created: str
    horizons: tuple[str, ...]
    n: dict[str, int]
    events: dict[str, int]
    auc: dict[str, float | None]
    digest: str
    run_id: str


def describe_version(version: Any) -> RegisteredModel:
    """Return a finished version as its tags tell it; MLflow's own, or a listed one."""
    tags: Mapping[str, str] = version.tags
    horizons = tuple(tags[f"{TAG}horizons"].split(","))
    auc = {horizon: tags.get(f"{TAG}{horizon}.auc") for horizon in horizons}
    created = datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)
    return RegisteredModel(
        name=version.name,
        version=str(version.version),
        status=name_status(tags[f"{TAG}status"], tags.get(f"{TAG}scope", "")),
        created=created.isoformat(timespec="seconds"),
        horizons=horizons,
        n={horizon: int(tags[f"{TAG}{horizon}.n"]) for horizon in horizons},
        events={horizon: int(tags[f"{TAG}{horizon}.events"]) for horizon in horizons},
        auc={horizon: None if value is None else float(value) for horizon, value in auc.items()},
        digest=tags[DIGEST_TAG],
        run_id=version.run_id,
    )


def _ask_for_versions(tracking_uri: str) -> list[Any]:
    client = make_client(tracking_uri)
    found: list[Any] = []
    with telling_failures("list the models", tracking_uri):
        page = client.search_model_versions()
        found += page
        while page.token:
            page = client.search_model_versions(page_token=page.token)
            found += page
    return found


def _fetch_artifact(model: RegisteredModel, tracking_uri: str) -> Path:
    files = find_run_files(tracking_uri, model.run_id)
    if files is not None and (files / ARTIFACT_PATH).is_dir():
        return files / ARTIFACT_PATH
    client = make_client(tracking_uri)
    with telling_failures(f"fetch {model.name} version {model.version}", tracking_uri):
        return fetch_files(client, model.run_id, ARTIFACT_PATH)


def list_models(*, tracking_uri: str) -> list[RegisteredModel]:
    """Return every finished version, newest first within a name.

    Raises
    ------
    KetresponseError
        If the store cannot be read.
    """
    found: Sequence[Any] | None = read_versions(tracking_uri)
    if found is None:
        found = _ask_for_versions(tracking_uri)
    models = [describe_version(version) for version in found if DIGEST_TAG in version.tags]
    return sorted(models, key=lambda model: (model.name, -int(model.version)))


def locate(name: str, version: str | int | None = None, *, tracking_uri: str) -> Path:
    """Return the artifact folder of a registered model, checked against its registration.

    Parameters
    ----------
    name : str
        Of the model.
    version : str, int or None
        None takes the newest.
    tracking_uri : str
        Where it is registered.

    Returns
    -------
    Path
        The stored folder itself where the store is on this machine, else a temporary copy.

    Raises
    ------
    KetresponseError
        Listing the names or versions that there are, where this one is not; or if the stored
        model is not the one that was registered.
    """
    from training.store.artifact import read_facts  # a list of models needs no model's arithmetic

    models = list_models(tracking_uri=tracking_uri)
    named = [model for model in models if model.name == name]
    if not named:
        known = ", ".join(dict.fromkeys(model.name for model in models))
        raise KetresponseError(
            f"no registered model is called {name!r}; "
            + (f"known: {known}" if known else "none is registered yet, train one first")
        )
    wanted = [model for model in named if version is None or model.version == str(version)]
    if not wanted:
        known = ", ".join(model.version for model in named)
        raise KetresponseError(f"{name} has no version {version!r}; it has {known}")
    model = wanted[0]
    folder = _fetch_artifact(model, tracking_uri)
    facts, digest = read_facts(folder)
    # Two versions may be of the same bytes: their releases still name them.
    if (digest, facts.name, facts.version) != (model.digest, model.name, model.version):
        raise KetresponseError(
            f"the model stored as {name} version {model.version} is not the one that was "
            "registered; do not use it, and train again"
        )
    return folder


def find_folder(model: str, *, tracking_uri: str) -> Path:
    """Return the artifact folder of a model as a user names it.

    Parameters
    ----------
    model : str
        A folder, or a registered NAME or NAME:VERSION.
    tracking_uri : str
        Where it is registered.

    Raises
    ------
    KetresponseError
        As :func:`locate`, or if it looks like a path and there is no such folder.
    """
    if Path(model).is_dir():
        return Path(model)
    if Path(model).name != model:
        raise KetresponseError(f"there is no folder {model}; check the path")
    name, _, version = model.partition(":")
    return locate(name, version or None, tracking_uri=tracking_uri)
