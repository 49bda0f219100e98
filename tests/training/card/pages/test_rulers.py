"""A number beside what is asked, as a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.card.evidence import GateNumbers, Mark
from training.card.pages.rulers import draw_ruler

NUMBERS = st.floats(-50, 50)
BOUNDS = st.none() | NUMBERS
_SVG = "{http://www.w3.org/2000/svg}"


def draw(evidence: GateNumbers) -> ET.Element:
    return ET.fromstring(draw_ruler(evidence, "What & why"))


def test_one_who_cannot_see_it_is_told_the_numbers() -> None:
    evidence = GateNumbers("x", (Mark("T1", 0.5, 0.4, 0.61), Mark("T2", -1.0)), 0.8)
    told = "What & why: T1 0.50 (0.40 to 0.61); T2 −1.00"
    picture = draw(evidence)
    assert picture.get("aria-label") == told
    assert picture.findtext(f"{_SVG}title") == told
    shares = GateNumbers("x", (Mark("T1", 0.23),), 1.0, as_percent=True)
    assert draw(shares).get("aria-label") == "What & why: T1 23%"


def test_what_is_not_as_asked_has_another_colour() -> None:
    evidence = GateNumbers("x", (Mark("T1", 0.9), Mark("T2", 0.5)), 0.8, 1.2)
    good, bad = (dot.get("fill") for dot in draw(evidence).iter(f"{_SVG}circle"))
    assert good != bad
    told = [text.text for text in draw(evidence).iter(f"{_SVG}text")]
    assert told == ["0.80", "1.20", "T1", "T2"]


@given(values=st.lists(NUMBERS, min_size=1, max_size=2), low=BOUNDS, width=st.floats(0, 9))
def test_everything_lies_on_the_picture_and_in_order(
    values: list[float], low: float | None, width: float
) -> None:
    marks = tuple(Mark("T1", value, value - width, value + width) for value in values)
    evidence = GateNumbers("x", marks, low, None if low is None else low + width)
    picture = draw(evidence)
    wide = float(picture.get("width", ""))
    dots = [float(dot.get("cx", "")) for dot in picture.iter(f"{_SVG}circle")]
    ends = [float(line.get(x, "")) for line in picture.iter(f"{_SVG}line") for x in ("x1", "x2")]
    assert all(0 <= x <= wide for x in dots + ends)
    shaded = picture.find(f"{_SVG}rect")
    assert shaded is not None
    assert float(shaded.get("width", "")) >= 0
    if len(values) == 2 and abs(values[0] - values[1]) > 1:
        assert (dots[0] < dots[1]) is (values[0] < values[1])


def test_the_words_of_bounds_that_are_near_lie_apart() -> None:
    near = draw(GateNumbers("x", (Mark("T1", 9.0),), 0.8, 0.9))
    assert [t.get("text-anchor") for t in near.iter(f"{_SVG}text")][:2] == ["end", "start"]
    far = draw(GateNumbers("x", (Mark("T1", 1.0),), 0.8, 1.2))
    assert [t.get("text-anchor") for t in far.iter(f"{_SVG}text")][:2] == ["middle", "middle"]


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_a_scale_of_one_number_can_be_drawn(value: float) -> None:
    (dot,) = draw(GateNumbers("x", (Mark("T1", value),), value)).iter(f"{_SVG}circle")
    assert 24 < float(dot.get("cx", "")) < 150
