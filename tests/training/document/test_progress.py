"""A bar where somebody looks, nothing where nobody does."""

from io import StringIO

from rich.console import Console

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
