"""The model as MLflow's pyfunc flavour calls it: a table in contract columns to probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.dictionary.eligibility import Eligibility
from features.dictionary.variable import parse_value
from features.errors import InputError, Problem
from training.model.centres import choose_centre
from training.model.reach import Reach
from training.store.artifact import LoadedModel, load_model

__all__ = ["CENTRE", "FrameModel"]

CENTRE = "centre"
"""The parameter that names where the patients are, of a model of several centres."""


class FrameModel:
    """A loaded model that reads a table in contract columns: what MLflow calls.

    For batch work at the researcher's bench. It gives no intervals, explanations or notices;
    patients are answered by the service.

    Parameters
    ----------
    loaded : LoadedModel
        As :func:`load_model` returns it.
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self.loaded = loaded

    def predict(self, table: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the probabilities of every row.

        Parameters
        ----------
        table : DataFrame
            A column for each predictor, in the dictionary's units and words, an empty cell
            where a value is unknown. Variables of the eligibility rules, and the score before
            treatment, are checked where they are given.
        params : mapping or None
            Of a model of several centres, `centre` names the one where all the patients are, in
            any spelling; without it, or with "" or "none", they are answered as at a new one.
            Otherwise nothing.

        Returns
        -------
        DataFrame
            The index of `table`; a column `p_t1`, `p_t2` for each horizon, in [0, 1]; NaN for a
            row of which the model gives no number (:mod:`training.model.reach`).

        Raises
        ------
        InputError
            Listing every column that is missing or unknown, every cell that cannot be read, and
            every row out of the model's scope. Its text names columns and rows, not values. If
            the model has no such centre; it lists those that it has.
        """
        model, facts = self.loaded.model, self.loaded.facts
        asked = str((params or {}).get(CENTRE) or "")
        centre = choose_centre(model.centres, asked, setting=f"the parameter {CENTRE}")
        model = model.at(centre) if centre else model
        dictionary = model.dictionary
        eligibility = Eligibility.from_dict(facts.eligibility)
        checked = {name for step in eligibility.steps for name in step}
        problems = [
            Problem(str(name), "a variable of the model's dictionary", "an unknown name")
            for name in table.columns
            if name not in dictionary
        ]
        problems += [
            dictionary[name].problem("no such column")
            for name in model.predictors
            if name not in table.columns
        ]
        used = {*checked, *model.predictors, "nrs_t0"}
        read = [str(c) for c in table.columns if c in used]
        cells = table[read].astype(object)
        records: list[dict[str, float | str | None]] = []
        for row, values in enumerate(cells.where(cells.notna(), None).to_numpy().tolist(), 1):
            record: dict[str, float | str | None] = {}
            for name, raw in zip(read, values, strict=True):
                value = parse_value(dictionary[name], raw)
                if isinstance(value, Problem):
                    action = value.action
                    problems.append(dictionary[name].problem(value.got, row=row, action=action))
                else:
                    record[name] = value
            reasons, _ = eligibility.assess(record, dictionary=dictionary)
            problems += [
                Problem(
                    name, "a patient in the model's scope", "one out of it", row=row, action=reason
                )
                for name, reason in reasons
            ]
            records.append(record)
        if problems:
            raise InputError("table to predict for", problems)
        served = model.probability(dictionary.encode(records, model.predictors))
        reach = Reach(model, facts.rule)
        served[[bool(reach.list_reasons(record)) for record in records]] = np.nan
        columns = [f"p_{horizon}" for horizon in model.horizons]
        return pd.DataFrame(served, index=table.index, columns=columns)


def _load_pyfunc(path: str) -> FrameModel:
    """Return the model in the folder `path`; the name is the one that MLflow looks for."""
    return FrameModel(load_model(Path(path)))
