"""What stands before decimals in a column: as the mapping says, or as its file tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from features.mapping.column_rule import ColumnRule
from features.mapping.mapping_file import CohortMapping
from features.mapping.raw_rows import RawRows
from features.numerals import DecimalSign, combine_signs, find_decimal, settle_decimal

__all__ = ["Signs", "find_signs", "settle_sign"]

Signs = Mapping[str, DecimalSign | None]
"""The sign of each file, by its name; None where it does not tell."""


def find_signs(raw: pd.DataFrame, joined: Mapping[str, pd.DataFrame]) -> Signs:
    """Return the sign of each file, as its columns tell, used or not; the export's under ""."""
    return {
        file: combine_signs(find_decimal(map(str.strip, table[name].unique())) for name in table)
        for file, table in {"": raw, **joined}.items()
    }


def settle_sign(
    rule: ColumnRule,
    mapping: CohortMapping,
    data: RawRows,
    columns: Mapping[str, Sequence[str | None]],
    signs: Signs,
) -> DecimalSign | None:
    """Return what stands before the decimals of a variable; None where nothing tells.

    Parameters
    ----------
    rule : ColumnRule
        What the mapping says of the variable; its own sign comes first.
    mapping : CohortMapping
        What it says of the files.
    data : RawRows
        Which column is of which file.
    columns : mapping of str to sequence of str or None
        The variable's raw columns.
    signs : mapping of str to {".", ","} or None
        As :func:`find_signs` returns them.
    """
    files = set(map(data.get_file, columns))
    stated = {(mapping.joins[file].options if file else mapping.options).decimal for file in files}
    sign = rule.decimal or (stated.pop() if len(stated) == 1 else None)
    texts = {text for column in columns.values() for text in column if text}
    others = combine_signs(signs.get(file) for file in files)
    return sign or settle_decimal(texts, others) or _confirm_point(texts, others)


def _confirm_point(texts: Iterable[str], others: DecimalSign | None) -> DecimalSign | None:
    return "." if others == "." and not any("," in text for text in texts) else None
