"""Record what was trained: one MLflow run per training, whole or absent.

A run holds settings, metrics, counts, digests and pictures; never a patient id, a prediction for a
patient or a row of the cohort.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from features.errors import KetresponseError
from features.processes import mark_process
from training.store.client import (
    fetch_files,
    find_artifact_location,
    make_client,
    open_files,
    telling_failures,
)
from training.store.listing import PROCESS_TAG

__all__ = [
    "RunRecord",
    "TrackedRun",
    "begin_run",
    "fetch_file",
    "finish_run",
    "locate_file",
    "read_run",
    "track_run",
]

_TOKEN = "ketresponse.record"
# What MLflow's pages show of a run: a note, and what it came from.
_NOTE, _SOURCE = "mlflow.note.content", "mlflow.source.name"
_COHORT = "cohort_sha256"
_MAX_METRICS, _MAX_PARAMS = 1000, 100  # what MLflow takes in one request


@dataclass(frozen=True)
class RunRecord:
    """What is kept of one training, or of what was done with its model.

    Parameters
    ----------
    study : str
        Name of the study; the runs of a study are compared with each other.
    params : dict
        Settings, by name.
    metrics : dict of str to float
        Results, by name. One that is not finite could not be estimated, and is left out.
    tags : dict of str to str
        Digests, status and versions, by name. ``cohort_sha256`` also tells MLflow which runs used
        the same data.
    files : Path or None
        A folder whose content is stored with the run.
    texts : dict of str to str
        Further files: name to content.
    kind : str
        "training", "validation", ...: tagged as ``ketresponse.kind``, to filter runs by.
    note : str
        A sentence or two (Markdown) that MLflow shows above the run.
    """

    study: str
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    files: Path | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    kind: str = "training"
    note: str = ""


@dataclass(frozen=True)
class TrackedRun:
    """A run as it was stored; see :class:`RunRecord`."""

    run_id: str
    name: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    files: tuple[str, ...]


def _get_experiment(client: Any, name: str, tracking_uri: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, find_artifact_location(tracking_uri)))
        except MlflowException:  # another training has made it in between
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise KetresponseError(
            f"the experiment {name} was deleted from the tracking store; restore it with "
            f"`mlflow experiments restore --experiment-id {found.experiment_id}`, or give the "
            "study another name"
        )
    return str(found.experiment_id)


def _delete_run(client: Any, run_id: str) -> None:
    client.set_terminated(run_id, status="FAILED")
    open_files(client, run_id).delete_artifacts()
    client.delete_run(run_id)


def _make_dataset(sha256: str, kind: str) -> Any:
    """Return a cohort as MLflow's pages name it beside a run: by the start of its digest."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset("cohort", sha256[:12], "local", "{}")
    return DatasetInput(dataset, [InputTag("mlflow.data.context", kind)])


def _create_run(client: Any, experiment: str, record: RunRecord, token: str) -> str:
    now = datetime.now().astimezone()
    what = "" if record.kind == "training" else f"{record.kind} "
    tags = {
        _TOKEN: token,
        PROCESS_TAG: str(mark_process()),
        "ketresponse.kind": record.kind,
        _SOURCE: f"ketresponse ({record.kind})",
        **record.tags,
    }
    run_id = client.create_run(
        experiment,
        run_name=f"{record.study} {what}{now:%Y-%m-%d %H:%M:%S}",
        tags=tags | ({_NOTE: record.note} if record.note else {}),
    ).info.run_id
    if _COHORT in record.tags:
        client.log_inputs(run_id, datasets=[_make_dataset(record.tags[_COHORT], record.kind)])
    return str(run_id)


def _write_run(client: Any, run_id: str, record: RunRecord) -> None:
    """Write metrics, settings and files."""
    from mlflow.entities import Metric, Param

    stamp = int(time.time() * 1000)
    metrics = [
        Metric(name, float(value), stamp, 0)
        for name, value in record.metrics.items()
        if math.isfinite(value)
    ]
    params = [Param(name, str(value)) for name, value in record.params.items()]
    for start in range(0, len(metrics), _MAX_METRICS):
        client.log_batch(run_id, metrics=metrics[start : start + _MAX_METRICS])
    for start in range(0, len(params), _MAX_PARAMS):
        client.log_batch(run_id, params=params[start : start + _MAX_PARAMS])
    if record.files is not None:
        client.log_artifacts(run_id, str(record.files))
    for name, text in record.texts.items():
        client.log_text(run_id, text, name)


def track_run(record: RunRecord, *, tracking_uri: str) -> str:
    """Store one training as a finished run, whole or not at all.

    Whatever comes in between, Ctrl-C included, the run begun is marked as failed and deleted, and
    its files are removed.

    Parameters
    ----------
    record : RunRecord
        What to keep.
    tracking_uri : str
        Where; see :func:`find_tracking_uri`.

    Returns
    -------
    str
        Id of the run.

    Raises
    ------
    KetresponseError
        If the store cannot be reached or does not take the record.
    """
    client = make_client(tracking_uri)
    token = secrets.token_hex(8)
    with telling_failures("track the run", tracking_uri):
        experiment = _get_experiment(client, record.study, tracking_uri)
        try:
            run_id = _create_run(client, experiment, record, token)
            _write_run(client, run_id, record)
            client.set_terminated(run_id)
            return run_id
        except BaseException:
            # Found by its token: the run may have been begun before its id came back.
            for run in client.search_runs([experiment], f"tags.`{_TOKEN}` = '{token}'"):
                _delete_run(client, run.info.run_id)
            raise


@contextmanager
def begin_run(record: RunRecord, *, tracking_uri: str) -> Iterator[str]:
    """Begin a run that takes long, with what is known of it beforehand.

    Inside the block it is running, and :func:`finish_run` ends it. What is stopped or fails leaves
    the beginning to be read, marked as killed or failed; nothing else takes it for a result.

    Parameters
    ----------
    record : RunRecord
        What is known beforehand.
    tracking_uri : str
        Where; see :func:`find_tracking_uri`.

    Yields
    ------
    str
        Id of the run.
    """
    client = make_client(tracking_uri)
    with telling_failures("track the run", tracking_uri):
        experiment = _get_experiment(client, record.study, tracking_uri)
        run_id = _create_run(client, experiment, record, secrets.token_hex(8))
    try:
        with telling_failures("track the run", tracking_uri):
            _write_run(client, run_id, record)
        yield run_id
    except BaseException as err:
        stopped = isinstance(err, (KeyboardInterrupt, SystemExit))
        # A store that is gone by now: what failed is told, and the next command marks the run.
        with suppress(KetresponseError), telling_failures("mark the run as ended", tracking_uri):
            client.set_terminated(run_id, status="KILLED" if stopped else "FAILED")
        raise


def finish_run(run_id: str, record: RunRecord, *, tracking_uri: str) -> None:
    """Add the results to a run that was begun, and end it.

    Parameters
    ----------
    run_id : str
        From :func:`begin_run`.
    record : RunRecord
        What came out; settings that stand there already may not differ.
    tracking_uri : str
        Where.
    """
    client = make_client(tracking_uri)
    with telling_failures("track the run", tracking_uri):
        _write_run(client, run_id, record)
        for name, value in record.tags.items():
            client.set_tag(run_id, name, value)
        client.set_tag(run_id, _NOTE, record.note)
        client.set_terminated(run_id)


def read_run(run_id: str, *, tracking_uri: str) -> TrackedRun:
    """Return a finished run.

    Raises
    ------
    KetresponseError
        If there is no such run, it did not finish, or the store cannot be read.
    """
    client = make_client(tracking_uri)
    with telling_failures(f"read the run {run_id}", tracking_uri):
        run = client.get_run(run_id)
        if run.info.status != "FINISHED":
            raise KetresponseError(
                f"the run {run_id} did not finish ({run.info.status.lower()}): it has no result; "
                "run it again"
            )
        files = tuple(str(info.path) for info in client.list_artifacts(run_id))
    return TrackedRun(
        run_id=run.info.run_id,
        name=str(run.info.run_name),
        params=dict(run.data.params),
        metrics=dict(run.data.metrics),
        tags=dict(run.data.tags),
        files=files,
    )


def locate_file(run_id: str, path: str, *, tracking_uri: str) -> str:
    """Return where a run's file is: its path on this machine, or its address elsewhere."""
    where = f"{make_client(tracking_uri).get_run(run_id).info.artifact_uri}/{path}"
    return unquote(where.removeprefix("file://")) if where.startswith("file:///") else where


def fetch_file(run_id: str, path: str, *, tracking_uri: str) -> Path:
    """Return a file of a run: the stored one where the store is on this machine, else a copy."""
    client = make_client(tracking_uri)
    with telling_failures(f"fetch {path} of the run {run_id}", tracking_uri):
        return fetch_files(client, run_id, path)
