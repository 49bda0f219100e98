"""The scale that an outcome is measured on, where it is not the 0 to 10 of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from features.dictionary.schema import Dictionary
from features.errors import InputError, Problem
from features.files.settings import Number, SettingError, Settings, fits, read_settings, show

__all__ = ["OutcomeScale", "find_scale", "with_scale"]

# Background values of a model are rounded to this part of the scale, as pain is to 1 of 10.
_STEPS = 10


def _check_order(high: float, info: ValidationInfo) -> float:
    low = info.data.get("min")
    if low is not None and high <= low:
        raise SettingError(Problem("", f"more than min, which is {show(low)}", show(high)))
    return high


class OutcomeScale(Settings):
    """A table `scale` under `[outcome]`, of a study or of a mapping.

    Parameters
    ----------
    min, max : float
        Ends of the scale, in its unit.
    higher_is_worse : bool
        Whether more is worse, as it is of pain.
    label : str
        What is measured, for tables and pages: "Headache index".
    unit : str
        Plain words, such as "mm" or "%".
    before : bool
        Whether the score before treatment is on this scale too. A percentage of relief has none
        before treatment: `nrs_t0` then stays pain, 0 to 10.
    """

    min: Number
    max: Annotated[Number, AfterValidator(_check_order)]
    higher_is_worse: bool = True
    label: Annotated[str, fits("a text", lambda text: bool(text.strip()))] = "Pain"
    unit: str = "points"
    before: bool = True


def find_scale(content: Mapping[str, Any]) -> OutcomeScale | None:
    """Return the scale that a settings file declares; None for none, or for one that cannot be.

    What is wrong with it is told with all else that is wrong with the file.
    """
    outcome = content.get("outcome")
    scale = outcome.get("scale") if isinstance(outcome, dict) else None
    try:
        return None if scale is None else read_settings(OutcomeScale, scale, "the outcome's scale")
    except InputError:
        return None


def with_scale(dictionary: Dictionary, scale: OutcomeScale | None) -> Dictionary:
    """Return a dictionary whose scores (`nrs_t0`, `nrs_t1`, `nrs_t2`) are on another scale.

    Parameters
    ----------
    dictionary : Dictionary
        The contract, with or without a study's own variables.
    scale : OutcomeScale or None
        None leaves all as it is.
    """
    if scale is None:
        return dictionary
    times = {"nrs_t1": "at T1", "nrs_t2": "at T2"}
    if scale.before:
        times["nrs_t0"] = "before treatment"
    scores = {
        name: replace(
            dictionary[name],
            label=f"{scale.label} {when}",
            unit=scale.unit,
            low=float(scale.min),
            high=float(scale.max),
            precision=(scale.max - scale.min) / _STEPS,
            codes=(),
            hint="",
            source="declared by the study",
            measure=scale.label,
            better="low" if scale.higher_is_worse else "high",
        )
        for name, when in times.items()
    }
    return Dictionary(scores.get(variable.name, variable) for variable in dictionary)
