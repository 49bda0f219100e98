"""The folder that `flwr run` is given: the names of the two parts and their settings, no code.

What runs at a centre is the ketresponse that is installed there. Flower sends the folder to every
node, so nothing stands in it that a centre should not know: of the lead's key the place, no more.

References
----------
Beutel et al. 2020, Flower: a friendly federated learning research framework,
https://arxiv.org/abs/2007.14390.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

from features.files.table import write_bytes
from training.network.flower.replying import refuse_passphrase
from training.network.flower.settings import LeadSettings, read_lead_settings
from training.network.leading import check_lead
from training.network.protocol.keys import read_centre_key
from training.network.protocol.protocol import Protocol
from training.store.listing import sqlite_file

__all__ = ["make_lead_settings", "write_bundle"]

_APP = "training.network.flower.app"
_TEMPLATE = """\
# What `flwr run` starts: ketresponse, as it is installed at the lead's and at each centre's.
# Nothing is installed by Flower, and no code stands beside this file.
[project]
name = {name}
version = {version}
description = {description}
license = "Apache-2.0"
dependencies = []

[tool.flwr.app]
publisher = "ketresponse"

[tool.flwr.app.components]
serverapp = "{app}:server"
clientapp = "{app}:client"

[tool.flwr.app.config]
{settings}
"""


def make_lead_settings(
    agreed: Protocol,
    protocol: Path,
    key: Path,
    *,
    tracking_uri: str,
    leave_out: bool,
    wait_hours: float,
) -> LeadSettings:
    """Return the lead's settings, with every place told in full: Flower starts it elsewhere.

    Parameters
    ----------
    agreed : Protocol
        As it was read from its file.
    protocol, key : Path
        The signed protocol, beside which shares and rounds are kept; the lead's private key.
    tracking_uri : str
        Where the model is registered.
    leave_out : bool
        Whether a run goes on without a centre that misses a round.
    wait_hours : float
        How long centres have for a round.

    Raises
    ------
    InputError
        If a setting is out of its range, or the key is not the lead's or has a passphrase.
    """
    check_lead(agreed, read_centre_key(key, refuse_passphrase))
    database = sqlite_file(tracking_uri)
    return read_lead_settings(
        {
            "protocol": str(protocol.resolve()),
            "key": str(key.resolve()),
            "folder": str(protocol.resolve().parent),
            "wait_seconds": wait_hours * 3600,
            "missing": "leave_out" if leave_out else "stop",
            "store": tracking_uri if database is None else f"sqlite:///{database.resolve()}",
        }
    )


def write_bundle(
    folder: Path, settings: LeadSettings, *, name: str, title: str, force: bool = False
) -> Path:
    """Write the folder for `flwr run`.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    settings : LeadSettings
        Where the lead's files are; their paths are told in full.
    name, title : str
        Of the network.
    force : bool
        Whether one that is there may be replaced.

    Returns
    -------
    Path
        The file that was written, `pyproject.toml`.

    Raises
    ------
    InputError
        If it is there already and `force` is False, or cannot be written.
    """
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in settings.model_dump().items()
    ]
    text = _TEMPLATE.format(
        name=json.dumps(name),
        version=json.dumps(version("ketresponse")),
        description=json.dumps(title, ensure_ascii=False),
        app=_APP,
        settings="\n".join(lines),
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pyproject.toml"
    write_bytes(text.encode(), path, force=force)
    return path
