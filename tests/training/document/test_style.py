"""Pictures: the same data, the same bytes, and no trace in matplotlib's global settings."""

from unittest.mock import patch

import matplotlib
from matplotlib.axes import Axes

from training.document.style import BLUE, make_axes, paper_style


def draw():
    figure, axes = make_axes(width=2, height=1)
    axes.plot([0, 1], [0, 1], color=BLUE)
    axes.set_xlabel("Predicted risk")
    return figure


def test_the_same_data_give_the_same_bytes():
    assert draw().to_png() == draw().to_png()
    assert draw().to_svg() == draw().to_svg()


def test_no_form_depends_on_which_was_made_before():
    one, other = draw(), draw()
    png, svg = one.to_png(), one.to_svg()
    assert (other.to_svg(), other.to_png()) == (svg, png)
    assert (other.to_svg(), other.to_png()) == (svg, png)


def test_each_form_is_drawn_once():
    figure = draw()
    with patch.object(Axes, "draw", autospec=True, side_effect=Axes.draw) as drawn:
        figure.to_png()
        figure.to_svg()
    assert drawn.call_count == 2


def test_what_is_written_at_the_edge_is_inside_the_picture():
    figure = draw()
    figure.to_png()
    (axes,) = figure.axes
    around, whole = axes.get_tightbbox(), figure.bbox
    assert whole.x0 <= around.x0 < around.x1 <= whole.x1
    assert whole.y0 <= around.y0 < around.y1 <= whole.y1


def test_pictures_are_what_they_are_called_and_carry_no_time():
    assert draw().to_png().startswith(b"\x89PNG")
    svg = draw().to_svg().decode()
    assert "Predicted risk" in svg  # text as text: it can be read out and searched
    assert "<dc:date>" not in svg


def test_the_style_holds_inside_the_block_only():
    before = matplotlib.rcParams["axes.spines.top"]
    with paper_style():
        assert matplotlib.rcParams["axes.spines.top"] is False
    assert matplotlib.rcParams["axes.spines.top"] == before


def test_sizes_are_in_inches():
    assert make_axes(width=3, height=2)[0].get_size_inches().tolist() == [3.0, 2.0]
