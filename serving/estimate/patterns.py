"""Which patients of a table are told the same: what is said of an estimate repeats no value.

A notice hangs on whether a value is there, on its word, and for a number on which side of a few
cuts it lies. Patients who do not differ in any of these get the same notices, so that one of them
is asked for all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.arrays import FloatArray, IntArray
from features.dictionary.variable import Variable
from serving.estimate.centre import SITE, read_centre
from serving.estimate.notices import EVIDENCE_CUTS
from serving.estimate.predictor import Predictor

__all__ = ["Patterns"]

_MISSING = -1


class Patterns:
    """The cuts of one model.

    Parameters
    ----------
    predictor : Predictor
        That answers.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        cuts: dict[str, set[float]] = {name: {cut} for name, cut in EVIDENCE_CUTS.items()}
        rules, seen = predictor.eligibility, predictor.facts.training_ranges
        for bounds in (rules.minimum, rules.maximum):
            for name, bound in bounds.items():
                cuts.setdefault(name, set()).add(float(bound))
        for name, ends in predictor.usual.items():
            cuts.setdefault(name, set()).update(ends)
        for name, known in seen.items():
            bounds_seen = (float(str(known[end])) for end in ("low", "high") if end in known)
            cuts.setdefault(name, set()).update(bounds_seen)
        self._cuts = {name: np.array(sorted(at)) for name, at in cuts.items()}

    def find(self, table: pd.DataFrame) -> tuple[list[tuple[int, ...]], IntArray, IntArray]:
        """Return the patterns of a table's rows.

        Parameters
        ----------
        table : DataFrame
            As :attr:`features.cohort.cohort.Cohort.table`.

        Returns
        -------
        keys : list of tuple of int
            Each pattern; of tables with the same columns, the same is equal.
        first : ndarray of int of shape (n_patterns,)
            Position of the first row of each.
        pattern : ndarray of int of shape (n,)
            Position of each row's in `keys`.
        """
        dictionary = self._predictor.dictionary
        pattern = np.zeros(len(table), dtype=np.intp)
        coded = [
            self._code(dictionary[name], table[name])
            for name in map(str, table.columns)
            if "identifier" not in dictionary[name].roles
        ]
        for codes in coded:
            width = int(codes.max(initial=0)) + 2
            pattern, _ = pd.factorize(pattern * width + codes + 1)
        _, first = np.unique(pattern, return_index=True)
        keys = zip(*(codes[first].tolist() for codes in coded), strict=True)
        return list(keys) or [()] * len(first), np.asarray(first), np.asarray(pattern)

    def _code(self, variable: Variable, column: pd.Series[Any]) -> IntArray:
        """Return a whole number from -1 for each row: equal ones are told alike."""
        missing = column.isna().to_numpy()
        if variable.is_numeric:
            return np.where(missing, _MISSING, self._code_numbers(variable.name, column))
        if variable.is_encodable:
            return np.where(missing, _MISSING, column.fillna(0.0).to_numpy().astype(np.intp))
        if variable.name != SITE or not self._predictor.centres:
            return np.where(missing, _MISSING, 0)
        positions, sites = pd.factorize(column)
        numbers = np.array([*map(self._number_centre, sites.tolist()), _MISSING], dtype=np.intp)
        return np.asarray(numbers[positions])

    def _code_numbers(self, name: str, column: pd.Series[float]) -> IntArray:
        values: FloatArray = np.asarray(column, dtype=np.float64)
        cuts = self._cuts.get(name, np.empty(0))
        # On a cut, below it and above it are three things.
        sides = np.searchsorted(cuts, values, "left") + np.searchsorted(cuts, values, "right")
        if name != "nrs_t0":
            return np.asarray(sides)
        return np.asarray(sides * 4 + self._predictor.reach.sort_scores(values))

    def _number_centre(self, site: str) -> int:
        """Return 0 for no centre, 1 for one that took no part, and from 2 for those that did."""
        centres = self._predictor.model.centres
        asked = read_centre(centres, {SITE: site}, self._predictor.centre)
        names = [centre.name for centre in centres]
        return 2 + names.index(asked.name) if asked.name else int(asked.is_named)
