"""An answer as a person reads it in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.errors import Problem, group_problems
from serving.estimate.centre import CENTRE_NOTICES
from serving.estimate.notices import RECORDED, SILENT, WAIVED, list_reasons, name_absence
from serving.estimate.predictor import Predictor
from serving.estimate.several import name_centre, name_kind
from serving.web.result import (
    count_of_hundred,
    describe_contributions,
    describe_submodel,
    name_start,
)
from training.store.statements import make_statements

__all__ = ["print_answer", "print_cohort"]

_MOST_KINDS = 20
_WITHHELD = "The estimates are not shown: silent evaluation. They were recorded for it."


def print_answer(
    answer: Mapping[str, Any], predictor: Predictor, *, console: Console | None = None
) -> None:
    """Print an estimate in plain words, with its interval, its reasons and the standing words."""
    console = console or Console(highlight=False)
    facts = predictor.facts
    console.print(f"[bold reverse] {facts.status.upper()} [/] {escape(predictor.stamp)}\n")
    notices = answer["applicability"]["notices"]
    if list_reasons(answer):
        console.print(f"[bold]{name_absence(answer)}.[/]")
    if facts.notes:
        console.print(f"[bold]{escape(facts.notes[0])}[/]\n", soft_wrap=True)
    _print_waivers(predictor, console)
    for text in [n["text"] for n in notices if n["code"] == RECORDED]:
        told = f"{text} It is {answer['request_id']}."
        console.print(f"[bold]{escape(told)}[/]\n", soft_wrap=True)
    centre = answer["model"]["centre"]
    for estimate in [] if predictor.is_silent else answer["estimates"]:
        _print_estimate(estimate, predictor, console, start=name_start(answer))
    if centre is not None and answer["estimates"]:
        console.print(f"{escape(centre['text'])}\n", soft_wrap=True)
    spoke = describe_submodel(predictor, answer)
    if spoke:
        console.print(f"{escape(spoke)}\n", soft_wrap=True)
    hidden = (facts.status, "note", "panel_unused", SILENT, RECORDED, WAIVED, *CENTRE_NOTICES)
    shown = [n["text"] for n in notices if n["code"] not in hidden]
    if shown:
        console.print("[bold]Please note, for this patient[/]")
    for text in shown:
        console.print(f"  - {escape(text)}", soft_wrap=True)
    console.print("\n[bold]What such a number is, and what it is not[/]")
    for text in make_statements(facts)[1:]:
        console.print(f"  - {escape(text)}", soft_wrap=True)


def _print_waivers(predictor: Predictor, console: Console) -> None:
    for text in predictor.waivers:
        told = f"This model fails a check and was let pass. {text}"
        console.print(f"[bold]{escape(told)}[/]\n", soft_wrap=True)


def print_cohort(
    answers: Sequence[Mapping[str, Any]], predictor: Predictor, *, console: Console | None = None
) -> None:
    """Print one line for each patient: which sub-model spoke, its estimates, and why not."""
    console = console or Console(highlight=False)
    horizons = predictor.model.horizons
    facts = predictor.facts
    console.print(f"[bold reverse] {facts.status.upper()} [/] {escape(predictor.stamp)}\n")
    table = Table(
        "patient",
        "sub-model",
        *(["centre"] if predictor.model.centres else []),
        *(f"{h.upper()}, of 100 (95%)" for h in horizons),
        box=None,
        padding=(0, 2),
    )
    _print_waivers(predictor, console)
    if predictor.is_silent:
        console.print(f"[bold]{_WITHHELD}[/]\n", soft_wrap=True)
    told = [
        (answer["patient_id"], *_describe_patient(answer, horizons, withheld=predictor.is_silent))
        for answer in answers
    ]
    for answer, (patient, submodel, cells, _) in zip(answers, told, strict=True):
        where = [escape(name_centre(answer))] if predictor.model.centres else []
        table.add_row(escape(patient), submodel, *where, *cells)
    console.print(table)
    counts = Counter(submodel for _, submodel, _, _ in told)
    console.print("\n" + ", ".join(f"{count} {name}" for name, count in counts.items()))
    why = [f"{patient}: {text}" for patient, _, _, text in told if text]
    for text in [*_describe_unread(answers), *why]:
        console.print(f"  - {escape(text)}", soft_wrap=True)
    console.print("\n[bold]What such a number is, and what it is not[/]")
    for text in make_statements(facts)[1:]:
        console.print(f"  - {escape(text)}", soft_wrap=True)


def _describe_patient(
    answer: Mapping[str, Any], horizons: Sequence[str], *, withheld: bool
) -> tuple[str, list[str], str]:
    """Return who spoke, each horizon's estimate, and what has to be said of it."""
    nothing = ["–"] * len(horizons)
    if "problems" in answer:
        return "cannot be read", nothing, ""
    notices = answer["applicability"]["notices"]
    reasons = list_reasons(answer)
    if reasons:
        return name_kind(answer), nothing, " ".join(reasons)
    why = " ".join(notice["text"] for notice in notices if notice["code"] == "panel_unused")
    if withheld:
        return answer["submodel"], ["withheld"] * len(horizons), why
    cells = [
        "{:.0f} ({:.0f} to {:.0f})".format(
            *(100 * number for number in (estimate["probability"], *estimate["interval"]))
        )
        for estimate in answer["estimates"]
    ]
    return answer["submodel"], cells, why


def _describe_unread(answers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what has to be put right in the records that cannot be read, one text for a kind."""
    problems = [
        Problem(p["variable"], p["expected"], p["got"], answer.get("row"), p["action"])
        for answer in answers
        for p in answer.get("problems", ())
    ]
    kinds = [f"to put right: {kind.text(values=True)}" for kind in group_problems(problems)]
    more = [f"... and {len(kinds) - _MOST_KINDS} more kinds"] if len(kinds) > _MOST_KINDS else []
    return kinds[:_MOST_KINDS] + more


def _print_estimate(
    estimate: Mapping[str, Any], predictor: Predictor, console: Console, *, start: str
) -> None:
    low, high = estimate["interval"]
    outcome = estimate["outcome"]
    console.print(f"[bold]{escape(outcome[0].upper() + outcome[1:])}[/]", soft_wrap=True)
    console.print(
        f"  Of 100 patients like this one, [bold]{count_of_hundred(estimate['probability'])}[/] "
        f"responded (95% interval {100 * low:.0f} to {100 * high:.0f})."
    )
    beside = f"  In the model's cohort {100 * estimate['base_rate']:.0f} of 100"
    published = estimate["published_base_rate"]
    if published:
        beside += f"; published {100 * published['rate']:.0f} of 100 ({published['source']})"
    console.print(f"{escape(beside)}.", soft_wrap=True)
    if published:
        pooled = published["pooled"]
        low, high = pooled["new_centre"]
        text = (
            f"  Another outcome, {pooled['outcome']}: {100 * pooled['rate']:.0f} of 100 over "
            f"{pooled['source']}; a new centre may see {100 * low:.0f} to {100 * high:.0f}."
        )
        console.print(escape(text), soft_wrap=True)
    table = Table("What moved this estimate", "", "of 100", box=None, padding=(0, 2))
    table.columns[2].justify = "right"
    explanation = estimate["explanation"]
    table.add_row(escape(start), "", f"{100 * explanation['base']:.1f}")
    for row in describe_contributions(predictor, explanation["contributions"]):
        table.add_row(escape(row["label"]), escape(row["value"]), _points(row))
        for part in row["parts"]:
            table.add_row(f"  {escape(part['label'])}", escape(part["value"]), _points(part))
    table.add_row("This patient", "", f"{100 * estimate['probability']:.1f}", style="bold")
    console.print(table)
    console.print()


def _points(row: Mapping[str, Any]) -> str:
    return f"{100 * row['contribution']:+.1f}"
