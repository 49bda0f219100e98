"""What a table file does not tell about itself: nothing is stated unless someone does."""

from features.files.options import TableOptions


def test_nothing_is_stated_by_default() -> None:
    assert TableOptions() == TableOptions(decimal=None, encoding=None, sheet=None, labels=False)
