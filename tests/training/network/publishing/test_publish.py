"""From a network's result to a registered model, its card and its review."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from features.errors import InputError, Refused
from tests.training.helpers.cards import full_author
from tests.training.helpers.documents import leaving_pictures_empty
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.killed import restore, run_killed
from tests.training.helpers.network_runs import make_network_run
from tests.training.helpers.reviews import DIGESTS, FIRST, SECOND, make_case
from tests.training.helpers.runs import track
from training.approval.approval import compute_unmet
from training.card.card import Card, make_card
from training.card.constancy import is_deployable
from training.card.gates import compute_gates
from training.card.render import render_html
from training.network.publishing import publish
from training.network.publishing.publish import publish_network
from training.network.result import NetworkResult
from training.running.publish import find_published
from training.store.artifact import LoadedModel, load_model
from training.store.registered import RegisteredModel, list_models, locate
from training.store.registry import register
from training.store.results import RESULTS_FILE, Results, read_results
from training.store.tracking import fetch_file, read_run


@contextmanager
def _show(what: str, total: int) -> Iterator[Callable[[], None]]:
    yield lambda: None


@dataclass(frozen=True)
class _Published:
    result: NetworkResult
    files: dict[str, bytes]
    model: RegisteredModel
    uri: str

    @property
    def results(self) -> Results:
        return read_results(fetch_file(self.model.run_id, RESULTS_FILE, tracking_uri=self.uri))

    @property
    def loaded(self) -> LoadedModel:
        return load_model(locate(self.model.name, tracking_uri=self.uri))

    @property
    def card(self) -> Card:
        return make_card(self.loaded.facts, self.loaded.digest, self.results, full_author())


@pytest.fixture(scope="module")
def published(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> _Published:
    folder = tmp_path_factory.mktemp("network")
    uri = f"sqlite:///{shutil.copy(empty_store, folder / 'mlflow.db')}"
    result, files = make_network_run()
    with leaving_pictures_empty():
        model = publish_network(result, files, tracking_uri=uri, show=_show)
    return _Published(result, files, model, uri)


def test_the_model_that_is_registered_gives_the_networks_numbers(published: _Published) -> None:
    model = published.model
    assert (model.name, model.version, model.status) == ("crps-network", "1", "demonstration")
    assert (model.n["t1"], model.events["t1"]) == (235, 148)
    served = load_model(locate(model.name, tracking_uri=published.uri)).model
    X = published.result.model.background
    np.testing.assert_array_equal(served.probability(X), published.result.model.probability(X))
    assert [centre.name for centre in served.centres] == ["rotterdam", "aachen", "basel"]


def test_the_run_leads_to_every_shares_digest_and_keeps_the_files(published: _Published) -> None:
    run = read_run(published.model.run_id, tracking_uri=published.uri)
    for centre, round_, digest in published.result.shares:
        assert run.tags[f"ketresponse.share.{round_}.{centre}"] == digest
        kept = fetch_file(
            run.run_id, f"shares/{centre}_round_{round_}.json", tracking_uri=published.uri
        )
        assert hashlib.sha256(kept.read_bytes()).hexdigest() == digest
    assert run.tags["ketresponse.kind"] == "network"
    assert run.tags["ketresponse.network"] == "rotterdam, aachen, basel"
    assert run.tags["ketresponse.protocol_sha256"] == published.result.protocol.sha256
    protocol = fetch_file(run.run_id, "network.toml", tracking_uri=published.uri)
    assert protocol.read_text("utf-8") == published.result.protocol.text
    auc = run.metrics["t1_auc"]
    found = published.results.find_performance("t1", "auc")
    assert found is not None
    assert auc == pytest.approx(found.estimate)
    assert run.metrics["t1_centres_auc_low"] < run.metrics["t1_auc_low"]


def test_the_same_shares_are_not_registered_twice(published: _Published) -> None:
    with pytest.raises(Refused, match="registered already, as crps-network:1: nothing was"):
        publish_network(published.result, published.files, tracking_uri=published.uri, show=_show)
    assert len(list_models(tracking_uri=published.uri)) == 1


def test_killed_half_way_the_next_command_tells_it_and_registers_one_model(
    tracking_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, shared = make_network_run()
    monkeypatch.setattr(publish, "write_findings", lambda *_, **__: None)
    kept = shutil.copytree(tmp_path, tmp_path.with_name(f"{tmp_path.name}-kept"))

    def step(tell: Callable[[str], object] = print) -> RegisteredModel:
        return publish_network(result, shared, tracking_uri=tracking_uri, show=_show, tell=tell)

    for which, words in (
        (5, "The run .* was killed: it is marked so"),
        (-1, "The registration of crps-network version 1 was killed half-way"),
    ):
        restore(kept, tmp_path)
        labels = run_killed(step, tmp_path, None)
        files = [at for at, label in enumerate(labels) if label.startswith("open /mlartifacts")]
        restore(kept, tmp_path)
        run_killed(step, tmp_path, files[which])
        assert list_models(tracking_uri=tracking_uri) == []
        told: list[str] = []
        made = step(told.append)
        assert list_models(tracking_uri=tracking_uri) == [made]
        assert (made.version, len(told)) == ("1", 1)
        assert re.match(words, told[0])


def test_the_report_is_kept_for_people_and_for_papers(published: _Published) -> None:
    where = find_published(published.model, tracking_uri=published.uri)
    folder = Path(where.report).parent
    assert (folder / "report.docx").is_file()
    table = (folder / "table_2_patients_by_centre.csv").read_text("utf-8-sig").splitlines()
    assert table[0] == "characteristic,all,rotterdam,aachen,basel"
    assert table[2] == '"responded at T1, n (%)",148 (63%),47 (60%),48 (62%),53 (67%)'


def test_the_card_tells_of_centres_and_every_field_is_answered(published: _Published) -> None:
    card = published.card
    page = render_html(card)
    for words in ("Patients by centre", "What each centre shared", "By how much centres differ"):
        assert words in page
    assert all(field.status != "missing" for field in card.body.fields)
    gates = {gate.number: gate for gate in compute_gates(card.body)}
    assert gates[9].status == "pass"
    assert gates[10].status == "pass"
    assert gates[7].status == "pass"
    assert gates[7].value.count("above at 9 of 9 thresholds") == 2


def test_simulated_centres_are_a_demonstration_for_ever(published: _Published) -> None:
    gates = compute_gates(published.card.body)
    last = gates[-1]
    assert (last.status, bool(last.never_waived)) == ("fail", True)
    signed = [("open", replace(FIRST, name="anna", display="Anna"))]
    case = make_case(
        *signed, ("approve", FIRST), ("approve", SECOND), gates=tuple(gates), synthetic=True
    )
    assert case.standing != "approved"
    assert any(unmet for unmet in compute_unmet(case))


def test_a_real_networks_model_is_approved_only_once_its_gates_are(published: _Published) -> None:
    """What rows would tell is waived with a reason; that it does no better is found either way."""
    results, loaded = published.results, published.loaded
    cohort = results.cohort.model_copy(update={"synthetic": False})
    real = results.model_copy(update={"cohort": cohort})
    facts = replace(loaded.facts, status="research", synthetic=False)
    author = full_author() | {"study.declared_real_by": "alice"}
    gates = compute_gates(make_card(facts, loaded.digest, real, author).body)
    failing = [g.number for g in gates if g.status == "fail" and g.number != 11]
    assert failing == [3, 4, 6, 8]
    opened = ("open", replace(FIRST, name="anna", display="Anna"))
    approved = (("approve", FIRST), ("approve", SECOND))
    bare = make_case(opened, *approved, gates=tuple(gates))
    assert bare.standing == "void"
    waived = [("waive", FIRST if n % 2 else SECOND, n) for n in failing]
    case = make_case(opened, *waived, *approved, gates=tuple(gates), digests=DIGESTS)
    assert case.standing == "approved"
    assert not is_deployable(real)
    assert make_case(opened, ("refuse", FIRST), gates=tuple(gates)).standing == "refused"


def test_a_share_that_is_not_there_registers_nothing(tracking_uri: str) -> None:
    result, files = make_network_run()
    fewer = {name: data for name, data in files.items() if name != "basel_round_4.json"}
    fewer["basel_round_4.json"] = files["basel_round_4.json"].replace(b"basel", b"base1")
    with pytest.raises(InputError, match="basel, round 4"):
        publish_network(result, fewer, tracking_uri=tracking_uri, show=_show)
    assert list_models(tracking_uri=tracking_uri) == []


def test_real_and_simulated_centres_are_not_mixed_unless_told_to(
    tracking_uri: str, tmp_path: Path
) -> None:
    result, files = make_network_run()
    real = make_facts(synthetic=False, status="research", name="crps-network")
    run = track(tracking_uri, tmp_path)
    register(run, make_model(), real, name="crps-network", tracking_uri=tracking_uri)
    with pytest.raises(Refused, match="version 1 of real patients, and this model is of"):
        publish_network(result, files, tracking_uri=tracking_uri, show=_show)
    assert len(list_models(tracking_uri=tracking_uri)) == 1
