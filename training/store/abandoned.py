"""What a killed process left half-way in the store of runs: ended or taken back, and told.

A process that is killed (SIGKILL, power) marks nothing as ended: its run would stay "running" for
ever. Runs and registrations carry the mark of their process (:mod:`features.processes`); the next
command that opens the store ends those whose process was one of this machine and is gone. Those of
other machines are left alone.
"""

from __future__ import annotations

from typing import Any

from features.processes import read_mark
from training.store.client import make_client, telling_failures
from training.store.listing import PROCESS_TAG, read_running, read_versions
from training.store.registered import DIGEST_TAG

__all__ = ["end_abandoned"]


def end_abandoned(*, tracking_uri: str) -> list[str]:
    """Mark runs as killed and take registrations back whose process is gone.

    Parameters
    ----------
    tracking_uri : str
        Where runs are tracked and models registered.

    Returns
    -------
    list of str
        What was done, one sentence each; mostly none.

    Raises
    ------
    KetresponseError
        If the store cannot be read or written.
    """
    runs, versions = read_running(tracking_uri), read_versions(tracking_uri)
    if runs is None or versions is None:
        runs, versions = _ask(tracking_uri)
    gone = {run_id: name for run_id, (name, mark) in runs.items() if _is_gone(mark)}
    half = [
        version
        for version in versions
        if DIGEST_TAG not in version.tags and _is_gone(version.tags.get(PROCESS_TAG, ""))
    ]
    if not gone and not half:
        return []
    from training.store.registry import undo  # needs the model's arithmetic, which a list does not

    told = []
    client = make_client(tracking_uri)
    with telling_failures("end what was killed", tracking_uri):
        for run_id, name in gone.items():
            client.set_terminated(run_id, status="KILLED")
            told.append(
                f"The run {name} was killed: it is marked so, and no model came of it. Do the same "
                "again; of a training, with --resume, fits that had ended are kept."
            )
        for version in half:
            undo(client, version.name, version.run_id)
            told.append(
                f"The registration of {version.name} version {version.version} was killed "
                "half-way: it is taken back. Do the same again; of a training, with --resume."
            )
    return told


def _is_gone(written: str) -> bool:
    mark = read_mark(written)
    return mark is not None and mark.is_gone


def _ask(tracking_uri: str) -> tuple[dict[str, tuple[str, str]], list[Any]]:
    """Return running runs, by id their name and mark, and all versions, where MLflow has them."""
    client = make_client(tracking_uri)
    with telling_failures("look for what was killed", tracking_uri):
        experiments = [one.experiment_id for one in client.search_experiments()]
        found = (
            client.search_runs(experiments, "attributes.status = 'RUNNING'") if experiments else []
        )
        versions = list(client.search_model_versions())
    return {
        run.info.run_id: (str(run.info.run_name), run.data.tags.get(PROCESS_TAG, ""))
        for run in found
    }, versions
