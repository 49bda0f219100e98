from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from features.errors import Refused
from tests.training.helpers.networks import KEYS, LEAD, make_key
from tests.training.network.flower.helpers import PROTOCOL, share
from training.network.flower.lead_folder import LeadFolder
from training.network.flower.rounds import NodeReply, publish_rounds, run_rounds
from training.network.flower.settings import LeadSettings
from training.network.result import NetworkResult

CENTRES = [*KEYS]


class Nodes:
    """Centres that answer at once, but those that are silent in a round or say a word."""

    def __init__(self, **answers: dict[int, str | bytes]) -> None:
        self.answers = answers
        self.asked: list[tuple[int, bytes]] = []
        self.here = [*range(len(CENTRES))]
        self.late: list[int] = []
        self.came: list[NodeReply] = []

    def list_nodes(self) -> list[int]:
        now, self.here, self.late = self.here, self.here + self.late, []
        return now

    def send(self, round_: int, asked: bytes, nodes: Iterable[int]) -> None:
        for node in nodes:
            self.asked.append((round_, asked))
            self.came.append(self.answer(round_, asked, node))

    def answer(self, round_: int, asked: bytes, node: int) -> NodeReply:
        if node >= len(CENTRES):
            return NodeReply(node, refused="who knows")
        answer = self.answers.get(CENTRES[node], {}).get(round_)
        if isinstance(answer, str):
            return NodeReply(node, refused=answer)
        return NodeReply(node, share(CENTRES[node], asked) if answer is None else answer)

    def gather(self) -> list[NodeReply]:
        came, self.came = self.came, []
        return came


@pytest.fixture
def settings(tmp_path: Path) -> LeadSettings:
    (tmp_path / "network.toml").write_bytes(PROTOCOL.text.encode())
    (tmp_path / "lead.pem").touch(0o600)
    (tmp_path / "lead.pem").write_bytes(LEAD.to_pem())
    return LeadSettings(
        protocol=str(tmp_path / "network.toml"),
        key=str(tmp_path / "lead.pem"),
        folder=str(tmp_path / "lead"),
        store=f"sqlite:///{tmp_path}/mlflow.db",
    )


def conclude(kept: LeadFolder) -> NetworkResult:
    result = kept.conclude().result
    assert result is not None
    return result


def leave_out(settings: LeadSettings) -> LeadSettings:
    return settings.model_copy(update={"missing": "leave_out", "wait_seconds": 0.5})


def test_every_round_goes_to_every_node_once(settings: LeadSettings) -> None:
    nodes = Nodes()
    kept = run_rounds(settings, nodes)
    assert [round_ for round_, _ in nodes.asked] == [1] * 3 + [2] * 3
    assert nodes.asked[-1][1] == kept.open_round(2)
    assert conclude(kept).centres == tuple(CENTRES)


def test_who_comes_late_is_asked_though_another_took_its_place(settings: LeadSettings) -> None:
    nodes = Nodes()
    nodes.here, nodes.late = [0, 1, 99], [2]
    assert conclude(run_rounds(settings, nodes)).centres == tuple(CENTRES)


def test_nobody_waits_longer_than_said(settings: LeadSettings) -> None:
    nodes = Nodes()
    nodes.here = [0, 1]
    with pytest.raises(Refused, match="round 1 lacks the shares of basel"):
        run_rounds(settings.model_copy(update={"wait_seconds": 1}), nodes)


def test_a_missing_centre_stops_the_run_and_it_goes_on_where_it_was(settings: LeadSettings) -> None:
    with pytest.raises(Refused) as caught:
        run_rounds(settings, Nodes(basel={2: "failed"}))
    told = str(caught.value)
    assert told.startswith("round 2 lacks the shares of basel (node 2 sent no share: its program")
    assert "what came is kept" in told
    nodes = Nodes()
    kept = run_rounds(settings, nodes)
    assert {round_ for round_, _ in nodes.asked} == {2}
    assert conclude(kept).dropped == {}
    again = Nodes()
    run_rounds(settings, again)
    assert again.asked == []


@pytest.mark.parametrize("answer", [b"", "refused", "a word that nobody knows"])
def test_who_drops_out_costs_its_own_rows_only(settings: LeadSettings, answer: str | bytes) -> None:
    kept = run_rounds(leave_out(settings), Nodes(basel={2: answer}))
    assert conclude(kept).centres == ("rotterdam", "aachen")
    assert conclude(kept).dropped == {"basel": "no share of round 2"}


def test_nobody_waits_for_a_centre_that_was_left_out(settings: LeadSettings) -> None:
    class Leaving(Nodes):
        def gather(self) -> list[NodeReply]:
            self.here = [0, 1]
            return super().gather()

    nodes = Leaving(basel={1: "refused"})
    kept = run_rounds(leave_out(settings), nodes)
    assert len(nodes.asked) == 3 + 2
    assert conclude(kept).dropped == {"basel": "no share of round 1"}


def test_a_wrong_key_is_named(settings: LeadSettings, caplog: pytest.LogCaptureFixture) -> None:
    false = share("basel", key=make_key(7))
    with pytest.raises(Refused, match=r"lacks the shares of basel \(share what node 2 sent"):
        run_rounds(settings, Nodes(basel={1: false}))
    assert "expected the key that the protocol has of basel" in caplog.text
    kept = {path.name for path in Path(settings.folder, "shares").iterdir()}
    assert kept == {"rotterdam_round_1.json", "aachen_round_1.json"}


def test_a_node_that_answers_for_another_is_not_believed(settings: LeadSettings) -> None:
    stolen = share("basel", key=KEYS["aachen"])
    with pytest.raises(Refused, match="lacks the shares of aachen"):
        run_rounds(settings, Nodes(aachen={1: stolen}))


def test_what_was_found_is_registered_with_its_shares(
    settings: LeadSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given = []

    class Registered:
        name, version = "crps-network", "1"

    def publish(result, shares, **told):
        given.append((result, shares, told["tracking_uri"]))
        return Registered

    monkeypatch.setattr("training.network.publishing.publish.publish_network", publish)
    caplog.set_level("INFO", logger="flwr.ketresponse")
    kept = run_rounds(settings, Nodes())
    publish_rounds(settings, kept)
    ((result, shares, uri),) = given
    assert result.shares == conclude(kept).shares
    assert len(shares) == len(result.shares) == 6
    assert uri == settings.store
    assert "registered as crps-network, version 1" in caplog.text
