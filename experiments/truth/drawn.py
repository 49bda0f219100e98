"""Worlds drawn at random.

The worlds of :mod:`experiments.truth.worlds` are few, and each was made to be hard in a way that
somebody had thought of. Here which predictors count, how far, in which shape and with which others
is drawn: `python -m experiments.truth.known_truth --drawn 40` runs the first forty. Nothing was
chosen by the first hundred: numbers from 100 are for choosing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from experiments.truth.truths import NUMBERS, SIX, TWELVE, Standardised, Truth
from features.arrays import FloatArray

__all__ = ["PREFIX", "draw_truth"]

PREFIX = "drawn_"
_SEED = 777
_SHAPES: dict[str, Callable[[FloatArray, float], FloatArray]] = {
    "straight": lambda x, place: x,
    "bent": lambda x, place: np.asarray(0.7 * x**2),
    "step": lambda x, place: np.asarray(1.5 * (x > place)),
    "soft step": lambda x, place: np.asarray(1.3 * np.tanh(2 * (x - place))),
}
_LIKELY = (0.4, 0.2, 0.2, 0.2)


@dataclass(frozen=True)
class _Part:
    """One term of the log-odds: of a predictor in a shape, or of two predictors' product."""

    names: tuple[str, ...]
    effect: float
    shape: str = "straight"
    place: float = 0.0

    def __call__(self, x: Standardised) -> FloatArray:
        if len(self.names) == 2:
            return self.effect * x[self.names[0]] * x[self.names[1]]
        return np.asarray(self.effect * _SHAPES[self.shape](x[self.names[0]], self.place))


def draw_truth(number: int) -> Truth:
    """Return a world: the same one for the same number, from 0.

    A quarter or three fifths of six or twelve predictors count, with effects of an SD of 0.4, 0.8
    or 1.3 log-odds per SD (flags more); numbers are straight, bent or in steps; up to two pairs act
    together. Predictors are independent or correlated, 0 to 10% of their cells are empty, and 30
    to 70% respond.
    """
    rng = np.random.default_rng((_SEED, number))
    names = SIX if rng.random() < 0.5 else TWELVE
    sd, share = rng.choice([0.4, 0.8, 1.3]), rng.choice([0.25, 0.6])
    parts = []
    for name in names:
        is_number = name in NUMBERS
        counts = rng.random() < share
        shape = str(rng.choice(list(_SHAPES), p=_LIKELY)) if is_number else "straight"
        effect = float(sd * rng.normal() * (1.0 if is_number else 1.6))
        place = float(0.7 * rng.normal())
        if counts:
            parts.append(_Part((name,), effect, shape, place))
    for _ in range(rng.choice([0, 0, 1, 2])):
        first, second = rng.choice(names, 2, replace=False).tolist()
        parts.append(_Part((first, second), float(sd * rng.normal())))

    def log_odds(x: Standardised) -> FloatArray:
        return np.asarray(sum((part(x) for part in parts), start=np.zeros_like(x[names[0]])))

    missing = float(rng.choice([0.0, 0.0, 0.1]))
    straight = all(part.shape == "straight" and len(part.names) == 1 for part in parts)
    return Truth(
        name=f"{PREFIX}{number}",
        label=f"drawn at random, number {number}",
        predictors=names,
        log_odds=log_odds,
        contained=straight and not missing,
        mean_risk=float(rng.choice([0.3, 0.5, 0.6, 0.7])),
        correlation=float(rng.choice([0.0, 0.3])),
        missing=missing,
        for_choosing=False,
    )
