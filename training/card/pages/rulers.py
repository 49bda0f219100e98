"""A number beside what is asked of it, as a picture small enough for a line of a table."""

from __future__ import annotations

from html import escape

from training.card.evidence import GateNumbers, Mark
from training.document.words import number, percent

__all__ = ["draw_ruler"]

_GOOD, _BAD, _ASKED, _LINE, _INK = "#0b6072", "#b4530f", "#d3e8ec", "#7d8d96", "#17242d"
_WIDTH, _LEFT, _RIGHT, _ROW, _FOOT = 160.0, 24.0, 10.0, 15.0, 17.0
_NEAR = 34.0
"""Under this many pixels the words of two bounds would run into each other."""


def _find_span(evidence: GateNumbers) -> tuple[float, float]:
    """Return the ends of the scale: all that was found and asked, with room at both sides."""
    known = [
        value
        for mark in evidence.marks
        for value in (mark.value, mark.low, mark.high)
        if value is not None
    ]
    known += [bound for bound in (evidence.low, evidence.high) if bound is not None]
    low, high = min(known), max(known)
    room = 0.12 * (high - low) or 0.1
    return low - room, high + room


def draw_ruler(evidence: GateNumbers, title: str) -> str:
    """Draw what was found on a scale, one line for each horizon, and shade what is asked.

    What is not as asked has another colour; the words beside the picture say which gate fails.

    Parameters
    ----------
    evidence : GateNumbers
        Of one gate.
    title : str
        What one who cannot see it is told, before the numbers.
    """
    low, high = _find_span(evidence)
    height = _ROW * len(evidence.marks) + _FOOT
    bottom = height - _FOOT + 2

    def at(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    first = low if evidence.low is None else evidence.low
    last = high if evidence.high is None else evidence.high
    parts = [
        f'<rect x="{at(first):.1f}" y="0" width="{at(last) - at(first):.1f}" '
        f'height="{bottom:.1f}" fill="{_ASKED}"/>'
    ]
    tell = percent if evidence.as_percent else number
    near = at(last) - at(first) < _NEAR
    for bound, side in ((evidence.low, "end"), (evidence.high, "start")):
        if bound is not None:
            parts.append(
                f'<line x1="{at(bound):.1f}" x2="{at(bound):.1f}" y1="0" y2="{bottom:.1f}" '
                f'stroke="{_LINE}" stroke-dasharray="3 2"/>'
            )
            parts.append(
                _write(at(bound), height - 3, tell(bound), anchor=side if near else "middle")
            )
    for place, mark in enumerate(evidence.marks):
        y = _ROW * place + _ROW / 2 + 1
        colour = _GOOD if evidence.holds(mark) else _BAD
        parts.append(_write(0, y + 4, mark.label, weight="600"))
        if mark.low is not None and mark.high is not None:
            parts.append(
                f'<line x1="{at(mark.low):.1f}" x2="{at(mark.high):.1f}" y1="{y:.1f}" '
                f'y2="{y:.1f}" stroke="{colour}" stroke-width="2.5"/>'
            )
        parts.append(f'<circle cx="{at(mark.value):.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
    told = f"{title}: {'; '.join(_describe(mark, evidence) for mark in evidence.marks)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:g}" '
        f'width="{_WIDTH:g}" height="{height:g}" role="img" aria-label="{escape(told)}">'
        f"<title>{escape(told)}</title>{''.join(parts)}</svg>"
    )


def _describe(mark: Mark, evidence: GateNumbers) -> str:
    tell = percent if evidence.as_percent else number
    ends = (
        f" ({tell(mark.low)} to {tell(mark.high)})"
        if mark.low is not None and mark.high is not None
        else ""
    )
    return f"{mark.label} {tell(mark.value)}{ends}"


def _write(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="11.5" '
        f'font-weight="{weight}" fill="{_INK}">{escape(words)}</text>'
    )
