"""The estimates of a whole cohort file, each with its panel where there is one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd

from features.errors import InputError, Problem
from features.panel.patients import find_spelt_otherwise, tell_spelt_otherwise
from features.texts import say
from serving.estimate.notices import list_reasons
from serving.estimate.panel import PanelSample
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.estimate.rows import decode_value, read_whole

__all__ = [
    "describe_answer",
    "find_sample",
    "list_columns",
    "name_centre",
    "name_kind",
    "predict_cohort",
    "to_table",
]


def predict_cohort(
    predictor: Predictor,
    table: pd.DataFrame,
    samples: Mapping[str, PanelSample],
    *,
    on_answer: Callable[[Mapping[str, Any], PanelSample | None, Mapping[str, Any]], None]
    | None = None,
) -> list[dict[str, Any]]:
    """Return one answer for each course of a cohort.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    table : DataFrame of str
        In contract columns, "" where empty, as :func:`features.files.table.read_table` reads it.
        What is known only after the start of treatment is not looked at.
    samples : mapping of str to PanelSample
        Panels by `patient_id`; most patients have none.
    on_answer : callable or None
        Called with a patient's values, panel and answer, for those that could be read.

    Returns
    -------
    list of dict
        In the table's order, each with its `patient_id` and its `row`, the line of the file: the
        answer, or for a record that cannot be read the problems.

    Raises
    ------
    InputError
        If the table has unknown columns, durations that look like months, or rows of which it is
        not sure whose they are; or if nobody in it has any of the panels.
    """
    rows = read_whole(table, predictor.dictionary)
    patients = rows.table["patient_id"].tolist()
    _check_panels(samples, patients)
    wrong: dict[int, list[Problem]] = {}
    for problem in rows.problems:
        wrong.setdefault(problem.row or 0, []).append(problem)
    given = [predictor.dictionary[name] for name in rows.given]
    records = rows.table[list(rows.given)].to_dict("records")
    answers = []
    for row, patient, record in zip(rows.table.index, patients, records, strict=True):
        try:
            if row in wrong:
                raise RequestError(say("the record"), wrong[row])
            asked = {v.name: decode_value(v, record[v.name]) for v in given}
            sample = samples.get(patient)
            answer = predictor.predict(asked, request_id=uuid4().hex, panel=sample)
            if on_answer is not None:
                on_answer({**asked, "patient_id": patient}, sample, answer)
        except RequestError as err:
            answer = err.body()
        answers.append({"patient_id": patient, "row": int(row), **answer})
    return answers


def to_table(
    answers: Sequence[Mapping[str, Any]], predictor: Predictor, *, explains: bool = True
) -> pd.DataFrame:
    """Return the answers of a cohort as a table, a row for each, for a file.

    Parameters
    ----------
    answers : sequence of mapping
        From :func:`predict_cohort`.
    predictor : Predictor
        That gave them.
    explains : bool
        Whether the reasons are in it.

    Returns
    -------
    DataFrame
        `patient_id`, `row` (line of the cohort file), `model` (NAME:VERSION) and its `status`;
        `answer` ("estimate", "out of scope", "no estimate", "withheld" or "cannot be read"),
        `submodel`; of a model of several centres `centre`, which one was answered for ("new" for
        another); for each horizon
        `_probability`, `_low`, `_high` (95% interval) and `_base_rate`, all in [0, 1] and empty
        where there is no estimate, and with reasons `_base`, what the estimate starts from, and
        `_from_` each predictor, what it adds; `told`, the notices or what has to be put right.
    """
    facts = predictor.facts
    rows = []
    for answer in answers:
        estimates = {e["horizon"]: e for e in answer.get("estimates", ())}
        told = describe_answer(answer, predictor)
        row = {
            "patient_id": answer["patient_id"],
            "row": answer["row"],
            "model": f"{facts.name}:{facts.version}",
            "status": facts.status,
            **{name: text for name, text in told.items() if name != "told"},
        }
        for horizon in predictor.model.horizons:
            found = estimates.get(horizon, {})
            low, high = found.get("interval", (np.nan, np.nan))
            row |= {
                f"{horizon}_probability": found.get("probability", np.nan),
                f"{horizon}_low": low,
                f"{horizon}_high": high,
                f"{horizon}_base_rate": found.get("base_rate", np.nan),
            }
            if explains:
                row |= _list_reasons(horizon, found.get("explanation"), predictor)
        rows.append({**row, "told": told["told"]})
    return pd.DataFrame(rows, columns=list_columns(predictor, explains=explains))


def list_columns(predictor: Predictor, *, explains: bool = True) -> list[str]:
    """Return the columns of :func:`to_table`, in order."""
    names = ["probability", "low", "high", "base_rate"]
    if explains:
        names += ["base", *(f"from_{name}" for name in _list_players(predictor))]
    return [
        *("patient_id", "row", "model", "status", "answer", "submodel"),
        *["centre"] * bool(predictor.model.centres),
        *(f"{horizon}_{name}" for horizon in predictor.model.horizons for name in names),
        "told",
    ]


def _list_players(predictor: Predictor) -> list[str]:
    return [*predictor.model.predictors, *["panel"] * (predictor.panel is not None)]


def _list_reasons(
    horizon: str, found: Mapping[str, Any] | None, predictor: Predictor
) -> dict[str, float]:
    """Return what an estimate starts from and what each predictor adds, by column."""
    added = (
        {} if found is None else {c["variable"]: c["contribution"] for c in found["contributions"]}
    )
    return {
        f"{horizon}_base": np.nan if found is None else found["base"],
        **{f"{horizon}_from_{n}": added.get(n, np.nan) for n in _list_players(predictor)},
    }


def describe_answer(answer: Mapping[str, Any], predictor: Predictor) -> dict[str, str]:
    """Return what a table says of an answer in words: its columns `answer` to `centre`, `told`."""
    if "problems" in answer:
        kind, notices = "cannot be read", answer["problems"]
        told = [f"{p['variable']}: expected {p['expected']}; {p['action']}" for p in notices]
    else:
        kind = "estimate" if answer["estimates"] else name_kind(answer)
        told = [notice["text"] for notice in answer["applicability"]["notices"]]
    submodel = answer["submodel"] if kind in ("estimate", "withheld") else ""
    centre = {"centre": name_centre(answer)} if predictor.model.centres else {}
    return {"answer": kind, "submodel": submodel, **centre, "told": " ".join(told)}


def name_centre(answer: Mapping[str, Any]) -> str:
    """Return the centre that was answered for, "new" for one that took no part; else nothing."""
    centre = answer["model"]["centre"] if "model" in answer else None
    return "" if centre is None else str(centre["name"] or "new")


def name_kind(answer: Mapping[str, Any]) -> str:
    """Return "out of scope", "no estimate" or "withheld" for an answer without estimates."""
    if not answer["applicability"]["in_scope"]:
        return "out of scope"
    return "no estimate" if list_reasons(answer) else "withheld"


def _check_panels(samples: Collection[str], patients: Sequence[str]) -> None:
    if samples and not set(patients) & set(samples):
        expected = "patients of the cohort"
        near = tell_spelt_otherwise(find_spelt_otherwise(samples, patients))
        got = f"{len(samples)} others{f': {near}' if near else ''}"
        action = "name them in the design file of `ketresponse panel import`"
        raise InputError("panel", [Problem("patient_id", expected, got, action=action)])


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
