"""The estimates of a whole cohort file, each with its panel where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pandas as pd

from features.errors import InputError, Problem
from features.panel.patients import find_spelt_otherwise, tell_spelt_otherwise
from serving.estimate.panel import PanelSample
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError

__all__ = ["find_sample", "predict_cohort"]

_KNOWN_BEFORE = ("always", "baseline")


def predict_cohort(
    predictor: Predictor, table: pd.DataFrame, samples: Mapping[str, PanelSample]
) -> list[dict[str, Any]]:
    """Return one answer for each course of a cohort.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    table : DataFrame of str
        In contract columns, "" where empty. What is known only after the start of treatment is
        not looked at.
    samples : mapping of str to PanelSample
        Panels by `patient_id`; most patients have none.

    Returns
    -------
    list of dict
        In the table's order: the answer with `patient_id`, or for a record that cannot be read
        `patient_id` and the problems.

    Raises
    ------
    InputError
        If the table has no `patient_id`, or nobody in it has any of the panels.
    """
    if "patient_id" not in table:
        raise InputError("cohort", [Problem("patient_id", "a column of that name", "none")])
    patients = table["patient_id"].tolist()
    if samples and not set(patients) & set(samples):
        expected = "patients of the cohort"
        near = tell_spelt_otherwise(find_spelt_otherwise(samples, patients))
        got = f"{len(samples)} others{f': {near}' if near else ''}"
        action = "name them in the design file of `ketresponse panel import`"
        raise InputError("panel", [Problem("patient_id", expected, got, action=action)])
    dictionary = predictor.dictionary
    used = [
        column
        for column in map(str, table.columns)
        if column not in dictionary or dictionary[column].known_at in _KNOWN_BEFORE
    ]
    answers = []
    for cells in table[used].to_dict("records"):
        patient = str(cells["patient_id"])
        try:
            answer = predictor.predict(cells, request_id=uuid4().hex, panel=samples.get(patient))
        except RequestError as err:
            answer = err.body()
        answers.append({"patient_id": patient, **answer})
    return answers


def find_sample(samples: Mapping[str, PanelSample], patient: object) -> PanelSample:
    """Return the panel of one patient: the one of that name, or the only one for one without.

    Raises
    ------
    InputError
        If there is none.
    """
    if not patient and len(samples) == 1:
        return next(iter(samples.values()))
    if str(patient) in samples:
        return samples[str(patient)]
    near = find_spelt_otherwise(samples, [str(patient)])
    alike = f": {str(patient)!r}, and the panel has {near[0][0]!r}" if near else ""
    got = "no patient_id" if not patient else f"another{alike}"
    raise InputError("panel", [Problem("patient_id", "that of a patient in the panel", got)])
