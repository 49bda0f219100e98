"""A bar where somebody looks, nothing where nobody does."""

import time
from io import StringIO

import pytest
from rich.console import Console

from training.document import progress
from training.document.progress import show_progress


def test_nothing_is_shown_without_a_console():
    with show_progress(None, "Trees", 3) as step:
        assert step() is None


def test_each_fit_is_counted():
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with show_progress(console, "Trees", 3) as step:
        step()
        step()
        step()
    assert "Trees" in out.getvalue()
    assert "3/3" in out.getvalue()


def test_a_step_that_is_not_counted_goes_on_where_somebody_watches():
    out = StringIO()
    with show_progress(Console(file=out, force_terminal=True, width=100), "Loading", 0) as step:
        step()
    assert "Loading ..." in out.getvalue() and "0:00:00" in out.getvalue()


def test_a_log_has_a_line_for_what_is_quick():
    out = StringIO()
    with show_progress(Console(file=out, width=100), "Loading", 0):
        pass
    assert out.getvalue() == "Loading ...\n"


@pytest.mark.parametrize(
    ("total", "told"), [(0, "0 s"), (3, "1 of 3 fits after 0 s, about 0 s left")]
)
def test_a_log_is_told_that_it_goes_on_and_for_how_long(monkeypatch, total, told):
    monkeypatch.setattr(progress, "_SECONDS", 0.01)
    out = StringIO()
    line = f"Fitting: {told}\n"
    with show_progress(Console(file=out, width=100), "Fitting", total) as step:
        step()
        end = time.monotonic() + 10
        while line not in out.getvalue() and time.monotonic() < end:
            time.sleep(0.01)
    assert out.getvalue().startswith("Fitting ...\n")
    assert line in out.getvalue()
    told_so_far = out.getvalue()
    time.sleep(0.05)
    assert out.getvalue() == told_so_far


def test_a_log_of_long_work_stays_short(monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS", 0.001)
    monkeypatch.setattr(progress, "_SHARE", 1.0)  # each line at twice the time of the one before
    out = StringIO()
    with show_progress(Console(file=out, width=100), "Fitting", 0):
        time.sleep(0.3)
    assert 1 < out.getvalue().count("\n") < 20
