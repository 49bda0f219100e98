"""The two parts as Flower starts them: `client` at each centre, `server` at the lead's.

A message holds a round's number and its file; the answer holds the centre's signed file, or one
word that says that there is none. Whatever goes wrong at a centre, no text of it travels: Flower
would send an exception's words, and they could tell of a patient. They stand in the centre's log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from flwr.app import ConfigRecord, Context, Message, MessageType, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp

from training.network.flower.lead_folder import LeadFolder
from training.network.flower.replying import answer_round
from training.network.flower.rounds import NodeReply, publish_rounds, run_rounds
from training.network.flower.settings import LeadSettings, read_lead_settings

__all__ = ["make_client_app", "make_server_app"]

_LETTER = "letter"

FindSettings = Callable[[Context], Mapping[str, object]]


def make_client_app(find_settings: FindSettings) -> ClientApp:
    """Return a centre's part.

    Parameters
    ----------
    find_settings : callable
        From Flower's context to the settings of the centre,
        :class:`training.network.flower.settings.NodeSettings`.
    """
    app = ClientApp()

    def answer(message: Message, context: Context) -> Message:
        letter = message.content.config_records[_LETTER]
        reply = answer_round(lambda: find_settings(context), letter["round"], letter["file"])
        content = ConfigRecord({"file": reply.share, "refused": reply.refused})
        return Message(RecordDict({_LETTER: content}), reply_to=message)

    app.query()(answer)
    return app


def make_server_app(
    find_settings: FindSettings, finish: Callable[[LeadSettings, LeadFolder], object]
) -> ServerApp:
    """Return the lead's part.

    Parameters
    ----------
    find_settings : callable
        From Flower's context to the settings of the lead,
        :class:`training.network.flower.settings.LeadSettings`.
    finish : callable
        What is done when the shares of all rounds are there.
    """
    app = ServerApp()

    def main(grid: Grid, context: Context) -> None:
        settings = read_lead_settings(find_settings(context))
        finish(settings, run_rounds(settings, _Links(grid, settings.wait_seconds)))

    app.main()(main)
    return app


class _Links:
    """The nodes that are there, as one that sends and gathers what comes back."""

    def __init__(self, grid: Grid, seconds: float) -> None:
        self._grid = grid
        self._seconds = seconds
        self._open: set[str] = set()

    def list_nodes(self) -> list[int]:
        """Return the nodes that are there now."""
        return [*self._grid.get_node_ids()]

    def send(self, round_: int, asked: bytes, nodes: Iterable[int]) -> None:
        """Send a round to some nodes."""
        letter = RecordDict({_LETTER: ConfigRecord({"round": round_, "file": asked})})
        messages = [
            Message(letter, dst_node_id=node, message_type=MessageType.QUERY, ttl=self._seconds)
            for node in nodes
        ]
        self._open.update(self._grid.push_messages(messages))

    def gather(self) -> list[NodeReply]:
        """Return the replies that came since the last look."""
        found = [*self._grid.pull_messages(self._open)] if self._open else []
        self._open.difference_update(message.metadata.reply_to_message_id for message in found)
        return [_read_reply(message) for message in found]


def _read_reply(message: Message) -> NodeReply:
    """Return what a node sent; what is not of the right kind is as if it was not there."""
    node = message.metadata.src_node_id
    if not message.has_content():
        return NodeReply(node, refused="failed")
    letter = message.content.config_records.get(_LETTER, {})
    share, refused = letter.get("file"), letter.get("refused")
    return NodeReply(
        node,
        share if isinstance(share, bytes) else b"",
        refused if isinstance(refused, str) else "",
    )


# Flower finds these two by the names that the bundle tells.
client = make_client_app(lambda context: context.node_config)
server = make_server_app(lambda context: context.run_config, publish_rounds)
