"""`ketresponse panel`: from instruments' files to a checked panel. Parse, call, print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from features.options import ForceOption, JsonOption, QuietOption
from training.commands.options import PageOption, print_report

__all__ = ["app"]

app = typer.Typer(
    name="panel", help="Import a microRNA panel and look at its quality.", no_args_is_help=True
)

_Design = Annotated[
    Path | None,
    typer.Option(
        "--design",
        help="Table with sample, patient_id and, where known, file, plate, well, platform, "
        "sample_date, infusion_start.",
    ),
]


def _read_names(path: Path | None) -> dict[str, str] | None:
    """Return the names that a file decides on."""
    from features.errors import InputError, Problem
    from features.files.options import TableOptions
    from features.files.table import parse_table, read_bytes
    from features.panel.layouts.text import find_encoding

    if path is None:
        return None
    data = read_bytes(path)
    options = TableOptions(encoding=find_encoding(data))
    table = parse_table(data, name=str(path), options=options)
    problems = [
        Problem(column, "a column of that name", "no such column")
        for column in ("raw", "assay")
        if column not in table
    ]
    if not problems:
        raws, assays = (table[column].str.strip().tolist() for column in ("raw", "assay"))
        problems = [
            Problem("raw", "each raw name once, with a name", "repeated or empty", row=line + 1)
            for i, (line, raw, assay) in enumerate(zip(table.index, raws, assays, strict=True))
            if not raw or not assay or raw in raws[:i]
        ]
    if problems:
        raise InputError(str(path), problems)
    return dict(zip(raws, assays, strict=True))


_Ceiling = Annotated[
    float | None,
    typer.Option("--ceiling", help="Cycle from which nothing counts as detected, as 35."),
]
_Format = Annotated[
    str, typer.Option("--format", help="auto, long, samples_in_rows, samples_in_columns or tidy.")
]
_Names = Annotated[
    Path | None, typer.Option("--names", help="Table with raw and assay: names that you decide on.")
]
_Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", help="A matrix's column that is no assay; may be repeated."),
]
_Empty = Annotated[str, typer.Option("--empty", help="An empty cell: non_detect or not_measured.")]
_Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        help="Where a long export has what: sample=Id,assay=miRNA,ct=Mean Ct (or numbers "
        "from 1; also plate, well, role, flag).",
    ),
]
_Controls = Annotated[
    str,
    typer.Option(
        "--controls", help="A sample that is called NTC, Water ...: ask, leave_out or keep."
    ),
]

_Sheet = Annotated[
    str | None,
    typer.Option(
        "--sheet",
        help="A workbook's sheet, by name or by number from 1; default: the one with results.",
    ),
]
_Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        help="Of a text, such as windows-1250; default: UTF-8, UTF-16 or windows-1252.",
    ),
]


@app.command("import")
def import_panel_files(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Exports, or matrices of Ct values: text, .xlsx, .sav, .dta or Parquet.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Panel file, .parquet or .csv.")],
    design: _Design = None,
    ceiling: _Ceiling = None,
    format_: _Format = "auto",
    names: _Names = None,
    ignore: _Ignore = None,
    empty: _Empty = "non_detect",
    columns: _Columns = None,
    controls: _Controls = "ask",
    sheet: _Sheet = None,
    encoding: _Encoding = None,
    force: ForceOption = False,
    json_: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Turn the files of a panel into one tidy file, and say what was done.

    A sample taken after the infusion began is refused. Nothing is written while there is any
    problem.
    """
    from experiments.description.panel_report import describe_import
    from features.errors import InputError
    from features.files.table import TABLE_ENDINGS, check_output, write_table
    from features.panel.design import read_design
    from features.panel.importing import import_panel
    from features.panel.layouts.headings import parse_columns

    if out.resolve() in [file.resolve() for file in files]:
        raise InputError(f"{out} is one of the panel's files; choose another name")
    check_output(out, force=force, endings=TABLE_ENDINGS)
    panel, report = import_panel(
        files,
        format=format_,
        design=None if design is None else read_design(design),
        ceiling=ceiling,
        names=_read_names(names),
        ignore=ignore or (),
        empty=empty,
        columns=None if columns is None else parse_columns(columns),
        controls=controls,
        sheet=sheet,
        encoding=encoding,
    )
    write_table(panel.table, out, force=force)
    if json_:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    elif not quiet:
        for line in describe_import(report):
            typer.echo(line)
        typer.echo(f"Wrote {out}. Next: ketresponse panel check {out}")


@app.command("check")
def check_panel(
    file: Annotated[Path, typer.Argument(metavar="PANEL", help="Panel file of `panel import`.")],
    out: PageOption = None,
    clean: Annotated[
        Path | None, typer.Option("--clean", help="Also write the panel without what is dropped.")
    ] = None,
    min_sample: Annotated[
        float | None,
        typer.Option("--min-sample", help="Share of the median sample's detected assays."),
    ] = None,
    min_assay: Annotated[
        float | None, typer.Option("--min-assay", help="Share of samples that detect an assay.")
    ] = None,
    max_spread: Annotated[
        float | None, typer.Option("--max-spread", help="Cycles between replicates.")
    ] = None,
    drop_haemolysed: Annotated[
        bool, typer.Option("--drop-haemolysed", help="Drop samples that are likely haemolysed.")
    ] = False,
    force: ForceOption = False,
    json_: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Look at a panel's samples, assays and plates; say what would be dropped, and why.

    With --out it writes one page that needs no network (HTML), its pictures and tables. The page
    names no sample; samples.csv does, and belongs where the panel file is.
    """
    from experiments.description.panel_report import make_quality_report
    from features.files.table import TABLE_ENDINGS, check_output, write_table
    from features.panel.importing import read_panel
    from features.panel.quality import QualitySettings, compute_quality, drop_poor
    from training.document.files import write_document

    limits = {"min_sample": min_sample, "min_assay": min_assay, "max_spread": max_spread}
    asked: dict[str, Any] = {name: at for name, at in limits.items() if at is not None}
    settings = QualitySettings(**asked, drop_haemolysed=drop_haemolysed)
    if clean is not None:
        check_output(clean, force=force, endings=TABLE_ENDINGS)
    panel = read_panel(file, format="tidy")
    quality = compute_quality(panel, settings)
    report = make_quality_report(panel, quality)
    if out is not None:
        tables = {"samples": quality.samples, "assays": quality.assays}
        write_document(report, out, name="panel", force=force, extra=tables)
    if clean is not None:
        write_table(drop_poor(panel, quality).table, clean, force=force)
    if json_:
        typer.echo(json.dumps(quality.to_dict(), indent=2))
    elif not quiet:
        written = [f"Wrote {clean}"] if clean else []
        print_report(report, *written, page=out and out / "panel.html")
