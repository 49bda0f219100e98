from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from features.errors import InputError, KetresponseError
from serving.access.keys import KeyFile
from serving.commands.access import app


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "access.json"
    monkeypatch.setenv("KETRESPONSE_ACCESS_FILE", str(path))
    return KeyFile(path)


def run(*words):
    result = CliRunner().invoke(app, ["key", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_a_key_is_shown_once_alone_on_the_first_stream(file):
    result = run("add", "ward-7", "--scope", "estimate", "--scope", "outcomes", "--days", "30")
    word = result.stdout.strip()
    found = file.find(word)
    assert (found.name, found.scopes) == ("ward-7", ("estimate", "outcomes"))
    assert f"revoke {found.id}" in result.stderr and "not shown again" in result.stderr
    listed = run("list")
    assert "ward-7" in listed.stdout and "estimate, outcomes" in listed.stdout
    assert word not in listed.output


def test_it_can_be_read_by_programs(file):
    made = json.loads(run("add", "ehr", "--scope", "estimate", "--json").stdout)
    assert file.find(made["key"]).id == made["id"]
    (told,) = json.loads(run("list", "--json").stdout)
    assert (told["name"], told["expired"], "sha256" in told) == ("ehr", False, False)


def test_a_key_is_taken_back(file):
    made = json.loads(run("add", "ehr", "--scope", "estimate", "--json").stdout)
    assert run("revoke", made["id"]).stdout == f"Revoked {made['id']}, the key of ehr.\n"
    assert file.find(made["key"]) is None
    assert run("list").stdout.strip() == "No key."


def test_what_is_wrong_is_one_error(file):
    with pytest.raises(InputError, match="--scope"):
        run("add", "ehr", "--scope", "everything")
    with pytest.raises(KetresponseError, match="there is no file of keys"):
        run("list")


def test_where_the_keys_are_has_to_be_said(monkeypatch):
    monkeypatch.delenv("KETRESPONSE_ACCESS_FILE", raising=False)
    for words in (["list"], ["add", "x", "--scope", "admin"], ["revoke", "x"]):
        with pytest.raises(InputError, match="export KETRESPONSE_ACCESS_FILE"):
            run(*words)
