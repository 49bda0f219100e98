"""A panel's files as they come from instruments and spreadsheets, read into one row per well.

Nothing is decided here about what a cell means: that is for :mod:`features.panel.importing`. A
long export has one line per well below any number of other lines
(:mod:`features.panel.layouts.long`); a matrix has samples in its rows or in its columns
(:mod:`features.panel.layouts.matrix`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from features.errors import InputError, Problem
from features.panel.layouts.headings import COLUMNS_ADVICE, UNDERSTOOD
from features.panel.layouts.long import NO_CT, parse_long
from features.panel.layouts.matrix import parse_matrix
from features.panel.layouts.raw_panel import Layout, RawPanel
from features.texts import count_invisible, replace_invisible

__all__ = ["parse_file"]

_BIOMARK = re.compile(r'\s*"?Chip Run Info')


def parse_file(
    shown: str,
    *,
    name: str,
    stem: str,
    layout: Layout = "auto",
    samples: Collection[str] = (),
    ignore: Collection[str] = (),
    columns: Mapping[str, str] | None = None,
    keep_unnamed: bool = False,
) -> RawPanel:
    """Read one file into wells.

    Parameters
    ----------
    shown : str
        The file's text, as :func:`features.panel.layouts.text.read_text` returns it.
    name, stem : str
        What to call the file in an error, and its plate where it tells none.
    layout : {"auto", "long", "samples_in_rows", "samples_in_columns"}
        `auto` looks for the headings of a long export, else decides the way round of a matrix by
        its first heading, by which names read like microRNAs, and by `samples`.
    samples : collection of str
        Names of samples, from a design file.
    ignore : collection of str
        Columns of a matrix that are neither samples nor assays.
    columns : mapping of str to str or None
        Where a long export has what, as
        :func:`features.panel.layouts.headings.parse_columns` returns it.
    keep_unnamed : bool
        Whether wells without the name of a sample are kept.

    Raises
    ------
    InputError
        If the layout cannot be told, or is not there.
    """
    text = replace_invisible(shown)
    unseen = count_invisible(shown.splitlines()) if text != shown else 0
    raw = _parse(text, name, stem, layout, samples, ignore, columns, keep_unnamed=keep_unnamed)
    if not unseen:
        return raw
    note = f"{unseen} lines of {name} have invisible characters, which were passed over"
    return replace(raw, notes=(*raw.notes, note))


def _parse(
    text: str,
    name: str,
    stem: str,
    layout: Layout,
    samples: Collection[str],
    ignore: Collection[str],
    columns: Mapping[str, str] | None,
    *,
    keep_unnamed: bool,
) -> RawPanel:
    if layout in ("auto", "long") or columns:
        found = parse_long(text, name=name, stem=stem, chosen=columns, keep_unnamed=keep_unnamed)
        if found is not None:
            return found
        if layout == "long":
            got = "no such line"
            raise InputError(name, [Problem("file", UNDERSTOOD, got, action=COLUMNS_ADVICE)])
    raw = parse_matrix(
        text, name=name, stem=stem, layout=layout, samples=samples, ignore=set(ignore)
    )
    if _BIOMARK.match(text) is None:
        return raw
    cells = raw.wells["cell"].mask(raw.wells["cell"].str.fullmatch(NO_CT), "No Ct")
    return replace(raw, wells=raw.wells.assign(cell=cells))
