"""What is well, what is not there yet, and what is broken with the line that repairs it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.access.keys import KeyFile
from serving.access.settings import AccessSettings
from serving.health import _SETTINGS, Check, examine, gather_states
from serving.records.settings import RecordSettings
from serving.records.store import open_store
from serving.settings import ServiceSettings
from tests.places import PROJECT
from tests.serving.helpers.models import make_facts, make_model
from tests.training.helpers.reviews import ADMIN
from training.review.desk import make_desk
from training.review.signature import find_key_file
from training.store.artifact import save_model
from training.store.registered import locate
from training.store.registry import register
from training.store.tracking import RunRecord, track_run

PASSWORD = "correct horse battery"


@pytest.fixture
def environ(tmp_path: Path, tracking_uri: str) -> dict[str, str]:
    """Return the settings of somebody who has trained nothing yet."""
    return {
        "MLFLOW_TRACKING_URI": tracking_uri,
        "KETRESPONSE_HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "settings"),
    }


def look(environ: dict[str, str]) -> dict[str, Check]:
    return {finding.about: finding for finding in examine(environ)}


def add_model(environ: dict[str, str]) -> Path:
    model, uri = make_model(), environ["MLFLOW_TRACKING_URI"]
    run = track_run(RunRecord("study"), tracking_uri=uri)
    register(run, model, make_facts(model), name="pilot", tracking_uri=uri)
    return locate("pilot", "1", tracking_uri=uri)


def add_admin(environ: dict[str, str]) -> None:
    Path(environ["XDG_CONFIG_HOME"], "ketresponse").mkdir(parents=True)
    make_desk(environ).accounts.add(ADMIN.name, ADMIN.display, "admin", PASSWORD, by=None)


def test_a_new_place_has_nothing_broken(tmp_path: Path) -> None:
    environ = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/none.db",
        "KETRESPONSE_HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "settings"),
    }
    before = set(tmp_path.iterdir())
    found = look(environ)
    assert {name for name, one in found.items() if one.state == "absent"} == {
        "tracking store", "reviews", "records",
    }  # fmt: skip
    assert all(one.state != "broken" for one in found.values())
    assert found["tracking store"].repair == "ketresponse train study.toml"
    assert set(tmp_path.iterdir()) == before, "looking must make nothing"


def test_stores_models_and_keys_are_named_where_they_are(environ: dict[str, str]) -> None:
    add_model(environ)
    add_admin(environ)
    settings = RecordSettings.from_environ(environ)
    assert settings is not None
    open_store(settings).close()
    found = look(environ)
    assert all(one.state == "well" for one in found.values()), found
    assert "with 1 version of models" in found["tracking store"].text
    assert str(Path(environ["KETRESPONSE_HOME"]) / "review.db") in found["reviews"].text
    assert environ["XDG_CONFIG_HOME"] in found["review key"].text
    assert found["records"].text.endswith(f"sealed with {settings.key_file}")


def test_a_model_whose_files_are_gone_is_named(environ: dict[str, str]) -> None:
    folder = add_model(environ)
    shutil.rmtree(folder)
    found = look(environ)["pilot:1"]
    assert (found.state, found.repair) == ("broken", "bring its folder back, or train again")


def test_a_store_that_is_none_is_broken(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear Sir")
    found = look(environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/letter.db"})
    assert found["tracking store"].state == "broken"


def test_a_password_in_an_address_is_not_told(environ: dict[str, str]) -> None:
    uri = "mysql+pymysql://me:secret@localhost:1/runs"
    told = json.dumps(gather_states(examine(environ | {"MLFLOW_TRACKING_URI": uri})))
    assert "secret" not in told
    assert '"about": "tracking store", "state": "broken"' in told


@pytest.mark.skipif(os.name != "posix", reason="files have no such rights here")
def test_a_key_that_others_can_read_is_broken(environ: dict[str, str]) -> None:
    add_admin(environ)
    key = find_key_file(environ)
    key.chmod(0o644)
    found = look(environ)["review key"]
    assert (found.state, found.repair) == ("broken", f"chmod 600 {key}")


def test_without_an_admin_anybody_can_change_the_accounts(environ: dict[str, str]) -> None:
    Path(environ["XDG_CONFIG_HOME"], "ketresponse").mkdir(parents=True)
    make_desk(environ).accounts.add("anna", "Anna Author", "author", PASSWORD, by=None)
    found = look(environ)["accounts"]
    assert (found.state, found.repair[-12:]) == ("absent", "--role admin")


def test_a_release_that_was_never_approved_is_broken(environ: dict[str, str]) -> None:
    add_admin(environ)
    model = make_model()
    folder = Path(environ["KETRESPONSE_HOME"], "released", "pilot", "model")
    folder.parent.mkdir(parents=True)
    save_model(folder, model, make_facts(model, status="approved", synthetic=False))
    found = look(environ)["release pilot"]
    assert found.state == "broken"
    assert found.repair == "ketresponse release pilot"


def test_a_setting_that_nothing_reads_is_a_slip_of_the_pen(environ: dict[str, str]) -> None:
    found = look(environ | {"KETRESPONSE_MODLE": "x"})["KETRESPONSE_MODLE"]
    assert found.state == "broken"
    assert "did you mean KETRESPONSE_MODE" in found.text
    assert found.repair == "unset KETRESPONSE_MODLE"


def test_a_key_file_that_is_not_there_is_broken(environ: dict[str, str], tmp_path: Path) -> None:
    setting = {"KETRESPONSE_REVIEW_PUBLIC_KEY": str(tmp_path / "none.pub")}
    assert look(environ | setting)["KETRESPONSE_REVIEW_PUBLIC_KEY"].state == "broken"


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({}, "well"),
        ({"KETRESPONSE_MODE": "approved"}, "broken"),
        ({"KETRESPONSE_PORT": "many"}, "broken"),
        ({"KETRESPONSE_HOST": "0.0.0.0"}, "broken"),
        ({"KETRESPONSE_MODEL": "nowhere"}, "broken"),
        ({"KETRESPONSE_CENTRE": "North"}, "broken"),
        ({"KETRESPONSE_CENTRE": "none"}, "well"),
    ],
)
def test_what_a_service_would_say_is_said_beforehand(
    environ: dict[str, str], tmp_path: Path, setting: dict[str, str], told: str
) -> None:
    model, folder = make_model(), tmp_path / "model"
    save_model(folder, model, make_facts(model))
    given = {"KETRESPONSE_MODEL": str(folder), "KETRESPONSE_MODE": "demonstration"}
    assert look(environ | given | setting)["service"].state == told


def test_keys_are_counted_and_whoever_else_could_change_them_is_told(
    environ: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "access.json"
    environ["KETRESPONSE_ACCESS_FILE"] = str(path)
    assert look(environ)["API keys"].repair.startswith("ketresponse access key add")
    KeyFile(path).add("ward-7", ["estimate"], days=1)
    past = datetime.now(UTC) - timedelta(days=9)
    KeyFile(path, now=lambda: past).add("ward-8", ["estimate"], days=1)
    told = look(environ)["API keys"]
    assert (told.state, told.text) == ("well", f"{path}, 1 in force; expired: ward-8")
    if os.name == "posix":
        path.chmod(0o666)
        assert look(environ)["API keys"].repair == f"chmod go-w {path}"


def test_every_setting_that_the_code_reads_is_known() -> None:
    read = {
        name
        for floor in ("features", "training", "serving", "experiments")
        for file in (PROJECT / floor).rglob("*.py")
        for name in re.findall(r"KETRESPONSE_[A-Z_]*[A-Z]", file.read_text(encoding="utf-8"))
    }
    assert set(_SETTINGS) == read


def test_libraries_missing_too_old_or_of_another_use(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = importlib.metadata.version
    changed = {"numpy": "1.0", "rich": None, "openpyxl": None, "pyreadstat": None}

    def find(name: str) -> str:
        number = changed.get(name, "")
        if number is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return number or installed(name)

    monkeypatch.setattr("serving.health.version", find)
    found = look(environ)
    assert found["libraries"].state == "broken"
    assert "numpy 1.0 where >=2.1 is needed" in found["libraries"].text
    assert "rich is missing" in found["libraries"].text
    assert found["libraries"].repair == "make clean setup"
    assert found["libraries [files]"].state == "absent"
    assert found["libraries [train]"].state == "well"


def test_without_the_training_packages_the_rest_is_looked_at(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "training.store.client", None)
    assert "tracking store" not in look(environ)


def test_a_library_that_the_system_does_not_bear_is_named(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "lightgbm":
                raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    found = look(environ)["LightGBM"]
    assert found.state == "broken"
    assert "apt-get install libgomp1" in found.repair


def test_records_and_their_key_are_looked_at(environ: dict[str, str]) -> None:
    assert look(environ)["records"].state == "absent"
    assert not Path(environ["KETRESPONSE_HOME"]).exists()
    settings = RecordSettings.from_environ(environ)
    assert settings is not None
    open_store(settings).close()
    found = look(environ)["records"]
    assert (found.state, found.text[:11]) == ("well", "0 estimates")
    settings.key_file.chmod(0o644)
    assert look(environ)["records"].repair == f"chmod 600 {settings.key_file}"
    settings.key_file.chmod(0o600)
    aside = settings.key_file.rename(settings.key_file.with_name("aside"))
    assert look(environ)["records"].state == "broken"
    aside.rename(settings.key_file)
    assert settings.file is not None
    settings.file.unlink()
    assert "is gone" in look(environ)["records"].text
    settings.file.write_bytes(b"rubbish" * 1000)
    assert look(environ)["records"].state == "broken"
    assert look({**environ, "KETRESPONSE_RECORDS": "off"})["records"].state == "absent"


def test_the_operator_s_page_tells_every_setting_with_its_default() -> None:
    page = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(KETRESPONSE_\w+)` \| (.+?) \|", page, re.M)
    told = dict(rows)
    assert [name for name, _ in rows] == list(_SETTINGS)
    service, records = ServiceSettings(Path()), RecordSettings.from_environ({})
    access = AccessSettings.from_environ({"KETRESPONSE_ACCESS_FILE": "keys.json"})
    assert records is not None and records.file is not None
    assert records.keeps_content and not records.syncs_before and records.retention_days is None
    defaults = {
        "KETRESPONSE_MODE": service.mode,
        "KETRESPONSE_HOST": service.host,
        "KETRESPONSE_PORT": str(service.port),
        "KETRESPONSE_RECORDS": records.file.name,
        "KETRESPONSE_RECORDS_CONTENT": "encrypted",
        "KETRESPONSE_RECORDS_SYNC": "soon",
        "KETRESPONSE_RATE_CALLER": access.rate_caller,
        "KETRESPONSE_RATE_ADDRESS": access.rate_address,
    }
    assert {name: told[name].split("`")[1] for name in defaults} == defaults
