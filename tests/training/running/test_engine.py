"""Options that do not go together are told at once; the environment names a scheduler."""

import pytest

from features.errors import InputError, KetresponseError
from training.fitting.jobs import count_jobs
from training.running import cluster
from training.running.engine import open_engine


def _open(name, jobs=None, scheduler=None, environ=None):
    with open_engine(name, jobs=jobs, scheduler=scheduler, environ=environ or {}) as n:
        return n


def test_here_there_are_as_many_processes_as_asked_or_as_processors():
    assert _open("local", jobs=3) == 3
    assert _open("local", environ={"KETRESPONSE_SCHEDULER": "tcp://127.0.0.1:9"}) == count_jobs()


def test_options_of_the_other_engine_are_refused():
    with pytest.raises(InputError, match="--scheduler: expected only with --engine dask"):
        _open("local", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(InputError, match="2 problems") as found:
        _open("dask", jobs=2)
    assert "--jobs: expected only with --engine local" in str(found.value)
    assert "add --scheduler ADDRESS, or set KETRESPONSE_SCHEDULER" in str(found.value)


@pytest.mark.parametrize("given", [{"scheduler": "tcp://127.0.0.1:9"}, {}])
def test_an_option_names_the_scheduler_or_the_environment_does(monkeypatch, given):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.2)
    named = given.get("scheduler", "tcp://127.0.0.1:10")
    environ = {"KETRESPONSE_SCHEDULER": "tcp://127.0.0.1:10"}
    with pytest.raises(KetresponseError, match=f"No scheduler answers at {named} "):
        _open("dask", environ=environ, **given)
