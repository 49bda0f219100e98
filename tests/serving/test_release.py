from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from features.errors import EXIT_INPUT, EXIT_REFUSED, KetresponseError, Refused
from ketresponse import app
from serving.access.keys import KeyFile
from serving.process import bind, start_server
from serving.release import release_version, roll_back
from tests.serving.helpers.models import PATIENT
from tests.serving.helpers.models import make_facts as serving_facts
from tests.serving.helpers.models import make_model as serving_model
from tests.training.helpers.killed import restore, run_killed
from tests.training.helpers.review_cards import change_card, put_card
from tests.training.helpers.reviews import ADMIN, AUTHOR, FIRST, SECOND, make_reason
from training.review.desk import Desk
from training.review.review_log import ReviewLog
from training.review.seal import check_approval, read_annex, write_annex
from training.review.signature import sign
from training.review.standing import find_approved
from training.store.artifact import load_model, read_facts, write_release
from training.store.registered import locate
from training.store.registry import register
from training.store.tracking import RunRecord, track_run

MODEL = serving_model()
BENTOML = Path(sys.executable).with_name("bentoml")


def open_desk(folder, monkeypatch):
    """Return the desk of a folder with a tracking store."""
    key = folder / "out" / "review.key"
    monkeypatch.setenv("KETRESPONSE_REVIEW_PUBLIC_KEY", str(key.with_suffix(".pub")))
    log = ReviewLog(folder / "home" / "review.db", key_file=key)
    return Desk(log, tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")


@pytest.fixture
def empty_desk(tracking_uri, tmp_path, monkeypatch):
    return open_desk(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def with_approved(empty_store, tmp_path_factory):
    """Make one store whose version 1 of the hand-made model is approved; it takes a second."""
    folder = tmp_path_factory.mktemp("approved")
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as monkeypatch:
        add_model(open_desk(folder, monkeypatch))
    return folder


@pytest.fixture
def desk(with_approved, tmp_path, monkeypatch):
    """Return a desk of the test's own, whose version 1 of the hand-made model is approved."""
    shutil.copytree(with_approved, tmp_path, dirs_exist_ok=True)
    return open_desk(tmp_path, monkeypatch)


@pytest.fixture
def places(tmp_path):
    """Return where a release goes, with a model store of the test's own."""
    return {"folder": tmp_path / "released" / "pilot", "bentoml_home": tmp_path / "bentoml"}


@pytest.fixture
def key(tmp_path, monkeypatch):
    """Return the headers of a caller who may ask an approved model."""
    file = KeyFile(tmp_path / "access.json")
    monkeypatch.setenv("KETRESPONSE_ACCESS_FILE", str(file.path))
    return {"Authorization": f"Bearer {file.add('ward-7', ['estimate'], days=1)[1]}"}


def add_model(desk, *, approved=True, synthetic=False, **card):
    """Register one more version of the hand-made model, reviewed or not."""
    facts = serving_facts(
        MODEL, synthetic=synthetic, status="demonstration" if synthetic else "research"
    )
    run_id = track_run(RunRecord("study"), tracking_uri=desk.tracking_uri)
    made = register(run_id, MODEL, facts, name="pilot", tracking_uri=desk.tracking_uri)
    folder = locate("pilot", made.version, tracking_uri=desk.tracking_uri)
    put_card(folder, *read_facts(folder), **card)
    if approved:
        desk.act("open", AUTHOR, "pilot", made.version, comment="ready")
        for account in (FIRST, SECOND):
            desk.act("approve", account, "pilot", made.version, comment="read")
    return folder


def version(places):
    return load_model(places["folder"] / "model").facts.version


def test_an_approved_model_is_released_whole(desk, places):
    done = release_version(desk, "pilot", **places)
    assert (done.subject, done.tag) == ("pilot:1", "pilot:1")
    loaded = load_model(done.folder / "model")
    assert loaded.facts.status == "approved"
    card = json.loads((done.folder / "model" / "card.json").read_text())
    assert card["body"]["model"]["digest"] == loaded.digest
    record = read_annex(done.folder / "model")
    assert [entry["name"] for entry in record["approvals"]] == ["Berta First", "Carl Second"]
    assert record["history"][-1]["kind"] == "release"
    names = {path.name for path in done.folder.iterdir()}
    assert names == {
        "review.pub",
        "bentofile.yaml",
        "requirements.txt",
        "features",
        "training",
        "serving",
        "model",
    }
    pins = (done.folder / "requirements.txt").read_text().split()
    assert any(pin.startswith("numpy==") for pin in pins)
    assert not [pin for pin in pins if pin.startswith(("ketresponse", "mlflow"))]
    assert (places["bentoml_home"] / "models" / "pilot" / "1" / "model.skops").is_file()
    assert desk.verify() == []


def test_every_unmet_criterion_is_listed_and_nothing_written(empty_desk, places):
    add_model(empty_desk, approved=False, slope=0.5, external=False)
    with pytest.raises(Refused) as caught:
        release_version(empty_desk, "pilot", **places)
    assert caught.value.exit_code == EXIT_REFUSED
    listed = str(caught.value).splitlines()
    assert listed[0] == "pilot:1 is not released:"
    for line, words in zip(
        listed[1:],
        ("has not opened a review", "gate 5", "gate 9", "approved by nobody"),
        strict=True,
    ):
        assert words in line
    assert not places["folder"].exists()
    assert empty_desk.log.read() == []


def test_a_synthetic_model_is_never_released(empty_desk, places):
    add_model(empty_desk, approved=False, synthetic=True)
    with pytest.raises(Refused, match="trained on simulated data: it stays a demonstration"):
        release_version(empty_desk, "pilot", **places)


def test_a_changed_model_is_not_released(desk, places):
    change_card(locate("pilot", "1", tracking_uri=desk.tracking_uri))
    with pytest.raises(Refused, match=r"card changed since the approval of Berta First \(berta\)"):
        release_version(desk, "pilot", **places)


def test_the_approved_version_is_taken_not_the_newest(desk, places):
    add_model(desk, approved=False)
    assert release_version(desk, "pilot", **places).subject == "pilot:1"
    with pytest.raises(Refused, match="pilot:2 is not released"):
        release_version(desk, "pilot", "2", **places)
    assert version(places) == "1"


def test_back_to_the_version_released_before(desk, places):
    release_version(desk, "pilot", **places)
    for _ in range(2):
        add_model(desk)
        release_version(desk, "pilot", **places)
    desk.act("withdraw", ADMIN, "pilot", "2", comment="a coding error")
    assert roll_back(desk, "pilot", **places).subject == "pilot:1"  # 2 is passed over
    assert version(places) == "1"
    assert find_approved("pilot", tracking_uri=desk.tracking_uri) == "1"
    assert desk.log.read()[-1].comment == "from version 3"
    with pytest.raises(Refused, match="cannot roll pilot back from version 1"):
        roll_back(desk, "pilot", **places)


def test_why_nothing_can_be_gone_back_to_is_told(desk, places):
    release_version(desk, "pilot", **places)
    add_model(desk)
    release_version(desk, "pilot", **places)
    desk.act("withdraw", ADMIN, "pilot", "1", comment="a coding error")
    with pytest.raises(Refused, match="version 1: withdrawn by Emil Keeper") as caught:
        roll_back(desk, "pilot", **places)
    assert "from version 2" in str(caught.value)
    with pytest.raises(Refused, match="no earlier version was released"):
        roll_back(desk, "other", **places)


def test_once_there_is_a_releaser_nobody_else_releases(desk, places):
    releaser = desk.accounts.add("rosa", "Rosa Out", "releaser", "correct horse battery", by=None)
    for by in (None, FIRST):
        with pytest.raises(Refused, match="releases are made by a releaser: rosa; use --by"):
            release_version(desk, "pilot", **places, by=by)
        with pytest.raises(Refused):
            roll_back(desk, "pilot", **places, by=by)
    assert not places["folder"].exists()
    release_version(desk, "pilot", **places, by=releaser)
    assert desk.log.read()[-1].actor == "rosa"
    desk.accounts.remove("rosa", by=None)
    with pytest.raises(Refused, match="rosa is no account in use"):
        release_version(desk, "pilot", **places, by=releaser)
    with pytest.raises(Refused, match="to approve takes the role reviewer"):
        desk.act("approve", releaser, "pilot", comment="read")


def test_a_folder_of_something_else_is_left_alone(desk, places):
    places["folder"].mkdir(parents=True)
    (places["folder"] / "thesis.docx").touch()
    with pytest.raises(KetresponseError, match="holds something else than a release"):
        release_version(desk, "pilot", **places)
    assert [path.name for path in places["folder"].iterdir()] == ["thesis.docx"]
    assert desk.log.read()[-1].kind == "approve"


def test_a_release_that_cannot_be_written_is_told_and_leaves_the_earlier_one(
    desk, places, tmp_path, monkeypatch
):
    (tmp_path / "file").touch()
    with pytest.raises(KetresponseError, match=r"cannot write .*/file/pilot: (File exists|Not a)"):
        release_version(desk, "pilot", **{**places, "folder": tmp_path / "file" / "pilot"})
    release_version(desk, "pilot", **places)
    add_model(desk)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("serving.release._store_model", full)
    with pytest.raises(KetresponseError, match=r"cannot write .*: No space left on device"):
        release_version(desk, "pilot", **places)
    assert version(places) == "1"
    assert [path.name for path in places["folder"].parent.iterdir()] == ["pilot"]
    assert desk.log.read()[-1].kind == "approve"
    assert desk.verify() == []

    def broken(*_):
        raise shutil.Error("three files")  # an OSError without a number or a text of its own

    monkeypatch.setattr("serving.release._store_model", broken)
    with pytest.raises(KetresponseError, match=r"cannot write .*: three files"):
        release_version(desk, "pilot", **places)


def fail(*_, **__):
    raise OSError(errno.EIO, "Input/output error")


def read_told(desk, places):
    """Return what log, registry, folder and model store say of the latest release of version 1."""
    stored = places["bentoml_home"] / "models" / "pilot" / "1"
    folders = (locate("pilot", "1", tracking_uri=desk.tracking_uri), places["folder"] / "model")
    return desk.log.read(), [read_annex(folder) for folder in (*folders, stored)]


@pytest.mark.parametrize(
    "step",
    ["serving.release.write_annex", "serving.release.write_pages", "serving.release._store_model"],
)
def test_a_release_that_cannot_be_staged_is_written_down_nowhere(desk, places, monkeypatch, step):
    release_version(desk, "pilot", **places)
    before = read_told(desk, places)
    with monkeypatch.context() as broken:
        broken.setattr(step, fail)
        with pytest.raises(KetresponseError, match="Input/output error"):
            release_version(desk, "pilot", **places)
    assert read_told(desk, places) == before
    assert_nothing_staged(places)
    assert desk.verify() == []


@pytest.mark.parametrize("step", ["pathlib.Path.rename", "training.review.telling.write_standing"])
def test_a_release_that_is_written_down_is_finished_by_the_next_command(
    desk, places, monkeypatch, step
):
    release_version(desk, "pilot", **places)
    add_model(desk)
    with monkeypatch.context() as broken:
        broken.setattr("serving.release._store_model", stage_by_hand)  # renames itself
        broken.setattr(step, fail)
        with pytest.raises(KetresponseError, match=r"written in the review log .* Input/output er"):
            release_version(desk, "pilot", **places)
    desk.queue()
    assert version(places) == "2"
    assert_nothing_staged(places)
    assert desk.verify() == []


def stage_by_hand(model, tag, place):
    shutil.copytree(model, place.staged_model)


def assert_nothing_staged(places):
    assert [path.name for path in places["folder"].parent.iterdir()] == ["pilot"]
    assert not list(places["bentoml_home"].glob(".release*"))


def test_killed_at_any_point_of_a_release_all_stores_agree_after_the_next_command(
    desk, places, tmp_path, monkeypatch
):
    monkeypatch.setattr("serving.release._store_model", stage_by_hand)  # BentoML's takes a second
    monkeypatch.setattr("serving.release.list_service_path", lambda: ("serving.settings",))
    release_version(desk, "pilot", **places)
    add_model(desk)
    for module in ("serving.release", "training.review.telling"):
        monkeypatch.setattr(f"{module}.write_pages", lambda *_, **__: [])
    kept = shutil.copytree(tmp_path, tmp_path.with_name(f"{tmp_path.name}-kept"))

    def step():
        release_version(desk, "pilot", **places)

    labels = run_killed(step, tmp_path, None)
    committed = labels.index("log COMMIT COMMIT")
    last = {}
    for at, label in enumerate(labels):  # of files that are staged or removed, one of each kind
        grouped = ".release-" in label or not label.partition(" ")[2].startswith("/")
        last[(label.partition(" ")[0], at > committed) if grouped else at] = at
    assert len(last) < 90
    for at in [at for at in sorted(last.values()) if at >= committed - 1]:
        restore(kept, tmp_path)
        run_killed(step, tmp_path, at)
        released = desk.log.read()[-1].kind == "release"
        desk.settle()  # as every command does first
        assert at % 3 or desk.verify() == [], labels[at]
        assert version(places) == ("2" if released else "1")
        assert not desk.log.has_pending
        if released:
            assert_nothing_staged(places)
    restore(kept, tmp_path)
    run_killed(step, tmp_path, committed)
    step()  # sweeps what was left
    assert_nothing_staged(places)


def test_a_release_that_differs_from_the_log_is_named(desk, places, tmp_path):
    release_version(desk, "pilot", **places)
    older = shutil.copytree(places["folder"], tmp_path / "older")
    add_model(desk)
    release_version(desk, "pilot", **places)
    said = f"{places['folder']}: the log says pilot:2 was released there (entry 8)"
    again = "; `ketresponse release pilot` puts it right"
    whole = places["folder"].rename(tmp_path / "whole")
    assert desk.verify() == [f"{said}, and nothing is there{again}"]
    shutil.copytree(older, places["folder"])
    assert desk.verify() == [f"{said}, and it holds pilot:1{again}"]
    for change, words in (
        (lose_record, "and it holds no record of a review"),
        (sign_with_another_key, "and its record was not signed with the reviewers' key"),
    ):
        shutil.rmtree(places["folder"])
        shutil.copytree(whole, places["folder"])
        change(places["folder"] / "model")
        assert desk.verify() == [f"{said}, {words}{again}"]
    release_version(desk, "pilot", **places)
    assert desk.verify() == []


def test_a_withdrawal_reaches_what_is_released(desk, places, tmp_path):
    release_version(desk, "pilot", **places)
    before = shutil.copytree(places["folder"], tmp_path / "before")
    desk.act("withdraw", ADMIN, "pilot", comment="a coding error")
    stored = places["bentoml_home"] / "models" / "pilot" / "1"
    for folder in (places["folder"] / "model", stored):
        assert read_annex(folder)["standing"] == "withdrawn"
        assert load_model(folder).facts.status == "withdrawn"
    assert desk.verify() == []
    shutil.rmtree(places["folder"])
    shutil.copytree(before, places["folder"])
    (finding,) = desk.verify()
    assert "and its record does not tell that it was withdrawn" in finding
    assert finding.endswith("; it was withdrawn since: take the folder away")
    shutil.rmtree(places["folder"])
    assert desk.verify() == []
    (stored / "review.json").unlink()
    (finding,) = desk.verify()
    assert "BentoML's copy of what was released, and it holds no record of a review" in finding


def test_a_withdrawal_reaches_a_version_that_another_took_the_place_of(desk, places):
    release_version(desk, "pilot", **places)
    add_model(desk)
    release_version(desk, "pilot", **places)
    stored = places["bentoml_home"] / "models" / "pilot" / "1"
    before = (stored / "review.json").read_bytes()
    desk.act("withdraw", ADMIN, "pilot", "1", comment="a coding error")
    assert read_annex(stored)["standing"] == "withdrawn"
    assert load_model(stored).facts.status == "withdrawn"
    assert version(places) == "2"
    assert desk.verify() == []
    (stored / "review.json").write_bytes(before)
    (finding,) = desk.verify()
    assert finding.startswith(f"{stored}: pilot:1 lies there")
    assert "its record does not tell that it was withdrawn" in finding


def test_a_release_that_is_not_what_was_signed_is_named(desk, places):
    release_version(desk, "pilot", **places)
    model, stored = places["folder"] / "model", places["bentoml_home"] / "models" / "pilot" / "1"
    facts = load_model(model).facts
    write_release(model, replace(facts, status="approved for silent evaluation only"))
    change_card(stored)
    (places["folder"] / "review.pub").write_text("0" * 64)
    called, card, key = desk.verify()
    assert "its files call it approved for silent evaluation only, its record approved" in called
    assert card.startswith(f"{stored}: ")
    assert "its model or its card is not the one that was signed" in card
    assert "its review.pub is not the reviewers' public key" in key


def change_record(folder, **changes):
    document = json.loads((folder / "review.json").read_text())
    document["annex"] |= changes
    (folder / "review.json").write_text(json.dumps(document))


def change_code(folder):
    change_record(folder, digests={**read_annex(folder)["digests"], "code": "0" * 64})


def change_words(folder):
    first, second = read_annex(folder)["approvals"]
    change_record(folder, approvals=[{**first, "name": "Professor Famous"}, second])


def lose_record(folder):
    (folder / "review.json").unlink()


def damage_record(folder):
    (folder / "review.json").write_text("{}")


def drop_approval(folder):
    change_record(folder, approvals=read_annex(folder)["approvals"][1:])


def sign_with_another_key(folder):
    annex = read_annex(folder)
    write_annex(folder, annex, sign(annex, b"k" * 32))


CHANGES = {
    change_card: "the card is not the one that was approved",
    change_code: "the code is not the one that was approved",
    lose_record: "no record of a review",
    damage_record: "damaged",
    drop_approval: "fewer than 2 people have approved it",
    change_words: "was not signed with the reviewers' key, or was changed since",
    sign_with_another_key: "was not signed with the reviewers' key, or was changed since",
}


def test_what_is_not_as_approved_is_not_served(desk, places, tmp_path):
    released = release_version(desk, "pilot", **places).folder / "model"
    assert check_approval(released, "approved", environ=os.environ) == ()
    for change, words in CHANGES.items():
        folder = shutil.copytree(released, tmp_path / change.__name__)
        change(folder)
        for command in (["serve", str(folder), "--port", "0"], ["predict", str(folder)]):
            result = CliRunner().invoke(app, command)
            assert result.exit_code in (EXIT_INPUT, EXIT_REFUSED)
            assert words in result.stderr


@pytest.mark.service
def test_a_release_is_served_with_its_card_to_whoever_has_a_key(desk, places, key, monkeypatch):
    folder = release_version(desk, "pilot", **places).folder / "model"
    with start_server(folder, "approved") as url:
        asked = {"json": {"patient": PATIENT}, "trust_env": False}
        assert httpx.post(f"{url}/predict", **asked).status_code == 401
        answer = httpx.post(f"{url}/predict", **asked, headers=key).json()
        assert (answer["model"]["version"], answer["model"]["status"]) == ("1", "approved")
        card = httpx.get(f"{url}/model/card", trust_env=False, headers=key).json()
        assert card["card_sha256"] == answer["model"]["card_sha256"]
        assert len(card["review"]["approvals"]) == 2
    monkeypatch.delenv("KETRESPONSE_ACCESS_FILE")
    with pytest.raises(KetresponseError, match="answers only callers who show who they are"):
        with start_server(folder, "approved"):
            pass


def test_a_place_where_bentoml_builds_nothing_is_refused(desk, places, tmp_path):
    with pytest.raises(KetresponseError, match="hidden folder"):
        release_version(desk, "pilot", **{**places, "folder": tmp_path / ".hidden" / "pilot"})
    assert desk.log.read()[-1].kind == "approve"


def test_release_and_back_on_the_command_line(empty_desk, places, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", empty_desk.tracking_uri)
    monkeypatch.setenv("KETRESPONSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KETRESPONSE_REVIEW_KEY_FILE", str(tmp_path / "out" / "review.key"))

    def run(*words):
        result = CliRunner().invoke(app, list(words))
        return result.exit_code, result.output

    released = tmp_path / "home" / "released" / "pilot" / "model"
    add_model(empty_desk, external=False, approved=False)
    code, told = run("release", "pilot")
    assert (code, "approved by nobody" in told) == (EXIT_REFUSED, True)
    empty_desk.act("open", AUTHOR, "pilot", comment="ready")
    empty_desk.act("waive", FIRST, "pilot", comment=make_reason(9), gate=9)
    for account in (FIRST, SECOND):
        empty_desk.act("approve", account, "pilot", comment="read")
    code, told = run("release", "pilot")
    assert code == 0
    assert "Released pilot:1, approved for silent evaluation only: its page" in told
    folder = add_model(empty_desk)
    assert run("release", "pilot")[0] == 0
    assert load_model(released).facts.version == "2"
    assert run("release", "--rollback", "pilot:2")[0] == EXIT_INPUT
    code, told = run("release", "--rollback", "pilot")
    assert (code, load_model(released).facts.version) == (0, "1")
    assert "Released pilot:1" in told
    change_card(folder)
    code, told = run("release", "pilot:2")
    assert (code, "card changed since the approval" in told) == (EXIT_REFUSED, True)


def start_bento(tag, environ, log):
    """Start a built bento as `bentoml serve` does; return the process and its address."""
    with bind("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [BENTOML, "serve", tag, "--port", str(port)],
            cwd=log.parent,
            env=environ,
            stdout=out,
            stderr=out,
        )
    return process, f"http://127.0.0.1:{port}"


def ask(url, process, log, key, *, until):
    """Return the first answer of /predict, or None once the log holds the words."""
    end = time.monotonic() + 120  # workers that end at once are started again for ever
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()[-2000:]
        with suppress(httpx.TransportError):
            asked = {"json": {"patient": PATIENT}, "headers": key}
            return httpx.post(f"{url}/predict", **asked, trust_env=False)
        if until in log.read_text():
            return None
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])


@pytest.mark.service
def test_a_bento_is_built_without_a_network_and_serves_only_what_was_approved(
    desk, places, tmp_path, key
):
    done = release_version(desk, "pilot", **places)
    home = done.bentoml_home
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ = {
        **kept,
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
        "KETRESPONSE_ACCESS_FILE": os.environ["KETRESPONSE_ACCESS_FILE"],
        "https_proxy": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    built = subprocess.run(
        [BENTOML, "build", "--output", "tag"],
        cwd=done.folder,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    tag = built.stdout.strip().removeprefix("__tag__:")
    name, number = tag.split(":")
    bento = home / "bentos" / name / number
    assert (bento / "src" / "serving" / "service.py").is_file()
    assert "alias: released" in (bento / "bento.yaml").read_text()
    assert not (bento / "src" / "model").exists()
    never = "no such words"
    for change, words in ((None, never), (change_words, CHANGES[change_words])):
        if change is not None:
            change(home / "models" / "pilot" / "1")
        log = tmp_path / f"{words[:5]}.txt"
        process, url = start_bento(tag, environ, log)
        try:
            answer = ask(url, process, log, key, until=words)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
        if change is None:
            assert answer.json()["model"]["status"] == "approved"
        else:
            assert answer is None
