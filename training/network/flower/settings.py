"""What each side tells its part: where its own files are. None of it is sent to the other side.

A centre says it to its node, the lead in the folder that is run::

    flower-supernode --node-config 'protocol="network.toml" cohort="cohort.csv" ...'

Flower keeps texts, numbers and true or false; a list is none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from features.files.settings import Settings, between, fits, read_settings

__all__ = ["LeadSettings", "NodeSettings", "read_lead_settings", "read_node_settings"]

_DAY = 86400.0
_Name = Annotated[str, fits("the name of a file or folder", bool)]
_File = Annotated[str, fits("a file on this machine", lambda name: Path(name).is_file())]


class NodeSettings(Settings):
    """What a centre tells its node.

    Parameters
    ----------
    protocol : str
        The file that the centre has agreed to.
    cohort : str
        Its own patients.
    mapping, panel : str or None
        How their columns are called, where not as the contract does; and their panel, where the
        protocol names assays.
    key : str
        Its private key.
    folder : str
        Where rounds that came and shares that went are kept, as with files.
    agreement : {"each", "protocol"}
        What has to be agreed to before a share leaves: "each" share, which a person of the centre
        looks at and writes by `ketresponse network share`; or the "protocol" once and for all, and
        the node makes each share by itself.
    """

    protocol: _File
    cohort: _File
    mapping: _File | None = None
    panel: _File | None = None
    key: _File
    folder: _Name
    agreement: Literal["each", "protocol"]


class LeadSettings(Settings):
    """What the lead tells the part that gathers.

    Parameters
    ----------
    protocol : str
        The file that all have agreed to, signed.
    key : str
        The lead's private key.
    folder : str
        Where shares that came and rounds that went are kept, as with files.
    wait_seconds : float
        How long centres have for one round.
    missing : {"stop", "leave_out"}
        What becomes of a centre without a share of a round: "stop" keeps what there is and waits
        for the next run, "leave_out" goes on without that centre's patients.
    store : str
        Where the model is registered (an MLflow tracking address).
    """

    protocol: _Name
    key: _Name
    folder: _Name
    wait_seconds: Annotated[float, between(1, 14 * _DAY)] = _DAY / 2
    missing: Literal["stop", "leave_out"] = "stop"
    store: Annotated[str, fits("the address of an MLflow store", bool)]


def read_node_settings(told: Mapping[str, object]) -> NodeSettings:
    """Read what a centre tells its node.

    Raises
    ------
    InputError
        Listing every problem.
    """
    return read_settings(NodeSettings, dict(told), "the node's settings (--node-config)")


def read_lead_settings(told: Mapping[str, object]) -> LeadSettings:
    """Read what the lead tells its part; see :func:`read_node_settings`."""
    return read_settings(LeadSettings, dict(told), "the run's settings (--run-config)")
