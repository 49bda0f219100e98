"""From a panel's files to one tidy panel; every problem in them is found at once.

The import decides three things and says so: what counts as not detected (a word, an empty cell,
a flag, a value at the ceiling), what each assay is called, and whose each sample is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

import numpy as np
import pandas as pd

from features.errors import InputError, Problem
from features.files.options import TableOptions
from features.files.table import read_bytes
from features.panel.cells import HIGHEST_CT, LOWEST_CT
from features.panel.design import PanelDesign, Sample
from features.panel.layouts.exports import parse_file
from features.panel.layouts.long import holds_results
from features.panel.layouts.raw_panel import LAYOUTS, Layout, RawPanel
from features.panel.layouts.text import AsText, read_text
from features.panel.names import map_assay_names
from features.panel.owners import CONTROLS, find_owners
from features.panel.panel import PANEL_COLUMNS, Panel, apply_ceiling, combine_wells
from features.panel.readings import find_ceilings, mark_detected, read_cells
from features.panel.summary import (
    FileReport,
    PanelReport,
    describe_levels,
    make_panel_report,
    write_notices,
)
from features.panel.tidy import is_tidy, parse_tidy

__all__ = ["import_panel", "parse_panel", "read_panel"]

FORMATS = (*LAYOUTS, "tidy")
EMPTY_CELLS = ("non_detect", "not_measured")


class ImportOptions(TypedDict, total=False):
    """How a panel's files are read; :func:`parse_panel` has the defaults.

    Parameters
    ----------
    format : str
        One of :data:`FORMATS`; `auto` tells them apart.
    design : PanelDesign or None
        Whose each sample is, and when it was taken. None: each sample is a patient of that name.
    ceiling : float or None
        Cycle from which nothing counts as detected. None: the largest value of a file where at
        least 3 values share it and it is a whole number from 30; else the smallest of 35, 40,
        45, ... above every detected value (40 with fewer than 100 detected values).
    names : mapping of str to str or None
        Names of assays that the user has decided on, by raw name.
    ignore : collection of str
        Columns of a matrix that are neither samples nor assays.
    empty : str
        One of :data:`EMPTY_CELLS`: what an empty cell means; `NA` and the like are empty.
    columns : mapping of str to str or None
        Where a long export has what, as
        :func:`features.panel.layouts.headings.parse_columns` returns it. None: its headings tell.
    controls : str
        One of :data:`features.panel.owners.CONTROLS`: what to do, without a design, with a sample
        whose name looks like that of a control.
    sheet : str, int or None
        Of a workbook: the sheet's name, or its number from 1. None: the only one, or the only one
        with results.
    encoding : str or None
        Of a text. None: :func:`features.panel.layouts.text.find_encoding` tells.
    """

    format: str
    design: PanelDesign | None
    ceiling: float | None
    names: Mapping[str, str] | None
    ignore: Collection[str]
    empty: str
    columns: Mapping[str, str] | None
    controls: str
    sheet: str | int | None
    encoding: str | None


def read_panel(path: Path | Sequence[Path], **options: Unpack[ImportOptions]) -> Panel:
    """Read a panel from one file or several; see :func:`import_panel`, which also reports."""
    return import_panel(path, **options)[0]


def import_panel(
    path: Path | Sequence[Path], **options: Unpack[ImportOptions]
) -> tuple[Panel, PanelReport]:
    """Read a panel from one file or several, and report what was done.

    Parameters
    ----------
    path : Path or sequence of Path
        Instruments' exports, matrices of Ct values (text, .xlsx, .sav, .dta, Parquet), or one
        tidy file as `ketresponse panel import` writes it. Wells of the same sample and assay, in
        one file or several, are replicates; see :func:`features.panel.panel.combine_wells`.
    **options
        See :class:`ImportOptions`.

    Returns
    -------
    panel : Panel
        One row per sample and assay.
    report : PanelReport
        What was done, in counts.

    Raises
    ------
    InputError
        Listing every line that does not fit, cell that is no Ct, sample that the design does not
        have, and sample taken after the infusion began.
    """
    paths = [path] if isinstance(path, Path) else list(path)
    _check_options(options, paths)
    return parse_panel({one: read_bytes(one) for one in paths}, **options)


def parse_panel(
    files: Mapping[Path, bytes],
    *,
    format: str = "auto",
    design: PanelDesign | None = None,
    ceiling: float | None = None,
    names: Mapping[str, str] | None = None,
    ignore: Collection[str] = (),
    empty: str = "non_detect",
    columns: Mapping[str, str] | None = None,
    controls: str = "ask",
    sheet: str | int | None = None,
    encoding: str | None = None,
) -> tuple[Panel, PanelReport]:
    """Read the contents of one file or several, at least one; nothing is opened.

    Parameters
    ----------
    files : mapping of Path to bytes
        What each file is called, and what it holds.
    format, design, ceiling, names, ignore, empty, columns, controls, sheet, encoding
        See :class:`ImportOptions`; :func:`import_panel` tells what is returned and raised.
    """
    paths, contents = list(files), list(files.values())
    if format == "tidy" or (format == "auto" and any(map(is_tidy, contents))):
        return _import_tidy(contents, paths, design, ceiling)
    read = partial(
        read_text,
        options=TableOptions(sheet=sheet, encoding=encoding),
        holds_results=partial(holds_results, chosen=columns),
    )
    texts = {one: read(content, name=str(one)) for one, content in files.items()}
    contents = [one.text.encode() for one in texts.values()]
    if format == "auto" and any(map(is_tidy, contents)):
        return _import_tidy(contents, paths, design, ceiling)
    _check_copies(files)
    raws = _read_wells(texts, cast("Layout", format), design, ignore, columns)
    wells = pd.concat([raw.wells.assign(file=i) for i, raw in enumerate(raws)], ignore_index=True)
    owners = find_owners(wells, design, paths, controls=controls)
    wells = wells.assign(sample=pd.Series(owners.label, dtype="str"))
    wells = wells[wells["sample"] != ""].reset_index(drop=True)
    wells, counts, found = read_cells(wells, raws, paths, empty)
    problems = [problem for raw in raws for problem in raw.problems] + owners.problems + found
    if problems:
        raise InputError("panel", problems)
    if wells.empty:
        raise InputError("panel: no sample is left")
    limits = find_ceilings(wells, ceiling)
    wells = mark_detected(wells, limits, counts)
    assays = map_assay_names(wells["assay"].unique().tolist(), given=names)
    wells["assay"] = wells["assay"].map({raw: a.name for raw, a in assays.items()}).astype("str")
    wells = _apply_design(wells, owners.samples)
    table = _finish(combine_wells(wells), owners.samples)
    reports = _report_files(paths, raws, limits)
    seen = wells[wells["detected"]]
    notes = [note for raw in raws for note in raw.notes]
    notes += describe_levels(seen["ct"].to_numpy(), seen["ceiling"].to_numpy())
    notices = (*write_notices(assays, names, design, owners, reports, counts), *notes)
    return Panel(table), make_panel_report(table, reports, counts, wells["flag"], assays, notices)


def _read_wells(
    texts: Mapping[Path, AsText],
    layout: Layout,
    design: PanelDesign | None,
    ignore: Collection[str],
    columns: Mapping[str, str] | None,
) -> list[RawPanel]:
    """Return the wells of each file, with what is to be known of it."""
    raws = []
    for path, one in texts.items():
        raw = parse_file(
            one.text,
            name=str(path),
            stem=path.stem,
            layout=layout,
            samples=design.names if design is not None else (),
            ignore=ignore,
            columns=columns,
            keep_unnamed=design is not None and any(row.well for row in design.rows),
        )
        raws.append(replace(raw, notes=(*one.notes, *raw.notes)))
    return raws


def _report_files(
    paths: Sequence[Path], raws: Sequence[RawPanel], limits: Mapping[int, tuple[float, str]]
) -> tuple[FileReport, ...]:
    return tuple(
        FileReport(
            str(one),
            raw.layout,
            len(raw.wells),
            *limits.get(i, (np.nan, "not used")),
            dict(raw.left_out),
        )
        for i, (one, raw) in enumerate(zip(paths, raws, strict=True))
    )


def _check_copies(files: Mapping[Path, bytes]) -> None:
    """Refuse a file that holds what another one does: its wells would count twice."""
    first: dict[bytes, Path] = {}
    copies = [(first.setdefault(content, path), path) for path, content in files.items()]
    problems = [
        Problem("file", "each file once", f"{path} is a copy of {one}")
        for one, path in copies
        if one is not path
    ]
    if problems:
        raise InputError("panel", problems)


def _check_options(options: ImportOptions, paths: Sequence[Path]) -> None:
    problems = []
    empty, format = options.get("empty"), options.get("format")
    ceiling = options.get("ceiling")
    if empty not in (None, *EMPTY_CELLS):
        problems.append(Problem("empty", " or ".join(EMPTY_CELLS), repr(empty)))
    if format not in (None, *FORMATS):
        problems.append(Problem("format", "one of " + ", ".join(FORMATS), repr(format)))
    if options.get("controls") not in (None, *CONTROLS):
        got = repr(options.get("controls"))
        problems.append(Problem("controls", "one of " + ", ".join(CONTROLS), got))
    if ceiling is not None and not LOWEST_CT < ceiling <= HIGHEST_CT:
        expected = f"cycles, more than {LOWEST_CT:g} and at most {HIGHEST_CT:g}"
        problems.append(Problem("ceiling", expected, f"{ceiling:g}"))
    repeated = [str(one) for one, n in Counter(one.resolve() for one in paths).items() if n > 1]
    problems += [Problem("file", "each file once", one) for one in repeated]
    if problems or not paths:
        raise InputError("panel", problems)


def _import_tidy(
    contents: Sequence[bytes],
    paths: Sequence[Path],
    design: PanelDesign | None,
    ceiling: float | None,
) -> tuple[Panel, PanelReport]:
    if len(paths) > 1 or design is not None:
        raise InputError(
            "a tidy panel stands alone, without a design file or other files; given: "
            + ", ".join(map(str, paths))
        )
    table = parse_tidy(contents[0], name=str(paths[0]))
    if ceiling is not None:
        table = apply_ceiling(table, ceiling)
    assays = map_assay_names(table["assay"].unique().tolist())
    limit = float(table["ceiling"].min())
    source = "given" if ceiling is not None else "file"
    file = FileReport(str(paths[0]), "tidy", int(table["replicates"].sum()), limit, source, {})
    return Panel(table), make_panel_report(table, (file,), Counter(), table["flag"], assays, ())


def _apply_design(wells: pd.DataFrame, owners: Mapping[str, Sample]) -> pd.DataFrame:
    """Put the design's plate and platform above the file's."""
    columns = {}
    for column in ("plate", "platform"):
        told = {name: getattr(owner, column) for name, owner in owners.items()}
        texts = wells["sample"].map(told)
        columns[column] = wells[column].where(texts == "", texts).astype("str")
    return wells.assign(**columns)


def _finish(cells: pd.DataFrame, owners: Mapping[str, Sample]) -> pd.DataFrame:
    """Return the tidy table: combined cells with what the design tells of each sample."""

    def tell(values: Mapping[str, object]) -> pd.Series[Any]:
        return cells["sample"].map(values)

    dates = {
        name: pd.Timestamp(owner.sample_date) if owner.sample_date else pd.NaT
        for name, owner in owners.items()
    }
    table = cells.assign(
        patient_id=tell({name: owner.patient_id for name, owner in owners.items()}),
        sample_date=tell(dates).dt.normalize(),
        timing=tell({name: owner.timing for name, owner in owners.items()}),
    )
    return table[list(PANEL_COLUMNS)].astype(PANEL_COLUMNS)
