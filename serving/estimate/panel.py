"""A patient's microRNA panel in a request: read it, and tell whether it can be used.

A panel is optional. One that cannot be read, or that was taken after the infusion began, is a
problem of the request; one that is partial, or cannot be normalised, leaves the answer to the
clinical sub-model, and a notice says why.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray
from features.errors import Problem
from features.panel.cells import HIGHEST_CT, LOWEST_CT, find_ceiling, is_ct
from features.panel.design import Timing, When, compare_times, parse_when
from features.panel.names import map_assay_names, parse_assay_name
from features.panel.words import says_not_seen
from features.texts import Text, clean, say, say_count
from serving.estimate.notices import PlainNotice
from serving.estimate.request import RequestError
from training.panel.model import PanelModel

__all__ = [
    "PANEL_FIELDS",
    "PanelSample",
    "choose_panel",
    "find_extremes",
    "parse_sample",
    "read_timing",
]


PANEL_FIELDS = ("ct", "platform", "plate", "sample_date", "infusion_start", "ceiling")
"""Names that the panel of a request may have; only `ct` is required."""

_EXPECTED_CT = say(
    "a Ct from {low:g} to {high:g} cycles, Undetermined, or null", low=LOWEST_CT, high=HIGHEST_CT
)
_EXPECTED_DATE = say("a date as 2026-01-31, or with a time as 2026-01-31T08:30")
_TIMING = {
    "unknown": say(
        "It is not known whether the panel's sample was taken before the infusion began: the "
        "estimate holds only if it was."
    ),
    "same_day": say(
        "The panel's sample was taken on the day of the infusion: the estimate holds only if it "
        "was taken before it began."
    ),
}
_SHOWN = 60
_NAMED = 5
_MOST_PROBLEMS = 1000


@dataclass(frozen=True)
class PanelSample:
    """One patient's panel, read.

    Parameters
    ----------
    values : mapping of str to float or None
        Ct in cycles by assay; None for a non-detect. What was not measured is not there.
    plate : str
        Where known.
    ceiling : float or None
        Cycle from which nothing counts as detected; None where the sender did not tell: then at
        least the model's.
    timing : str
        When it was taken, seen from the start of the infusion: before, same_day or unknown.
    """

    values: Mapping[str, float | None]
    plate: str = ""
    ceiling: float | None = None
    timing: Timing = "unknown"


def parse_sample(raw: object, *, known: Collection[str] = ()) -> PanelSample:
    """Read the panel of a request.

    Parameters
    ----------
    raw : object
        A mapping of :data:`PANEL_FIELDS`. `ct` maps each assay to a Ct, a number or the text of
        one, to a word such as "Undetermined" (not detected), to null (not measured), or to a list
        of these, the replicate wells.
    known : collection of str
        Assays of the model: these names are taken as they are, others are brought into miRBase's
        spelling as in the import.

    Raises
    ------
    RequestError
        Listing every value that cannot be read, and a sample taken after the infusion began.
    """
    if not isinstance(raw, Mapping):
        expected = say('an object with "ct", the Ct of each assay')
        raise RequestError(say("the panel"), [Problem("panel", expected, say("something else"))])
    one_of = say("one of {words}", words=", ".join(PANEL_FIELDS))
    problems = [
        Problem(f"panel.{str(name)[:_SHOWN]}", one_of, say("another name"))
        for name in raw
        if name not in PANEL_FIELDS
    ]
    wells, found = _read_wells(raw.get("ct"))
    problems += found
    for name in ("platform", "plate"):
        if not isinstance(raw.get(name, ""), str | None):
            problems.append(Problem(f"panel.{name}", say("text"), say("something else")))
    ceiling = _read_ct(raw.get("ceiling"))
    if ceiling is None and raw.get("ceiling") is not None:
        expected = say("cycles, from {low:g} to {high:g}, or null", low=LOWEST_CT, high=HIGHEST_CT)
        problems.append(Problem("panel.ceiling", expected, _show(raw["ceiling"])))
    timing, found = read_timing(raw)
    problems += found
    if problems:
        raise RequestError(say("the panel"), problems[:_MOST_PROBLEMS])
    if ceiling is None:
        seen = [ct for cells in wells.values() for ct in cells if ct is not None]
        ceiling = find_ceiling(np.array(seen, dtype=np.float64))
    limit = math.inf if ceiling is None else ceiling
    values = {assay: _combine(cells, limit) for assay, cells in _rename(wells, known).items()}
    return PanelSample(values, raw.get("plate") or "", ceiling, timing)


def _read_ct(value: object) -> float | None:
    """Return a Ct, None for anything else. A text of one may have a decimal comma, as in a file."""
    if isinstance(value, str):
        text = clean(value)
        value = float(text.replace(",", ".")) if is_ct(text) else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if LOWEST_CT <= value <= HIGHEST_CT else None


def _show(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def _read_wells(raw: object) -> tuple[dict[str, list[float | None]], list[Problem]]:
    """Return each assay's measured wells, None for a non-detect, and what cannot be read."""
    if not isinstance(raw, Mapping) or not raw:
        got = say("nothing") if not raw else say("something else")
        return {}, [Problem("panel.ct", say("an object of assays and their Ct"), got)]
    wells: dict[str, list[float | None]] = {}
    problems = []
    for assay, value in raw.items():
        name = clean(str(assay))
        if not name:
            problems.append(Problem("panel.ct", say("a name for each assay"), say("an empty name")))
        for cell in value if isinstance(value, list) else [value]:
            if cell is None:
                continue
            if isinstance(cell, str) and says_not_seen(cell):
                wells.setdefault(name, []).append(None)
            elif (ct := _read_ct(cell)) is not None:
                wells.setdefault(name, []).append(ct)
            else:
                action = say("leave out what was not measured") if cell == "" else ""
                problems.append(
                    Problem(f"panel.ct.{name[:_SHOWN]}", _EXPECTED_CT, _show(cell), action=action)
                )
    return wells, problems


def read_timing(raw: Mapping[str, object]) -> tuple[Timing, list[Problem]]:
    """Return when a sample was taken, from `sample_date` and `infusion_start`, and the problems."""
    problems = []
    when: dict[str, When | None] = {}
    for name in ("sample_date", "infusion_start"):
        text = raw.get(name)
        try:
            when[name] = parse_when(text.strip()) if isinstance(text, str) else None
            if text is not None and not isinstance(text, str):
                raise ValueError("no text")
        except ValueError:
            problems.append(Problem(f"panel.{name}", _EXPECTED_DATE, _show(text)))
    timing = compare_times(when.get("sample_date"), when.get("infusion_start"))
    if timing == "after":
        expected = say("a sample taken before the infusion began")
        action = say("leave the panel out: what is measured later is no predictor")
        got = say("one taken after it")
        problems.append(Problem("panel.sample_date", expected, got, action=action))
    return timing, problems


def _rename(
    wells: Mapping[str, list[float | None]], known: Collection[str]
) -> dict[str, list[float | None]]:
    """Return the wells by the model's names; two spellings of one assay are its replicates."""
    # A name that the model has as it stands keeps it also where the import would not be certain.
    given = {raw: raw for raw in wells if raw in known and parse_assay_name(raw).name != raw}
    named: dict[str, list[float | None]] = {}
    for raw, assay in map_assay_names(wells, given=given).items():
        named.setdefault(assay.name, []).extend(wells[raw])
    return named


def _combine(cells: list[float | None], ceiling: float) -> float | None:
    """Return one Ct for the wells of an assay, as `panel.combine_wells` does."""
    seen = [ct for ct in cells if ct is not None and ct < ceiling]
    return sum(seen) / len(seen) if seen and 2 * len(seen) >= len(cells) else None


def choose_panel(
    model: PanelModel | None, sample: PanelSample
) -> tuple[FloatArray | None, list[PlainNotice]]:
    """Return the panel as the model takes it, and what the reader has to know about it.

    Parameters
    ----------
    model : PanelModel or None
        None where the loaded model has no sub-model for patients with a panel.
    sample : PanelSample
        The patient's.

    Returns
    -------
    row : ndarray or None
        As :meth:`PanelModel.to_row` writes it; None where the clinical sub-model has to answer.
    notices : list of PlainNotice
        With the code `panel_unused` where it is None.
    """
    if model is None:
        return None, [_tell_unused(say("this model has no sub-model for patients with a panel"))]
    row = model.to_row(sample.values, sample.plate)
    reason = _why_not_comparable(model, sample) or model.can_use(row)
    if reason:
        return None, [_tell_unused(reason)]
    notices = []
    if sample.timing in _TIMING:
        notices.append(_make_notice("timing", _TIMING[sample.timing]))
    if model.plates and sample.plate not in model.plates:
        text = say("The panel's plate is not one of the training's: it is not corrected for.")
        notices.append(_make_notice("plate", text))
    missing = model.missing(row)
    if missing:
        names = _list(missing)
        text = say("Not measured in the panel, and treated as average: {names}.", names=names)
        notices.append(_make_notice("missing", text))
    unknown = len(set(sample.values) - set(model.assays))
    if unknown:
        text = say_count(
            "The model does not know {count} of the panel's assays: it is passed over.",
            "The model does not know {count} of the panel's assays: they are passed over.",
            unknown,
        )
        notices.append(_make_notice("unknown_assays", text))
    return row, notices


def find_extremes(model: PanelModel, x: FloatArray) -> list[PlainNotice]:
    """Return the assays beyond what the sub-model has seen, as one notice or none.

    Parameters
    ----------
    model : PanelModel
        The sub-model.
    x : ndarray of shape (n_predictors,)
        Encoded for its `response`.
    """
    basis, n = model.response.first.basis, len(model.selected)
    beyond = (x[-n:] < basis.low_[-n:]) | (x[-n:] > basis.high_[-n:])
    named = [assay for assay, far in zip(model.selected, beyond, strict=True) if far]
    if not named:
        return []
    text = say(
        "Outside what the model has seen, after normalisation: {names}. The nearest value seen is "
        "used.",
        names=_list(named),
    )
    return [_make_notice("outside_training", text)]


def _tell_unused(reason: str) -> PlainNotice:
    text = say(
        "The microRNA panel was not used: {reason}. The estimate is the clinical sub-model's.",
        reason=reason,
    )
    return _make_notice("unused", text)


def _make_notice(code: str, text: Text) -> PlainNotice:
    return PlainNotice(f"panel_{code}", text, "panel")


def _why_not_comparable(model: PanelModel, sample: PanelSample) -> str:
    """Return why non-detects of this sample do not mean what they mean to the model."""
    asked = [assay for assay in model.needed if assay in sample.values]
    unseen = sum(sample.values[assay] is None for assay in asked)
    if sample.ceiling is None or sample.ceiling >= model.ceiling or not unseen:
        return ""
    return say(
        "its run had fewer cycles than the {ceiling:g} of the model, so that the {unseen} needed "
        "assays not detected in it may have been detected later",
        ceiling=model.ceiling,
        unseen=unseen,
    )


def _list(names: Collection[str]) -> Text:
    shown = ", ".join(list(names)[:_NAMED])
    if len(names) <= _NAMED:
        return Text(shown)
    return say("{names} and {more} more", names=shown, more=len(names) - _NAMED)
