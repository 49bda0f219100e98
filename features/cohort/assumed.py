"""Rules of eligibility that a cohort tells nothing of: nobody is left out by them.

They are told once, with what to add where they hold for every course. Counting every course as
"kept, not known" at each of them would say the same again and again.
"""

from __future__ import annotations

import pandas as pd

from features.dictionary.eligibility import Eligibility
from features.dictionary.schema import Dictionary

__all__ = ["describe_assumed", "drop_assumed", "list_lines"]


def describe_assumed(
    eligibility: Eligibility, table: pd.DataFrame, dictionary: Dictionary
) -> tuple[str, ...]:
    """Return what a reader must know of rules that a cohort tells nothing of, in sentences.

    Parameters
    ----------
    eligibility : Eligibility
        Whom the study is for, before it is settled.
    table : DataFrame
        Every course of the cohort.
    dictionary : Dictionary
        What the variables mean.
    """
    unknown = eligibility.settle(table).find_unknown(table)
    left_out = [name for name in eligibility.find_unknown(table) if name not in unknown]
    told = (
        ("not known of any course, so that nobody is left out by it", unknown),
        (
            "the study has no [eligibility] of its own, and of the rules for CRPS courses those "
            "that no course tells of are left out",
            left_out,
        ),
    )
    return tuple(
        f"{words}: {', '.join(dictionary[name].label for name in names)}"
        for words, names in told
        if names
    )


def list_lines(
    eligibility: Eligibility, table: pd.DataFrame, dictionary: Dictionary
) -> tuple[str, ...]:
    """Return the lines of a mapping, below `[columns]`, that tell what no course of a table does.

    A rule that one value alone meets gets that value for every row, any other a raw column.
    """
    names = eligibility.settle(table).find_unknown(table)
    return tuple(f"{name} = {_write_entry(name, eligibility, dictionary)}" for name in names)


def _write_entry(name: str, eligibility: Eligibility, dictionary: Dictionary) -> str:
    variable = dictionary[name]
    allowed = eligibility.allowed.get(name, ())
    if len(allowed) == 1:
        return f'{{ constant = "{allowed[0]}" }}'
    low = max(
        (b for b in (variable.low, eligibility.minimum.get(name)) if b is not None), default=0
    )
    if variable.is_numeric and low == eligibility.maximum.get(name):
        return f"{{ constant = {low:g} }}"
    rule = eligibility.describe(name, dictionary=dictionary)
    return f'"NAME OF THE RAW COLUMN" # {rule}'


def drop_assumed(flow: pd.DataFrame, eligibility: Eligibility, table: pd.DataFrame) -> pd.DataFrame:
    """Return an attrition flow without the steps of which a cohort tells nothing.

    Parameters
    ----------
    flow : DataFrame
        From :meth:`Eligibility.select` of these rules.
    eligibility : Eligibility
        The rules.
    table : DataFrame
        Every course of the cohort.
    """
    unknown = set(eligibility.find_unknown(table))
    dropped = [i for i, step in enumerate(eligibility.steps, start=1) if unknown.issuperset(step)]
    return flow.drop(index=dropped).reset_index(drop=True)
