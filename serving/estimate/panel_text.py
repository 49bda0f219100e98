"""One sample's panel as people have it: a plate's export, a matrix, a tidy file, or two columns.

What the import reads is read here by the same code, from memory; nothing is written anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import InputError, Problem, list_words
from features.panel.importing import parse_panel
from features.panel.layouts.text import decode_text
from features.panel.panel import Panel
from features.panel.words import NOT_SEEN_PATTERN
from features.texts import clean, say
from serving.estimate.panel import PanelSample, read_timing
from serving.estimate.request import RequestError

__all__ = ["PANEL_FORM", "decode_upload", "fill_form", "read_form_panel", "split_samples"]

PANEL_FORM = (
    "panel_text",
    "panel_file",
    "panel_sample",
    "panel_sample_date",
    "panel_infusion_start",
)
"""Fields of the clinician's form that are the panel's."""

_NAME = "the panel"
_SHOWN = 5
_MOST_PROBLEMS = 20
_LINE = re.compile(
    r'(?:"(?P<quoted>[^\t"]+)"|(?P<assay>[^\t;,"]+?))(?:'
    rf'\s*[\t;]\s*"?(?P<free>\d+(?:[.,]\d*)?|{NOT_SEEN_PATTERN})?"?'
    # After a comma a second one would not tell a decimal from another column.
    rf'|\s*,\s*"?(?P<comma>\d+(?:\.\d*)?|{NOT_SEEN_PATTERN})?"?'
    rf"|\s+(?P<blank>\d+(?:[.,]\d*)?|{NOT_SEEN_PATTERN}))",
    re.IGNORECASE,
)
"""A line of assay and Ct, with a tab, a semicolon, a comma or blanks between."""
_HEADING = re.compile(r'"?[^\t;,"]+"?\s*[\t;,\s]\s*"?(?:ct|cq|cp|crt)"?', re.IGNORECASE)


def _to_table(data: bytes) -> bytes:
    """Return lines of assay and Ct as the matrix that the import reads; all else as it is."""
    if data.startswith(b"PAR1"):
        return data
    text = decode_text(data, name=_NAME)
    lines = [line for line in map(clean, text.splitlines()) if line]
    if lines and _HEADING.fullmatch(lines[0]):
        del lines[0]
    found = [_LINE.fullmatch(line) for line in lines]
    pairs = [
        (m["quoted"] or m["assay"], m["free"] or m["comma"] or m["blank"] or "") for m in found if m
    ]
    if not pairs or len(pairs) < len(lines):
        return data
    return "\n".join(["assay\tthis sample", *map("\t".join, pairs)]).encode()


def _refuse(err: InputError) -> RequestError:
    """Return the import's problems as those of the form's field."""
    # A layout that is not understood can be told to a command column by column, not to a form.
    layout = any(p.column == "file" and "--" in p.action for p in err.problems)
    if layout or not err.problems:
        expected = say(
            "an instrument's text export, a table of Ct values, or lines of assay and Ct"
        )
        got = say("something else")
        if err.what != _NAME:
            got = say("something else ({what})", what=err.what)
        return RequestError(say("the panel"), [Problem("panel_text", expected, got)])
    problems = [
        Problem(
            "panel_text"
            if problem.column == "file"
            else f"panel_text.{problem.column.removeprefix(f'{_NAME}, ')}",
            problem.expected,
            problem.got,
            # What the command line could be told does not help here.
            action="" if "--" in problem.action else problem.action,
        )
        for problem in err.problems[:_MOST_PROBLEMS]
    ]
    return RequestError(say("the panel"), problems)


def decode_upload(data: bytes) -> str:
    """Return the text of an uploaded file, so that the form can show it as if it were pasted.

    Raises
    ------
    RequestError
        If it is a workbook, or no text at all.
    """
    try:
        return decode_text(data, name="the file").strip()
    except InputError as err:
        raise _refuse(err) from err


def fill_form(panel: Mapping[str, Any]) -> dict[str, str]:
    """Return the form's fields for a request's panel of one well for each assay."""
    lines = [f"{assay}\t{ct}" for assay, ct in panel["ct"].items()]
    return {
        "panel_text": "\n".join(["assay\tCt", *lines]),
        "panel_sample_date": str(panel["sample_date"]),
        "panel_infusion_start": str(panel["infusion_start"]),
    }


def read_form_panel(fields: Mapping[str, str], data: bytes) -> PanelSample:
    """Read the panel of the clinician's form.

    Parameters
    ----------
    fields : mapping of str to str
        Those of :data:`PANEL_FORM`: the dates, and the sample's name where there are several.
    data : bytes
        The file, or the pasted text.

    Returns
    -------
    PanelSample
        Without a plate: one of the training's by name is hardly ever that very plate.

    Raises
    ------
    RequestError
        Listing what cannot be read, which field it is about, and a sample taken after the
        infusion began.
    """
    try:
        # The sample is chosen by its name: controls beside it are of no use here.
        panel, report = parse_panel({Path(_NAME): _to_table(data)}, controls="leave_out")
    except InputError as err:
        raise _refuse(err) from err
    table = _find_sample(panel.table, fields.get("panel_sample", ""))
    taken = table["sample_date"].iloc[0]
    told = "" if pd.isna(taken) else taken.date().isoformat()
    timing, problems = read_timing(
        {
            "sample_date": fields.get("panel_sample_date") or told,
            "infusion_start": fields.get("panel_infusion_start", ""),
        }
    )
    if problems:
        named = [
            Problem(p.column.replace("panel.", "panel_"), p.expected, p.got, action=p.action)
            for p in problems
        ]
        raise RequestError(say("the panel"), named)
    sure = any(file.ceiling_source != "assumed" for file in report.files)
    ceiling = float(table["ceiling"].min()) if sure else None
    return PanelSample(_read_values(table), "", ceiling, timing)


def _find_sample(table: pd.DataFrame, name: str) -> pd.DataFrame:
    names = [str(sample) for sample in table["sample"].unique()]
    if not name and len(names) == 1:
        return table
    if name in names:
        return table[table["sample"] == name]
    count, shown = len(names), list_words(names, most=_SHOWN, more=False)
    got = say("{count} samples: {names}", count=count, names=shown)
    if name:
        got = say(
            "another name than those of the {count} samples: {names}", count=count, names=shown
        )
    raise RequestError(
        say("the panel"), [Problem("panel_sample", say("the name of one sample"), got)]
    )


def _read_values(table: pd.DataFrame) -> dict[str, float | None]:
    return {
        str(assay): float(ct) if detected else None
        for assay, ct, detected in zip(table["assay"], table["ct"], table["detected"], strict=True)
    }


def split_samples(panel: Panel) -> dict[str, PanelSample]:
    """Return each patient's panel of a tidy file with one sample for each patient.

    Raises
    ------
    InputError
        If a patient has several samples.
    """
    samples = panel.table[["patient_id", "sample"]].drop_duplicates()
    several = int(samples["patient_id"].duplicated().sum())
    if several:
        expected = "one sample for each patient"
        action = "import it again, and empty the others' patient_id in the design"
        raise InputError("panel", [Problem("sample", expected, f"{several} more", action=action)])
    return {
        str(patient): PanelSample(
            _read_values(table),
            "+".join(sorted(set(table["plate"].tolist()) - {""})),
            float(table["ceiling"].min()),
            table["timing"].iloc[0],
        )
        for patient, table in panel.table.groupby("patient_id", sort=False)
    }
