"""The lead's part: rounds go out, what comes back is kept, and who is missing is named.

Everything stands in the lead's folder as it would with files, so a run that was stopped goes on
where it was, and `ketresponse network combine` gives the same from the same folder.
"""

from __future__ import annotations

import logging
import time
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

_PAUSE = 0.2
"""Seconds between two looks at who is there and what came."""


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

    def list_nodes(self) -> Iterable[int]:
        """Return the nodes that are there now."""

    def send(self, round_: int, asked: bytes, nodes: Iterable[int]) -> None:
        """Send a round to some nodes."""

    def gather(self) -> Iterable[NodeReply]:
        """Return the replies that came since the last look."""


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
        _log.info("round %d goes out, for %s", round_, ", ".join(awaited))
        replies = _ask(links, round_, asked, at_least=len(awaited), seconds=settings.wait_seconds)
        reasons = [reason for reply in replies if (reason := _take(kept, round_, reply))]
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


def _ask(
    links: Links, round_: int, asked: bytes, *, at_least: int, seconds: float
) -> Iterable[NodeReply]:
    """Send a round to every node, also to those that come late; give the replies that are in time.

    Who a node is shows in its answer only. One that answers as no program of ours does is no
    centre, and must not stand for a centre that is not there yet.
    """
    end = time.monotonic() + seconds
    sent: set[int] = set()
    n_replies = n_centres = 0
    while True:
        new = [node for node in links.list_nodes() if node not in sent]
        links.send(round_, asked, new)
        sent.update(new)
        for reply in links.gather():
            n_replies += 1
            n_centres += bool(reply.share) or reply.refused in REFUSALS
            yield reply
        if (n_replies == len(sent) and n_centres >= at_least) or time.monotonic() > end:
            return
        time.sleep(_PAUSE)


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
