"""A made-up patient of a model: for its form, its API and whoever loads it from the registry."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.dictionary.eligibility import Eligibility
from training.model.response_model import ResponseModel

__all__ = ["make_example"]


def make_example(model: ResponseModel, eligibility: Eligibility) -> dict[str, Any]:
    """Return a made-up patient in scope: medians of the background, and "no" throughout.

    Parameters
    ----------
    model : ResponseModel
        Whose dictionary and predictors it has.
    eligibility : Eligibility
        The record is within these rules.

    Returns
    -------
    dict
        Eligibility variables, then predictors, as people write them; no patient's values.
    """
    dictionary = model.dictionary
    columns = zip(model.predictors, model.background.T, strict=True)
    medians = {
        name: float(round(np.median(column[~np.isnan(column)])))
        for name, column in columns
        if not np.isnan(column).all()
    }
    ruled = [name for step in eligibility.steps for name in step]
    example: dict[str, Any] = {}
    for name in dict.fromkeys([*ruled, *model.predictors]):
        variable = dictionary[name]
        if name in eligibility.allowed:
            example[name] = eligibility.allowed[name][0]
        elif variable.is_numeric:
            low = eligibility.minimum.get(name, variable.low or 0.0)
            high = eligibility.maximum.get(name, variable.high or low)
            # Where nothing was seen: for an age from 18 a grown-up of 44, for a first course 1.
            number = medians.get(name, round(low + (high - low) / 4))
            example[name] = variable.decode(min(max(number, low), high))
        else:
            example[name] = "no" if variable.kind == "yes_no" else variable.categories[0]
    return example
