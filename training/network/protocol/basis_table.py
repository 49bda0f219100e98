"""The tables `[basis.NAME]` of a protocol: agreed numbers instead of one centre's rows.

::

    [basis.nrs_t0]                    # a number; low, high and fill in its unit
    low = 3
    high = 10
    fill = 8
    center = 7.6                      # mean, SD and knots on the scale that models use: that of
    scale = 1.5                       # log(1 + x) for a predictor that enters as it
    knots = [5, 8, 9]                 # optional: 3 or 4; without them it stays straight

    [basis.opioid]                    # yes/no
    share = 0.62                      # of patients with yes; center and scale follow from it
    center = 0                        # optional, as is scale

    [basis.affected_site]             # a category: each of its values
    share = {upper = 0.4, lower = 0.5, both = 0.1}
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Strict

from features.dictionary.agreed import AgreedNumber, AgreedShares
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.errors import InputError, Problem, did_you_mean
from features.files.settings import Number, Settings, between, fits, read_settings, show

__all__ = ["Agreed", "read_basis"]

Agreed = AgreedNumber | AgreedShares

_LEAST_SPREAD = 0.3
"""Of a yes/no column, as in a basis that is learnt: that of a share of 10%."""
_LEAST_GAP = 1e-3
"""Between two knots, as a part of all that lies between the first and the last."""
_ROUNDING = 1e-3


class _NumberTable(Settings):
    low: Number
    high: Number
    fill: Number
    center: float
    scale: Annotated[float, fits("more than 0", lambda scale: scale > 0)]
    knots: Annotated[
        tuple[float, ...], Strict(False), fits("none, 3 or 4", lambda k: len(k) in (0, 3, 4))
    ] = ()


_Share = Annotated[float, between(0, 1)]
_Spread = Annotated[float, fits("more than 0", lambda scale: scale > 0)]


class _FlagTable(Settings):
    share: _Share
    center: float | None = None
    scale: _Spread | None = None


class _CategoryTable(Settings):
    share: Mapping[str, _Share]
    center: Mapping[str, float] | None = None
    scale: Mapping[str, _Spread] | None = None


def read_basis(
    tables: Mapping[str, Any], predictors: Sequence[str], dictionary: Dictionary
) -> tuple[dict[str, Agreed], list[Problem]]:
    """Read the agreed numbers of all predictors.

    Parameters
    ----------
    tables : mapping
        `[basis]` of a protocol, by predictor.
    predictors : sequence of str
        Of the protocol: each needs a table.
    dictionary : Dictionary
        What they mean.

    Returns
    -------
    agreed : dict
        By predictor, in their order; without those that have a problem.
    problems : list of Problem
        All that is wrong, each at its dotted place.
    """
    problems = [
        Problem(
            f"basis.{name}",
            "a predictor of the protocol",
            "another name",
            action=did_you_mean(name, predictors),
        )
        for name in tables
        if name not in predictors
    ]
    agreed: dict[str, Agreed] = {}
    for name in predictors:
        if name not in tables:
            expected = "agreed numbers for this predictor"
            action = "add the table, from published or agreed values, never from one centre's rows"
            problems.append(Problem(f"[basis.{name}]", expected, "no table", action=action))
            continue
        try:
            agreed[name] = _read_table(dictionary[name], tables[name])
        except InputError as err:
            problems += err.problems
    return agreed, problems


def _read_table(variable: Variable, table: object) -> Agreed:
    where = f"basis.{variable.name}"
    agreed: Agreed
    if variable.is_numeric:
        agreed, problems = _read_number(variable, table, where)
    elif variable.kind == "yes_no":
        agreed, problems = _read_flag(table, where), []
    else:
        agreed, problems = _read_category(variable, table, where)
    if problems:
        raise InputError(where, problems)
    return agreed


def _read_number(
    variable: Variable, table: object, where: str
) -> tuple[AgreedNumber, list[Problem]]:
    told = read_settings(_NumberTable, table, where, at=where)
    agreed = AgreedNumber(**told.model_dump())
    return agreed, [
        Problem(f"{where}.{name}", expected, show(getattr(told, name)))
        for name, expected, holds in _list_rules(variable, agreed)
        if not holds
    ]


def _list_rules(variable: Variable, told: AgreedNumber) -> list[tuple[str, str, bool]]:
    """Return each rule on a number's table: the setting, what is expected, whether it holds."""
    least = -math.inf if variable.low is None else variable.low
    most = math.inf if variable.high is None else variable.high
    logged = variable.transform == "log1p"
    if logged:
        least = max(least, 0.0)
    inside = f"from {least:g} to {most:g}, the range of {variable.name}"
    rules = [
        ("low", inside, least <= told.low <= most),
        ("high", inside, least <= told.high <= most),
        ("high", f"more than low, which is {told.low:g}", told.high > told.low),
        ("fill", f"from low to high ({told.low:g} to {told.high:g})", _lies(told.fill, told)),
    ]
    if not all(holds for *_, holds in rules):
        return rules
    low, high = (math.log1p(x) if logged else x for x in (told.low, told.high))
    scale = "on the scale of log(1 + x), " if logged else ""
    within = f"{scale}from {low:.4g} to {high:.4g}, between low and high"
    knots = np.array(told.knots)
    gaps = np.diff(knots)
    spread = knots[-1] - knots[0] if len(knots) else 1.0
    return [
        *rules,
        ("center", within, low <= told.center <= high),
        ("knots", within, bool(np.all((knots >= low) & (knots <= high)))),
        ("knots", "rising, and not next to each other", bool(np.all(gaps > _LEAST_GAP * spread))),
    ]


def _lies(value: float, told: AgreedNumber) -> bool:
    return told.low <= value <= told.high


def _spread(share: float) -> float:
    return max(math.sqrt(share * (1 - share)), _LEAST_SPREAD)


def _read_flag(table: object, where: str) -> AgreedShares:
    told = read_settings(_FlagTable, table, where, at=where)
    center = told.share if told.center is None else told.center
    scale = _spread(told.share) if told.scale is None else told.scale
    return AgreedShares((told.share,), (center,), (scale,))


def _read_category(
    variable: Variable, table: object, where: str
) -> tuple[AgreedShares, list[Problem]]:
    told = read_settings(_CategoryTable, table, where, at=where)
    values = variable.categories
    problems = []
    for name in ("share", "center", "scale"):
        entries = getattr(told, name)
        # Nothing is subtracted from the first value: it has no column.
        wanted = [*values] if name == "share" else [*values[1:]]
        if entries is not None and not set(wanted) <= set(entries) <= set(values):
            expected = "an entry for each of " + ", ".join(wanted)
            problems.append(Problem(f"{where}.{name}", expected, ", ".join(entries) or "none"))
    total = sum(told.share.values())
    if not problems and abs(total - 1) > _ROUNDING:
        expected = "shares that add up to 1"
        problems.append(Problem(f"{where}.share", expected, f"a sum of {total:g}"))
    if problems:
        return AgreedShares((), (), ()), problems
    shares = tuple(told.share[value] for value in values[1:])
    centers = told.center or told.share
    scales = told.scale or {value: _spread(share) for value, share in told.share.items()}
    return AgreedShares(
        shares,
        tuple(centers[value] for value in values[1:]),
        tuple(scales[value] for value in values[1:]),
    ), []
