"""What if one value were another: two patients side by side, and no effect of anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.errors import Problem
from features.texts import as_text, say
from serving.estimate.centre import SITE
from serving.estimate.notices import list_reasons
from serving.estimate.panel_text import PANEL_FORM
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.web.form import COMPARED
from serving.web.result import make_estimates, show_value

__all__ = ["describe_comparison", "list_known", "read_comparison"]


def list_known(
    predictor: Predictor, found: Mapping[str, Any], fields: Mapping[str, str]
) -> dict[str, str]:
    """Return what is known of a patient as a form holds it, without whose it is.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    found : mapping
        The patient's answer, with estimates.
    fields : mapping
        What was filled in.

    Returns
    -------
    dict
        By name: what scope, centre and panel rest on as it came, and each predictor as the model
        took it: drug classes that followed from a list of drugs are written out, so that one of
        them can be changed. "" where not known.
    """
    where = (SITE,) if predictor.centres else ()
    scope = {name: fields.get(name, "") for name in (*predictor.eligibility_names, *where)}
    panel = {name: fields[name] for name in PANEL_FORM if fields.get(name)}
    rows = found["estimates"][0]["explanation"]["contributions"]
    values = {row["variable"]: row["value"] for row in rows if row["variable"] != "panel"}
    return {
        **{name: value for name, value in {**scope, **panel}.items() if value},
        **{
            name: "" if values[name] is None else str(values[name])
            for name in predictor.model.predictors
        },
    }


def read_comparison(
    predictor: Predictor, fields: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fields of two patients from a form that holds the one and what to change.

    Raises
    ------
    RequestError
        If not exactly one value was changed.
    """
    first = {name: value for name, value in fields.items() if not name.startswith(COMPARED)}
    changed = {
        name: fields.get(f"{COMPARED}{name}", "")
        for name in predictor.model.predictors
        if fields.get(f"{COMPARED}{name}", "") != first.get(name, "")
    }
    if len(changed) != 1:
        got = say("{n} values", n=len(changed)) if changed else say("none")
        expected = say("one value that was changed")
        raise RequestError("the comparison", [Problem("compare", expected, got)])
    return first, {**first, **changed}


def describe_comparison(
    predictor: Predictor, first: Mapping[str, Any], second: Mapping[str, Any]
) -> dict[str, Any]:
    """Return two answers in words.

    Returns
    -------
    dict
        `changed`, a label and both values for what they differ in; `rows`, for each horizon its
        outcome and both estimates; `reasons`, why the second has none; `apart`, whether at some
        horizon one number lies outside the other's interval.
    """
    reasons = list_reasons(second)
    one, two = (make_estimates(predictor, answer) for answer in (first, second))
    known, other = ({} if not a["estimates"] else _take_values(a) for a in (first, second))
    changed = [
        (as_text(variable.label), *(show_value(variable, v[variable.name]) for v in (known, other)))
        for variable in predictor.predictors
        if known and other and known[variable.name] != other[variable.name]
    ]
    rows = list(zip(one, two, strict=False))
    apart = any(not (_holds(a, b) and _holds(b, a)) for a, b in rows)
    return {"changed": changed, "rows": rows, "reasons": reasons, "apart": apart}


def _holds(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one["low"] <= other["probability"] <= one["high"])


def _take_values(answer: Mapping[str, Any]) -> dict[str, Any]:
    rows = answer["estimates"][0]["explanation"]["contributions"]
    return {row["variable"]: row["value"] for row in rows}
