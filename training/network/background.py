"""Rows that stand for "not knowing" in an explanation, made from what centres counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from features.arrays import FloatArray
from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable
from training.fitting.gaps import N_BACKGROUND
from training.network.content import SharedSummary

__all__ = ["make_shared_background"]


def make_shared_background(
    predictors: Sequence[Variable],
    basis: PredictorBasis,
    summaries: Sequence[Sequence[SharedSummary]],
    *,
    rng: np.random.Generator,
) -> FloatArray:
    """Return rows of made-up patients, each predictor spread as over all centres.

    Parameters
    ----------
    predictors : sequence of Variable
        In the order of the columns.
    basis : PredictorBasis
        The agreed one: a predictor that nobody could tell of is spread as it has it, a number
        normally between its ends, a flag by its share.
    summaries : sequence of sequence of SharedSummary
        What each centre told.
    rng : numpy.random.Generator
        Shuffles each column on its own.

    Returns
    -------
    ndarray of shape (n_background, n_predictors)
        No row is a patient: within the bins that were counted, values are spread evenly.
    """
    columns = []
    for place, variable in enumerate(predictors):
        told = [s for centre in summaries for s in centre if s.name == variable.name]
        column = (
            _spread_number(variable, told)
            if variable.is_numeric
            else _spread_shares(variable, told)
        )
        if column is None:
            column = _spread_as_agreed(variable, basis, place)
        columns.append(rng.permutation(column))
    return np.column_stack(columns)


def _spread_as_agreed(variable: Variable, basis: PredictorBasis, place: int) -> FloatArray:
    """Return values with the agreed center and scale of a predictor's straight columns."""
    columns = np.flatnonzero((basis.groups_ == place) & basis.linear_)
    if not variable.is_numeric:
        shares = np.clip(basis.center_[columns], 0.0, 1.0)
        ends = np.cumsum(np.append(max(0.0, 1.0 - shares.sum()), shares))
        return _find_codes(ends / ends[-1])
    center, scale = basis.center_[columns[0]], basis.scale_[columns[0]]
    values = norm.ppf(_place_evenly(), center, scale)
    if basis.logged_[place]:
        values = np.expm1(values)
    values = np.clip(values, basis.low_[place], basis.high_[place])
    return _round_values(values, variable)


def _find_codes(ends: FloatArray) -> FloatArray:
    codes = np.searchsorted(ends, _place_evenly(), side="right").clip(0, len(ends) - 1)
    return codes.astype(np.float64)


def _round_values(values: FloatArray, variable: Variable) -> FloatArray:
    precision = variable.precision
    return np.asarray(np.round(np.round(values / precision) * precision, 6))


def _place_evenly() -> FloatArray:
    return np.asarray((np.arange(N_BACKGROUND) + 0.5) / N_BACKGROUND)


def _spread_number(variable: Variable, told: Sequence[SharedSummary]) -> FloatArray | None:
    """Return values with the distribution of the counts, even within a bin; None without any."""
    numbers = [summary.number for summary in told if summary.number is not None]
    edges = np.unique([edge for number in numbers for edge in number.edges])
    if len(edges) < 2:
        return None
    below = np.zeros(len(edges))
    for number in numbers:
        counted = np.concatenate([[0.0], np.cumsum(number.counts)])
        below += np.interp(edges, number.edges, counted)
    if below[-1] <= 0:
        return None
    values = np.interp(_place_evenly() * below[-1], below, edges)
    return _round_values(values, variable)


def _spread_shares(variable: Variable, told: Sequence[SharedSummary]) -> FloatArray | None:
    """Return codes in the shares that were counted; None without any."""
    names = variable.categories if variable.kind == "category" else ("no", "yes")
    counts = np.zeros(len(names))
    for summary in told:
        for code, name in enumerate(names):
            counts[code] += (summary.shares or {}).get(name) or 0
    if counts.sum() == 0:
        return None
    return _find_codes(np.cumsum(counts) / counts.sum())
