"""Which kinds of columns a fit to many patients can hold, by one rule of size.

A fit's time goes with patients times the square of its columns, and its memory with patients times
columns. Kinds are added in the order bends, products, steps (with their switches) as long as they
fit in: of up to 20,000 patients, patients x columns into memory (10,000 patients bear 2,500
columns, and up to ten predictors are never too many); of more, patients x columns^2 into time
(100,000 patients bear about 250 columns, a million about 80). Straight columns are always made.
"""

from __future__ import annotations

from dataclasses import dataclass

from training.measures.many import MANY

__all__ = ["choose_kinds"]

_CELLS = 2.5e7
"""Patients x columns that memory bears: 200 MB a copy, and a fit makes several."""
_BUDGET = 6.4e9
"""Patients x columns^2 that one pass over the patients may take: about a second."""
_STEPS, _BENDS = 39, 2
"""Of each number, at the most."""
_BETWEEN_NUMBERS, _WITH_FLAG = 5, 3
"""Switches of a pair of numbers, and of a number and a flag, at the most."""


@dataclass(frozen=True)
class _Kinds:
    """Which kinds of columns are made beside straight ones."""

    bends: bool
    products: bool
    steps: bool

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is not made, in words."""
        words = {"bends": self.bends, "products": self.products, "steps": self.steps}
        return tuple(word for word, made in words.items() if not made)


def choose_kinds(n_patients: int, *, n_numbers: int, n_flags: int) -> _Kinds:
    """Return the kinds that so many patients can bear.

    Parameters
    ----------
    n_patients : int
    n_numbers : int
        Predictors that are numbers.
    n_flags : int
        Straight columns of the others.
    """
    straight = n_numbers + n_flags
    switches = _BETWEEN_NUMBERS * n_numbers * (n_numbers - 1) // 2
    switches += _WITH_FLAG * n_numbers * n_flags
    columns, made = 1 + straight, []
    for more in (_BENDS * n_numbers, straight * (straight - 1) // 2, _STEPS * n_numbers + switches):
        columns += more
        cells = n_patients * columns
        made.append(cells <= _CELLS if n_patients <= MANY else cells * columns <= _BUDGET)
    return _Kinds(*made)
