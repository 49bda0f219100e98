"""The lead's part: rounds go out, what comes back is kept, and who is missing is named.

Everything stands in the lead's folder as it would with files, so a run that was stopped goes on
where it was, and `ketresponse network combine` gives the same from the same folder.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from features.errors import InputError, Refused
from training.document.progress import show_progress
from training.network.flower.lead_folder import LeadFolder
from training.network.flower.replying import REFUSALS, refuse_passphrase
from training.network.flower.settings import LeadSettings
from training.network.protocol.keys import read_centre_key
from training.network.protocol.protocol import read_protocol

__all__ = ["NodeReply", "publish_rounds", "run_rounds"]

_log = logging.getLogger("flwr.ketresponse")


@dataclass(frozen=True)
class NodeReply:
    """What a node sent back.

    Parameters
    ----------
    node : int
        Flower's number of it.
    share : bytes
        The signed file; empty where there is none.
    refused : str
        One of :data:`training.network.flower.replying.REFUSALS`; empty where there is a share.
    """

    node: int
    share: bytes = b""
    refused: str = ""


class Links(Protocol):
    """What the lead needs of whoever carries the files."""

    def wait_for(self, n: int) -> int:
        """Wait until so many nodes are there, or as long as one may; return how many are."""

    def ask(self, round_: int, asked: bytes) -> Iterable[NodeReply]:
        """Send a round to every node; give the replies that came in time."""


def run_rounds(settings: LeadSettings, links: Links) -> LeadFolder:
    """Lead a network through all rounds of its protocol.

    Parameters
    ----------
    settings : LeadSettings
        Where the lead's files are, and what becomes of a centre that is missing.
    links : Links
        To the nodes.

    Returns
    -------
    LeadFolder
        With the shares of all rounds.

    Raises
    ------
    Refused
        If a centre is missing in a round and `settings.missing` is "stop"; what came is kept.
    InputError
        If the protocol, the key or what stands in the folder is not as it should be.
    """
    protocol = read_protocol(Path(settings.protocol))
    key = read_centre_key(Path(settings.key), refuse_passphrase)
    kept = LeadFolder(protocol, key, settings.folder)
    for round_ in range(1, kept.protocol.rounds + 1):
        awaited = kept.list_missing(round_)
        if not awaited:
            continue
        asked = kept.open_round(round_)
        n_nodes = links.wait_for(len(awaited))
        _log.info("round %d goes to %d nodes, for %s", round_, n_nodes, ", ".join(awaited))
        reasons = [
            reason for reply in links.ask(round_, asked) if (reason := _take(kept, round_, reply))
        ]
        missing = kept.list_missing(round_)
        if missing:
            _judge_missing(round_, missing, reasons, stop=settings.missing == "stop")
    return kept


def publish_rounds(settings: LeadSettings, kept: LeadFolder) -> None:
    """Register what was found, as `ketresponse network combine --finish` does.

    Parameters
    ----------
    settings : LeadSettings
        Where to.
    kept : LeadFolder
        With the shares of all rounds.
    """
    # Here, since a centre's part is in this program too, and would load all of it for each round.
    from training.network.publishing.publish import publish_network

    told = kept.conclude()
    assert told.result is not None  # no round follows the last one
    show = partial(show_progress, None)
    made = publish_network(told.result, told.shares, tracking_uri=settings.store, show=show)
    _log.info("registered as %s, version %s", made.name, made.version)


def _take(kept: LeadFolder, round_: int, reply: NodeReply) -> str:
    """Keep a share; return why there is none that can be kept, empty where there is."""
    if not reply.share:
        reason = f"node {reply.node} sent no share: {REFUSALS.get(reply.refused, 'no reason told')}"
    else:
        try:
            centre = kept.take(round_, reply.share, f"what node {reply.node} sent")
        except InputError as err:
            reason = str(err)
        else:
            _log.info("round %d: the share of %s", round_, centre)
            return ""
    _log.error("round %d: %s", round_, reason)
    return reason


def _judge_missing(round_: int, missing: list[str], reasons: list[str], *, stop: bool) -> None:
    told = "; ".join(filter(None, reasons)) or "nothing came in time from any other node"
    if stop:
        raise Refused(
            f"round {round_} lacks the shares of {', '.join(missing)} ({told}); what came is kept: "
            'run again when they can answer, or with missing="leave_out" to go on without their '
            "patients"
        )
    _log.warning("round %d goes on without %s", round_, ", ".join(missing))
