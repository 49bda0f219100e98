"""The axes that a card's pictures are drawn on."""

from __future__ import annotations

from xml.etree import ElementTree

from training.card.pages.axes import BLUE, SvgAxes

_SVG = "{http://www.w3.org/2000/svg}"


def _texts(picture: str) -> list[str]:
    return [found.text or "" for found in ElementTree.fromstring(picture).iter(f"{_SVG}text")]


def test_values_lie_between_the_margins() -> None:
    axes = SvgAxes((0, 2), (0, 1), width=200, height=100, margins=(10, 20, 30, 40))
    assert (axes.x(0), axes.x(2)) == (40, 180)
    assert (axes.y(0), axes.y(1)) == (70, 10)  # downwards, as pixels are counted


def test_ticks_are_percentages_unless_they_have_words_of_their_own() -> None:
    axes = SvgAxes((0, 1), (0, 1))
    axes.x_axis([0, 0.5], "share")
    axes.x_axis([0.25], "ratio", labels=["1:4"])
    assert _texts(axes.finish("")) == ["0%", "50%", "share", "1:4", "ratio"]


def test_words_of_others_are_no_shapes() -> None:
    axes = SvgAxes((0, 1), (0, 1))
    axes.text(0, 0, "<b>", color=BLUE)
    picture = axes.finish('a "title" <x>')
    assert _texts(picture) == ["<b>"]
    assert ElementTree.fromstring(picture).get("aria-label") == 'a "title" <x>'
