"""`ketresponse release` at the prompt; what a release does stands in test_release."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvicorn
from typer.testing import CliRunner

from features.errors import InputError, KetresponseError
from ketresponse import app
from serving.commands.review import release, serve_review
from tests.serving.helpers.clients import Client


def test_a_way_back_names_no_version() -> None:
    with pytest.raises(InputError, match="--rollback takes a NAME"):
        release("demo-crps:2", to=None, rollback=True)


def test_without_the_training_packages_the_missing_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "training.review.desk", None)
    with pytest.raises(KetresponseError, match=r"install ketresponse\[train\]"):
        release("demo-crps", to=None, rollback=False)


def test_what_was_never_approved_is_refused(
    tmp_path: Path, tracking_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KETRESPONSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    result = CliRunner().invoke(app, ["release", "demo-crps"])
    assert result.exit_code != 0
    assert not (tmp_path / "home" / "released").exists()


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("KETRESPONSE_REVIEW_URL", "https://review.clinic.example", 200),
        ("KETRESPONSE_ALLOWED_HOSTS", "", 403),
    ],
)
def test_the_pages_answer_by_their_own_names_and_believe_a_proxy_only_where_one_stands(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, status: int
) -> None:
    monkeypatch.setenv(name, value)
    served: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, **_: served.append(server.config))
    accounts = SimpleNamespace(attempts=None)
    desk = SimpleNamespace(accounts=accounts, queue=list)
    monkeypatch.setattr("serving.commands.review._desk", lambda: desk)
    serve_review(host="127.0.0.1", port=0)
    (config,) = served
    assert config.proxy_headers == (status == 200)
    for host, expected in (("review.clinic.example", status), ("127.0.0.1", 200)):
        answer = Client(config.app).get("/login", headers={"host": host})
        assert answer.status_code == expected
