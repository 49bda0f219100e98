from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from features.processes import mark_process, read_mark


def test_this_process_is_there_and_its_mark_is_read_back() -> None:
    mark = mark_process()
    assert not mark.is_gone
    assert read_mark(str(mark)) == mark


def test_a_process_that_was_killed_is_gone_also_while_nobody_has_waited_for_it() -> None:
    told = "from features.processes import mark_process; print(mark_process(), flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", told], stdin=pipe, stdout=pipe, text=True) as one:
        assert one.stdout is not None
        mark = read_mark(one.stdout.readline().strip())
        assert mark is not None and mark.pid == one.pid and not mark.is_gone
        one.kill()
        os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT)
        assert mark.is_gone
    assert mark.is_gone


def test_a_number_that_was_given_again_is_another_process() -> None:
    assert replace(mark_process(), started=mark_process().started - 60).is_gone


def test_of_another_machine_nothing_is_known() -> None:
    mark = replace(mark_process(), host="elsewhere", started=1)
    assert not mark.is_gone


def test_a_name_of_a_machine_with_hyphens_is_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "ward-3 north")
    mark = mark_process()
    assert mark.host == "ward_3_north"
    assert read_mark(str(mark)) == mark


@pytest.mark.parametrize("text", ["", "host", "host-1", "host-x-2", "a/b-1-2", "host-1-2-3"])
def test_what_is_no_mark_is_none(text: str) -> None:
    assert read_mark(text) is None
