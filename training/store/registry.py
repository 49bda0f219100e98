"""Named, numbered models: registered whole or not at all.

A version is created first, so that the folder that is stored knows its number; the tag with the
model's digest is set last. A version without that tag was never finished and does not exist for
:mod:`training.store.registered`, which finds models again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from features.dictionary.eligibility import Eligibility
from features.errors import KetresponseError
from features.files.temporary import temporary_folder
from features.processes import mark_process
from training.model.example import make_example
from training.model.response_model import ResponseModel
from training.panel.model import PanelModel
from training.store.artifact import save_model
from training.store.client import make_client, open_files, telling_failures
from training.store.facts import ModelFacts
from training.store.listing import PROCESS_TAG
from training.store.mixing import check_mixing
from training.store.pyfunc import CENTRE
from training.store.registered import (
    ARTIFACT,
    ARTIFACT_PATH,
    DIGEST_TAG,
    MODEL_PATH,
    TAG,
    RegisteredModel,
    describe_version,
)

__all__ = ["attach_files", "describe_tags", "register", "undo"]

_LOADER = "training.store.pyfunc"
_NAME = "[a-z0-9][a-z0-9_-]*"


def _write_package(folder: Path, artifact: Path, model: ResponseModel, facts: ModelFacts) -> None:
    """Write the artifact as a model that MLflow can load through our own loader, no pickle."""
    import mlflow.pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, ParamSchema, ParamSpec, Schema

    eligibility = Eligibility.from_dict(facts.eligibility)
    predictors = model.predictor_variables
    # Any type, and none required: MLflow's own complaints repeat the table that was sent, with
    # patients' values. Our loader checks each cell, and names columns and rows only.
    any_value: Any = AnyType
    rules = [name for step in eligibility.steps for name in step]
    names = dict.fromkeys([*model.predictors, *rules])
    inputs: list[Any] = [ColSpec(any_value(), name, required=False) for name in names]
    outputs: list[Any] = [ColSpec("double", f"p_{horizon}") for horizon in model.horizons]
    centre: Any = ParamSpec(CENTRE, "string", default="")
    params: Any = ParamSchema([centre]) if model.centres else None
    packages = [package for package in facts.versions if package not in ("python", "ketresponse")]
    mlflow.pyfunc.save_model(
        folder,
        loader_module=_LOADER,
        data_path=str(artifact),
        mlflow_model=Model(artifact_path=MODEL_PATH, run_id=facts.run_id),
        signature=ModelSignature(Schema(inputs), Schema(outputs), params),
        input_example=pd.DataFrame([make_example(model, eligibility)]),
        # ketresponse itself is on no package index: asking one for it would fetch a stranger's.
        pip_requirements=[f"{package}=={facts.versions[package]}" for package in packages],
        metadata={
            "expects": {
                v.name: str(v.expected()) for v in predictors
            },  # YAML knows no text of ours
            "needs": f"ketresponse {facts.code_version}",
        },
    )


def _is_constant(model: ResponseModel, horizon: str) -> bool:
    """Return whether everyone gets the same at a horizon: there is nothing to rank then."""
    return model.first.is_constant if horizon == model.horizons[0] else model.is_constant


def describe_tags(facts: ModelFacts, model: ResponseModel) -> dict[str, str]:
    """Return what the registry's tags say of a model, by their names without our prefix."""
    tags = {"status": facts.status, "horizons": ",".join(model.horizons)}
    for horizon in model.horizons:
        count = facts.counts[horizon]
        auc = facts.performance.get(horizon, {}).get("auc", [None])[0]
        tags[f"{horizon}.n"] = str(count["n"])
        tags[f"{horizon}.events"] = str(count["events"])
        if auc is not None and not _is_constant(model, horizon):
            tags[f"{horizon}.auc"] = f"{auc:.6f}"  # of fewer, rounding again tells another one
    return tags


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


def undo(client: Any, name: str, run_id: str, *, was_known: bool = False) -> None:
    """Take back whatever the registration of a run has begun.

    Parameters
    ----------
    client : mlflow.MlflowClient
        Of the store.
    name : str
        Of the model.
    run_id : str
        Of the run.
    was_known : bool
        Whether the name stays, also if no version has it.
    """
    for version in _versions_of_run(client, run_id):
        client.delete_model_version(name, version.version)
    open_files(client, run_id).delete_artifacts(MODEL_PATH)
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
    mixed: bool = False,
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
    mixed : bool
        Whether the name may hold models of simulated and of real patients both.

    Returns
    -------
    RegisteredModel
        With its number.

    Raises
    ------
    KetresponseError
        If the name cannot be used, the run has a model already, or the store cannot be reached
        or does not take it.
    Refused
        If simulated and real patients would be mixed under the name, and may not be.
    """
    if not re.fullmatch(_NAME, name):
        raise KetresponseError(
            f"a model's name is of lower case letters, digits, - and _; got {name!r}"
        )
    if not mixed:
        check_mixing(name, synthetic=facts.synthetic, tracking_uri=tracking_uri)
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
            source = f"runs:/{run_id}/{MODEL_PATH}"
            own = {f"{TAG}{tag}": value for tag, value in describe_tags(facts, model).items()}
            version = client.create_model_version(
                name,
                source,
                run_id=run_id,
                tags={**own, **(tags or {}), PROCESS_TAG: str(mark_process())},
            ).version
            numbered = replace(facts, name=name, version=str(version), run_id=run_id)
            with temporary_folder() as temporary:
                artifact, package = temporary / ARTIFACT, temporary / MODEL_PATH
                digest = save_model(artifact, model, numbered, panel)
                _write_package(package, artifact, model, numbered)
                client.log_artifacts(run_id, str(package), MODEL_PATH)
            client.set_model_version_tag(name, version, DIGEST_TAG, digest)
            return describe_version(client.get_model_version(name, version))
        except BaseException:
            undo(client, name, run_id, was_known=was_known)
            raise


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
