"""Named, numbered models: registered whole or not at all, found again by name.

A version is created first, so that the folder that is stored knows its number; the tag with the
model's digest is set last. A version without that tag was never finished and does not exist for
:func:`locate` and :func:`list_models`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from features.dictionary.eligibility import Eligibility
from features.errors import KetresponseError
from training.model.example import make_example
from training.model.response_model import ResponseModel
from training.panel.model import PanelModel
from training.store.artifact import read_facts, save_model
from training.store.client import make_client, open_files, telling_failures
from training.store.facts import ModelFacts

__all__ = [
    "ARTIFACT_PATH",
    "RegisteredModel",
    "attach_files",
    "find_folder",
    "list_models",
    "locate",
    "register",
]

_TAG = "ketresponse."
_DIGEST_TAG = f"{_TAG}digest"
_MODEL_PATH = "model"
_ARTIFACT = "artifact"
ARTIFACT_PATH = f"{_MODEL_PATH}/data/{_ARTIFACT}"
"""Where a run keeps the artifact folder of its model."""
_LOADER = "training.store.pyfunc"
_NAME = "[a-z0-9][a-z0-9_-]*"


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


def _write_package(folder: Path, artifact: Path, model: ResponseModel, facts: ModelFacts) -> None:
    """Write the artifact as a model that MLflow can load through our own loader, no pickle."""
    import mlflow.pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, Schema

    eligibility = Eligibility.from_dict(facts.eligibility)
    predictors = model.predictor_variables
    # Any type, and none required: MLflow's own complaints repeat the table that was sent, with
    # patients' values. Our loader checks each cell, and names columns and rows only.
    any_value: Any = AnyType
    rules = [name for step in eligibility.steps for name in step]
    names = dict.fromkeys([*model.predictors, *rules])
    inputs: list[Any] = [ColSpec(any_value(), name, required=False) for name in names]
    outputs: list[Any] = [ColSpec("double", f"p_{horizon}") for horizon in model.horizons]
    packages = [package for package in facts.versions if package not in ("python", "ketresponse")]
    mlflow.pyfunc.save_model(
        folder,
        loader_module=_LOADER,
        data_path=str(artifact),
        mlflow_model=Model(artifact_path=_MODEL_PATH, run_id=facts.run_id),
        signature=ModelSignature(Schema(inputs), Schema(outputs)),
        input_example=pd.DataFrame([make_example(model, eligibility)]),
        # ketresponse itself is on no package index: asking one for it would fetch a stranger's.
        pip_requirements=[f"{package}=={facts.versions[package]}" for package in packages],
        metadata={
            "expects": {variable.name: variable.expected() for variable in predictors},
            "needs": f"ketresponse {facts.code_version}",
        },
    )


def _tags(facts: ModelFacts, model: ResponseModel) -> dict[str, str]:
    tags = {f"{_TAG}status": facts.status, f"{_TAG}horizons": ",".join(model.horizons)}
    for horizon in model.horizons:
        count = facts.counts[horizon]
        auc = facts.performance.get(horizon, {}).get("auc", [None])[0]
        tags[f"{_TAG}{horizon}.n"] = str(count["n"])
        tags[f"{_TAG}{horizon}.events"] = str(count["events"])
        if auc is not None:
            tags[f"{_TAG}{horizon}.auc"] = f"{auc:.4f}"
    return tags


def _describe(version: Any) -> RegisteredModel:
    tags: Mapping[str, str] = version.tags
    horizons = tuple(tags[f"{_TAG}horizons"].split(","))
    auc = {horizon: tags.get(f"{_TAG}{horizon}.auc") for horizon in horizons}
    created = datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)
    return RegisteredModel(
        name=version.name,
        version=str(version.version),
        status=tags[f"{_TAG}status"],
        created=created.isoformat(timespec="seconds"),
        horizons=horizons,
        n={horizon: int(tags[f"{_TAG}{horizon}.n"]) for horizon in horizons},
        events={horizon: int(tags[f"{_TAG}{horizon}.events"]) for horizon in horizons},
        auc={horizon: None if value is None else float(value) for horizon, value in auc.items()},
        digest=tags[_DIGEST_TAG],
        run_id=version.run_id,
    )


def _versions_of_run(client: Any, run_id: str) -> list[Any]:
    return list(client.search_model_versions(f"run_id = '{run_id}'"))


def _is_known(client: Any, name: str) -> bool:
    return bool(client.search_registered_models(f"name = '{name}'"))


def _ensure_name(client: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as err:
        if err.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _undo(client: Any, name: str, run_id: str, *, was_known: bool) -> None:
    """Take back whatever a registration has begun."""
    for version in _versions_of_run(client, run_id):
        client.delete_model_version(name, version.version)
    open_files(client, run_id).delete_artifacts(_MODEL_PATH)
    empty = not client.search_model_versions(f"name = '{name}'")
    if empty and not was_known and _is_known(client, name):
        client.delete_registered_model(name)


def register(
    run_id: str,
    model: ResponseModel,
    facts: ModelFacts,
    *,
    name: str,
    tracking_uri: str,
    tags: Mapping[str, str] | None = None,
    panel: PanelModel | None = None,
) -> RegisteredModel:
    """Register the model of a tracked run, whole or not at all.

    Whatever comes in between, Ctrl-C included, neither version nor files remain; the run does.

    Parameters
    ----------
    run_id : str
        As :func:`training.store.tracking.track_run` returned it; a run has one model.
    model : ResponseModel
        To be stored.
    facts : ModelFacts
        About it; name, version and run are filled in here.
    name : str
        To register under; a name that is known gets a further version.
    tracking_uri : str
        Where.
    tags : mapping of str to str or None
        Further tags of the version, such as the version it was updated from.
    panel : PanelModel or None
        The sub-model for patients with a panel, which the facts then tell about.

    Returns
    -------
    RegisteredModel
        With its number.

    Raises
    ------
    KetresponseError
        If the name cannot be used, the run has a model already, or the store cannot be reached
        or does not take it.
    """
    if not re.fullmatch(_NAME, name):
        raise KetresponseError(
            f"a model's name is of lower case letters, digits, - and _; got {name!r}"
        )
    client = make_client(tracking_uri)
    with telling_failures(f"register {name}", tracking_uri):
        client.get_run(run_id)
        taken = _versions_of_run(client, run_id)
        if taken:
            raise KetresponseError(
                f"the run {run_id} is registered already, as {taken[0].name} version "
                f"{taken[0].version}; train again to register another model"
            )
        was_known = _is_known(client, name)
        try:
            _ensure_name(client, name)
            source = f"runs:/{run_id}/{_MODEL_PATH}"
            version = client.create_model_version(
                name, source, run_id=run_id, tags={**_tags(facts, model), **(tags or {})}
            ).version
            numbered = replace(facts, name=name, version=str(version), run_id=run_id)
            with TemporaryDirectory() as temporary:
                artifact, package = Path(temporary) / _ARTIFACT, Path(temporary) / _MODEL_PATH
                digest = save_model(artifact, model, numbered, panel)
                _write_package(package, artifact, model, numbered)
                client.log_artifacts(run_id, str(package), _MODEL_PATH)
            client.set_model_version_tag(name, version, _DIGEST_TAG, digest)
            return _describe(client.get_model_version(name, version))
        except BaseException:
            _undo(client, name, run_id, was_known=was_known)
            raise


def list_models(*, tracking_uri: str) -> list[RegisteredModel]:
    """Return every finished version, newest first within a name.

    Raises
    ------
    KetresponseError
        If the store cannot be read.
    """
    client = make_client(tracking_uri)
    found: list[Any] = []
    with telling_failures("list the models", tracking_uri):
        page = client.search_model_versions()
        found += page
        while page.token:
            page = client.search_model_versions(page_token=page.token)
            found += page
    models = [_describe(version) for version in found if _DIGEST_TAG in version.tags]
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
    client = make_client(tracking_uri)
    with telling_failures(f"fetch {name} version {model.version}", tracking_uri):
        folder = Path(open_files(client, model.run_id).download_artifacts(ARTIFACT_PATH))
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


def attach_files(name: str, version: str, files: Sequence[Path], *, tracking_uri: str) -> None:
    """Put files beside a registered model, in place of those of the same name.

    Parameters
    ----------
    name, version : str
        A finished version.
    files : sequence of Path
        Such as its card; the model itself is bound by its digest and cannot be replaced.
    tracking_uri : str
        Where it is registered.

    Raises
    ------
    KetresponseError
        If the store cannot be written.
    """
    client = make_client(tracking_uri)
    with telling_failures(f"attach files to {name} version {version}", tracking_uri):
        stored = open_files(client, client.get_model_version(name, version).run_id)
        for file in files:
            stored.log_artifact(str(file), ARTIFACT_PATH)
