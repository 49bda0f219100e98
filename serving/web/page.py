"""The clinician's page: a form made from the dictionary, and an estimate in plain words.

Rendering is pure: model, fields and answer in, HTML out. The page has no script and nothing from
outside, so that it works without a network and under a strict content policy. Fields for numbers
are plain text: a browser's number field drops what it cannot read, and a value lost without a
word would be taken for a missing one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from features.dictionary.variable import Variable
from features.errors import Problem
from features.published.safety import describe_safety
from serving.estimate.notices import EVIDENCE_VARIABLES
from serving.estimate.predictor import Predictor
from serving.estimate.submodel import WITH_PANEL
from training.store.statements import make_statements, plain

__all__ = [
    "count_of_hundred",
    "describe_contributions",
    "render_card",
    "render_docs",
    "render_page",
    "say_who_spoke",
    "show_value",
]

_MOST_RADIOS = 3
_HUNDRED = 100
_PANEL_TITLE = "A microRNA panel, if there is one"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_docs() -> str:
    """Return the page that shows the API's description."""
    return _environment().get_template("docs.html").render()


def render_card(predictor: Predictor, *, annex: Mapping[str, Any] | None, why_not: str) -> str:
    """Return the page around the model's card: its stamp, and who has reviewed it.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    annex : mapping or None
        As :func:`training.approval.approval.make_annex` writes it.
    why_not : str
        Why there is no card to show; empty where there is one.
    """
    facts = predictor.facts
    template = _environment().get_template("card.html")
    return template.render(facts=facts, stamp=predictor.stamp, annex=annex, why_not=why_not)


def render_page(
    predictor: Predictor,
    *,
    fields: Mapping[str, str] | None = None,
    found: Mapping[str, Any] | None = None,
    problems: Sequence[Problem] = (),
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    predictor : Predictor
        The loaded model, from whose dictionary the form is made.
    fields : mapping or None
        What was filled in, as it came.
    found : mapping or None
        The answer of :meth:`Predictor.predict`.
    problems : sequence of Problem
        What was wrong with `fields`; each is shown beside its field.
    """
    facts = predictor.facts
    return (
        _environment()
        .get_template("clinic.html")
        .render(
            facts=facts,
            digest=predictor.digest,
            stamp=predictor.stamp,
            statements=make_statements(facts)[1:],
            safety=describe_safety(facts.condition),
            sections=[
                *_make_sections(predictor, fields or {}, problems),
                *_make_panel_section(predictor, fields or {}, problems),
            ],
            multipart=predictor.panel is not None,
            problems=[_show_problem(predictor, problem) for problem in problems],
            result=None if found is None else _make_result(predictor, found),
        )
    )


def _make_sections(
    predictor: Predictor, fields: Mapping[str, str], problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """Return the form's groups of fields: scope first, then predictors, then the optional."""
    scope = [name for name in predictor.eligibility_names if name in predictor.dictionary]
    asked = [name for name in predictor.model.predictors if name not in scope]
    optional = []
    if any(system == "ATC" for v in predictor.predictors for system, _ in v.codes):
        optional.append("medication_atc")
    if predictor.facts.condition == "CRPS":
        optional += EVIDENCE_VARIABLES
    shown = {*scope, *asked}
    groups = [
        ("Is this patient one the model can speak about?", scope, False),
        ("The patient", asked, False),
        ("More, if you have it", [name for name in optional if name not in shown], True),
    ]
    wrong = {problem.column for problem in problems}
    return [
        {
            "title": title,
            "fields": [_make_field(predictor, name, fields, problems) for name in names],
            "folded": folded,
            "open": any(name in fields or name in wrong for name in names),
        }
        for title, names, folded in groups
        if names
    ]


def _make_panel_section(
    predictor: Predictor, fields: Mapping[str, str], problems: Sequence[Problem]
) -> list[dict[str, Any]]:
    """Return the group of fields for a microRNA panel, where the model has a use for one."""
    if predictor.panel is None:
        return []
    date = "2026-01-31, or with the time 2026-01-31T08:30"
    asked = [
        (
            "panel_text",
            "Paste it",
            "area",
            "a line for each assay with its Ct, a plate's text export, or a table of Ct values; "
            "Undetermined or an empty cell: not detected",
        ),
        ("panel_file", "Or choose a file", "file", "text or CSV; it stands above what is pasted"),
        ("panel_sample", "Sample", "text", "only where the file holds several: its name there"),
        ("panel_sample_date", "Blood drawn on", "text", date),
        (
            "panel_infusion_start",
            "Infusion begins on",
            "text",
            f"{date}; a sample taken later is refused",
        ),
    ]
    shown = [
        {
            "name": name,
            "label": label,
            "unit": "",
            "value": fields.get(name, ""),
            "chosen": "",
            "options": [],
            "control": control,
            "numeric": False,
            "hints": [hint],
            "problems": [
                f"{_name_assay(p)}{_say(p)}" for p in problems if p.column.split(".")[0] == name
            ],
        }
        for name, label, control, hint in asked
    ]
    filled = any(field["value"] or field["problems"] for field in shown)
    return [{"title": _PANEL_TITLE, "fields": shown, "folded": True, "open": filled}]


def _name_assay(problem: Problem) -> str:
    """Return the assay or the line of the panel that a problem is about, with a colon."""
    _, dot, rest = problem.column.partition(".")
    return f"{rest}: " if dot else ""


def _make_field(
    predictor: Predictor, name: str, fields: Mapping[str, str], problems: Sequence[Problem]
) -> dict[str, Any]:
    variable = predictor.dictionary[name]
    value = fields.get(name, "")
    options: list[tuple[str, str]] = []
    if variable.kind == "yes_no":
        options = [("yes", "yes"), ("no", "no"), ("", "not known")]
    elif variable.kind == "category":
        options = [(word, plain(word)) for word in variable.categories]
        options.append(("", "not known"))
    few = len(options) <= _MOST_RADIOS
    return {
        "name": name,
        "label": variable.label,
        "unit": _unit(variable),
        "value": value,
        "chosen": value if value in dict(options) else "",
        "options": options,
        "control": "text" if not options else "radios" if few else "select",
        "numeric": variable.is_numeric,
        "hints": _hints(predictor, variable),
        "problems": [_say(problem) for problem in problems if problem.column == name],
    }


def _unit(variable: Variable) -> str:
    return variable.unit.split(",")[0]


def _hints(predictor: Predictor, variable: Variable) -> list[str]:
    hints = []
    if variable.is_numeric:
        hints.append(variable.expected().removeprefix("a number ").removeprefix("a whole number "))
    if variable.hint:
        hints.append(variable.hint)
    if variable.name in predictor.eligibility_names:
        rule = predictor.eligibility.describe(variable.name, dictionary=predictor.dictionary)
        hints.append(f"the model is for: {plain(rule)}")
    return hints


def _say(problem: Problem) -> str:
    action = f". {problem.action[0].upper()}{problem.action[1:]}" if problem.action else ""
    return f"Expected {problem.expected}; got {problem.got}{action}."


def _show_problem(predictor: Predictor, problem: Problem) -> dict[str, str]:
    column = problem.column
    if predictor.panel is not None and column.startswith("panel_"):
        text = f"{_name_assay(problem)}{_say(problem)}"
        return {"name": column.split(".")[0], "label": "The microRNA panel", "text": text}
    known = column in predictor.dictionary
    label = predictor.dictionary[column].label if known else column
    return {"name": column if known else "", "label": label, "text": _say(problem)}


def say_who_spoke(predictor: Predictor, found: Mapping[str, Any]) -> str:
    """Return which sub-model gave an answer's estimates, and why; empty where there is one only.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    found : mapping
        The answer of :meth:`Predictor.predict`.
    """
    unused: list[str] = [
        n["text"] for n in found["applicability"]["notices"] if n["code"] == "panel_unused"
    ]
    if not found["estimates"]:
        return ""
    if unused:
        return unused[0]
    told = predictor.facts.panel
    if told is None:
        return ""
    if found["submodel"] == WITH_PANEL:
        return (
            f"The microRNA panel was used: {told['n_patients']} patients with a panel taught this "
            f"sub-model what to make of it. {told['verdict']}"
        )
    return "No microRNA panel was given: the estimate is the clinical sub-model's."


def describe_contributions(
    predictor: Predictor, contributions: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return an explanation's rows in words, the largest first.

    Parameters
    ----------
    predictor : Predictor
        The loaded model.
    contributions : sequence of mapping
        As in an answer, or the parts of its panel.

    Returns
    -------
    list of dict
        `label`, `value` in words, `contribution`, and `parts`, the same for a panel's assays.
    """
    rows = []
    for row in sorted(contributions, key=lambda row: -abs(row["contribution"])):
        parts = row.get("parts", ())
        if "parts" in row:
            label, value = "microRNA panel", f"{len(parts)} assays"
        elif row["variable"] in predictor.dictionary:
            variable = predictor.dictionary[row["variable"]]
            label, value = variable.label, show_value(variable, row["value"])
        else:
            label = row["variable"]
            value = "not measured" if row["value"] is None else f"ΔCt {row['value']:.1f}"
        rows.append(
            {
                "label": label,
                "value": value.replace("-", "\N{MINUS SIGN}") if "ΔCt" in value else value,
                "contribution": row["contribution"],
                "error": row.get("error", 0.0),
                "parts": describe_contributions(predictor, parts),
            }
        )
    return rows


def _make_result(predictor: Predictor, found: Mapping[str, Any]) -> dict[str, Any]:
    notices = found["applicability"]["notices"]
    estimates = found["estimates"]
    drawn = [c for e in estimates for c in e["explanation"]["contributions"]]
    drawn += [part for row in drawn for part in row.get("parts", ())]
    largest = max((abs(row["contribution"]) for row in drawn), default=0.0)
    # said elsewhere on the page
    hidden = {"out_of_scope", "note", "panel_unused", predictor.facts.status}
    return {
        "request_id": found["request_id"],
        "in_scope": found["applicability"]["in_scope"],
        "reasons": [n["text"] for n in notices if n["code"] == "out_of_scope"],
        "spoke": say_who_spoke(predictor, found),
        "notices": [n["text"] for n in notices if n["code"] not in hidden],
        "estimates": [
            _make_estimate(predictor, e, largest or 1.0, found["submodel"]) for e in estimates
        ],
    }


def _make_estimate(
    predictor: Predictor, estimate: Mapping[str, Any], largest: float, submodel: str
) -> dict[str, Any]:
    low, high = estimate["interval"]
    explanation = estimate["explanation"]
    counts = predictor.facts.counts[estimate["horizon"]]
    rows = describe_contributions(predictor, explanation["contributions"])
    told = predictor.facts.panel or {}
    with_panel = told.get("horizons", {}).get(estimate["horizon"], {}).get("n")
    published = estimate["published_base_rate"]
    return {
        "horizon": estimate["horizon"],
        "outcome": estimate["outcome"],
        "probability": _HUNDRED * estimate["probability"],
        "dots": round(_HUNDRED * estimate["probability"]),
        "about": count_of_hundred(estimate["probability"]),
        "low": _HUNDRED * low,
        "high": _HUNDRED * high,
        "base_rate": _HUNDRED * estimate["base_rate"],
        "n": counts["n"],
        "n_panel": with_panel if submodel == WITH_PANEL else None,
        "counted": _say_counted(counts["events"], counts["n"], estimate["base_rate"]),
        "published": None
        if published is None
        else {
            "rate": _HUNDRED * published["rate"],
            "source": published["source"],
            "pooled": _HUNDRED * published["pooled"]["rate"],
            "pooled_outcome": published["pooled"]["outcome"],
            "pooled_source": published["pooled"]["source"],
            "new_centre": [_HUNDRED * limit for limit in published["pooled"]["new_centre"]],
        },
        "base": _HUNDRED * explanation["base"],
        "error": _HUNDRED * explanation["error"],
        "moved": any(row["contribution"] for row in rows),
        "rows": _draw_bars(rows, largest),
    }


def _draw_bars(rows: Sequence[Mapping[str, Any]], largest: float) -> list[dict[str, Any]]:
    return [
        {
            "label": row["label"],
            "value": row["value"],
            "points": _HUNDRED * row["contribution"],
            "width": 50 * abs(row["contribution"]) / largest,
            "error": _HUNDRED * row["error"],
            "parts": _draw_bars(row["parts"], largest),
        }
        for row in rows
    ]


def _say_counted(events: int, n: int, base_rate: float) -> str:
    counted = f"{events} of {n}"
    if abs(events / n - base_rate) < 0.005:
        return counted
    # Nonresponders at T1 count at T2 without being seen, responders only if seen.
    return f"{counted} known, corrected for those not seen again"


def count_of_hundred(probability: float) -> str:
    """Return a probability as a count of 100 patients, in words."""
    if probability < 0.005:
        return "fewer than 1"
    if probability > 0.995:
        return "more than 99"
    return f"about {round(_HUNDRED * probability)}"


def show_value(variable: Variable, value: float | str | None) -> str:
    """Return a variable's value as people write it, with its unit."""
    if value is None:
        return "not known"
    if isinstance(value, str):
        return plain(value)
    return f"{value:g} {_unit(variable)}".strip()
