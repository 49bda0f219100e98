"""Many patients at once: the answers of `Predictor.predict`, as columns.

What is said of an estimate is taken from one patient of each kind
(:mod:`serving.estimate.patterns`), who is asked as a request is; the numbers are the model's, for
all patients at once and each distinct one once. Those of the patients who were asked alone are
compared with their own from the others' way: an answer that differs is none.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import FloatArray, IntArray
from features.errors import Problem
from features.texts import say
from serving.estimate.patterns import Patterns
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.estimate.rows import CohortRows, decode_value
from serving.estimate.several import describe_answer, to_table

__all__ = ["ManyPredictor"]

_AT_ONCE = 64
"""Patients whose draws are made at once: a megabyte, near what a processor's cache holds."""
_MOST_KEPT = 4096
"""Kinds of patients whose notices are kept."""
_TOLERANCE = 1e-9
"""Between one patient's numbers in two ways; what they differ by is rounding, about 1e-15."""


@dataclass(frozen=True, eq=False)
class Answered:
    """Answers to some rows of a cohort.

    Parameters
    ----------
    table : DataFrame
        As :func:`serving.estimate.several.to_table` makes it.
    problems : list of Problem
        Of the rows that cannot be read, by their row. What came stands in them: they are for the
        one who sent it.
    """

    table: pd.DataFrame
    problems: list[Problem]


@dataclass(frozen=True)
class _Told:
    """What is said to all patients of one kind.

    Parameters
    ----------
    words : dict
        As :func:`serving.estimate.several.describe_answer` returns them.
    centre : str or None
        Of what answers; None where there is no estimate.
    """

    words: dict[str, str]
    centre: str | None


class ManyPredictor:
    """One loaded model, ready to answer many at once.

    Parameters
    ----------
    predictor : Predictor
        That answers one.
    explains : bool
        Whether each estimate comes with what it starts from and what each predictor adds.
    """

    def __init__(self, predictor: Predictor, *, explains: bool = True) -> None:
        self._predictor, self._explains = predictor, explains
        self.dictionary = predictor.dictionary
        self._patterns = Patterns(predictor)
        self._told: OrderedDict[Hashable, _Told] = OrderedDict()

    def answer(self, rows: CohortRows) -> Answered:
        """Return the answers to rows, in their order.

        Parameters
        ----------
        rows : CohortRows
            From :func:`serving.estimate.rows.read_part` or `read_whole`.

        Raises
        ------
        RuntimeError
            If a patient's numbers here are not those of the same one alone.
        """
        wrong: dict[int, list[Problem]] = {}
        for problem in rows.problems:
            wrong.setdefault(problem.row or 0, []).append(problem)
        patients = rows.table["patient_id"]
        refused = [
            {
                "patient_id": patients.get(row, np.nan),
                "row": row,
                **RequestError(say("the record"), problems).body(),
            }
            for row, problems in wrong.items()
        ]
        parts = [to_table(refused, self._predictor, explains=self._explains)] if refused else []
        readable = rows.table[~rows.table.index.isin(list(wrong))] if wrong else rows.table
        if len(readable):
            parts.insert(0, self._answer_readable(readable, rows.given))
        table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        if refused:
            table = table.sort_values("row", kind="stable", ignore_index=True)
        return Answered(table, rows.problems)

    def _answer_readable(self, table: pd.DataFrame, given: Sequence[str]) -> pd.DataFrame:
        keys, first, pattern = self._patterns.find(table)
        told: list[_Told] = []
        alone: list[dict[str, Any]] = []
        for key, at in zip(keys, first.tolist(), strict=True):
            known = (tuple(table.columns), tuple(given), key)
            if known not in self._told:
                answer = self._ask(table.iloc[at], given)
                alone.append({"patient_id": None, "row": at, **answer})
                self._keep(known, answer)
            told.append(self._told[known])
        words = pd.DataFrame([one.words for one in told]).take(pattern).reset_index(drop=True)
        facts = self._predictor.facts
        numbers = self._compute(table, [one.centre for one in told], pattern)
        self._check(alone, numbers)
        columns: dict[str, Any] = {
            "patient_id": table["patient_id"].to_numpy(),
            "row": table.index.to_numpy(),
            "model": f"{facts.name}:{facts.version}",
            "status": facts.status,
            **{str(name): words[name] for name in words if name != "told"},
            **numbers,
            "told": words["told"],
        }
        return pd.DataFrame(columns)

    def _ask(self, row: pd.Series[Any], given: Sequence[str]) -> dict[str, Any]:
        """Return one patient's answer, as to a request."""
        dictionary = self._predictor.dictionary
        asked = {name: decode_value(dictionary[name], row[name]) for name in given}
        return self._predictor.predict(asked, request_id="")

    def _keep(self, known: Hashable, answer: Mapping[str, Any]) -> None:
        centre = (answer["model"]["centre"] or {}).get("name") or ""
        words = describe_answer(answer, self._predictor)
        self._told[known] = _Told(words, centre if answer["estimates"] else None)
        if len(self._told) > _MOST_KEPT:
            self._told.popitem(last=False)

    def _compute(
        self, table: pd.DataFrame, centres: Sequence[str | None], pattern: IntArray
    ) -> dict[str, FloatArray]:
        """Return the columns of numbers, NaN where there is no estimate.

        `centres` tells of each pattern what answers.
        """
        model, n = self._predictor.model, len(table)
        missing = np.full(n, np.nan)
        X = np.column_stack(
            [table[name].to_numpy() if name in table else missing for name in model.predictors]
        )
        width = 4 + (1 + len(model.predictors)) * self._explains
        numbers = np.full((n, len(model.horizons), width), np.nan)
        for centre in dict.fromkeys(one for one in centres if one is not None):
            answers = np.array([one == centre for one in centres])
            rows = np.flatnonzero(answers[pattern])
            distinct, position = _find_distinct(X[rows])
            numbers[rows] = self._estimate(distinct, centre)[position]
        names = ["probability", "low", "high", "base_rate"]
        if self._explains:
            names += ["base", *(f"from_{name}" for name in model.predictors)]
        columns = {}
        for h, horizon in enumerate(model.horizons):
            for place, name in enumerate(names):
                columns[f"{horizon}_{name}"] = numbers[:, h, place]
            if self._explains and self._predictor.panel is not None:
                columns[f"{horizon}_from_panel"] = missing
        return columns

    def _estimate(self, X: FloatArray, centre: str) -> FloatArray:
        """Return the numbers (n, n_horizons, n_numbers) of distinct patients at one centre."""
        spoke = self._predictor.find_clinical(centre)
        evaluator, cuts = spoke.explainer.evaluator, range(0, len(X), _AT_ONCE)
        judged = [evaluator.judge(X[at : at + _AT_ONCE]) for at in cuts]
        served = np.concatenate([some.probability for some in judged])
        limits = np.concatenate([evaluator.interval(some) for some in judged])
        rates = [self._predictor.facts.base_rates[h] for h in spoke.model.horizons]
        parts = [
            served[:, :, np.newaxis],
            limits,
            np.tile(np.array(rates), (len(X), 1))[:, :, np.newaxis],
        ]
        if self._explains:
            found = [spoke.explainer.explain_many(some) for some in judged]
            parts.append(np.concatenate([base for base, _ in found])[:, :, np.newaxis])
            parts.append(np.concatenate([values for _, values in found]))
        return np.concatenate(parts, axis=2)

    def _check(self, alone: Sequence[Mapping[str, Any]], numbers: Mapping[str, FloatArray]) -> None:
        """Hold the numbers to those of the patients who were asked alone."""
        if not alone:
            return
        expected = to_table(alone, self._predictor, explains=self._explains)
        at = expected["row"].to_numpy()
        for name, column in numbers.items():
            wanted = expected[name].to_numpy(dtype=np.float64)
            if not np.allclose(column[at], wanted, rtol=0.0, atol=_TOLERANCE, equal_nan=True):
                raise RuntimeError(f"{name} of many patients is not that of each")


def _find_distinct(X: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the distinct rows of `X`, and where each row stands among them."""
    # Of zero and of NaN one way of writing each: rows are compared by their bytes.
    X = np.ascontiguousarray(np.where(np.isnan(X), np.nan, X + 0.0))
    rows = X.view(np.dtype((np.void, X.itemsize * X.shape[1]))).ravel()
    _, first, position = np.unique(rows, return_index=True, return_inverse=True)
    return X[first], np.asarray(position).ravel()
