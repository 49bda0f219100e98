from __future__ import annotations

import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from features.errors import EXIT_REFUSED, KetresponseError, Refused
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.review_cards import change_card, put_card
from tests.training.helpers.reviews import ADMIN, AUTHOR, FIRST, SECOND, THIRD, make_reason
from training.approval.case import SYSTEM
from training.review import file as review
from training.review import telling
from training.review.desk import Desk, make_desk
from training.review.review_log import ReviewLog
from training.review.seal import check_approval, read_annex
from training.review.standing import find_approved
from training.store.artifact import load_model, read_facts, write_release
from training.store.client import make_client
from training.store.listing import sqlite_file
from training.store.registered import list_models, locate
from training.store.registry import register
from training.store.relocation import find_artifacts
from training.store.tracking import RunRecord, track_run

MODEL = make_model()
RESEARCH = {"synthetic": False, "status": "research"}
FIRST_MADE: dict[str, dict[Path, bytes]] = {}
"""Of a store with one version: its files, by what the version was made of."""


@pytest.fixture
def desk(tracking_uri, tmp_path, monkeypatch):
    monkeypatch.setenv("KETRESPONSE_REVIEW_PUBLIC_KEY", str(tmp_path / "out" / "review.pub"))
    log = ReviewLog(tmp_path / "home" / "review.db", key_file=tmp_path / "out" / "review.key")
    return Desk(log, tracking_uri=tracking_uri)


def add_model(desk, *, name="pilot", facts=RESEARCH, mixed=False, **card):
    """Register one more version, with a card.

    The first of a store is copied from that of another test where it was made alike: the same files
    and the same tables, in a tenth of the time.
    """
    store = sqlite_file(desk.tracking_uri).resolve()
    asked = repr((name, facts, mixed, card))
    with closing(sqlite3.connect(store)) as tables:
        first = tables.execute("SELECT count(*) FROM runs").fetchone() == (0,)
    if first and asked in FIRST_MADE:
        for path, content in FIRST_MADE[asked].items():
            (store.parent / path).parent.mkdir(parents=True, exist_ok=True)
            (store.parent / path).write_bytes(content)
        return locate(name, "1", tracking_uri=desk.tracking_uri)
    run_id = track_run(RunRecord("study"), tracking_uri=desk.tracking_uri)
    uri, made_of = desk.tracking_uri, make_facts(**facts)
    made = register(run_id, MODEL, made_of, name=name, tracking_uri=uri, mixed=mixed)
    folder = locate(name, made.version, tracking_uri=desk.tracking_uri)
    put_card(folder, *read_facts(folder), **card)
    if first:
        files = (file for file in find_artifacts(store).rglob("*") if file.is_file())
        kept = {file.relative_to(store.parent): file.read_bytes() for file in (store, *files)}
        FIRST_MADE[asked] = kept
    return folder


def approve(desk, version, *, by=(FIRST, SECOND)):
    desk.act("open", AUTHOR, "pilot", version, comment="ready")
    for account in by:
        desk.act("approve", account, "pilot", version, comment="read")


def alias(desk):
    return find_approved("pilot", tracking_uri=desk.tracking_uri)


def tags(desk, version="1"):
    return make_client(desk.tracking_uri).get_model_version("pilot", version).tags


def test_a_review_from_the_queue_to_the_alias(desk):
    folder = add_model(desk)
    assert [(m.name, standing) for m, standing in desk.queue()] == [("pilot", "not opened")]
    desk.act("open", AUTHOR, "pilot", comment="please look")
    assert [standing for _, standing in desk.queue()] == ["in review"]
    file = desk.act("approve", FIRST, "pilot", comment="read it")
    assert (file.standing, alias(desk)) == ("in review", None)
    with pytest.raises(Refused, match=r"approved by Berta First \(berta\); one more reviewer"):
        desk.check(file)
    file = desk.act("approve", SECOND, "pilot", comment="so did I")
    assert (file.standing, file.unmet, alias(desk)) == ("approved", [], "1")
    desk.check(file)
    found = tags(desk)
    assert found["ketresponse.status"] == "approved"
    assert found["ketresponse.approved_by"] == "berta, carl"
    assert found["ketresponse.approved.model"] == file.case.digests.model
    assert found["ketresponse.approved.data"] == "b" * 64
    stored = load_model(folder).facts
    assert (stored.status, stored.card_sha256) == ("approved", file.case.digests.card)
    assert check_approval(folder, "approved", environ=os.environ) == ()
    assert desk.verify() == []


def test_without_validation_elsewhere_an_approval_is_for_silent_evaluation(desk):
    folder = add_model(desk, external=False)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    with pytest.raises(Refused, match="gate 9, validation in other patients, is open"):
        desk.act("approve", FIRST, "pilot", comment="read")
    desk.act("waive", FIRST, "pilot", comment=make_reason(9), gate=9)
    desk.act("approve", FIRST, "pilot", comment="read")
    desk.act("approve", SECOND, "pilot", comment="read")
    annex = read_annex(folder)
    assert annex["scope"] == "silent prospective evaluation"
    assert annex["waivers"][0]["comment"] == make_reason(9)
    status = "approved for silent evaluation only"
    (told,) = check_approval(folder, status, environ=os.environ)
    assert told.startswith("Gate 9, validation in other patients, waived by Berta First on 20")
    assert told.endswith(make_reason(9))
    assert load_model(folder).facts.status == status
    assert tags(desk)["ketresponse.status"] == status
    assert [standing for _, standing in desk.queue()] == [status]
    assert [model.status for model in list_models(tracking_uri=desk.tracking_uri)] == [status]
    assert desk.verify() == []
    with pytest.raises(Refused, match="its files call it approved: release it again"):
        check_approval(folder, "approved", environ=os.environ)


def test_every_objection_is_told_and_nothing_is_done(desk):
    add_model(desk, slope=0.5)
    desk.act("open", FIRST, "pilot", comment="mine")
    with pytest.raises(Refused) as caught:
        desk.act("approve", FIRST, "pilot", comment="")
    assert caught.value.exit_code == EXIT_REFUSED
    text = str(caught.value)
    for words in (
        "cannot approve pilot:1",
        "nobody judges their own",
        "a comment is needed",
        "gate 5, calibration, is open: T1: 0.50",
    ):
        assert words in text
    assert len(desk.log.read()) == 1
    assert tags(desk)["ketresponse.status"] == "research"


def test_whoever_the_card_names_cannot_review(desk):
    add_model(desk, authors=["Berta First"])
    desk.act("open", AUTHOR, "pilot", comment="ready")
    with pytest.raises(Refused, match="berta is an author of this model"):
        desk.act("approve", FIRST, "pilot", comment="read")


def test_a_refused_model_says_why_for_ever(desk):
    folder = add_model(desk)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    desk.act("refuse", FIRST, "pilot", comment="the outcome is not the patient's")
    assert tags(desk)["ketresponse.status"] == "refused"
    assert load_model(folder).facts.status == "refused"
    for action, account in (("approve", SECOND), ("open", AUTHOR), ("withdraw", ADMIN)):
        with pytest.raises(Refused, match="the outcome is not the patient's"):
            desk.act(action, account, "pilot", comment="try")
    assert "the outcome is not the patient's" in desk.read("pilot").unmet[0].text
    assert desk.verify() == []


def test_a_withdrawn_model_loses_the_alias(desk):
    folder = add_model(desk)
    approve(desk, "1")
    desk.act("withdraw", ADMIN, "pilot", comment="a coding error was found")
    assert alias(desk) is None
    assert load_model(folder).facts.status == "withdrawn"
    found = tags(desk)
    assert found["ketresponse.status"] == "withdrawn"
    assert "ketresponse.approved.model" not in found
    assert desk.verify() == []


def test_the_system_user_walks_a_demonstration_through_and_it_stays_one(desk):
    folder = add_model(desk, facts={})
    for action in ("open", "approve"):
        file = desk.act(action, SYSTEM, "pilot", comment="demonstration")
    assert file.standing == "demonstration"
    assert [unmet.code for unmet in file.unmet] == ["synthetic", "approvals"]
    assert load_model(folder).facts.status == "demonstration"
    assert alias(desk) is None
    add_model(desk, name="real")
    with pytest.raises(Refused, match="the system user may act on a demonstration only"):
        desk.act("open", SYSTEM, "real", comment="try")


def test_a_card_changed_after_signing_voids_the_approval(desk):
    folder = add_model(desk)
    approve(desk, "1")
    change_card(folder)
    file = desk.read("pilot")
    assert [unmet.code for unmet in file.unmet] == ["changed", "void", "void", "approvals"]
    assert "card changed since the approval of Berta First" in file.unmet[1].text
    with pytest.raises(Refused, match="the card is not the one that was approved"):
        check_approval(folder, "approved", environ=os.environ)
    assert any("card changed since" in finding for finding in desk.verify())


def test_code_changed_after_signing_voids_the_approval(desk, monkeypatch):
    folder = add_model(desk)
    approve(desk, "1")
    from training.store import code_digest

    parts = {**code_digest.list_code_parts(), "numpy": "1.0"}
    monkeypatch.setattr(code_digest, "list_code_parts", lambda: parts)
    monkeypatch.setattr(review, "list_code_parts", lambda: parts)
    assert "code (numpy) changed since the review was opened" in desk.read("pilot").unmet[0].text
    with pytest.raises(Refused, match="the code is not the one that was approved"):
        check_approval(folder, "approved", environ=os.environ)


@pytest.mark.parametrize(
    ("changed", "holds"),
    [("training/fitting/solvers.py", True), ("serving/estimate/predictor.py", False)],
)
def test_an_approval_hangs_on_the_code_that_predicts_alone(
    desk, monkeypatch, tmp_path, changed, holds
):
    folder = add_model(desk)
    approve(desk, "1")
    from training.store import code_digest

    root = Path(code_digest.__file__).parents[2]
    for package in ("features", "training", "serving"):
        shutil.copytree(root / package, tmp_path / "code" / package)
    with (tmp_path / "code" / changed).open("a") as file:
        file.write("# a remark\n")
    parts = code_digest.list_code_parts(tmp_path / "code")
    monkeypatch.setattr(code_digest, "list_code_parts", lambda: parts)
    monkeypatch.setattr(review, "list_code_parts", lambda: parts)
    assert (not desk.read("pilot").unmet) == holds
    if holds:
        check_approval(folder, "approved", environ=os.environ)
    else:
        with pytest.raises(Refused, match="the code is not the one that was approved"):
            check_approval(folder, "approved", environ=os.environ)


def test_another_model_in_its_place_is_named(desk):
    folder = add_model(desk)
    other = add_model(desk, name="other", facts={**RESEARCH, "seed": 8})
    approve(desk, "1")
    for name in ("model.skops", "facts.json", "digest.json", "release.json"):
        shutil.copy(other / name, folder / name)
    (finding,) = desk.verify()
    assert finding.startswith("pilot:1: the model stored as pilot version 1 is not the one")
    client = make_client(desk.tracking_uri)  # the registry's own word is changed to match
    client.set_model_version_tag("pilot", "1", "ketresponse.digest", read_facts(other)[1])
    assert any("is not the one that was registered" in finding for finding in desk.verify())
    write_release(folder, replace(read_facts(other)[0], name="pilot"))
    assert any("another model's" in finding for finding in desk.verify())


def test_an_approved_version_copied_over_another_is_named(desk):
    approved, other = add_model(desk), add_model(desk)  # of the same bytes
    approve(desk, "1")
    shutil.rmtree(other)
    shutil.copytree(approved, other)
    with pytest.raises(KetresponseError, match="stored as pilot version 2 is not the one"):
        desk.read("pilot", "2")


def test_what_the_registry_says_against_the_log_is_named(desk):
    add_model(desk)
    add_model(desk)
    approve(desk, "1")
    client = make_client(desk.tracking_uri)
    client.set_model_version_tag("pilot", "2", "ketresponse.status", "approved")
    client.set_registered_model_alias("pilot", "approved", "2")
    findings = desk.verify()
    assert "pilot:2: the registry says approved, the log research" in findings
    assert "pilot: the registry's alias approved names version 2, the log 1" in findings
    client.delete_model_version("pilot", "1")
    assert "pilot:1: it was reviewed, and is no longer registered" in desk.verify()


def test_a_tampered_log_stops_everything_and_is_named(desk):
    add_model(desk)
    approve(desk, "1", by=(FIRST,))
    with closing(sqlite3.connect(desk.log.file)) as connection, connection:
        connection.execute("DROP TRIGGER log_keeps")
        connection.execute("UPDATE log SET entry = replace(entry, 'berta', 'carla')")
    assert desk.verify() == ["entry 2 was changed"]
    with pytest.raises(Refused, match="entry 2 was changed"):
        desk.act("approve", SECOND, "pilot", comment="read")


def test_a_card_of_another_model_is_refused(desk):
    folder = add_model(desk)
    put_card(folder, read_facts(folder)[0], "0" * 64)
    with pytest.raises(KetresponseError, match="is another model's"):
        desk.read("pilot")


def test_a_model_without_a_card_cannot_be_opened(desk):
    (add_model(desk) / "card.json").unlink()
    with pytest.raises(KetresponseError, match="there is no model card"):
        desk.act("open", AUTHOR, "pilot", comment="ready")


def test_what_is_stopped_while_the_registry_is_told_is_made_up_for(desk, monkeypatch):
    folder = add_model(desk)
    approve(desk, "1", by=(FIRST,))
    real, calls = telling.write_standing, []

    def stop_once(*args, **kwargs):
        real(*args, **kwargs)  # told, and then it is stopped after all
        calls.append(kwargs["status"])
        if len(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(telling, "write_standing", stop_once)
    with pytest.raises(KeyboardInterrupt):
        desk.act("approve", SECOND, "pilot", comment="read")
    assert [event.kind for event in desk.log.read()] == ["open", "approve", "approve"]
    assert desk.verify() == []
    assert calls == ["approved", "approved"]
    assert (alias(desk), load_model(folder).facts.status) == ("1", "approved")


def test_two_approvals_at_once_cannot_both_win(desk):
    add_model(desk)
    desk.act("open", AUTHOR, "pilot", comment="ready")

    def try_to(account):
        try:
            return desk.act("approve", account, "pilot", comment="read").standing
        except Refused as err:
            return str(err)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(try_to, [FIRST, FIRST, SECOND, SECOND]))
    assert sum("has approved it already" in text for text in told) == 2
    approvals = [event.actor for event in desk.log.read() if event.kind == "approve"]
    assert sorted(approvals) == ["berta", "carl"]
    assert alias(desk) == "1"


def test_two_versions_approved_at_once_give_one_alias(desk):
    for version in ("1", "2"):
        add_model(desk)
        approve(desk, version, by=(FIRST,))

    def finish(version):
        own = Desk(
            ReviewLog(desk.log.file, key_file=desk.log.key_file), tracking_uri=desk.tracking_uri
        )
        own.act("approve", SECOND, "pilot", version, comment="read")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(finish, ["1", "2"]))
    assert f"pilot:{alias(desk)}" == desk.log.read()[-1].subject
    assert {model.status for model in list_models(tracking_uri=desk.tracking_uri)} == {"approved"}
    assert desk.verify() == []


def test_a_reviewer_may_act_on_an_older_version(desk):
    add_model(desk)
    add_model(desk)
    approve(desk, "1", by=(FIRST, THIRD))
    assert desk.read("pilot", "1").standing == "approved"
    assert desk.read("pilot").standing == "not opened"


def test_where_the_desk_is_from_the_environment(tmp_path):
    desk = make_desk(
        {
            "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/x/mlflow.db",
            "KETRESPONSE_REVIEW_KEY_FILE": f"{tmp_path}/k/key",
        }
    )
    assert desk.log.file == tmp_path / "x" / "ketresponse-home" / "review.db"
    assert desk.log.key_file == tmp_path / "k" / "key"
    assert list(tmp_path.iterdir()) == []


def test_the_stored_page_follows_every_step_and_the_signed_body_does_not(desk):
    folder = add_model(desk, external=False)
    signed = (folder / "card.json").read_bytes()
    desk.act("open", AUTHOR, "pilot", comment="ready")
    assert "Anna Author (anna)" in (folder / "card.html").read_text()
    desk.act("waive", FIRST, "pilot", comment=make_reason(9), gate=9)
    for name in ("card.html", "card.md"):
        assert "aived by Berta First" in (folder / name).read_text()
    for account in (FIRST, SECOND):
        desk.act("approve", account, "pilot", comment="read")
    for name in ("card.html", "card.md"):
        shown = (folder / name).read_text()
        assert "approved for silent evaluation only by Berta First and Carl Second" in shown
        assert "Approved for silent evaluation only, by two people" in shown
        assert "approved by" not in shown
    assert (folder / "card.json").read_bytes() == signed
    assert desk.verify() == []


def test_an_approval_of_something_else_is_void_wherever_it_is_shown(desk):
    folder = add_model(desk)
    approve(desk, "1")
    change_card(folder)
    file = desk.read("pilot")
    assert (file.standing, file.status) == ("void", "research")
    assert (file.annex["standing"], file.annex["approvals"]) == ("void", [])
    assert [standing for _, standing in desk.queue()] == ["void"]
    desk.act("open", AUTHOR, "pilot", comment="the population was wrong")
    assert (desk.read("pilot").standing, alias(desk)) == ("in review", None)
    assert tags(desk)["ketresponse.status"] == "research"
    assert not [tag for tag in tags(desk) if tag.startswith("ketresponse.approved")]
    for account in (FIRST, THIRD):
        desk.act("approve", account, "pilot", comment="read again")
    assert (desk.read("pilot").standing, desk.read("pilot").unmet) == ("approved", [])
    assert (alias(desk), desk.verify()) == ("1", [])


def test_a_constant_model_cannot_be_talked_through(desk):
    folder = add_model(desk, constant=True, slope=0.5)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    with pytest.raises(Refused, match="gate 5 is never waived: at T1 and T2 the model gives"):
        desk.act("waive", FIRST, "pilot", comment=make_reason(5), gate=5)
    assert "no reason makes that a prediction" in desk.read("pilot").gates[4].fixed
    assert read_annex(folder)["waivers"] == []


def test_a_model_whose_data_are_not_enough_is_approved_for_silent_evaluation_at_most(desk):
    folder = add_model(desk, enough=False)
    approve(desk, "1")
    assert desk.read("pilot").standing == "approved for silent evaluation only"
    for name in ("card.html", "card.md"):
        assert "Reviewed by two people for the use" not in (folder / name).read_text()


def test_a_registry_from_before_names_a_silent_approval(desk):
    add_model(desk)
    client = make_client(desk.tracking_uri)
    client.set_model_version_tag("pilot", "1", "ketresponse.status", "approved")
    client.set_model_version_tag("pilot", "1", "ketresponse.scope", "silent prospective evaluation")
    (model,) = list_models(tracking_uri=desk.tracking_uri)
    assert model.status == "approved for silent evaluation only"
