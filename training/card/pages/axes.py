"""A pair of axes as SVG, that a card's pictures are drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from training.document.words import number, percent

__all__ = ["BLUE", "GREY", "INK", "ORANGE", "PALE", "SvgAxes"]

BLUE, PALE, GREY, INK, ORANGE = "#0b6072", "#b9dce2", "#6b7a83", "#17242d", "#b4530f"
"""The colours of the pictures."""

_LINE = "#dde4e7"
_FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif"
_WIDTH, _HEIGHT = 430.0, 380.0


class SvgAxes:
    """A pair of axes that shapes are added to, in the units of the data.

    Parameters
    ----------
    x, y : (float, float)
        Their ends.
    width, height : float
        Of the whole picture, in pixels.
    margins : tuple of four floats
        Above, right, below and left of the axes, in pixels.
    """

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        width: float = _WIDTH,
        height: float = _HEIGHT,
        margins: tuple[float, float, float, float] = (66, 22, 46, 66),
    ) -> None:
        self.width, self.height = width, height
        self._x, self._y = x, y
        self._top, self._right, self._bottom, self._left = margins
        self._parts: list[str] = []

    def x(self, value: float) -> float:
        """Return the place of a value in pixels."""
        low, high = self._x
        inner = self.width - self._left - self._right
        return self._left + (value - low) / (high - low) * inner

    def y(self, value: float) -> float:
        """Return the place of a value in pixels, from above."""
        low, high = self._y
        inner = self.height - self._top - self._bottom
        return self.height - self._bottom - (value - low) / (high - low) * inner

    def add(self, shape: str) -> None:
        """Add a shape."""
        self._parts.append(shape)

    def line(
        self,
        points: Sequence[tuple[float, float]],
        color: str,
        *,
        width: float = 2.0,
        dash: str = "",
    ) -> None:
        """Draw a line through points."""
        place = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.add(
            f'<polyline points="{place}" fill="none" stroke="{color}" '
            f'stroke-width="{width}"{dashed}/>'
        )

    def band(self, rows: Sequence[tuple[float, float, float]], color: str) -> None:
        """Fill what lies between lower and upper limits, each with its place."""
        there = [(x, high) for x, _, high in rows]
        back = [(x, low) for x, low, _ in reversed(rows)]
        place = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in [*there, *back])
        self.add(f'<polygon points="{place}" fill="{color}" fill-opacity="0.45"/>')

    def dot(self, x: float, y: float, color: str, *, radius: float = 4.0) -> None:
        """Draw a dot."""
        self.add(f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{radius}" fill="{color}"/>')

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: str = "start",
        color: str = INK,
        size: float = 12,
        weight: str = "normal",
    ) -> None:
        """Write at a place in pixels."""
        self.add(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" '
            f'font-size="{size}" font-weight="{weight}">{escape(words)}</text>'
        )

    def x_axis(
        self, ticks: Sequence[float], words: str, *, labels: Sequence[str] | None = None
    ) -> None:
        """Draw ticks with their labels, percentages unless others are given, and name the axis."""
        bottom = self.height - self._bottom
        for tick, label in zip(ticks, labels or map(percent, ticks), strict=True):
            at = self.x(tick)
            self.add(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{self._top:.1f}" y2="{bottom:.1f}" '
                f'stroke="{_LINE}"/>'
            )
            self.text(at, bottom + 17, label, anchor="middle", color=GREY)
        middle = (self._left + self.width - self._right) / 2
        self.text(middle, bottom + 37, words, anchor="middle")

    def y_axis(self, ticks: Sequence[float], words: str, *, as_percent: bool = True) -> None:
        """Draw ticks with their labels, and name the axis."""
        for tick in ticks:
            at = self.y(tick)
            right = self.width - self._right
            self.add(
                f'<line x1="{self._left:.1f}" x2="{right:.1f}" y1="{at:.1f}" y2="{at:.1f}" '
                f'stroke="{_LINE}"/>'
            )
            label = percent(tick) if as_percent else number(tick)
            self.text(self._left - 7, at + 4, label, anchor="end", color=GREY)
        middle = (self._top + self.height - self._bottom) / 2
        self.add(
            f'<text transform="translate(13 {middle:.1f}) rotate(-90)" text-anchor="middle" '
            f'font-size="12" fill="{INK}">{escape(words)}</text>'
        )

    def legend(self, entries: Sequence[tuple[str, str, str]], *, x: float, y: float) -> None:
        """Add entries of (color, dash, words), downwards from a place in pixels."""
        for i, (color, dash, words) in enumerate(entries):
            at = y + 17 * i
            dashed = f' stroke-dasharray="{dash}"' if dash else ""
            self.add(
                f'<line x1="{x:.1f}" x2="{x + 22:.1f}" y1="{at - 4:.1f}" y2="{at - 4:.1f}" '
                f'stroke="{color}" stroke-width="2.5"{dashed}/>'
            )
            self.text(x + 28, at, words, size=11.5)

    def finish(self, title: str) -> str:
        """Return the picture; the title is told to who cannot see it."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} '
            f'{self.height:g}" width="{self.width:g}" height="{self.height:g}" role="img" '
            f'aria-label="{escape(title)}" font-family="{_FONT}">'
            f"<title>{escape(title)}</title>{''.join(self._parts)}</svg>"
        )
