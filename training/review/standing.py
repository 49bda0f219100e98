"""What the registry says about reviews: status, tags and the alias ``approved``.

Only :mod:`training.review.telling` writes it, from the review log; the log is what counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from training.review.placing import put_files
from training.store.client import make_client, open_files, telling_failures
from training.store.listing import find_run_files
from training.store.registered import ARTIFACT_PATH

__all__ = ["find_approved", "read_tags", "write_standing"]

ALIAS = "approved"
_TAG = "ketresponse."


def find_approved(name: str, *, tracking_uri: str) -> str | None:
    """Return the version that the alias ``approved`` points to; None where there is none.

    Raises
    ------
    KetresponseError
        If the registry cannot be read.
    """
    client = make_client(tracking_uri)
    with telling_failures("read the registry", tracking_uri):
        found = client.search_registered_models(f"name = '{name}'")
    version = found[0].aliases.get(ALIAS) if found else None
    return None if version is None else str(version)


def read_tags(name: str, version: str, *, tracking_uri: str) -> dict[str, str]:
    """Return our tags of a version, by their names without our prefix.

    Raises
    ------
    KetresponseError
        If the registry cannot be read.
    """
    client = make_client(tracking_uri)
    with telling_failures("read the registry", tracking_uri):
        tags = client.get_model_version(name, version).tags
    return {
        tag.removeprefix(_TAG): str(value) for tag, value in tags.items() if tag.startswith(_TAG)
    }


def write_standing(
    name: str,
    version: str,
    *,
    status: str,
    tags: Mapping[str, str],
    files: Sequence[Path],
    approved: str | None,
    tracking_uri: str,
) -> None:
    """Make the registry say how a review stands.

    Parameters
    ----------
    name, version : str
        A finished version.
    status : str
        See :data:`training.store.facts.STATUSES`.
    tags : mapping of str to str
        Further tags of the version, by name without our prefix; an empty one is taken away.
    files : sequence of Path
        Put into the version's artifact folder, in place of those of the same name.
    approved : str or None
        Where the alias ``approved`` points to from now on; None takes it away.
    tracking_uri : str
        Where.

    Raises
    ------
    KetresponseError
        If the registry cannot be reached or written.
    """
    client = make_client(tracking_uri)
    with telling_failures(f"write the standing of {name} version {version}", tracking_uri):
        found = client.get_model_version(name, version)
        stored = open_files(client, found.run_id)
        local = find_run_files(tracking_uri, found.run_id)
        if local is not None and (local / ARTIFACT_PATH).is_dir():
            put_files(files, local / ARTIFACT_PATH)
        else:
            for file in files:
                stored.log_artifact(str(file), ARTIFACT_PATH)
        for tag, value in {"status": status, **tags}.items():
            if value and found.tags.get(f"{_TAG}{tag}") != value:
                client.set_model_version_tag(name, version, f"{_TAG}{tag}", value)
            elif not value and f"{_TAG}{tag}" in found.tags:
                client.delete_model_version_tag(name, version, f"{_TAG}{tag}")
        if approved is not None:
            client.set_registered_model_alias(name, ALIAS, approved)
        elif ALIAS in client.get_registered_model(name).aliases:
            client.delete_registered_model_alias(name, ALIAS)
