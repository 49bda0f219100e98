"""The wells of one file as they stand."""

from typing import get_args

from features.panel.layouts.long import parse_long
from features.panel.layouts.matrix import parse_matrix
from features.panel.layouts.raw_panel import LAYOUTS, WELL_COLUMNS, Layout
from tests.features.helpers.panels import SDS, WIDE


def test_the_layouts_that_can_be_asked_for_are_those_that_are_read() -> None:
    assert get_args(Layout) == LAYOUTS


def test_both_ways_of_reading_give_the_same_columns() -> None:
    long = parse_long(SDS, name="f", stem="f")
    assert long is not None
    wide = parse_matrix(WIDE, name="f", stem="f", layout="auto", samples=(), ignore=set())
    assert tuple(long.wells) == tuple(wide.wells) == WELL_COLUMNS
