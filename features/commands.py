"""`ketresponse cohort`: from any export to a checked cohort file. Parse, call, print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import EXIT_INPUT, Problem, group_problems
from features.options import (
    CohortFile,
    ForceOption,
    HorizonsOption,
    JsonOption,
    MappingOption,
    QuietOption,
    RuleOption,
    StudyOption,
    read_dictionary,
    read_rules,
)

if TYPE_CHECKING:
    from rich.console import Console

    from features.cohort.check import CheckReport
    from features.mapping.import_report import ImportReport

__all__ = ["app"]

app = typer.Typer(
    name="cohort", help="Collect, simulate, import and check a cohort file.", no_args_is_help=True
)

_MOST_KINDS = 20
_SHOWN_ROWS = 10
_NARROW = frozenset(
    "variable known missing remaining excluded share responders nonresponders unknown score "
    "wording both".split()
)


def _print_table(
    console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in _NARROW)
    for row in rows:
        # Text, not markup: a cell of the file may hold brackets.
        table.add_row(*(Text(str(cell)) for cell in row))
    console.print(table)


@app.command("template")
def cohort_template(
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write it; default: the screen.")
    ] = None,
    redcap: Annotated[
        bool, typer.Option("--redcap", help="A REDCap data dictionary, not an empty file.")
    ] = False,
    mapping: MappingOption = None,
    force: ForceOption = False,
) -> None:
    """Write an empty cohort file (CSV), or a REDCap data dictionary."""
    from features.dictionary.templates import make_redcap_dictionary, make_template

    dictionary = read_dictionary(mapping)
    text = make_redcap_dictionary(dictionary) if redcap else make_template(dictionary)
    if out is None:
        typer.echo(text, nl=False)
        return
    from features.files.table import write_bytes

    write_bytes(text.encode("utf-8"), out, force=force)
    typer.echo(f"Wrote {out}", err=True)


@app.command("columns")
def show_columns(
    mapping: MappingOption = None,
    json_: JsonOption = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print it as docs/dictionary.md has it.")
    ] = False,
) -> None:
    """Print every column of a cohort file: unit, range, allowed words, what else is understood."""
    from features.mapping.columns import describe_columns, make_page, make_text

    dictionary = read_dictionary(mapping)
    if json_:
        columns = describe_columns(dictionary)
        typer.echo(json.dumps([column.to_dict() for column in columns], indent=2))
    else:
        typer.echo(make_page(dictionary) if markdown else make_text(dictionary), nl=False)


@app.command("simulate")
def simulate_cohort(
    out: Annotated[Path, typer.Option("--out", help="Cohort file, .csv or .parquet.")],
    n: Annotated[int, typer.Option("--n", help="Number of patients.", min=1)] = 48,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same cohort.", min=0)] = 1,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="Also write each patient's true risk here.")
    ] = None,
    force: ForceOption = False,
    quiet: QuietOption = False,
) -> None:
    """Simulate a cohort with published margins and invented effects.

    It serves to try the software out. It says nothing about patients, and a model made from it
    stays a demonstration for ever.
    """
    from features.errors import InputError
    from features.files.table import TABLE_ENDINGS, check_output, write_table
    from features.simulation.cohort import make_cohort

    if truth is not None and truth.resolve() == out.resolve():
        raise InputError("--out and --truth name the same file")
    outputs = [path for path in (out, truth) if path is not None]
    for path in outputs:
        check_output(path, force=force, endings=TABLE_ENDINGS)
    cohort = make_cohort(n, seed=seed)
    for path, table in zip(outputs, (cohort.table, cohort.true_risk), strict=False):
        write_table(table, path, force=force)
    if not quiet:
        written = " and ".join(str(path) for path in outputs)
        typer.echo(f"Wrote {n} simulated patients to {written}. Any effect in them is invented.")


@app.command("example")
def write_example_export(
    out: Annotated[Path, typer.Option("--out", help="Folder to make.")] = Path("example"),
    n: Annotated[int, typer.Option("--n", help="Number of patients.", min=1)] = 60,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same export.", min=0)] = 1,
) -> None:
    """Write a made-up hospital export (CSV, Excel) with its mapping, to practise an import on.

    Its patients are simulated, and whatever is made of them stays a demonstration.
    """
    from features.simulation.example import make_example_export, write_example

    write_example(out, make_example_export(n, seed))
    typer.echo(
        f"Wrote {out}: export.csv, export.xlsx and mapping.toml, {n} made-up patients.\n"
        f"Next: ketresponse cohort import --mapping {out / 'mapping.toml'} {out / 'export.csv'} "
        "--out cohort.csv"
    )


@app.command("import")
def import_cohort(
    raw: Annotated[
        Path, typer.Argument(metavar="RAW", help="The export: CSV, .xlsx, .sav, .dta or Parquet.")
    ],
    mapping: Annotated[Path, typer.Option("--mapping", help="How to read it (TOML).")],
    out: Annotated[Path, typer.Option("--out", help="Cohort file, .csv or .parquet.")],
    force: ForceOption = False,
    json_: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Turn any export into a cohort file, by a mapping.

    Says what was done, in counts. Nothing is written while there is any problem.
    """
    from rich.console import Console

    from features.errors import InputError
    from features.files.table import TABLE_ENDINGS, check_output, write_table
    from features.mapping.export import find_joined, read_export
    from features.mapping.mapping import apply_mapping
    from features.mapping.mapping_file import read_mapping

    check_output(out, force=True, endings=TABLE_ENDINGS)
    rules = read_mapping(mapping)
    if out.resolve() in [
        raw.resolve(),
        *(path.resolve() for path in find_joined(raw, rules).values()),
    ]:
        raise InputError(f"{out} is the export itself; choose another name")
    check_output(out, force=force, endings=TABLE_ENDINGS)
    export, joined = read_export(raw, rules)
    table, report = apply_mapping(export, rules, joined)
    write_table(table, out, force=force)
    if json_:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    elif not quiet:
        _show_import(Console(markup=False), report, out)
        declares = f" --mapping {mapping}" if rules.variables or rules.scale else ""
        if rules.scale is not None:  # on which the usual rule means nothing
            declares += " --study STUDY"
        typer.echo(f"Next: ketresponse cohort check {out}{declares}")


def _show_cleaned(console: Console, cleaned: int) -> None:
    from features.cohort.remarks import tell_cleaned

    if cleaned:
        console.print(tell_cleaned(cleaned))


def _show_import(console: Console, report: ImportReport, out: Path) -> None:
    console.print(f"Read {report.raw_rows} rows, {report.raw_columns} columns.")
    _show_cleaned(console, report.cleaned)
    for line in report.tell_rows():
        console.print(line)
    _print_table(
        console,
        "What became of each variable",
        ("variable", "from", "how", "known", "missing"),
        [(c.name, c.source, c.how, c.known, c.missing) for c in report.columns],
    )
    for line in report.tell_rest():
        console.print(line)
    console.print(f"Wrote {report.rows} row{'s'[: report.rows != 1]} to {out}.")


@app.command("check")
def check_file(
    file: CohortFile,
    mapping: MappingOption = None,
    study: StudyOption = None,
    rule: RuleOption = None,
    horizons: HorizonsOption = None,
    json_: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List every problem of a cohort file at once; else show who is eligible and what is known.

    Ends with exit code 2 when there is a problem, or the study given leaves nobody.
    """
    from rich.console import Console

    from features.cohort.check import check_cohort

    rules = read_rules(study, mapping=mapping, rule=rule, horizons=horizons)
    report = check_cohort(file, rules)
    if json_:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    elif report.problems:
        _show_problems(Console(markup=False), file, report.problems)
    elif not quiet:
        _show_check(Console(markup=False), file, report, rules.rule.past)
    if report.problems or (study is not None and report.last_step):
        raise typer.Exit(EXIT_INPUT)


def _show_problems(console: Console, file: Path, problems: Sequence[Problem]) -> None:
    kinds = group_problems(problems)
    _print_table(
        console,
        f"{file}: {len(problems)} problem{'s'[: len(problems) != 1]}",
        ("row", "column", "expected", "got", "next step"),
        [
            (kind.rows, first.column, first.expected, kind.got, first.action)
            for kind in kinds[:_MOST_KINDS]
            for first in kind.problems[:1]
        ],
    )
    if len(kinds) > _MOST_KINDS:
        more = sum(len(kind.problems) for kind in kinds[_MOST_KINDS:])
        console.print(f"... and {more} more; --json lists them all.")


def _show_check(console: Console, file: Path, report: CheckReport, rule: str) -> None:
    from features.shares import format_count

    origin = " (simulated: any model is a demonstration)" if report.synthetic else ""
    console.print(f"{file}: {report.rows} courses, no problem{origin}.")
    _show_cleaned(console, report.cleaned)
    for line in report.notes:
        console.print(line)
    if report.flow is not None:
        _print_table(
            console,
            "From all courses to those with an outcome",
            ("step", "remaining", "excluded", "kept, not known"),
            report.flow.itertuples(index=False),
        )
        _show_assumed(console, report)
        if report.last_step:
            console.print(
                f"No course is left after: {report.last_step}. Correct [eligibility] of the study "
                "(--study FILE; without one the rules are those for CRPS courses), or the column."
            )
    if report.labels is None:
        console.print("No outcome: neither scores nor wording at T1 or T2.")
    else:
        console.print(f"Responder: {rule}.")
        _show_labels(console, report.labels)
    missing = {name: share for name, share in report.missing.items() if share}
    if missing:
        worst = sorted(missing.items(), key=lambda item: -item[1])
        _print_table(
            console,
            "Missing values",
            ("variable", "share"),
            [(name, f"{share:.1%}") for name, share in worst],
        )
    if report.unlisted_codes:
        counts = report.unlisted_codes.items()
        codes = ", ".join(f"{code} ({format_count(count)})" for code, count in counts)
        console.print(f"ATC codes of no drug class: {codes}.")
    for (name, text), rows in _gather_flags(report.flags).items():
        shown = ", ".join(str(row) for row in rows[:_SHOWN_ROWS])
        more = ", ..." if len(rows) > _SHOWN_ROWS else ""
        console.print(f"{name}: {text}: row {shown}{more} ({len(rows)} in all).")


def _show_assumed(console: Console, report: CheckReport) -> None:
    for sentence in report.assumed:
        console.print(f"Warning: {sentence}.")
    if report.lines:
        console.print(
            "Where it holds for every course, add to the mapping, below [columns]:", markup=False
        )
        for line in report.lines:
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _show_labels(console: Console, labels: Any) -> None:
    columns = ("responders", "nonresponders", "unknown", "score", "wording", "both")
    names = {
        "t1": "T1",
        "t2": "T2, sustained" if "t1" in labels else "T2",
        "kept": "kept, of T1 responders",
    }
    _print_table(
        console,
        "Labels of eligible courses, and what they rest on",
        ("horizon", *columns),
        [
            (name, *(labels[key].get(column, "") for column in columns))
            for key, name in names.items()
            if key in labels
        ],
    )
    console.print(
        f"{labels['cannot_meet']} with a score before treatment too near the best one for the "
        f"rule; "
        f"{labels['t2_after_t1_no']} with response at T2 after none at T1."
    )
    if "t1" in labels and "t2" in labels:
        console.print(
            "Score, wording and both are what was recorded at that time. Who did not respond at T1 "
            "has no sustained response, whether or not anything was recorded at T2."
        )


def _gather_flags(flags: Sequence[tuple[int, str, str]]) -> dict[tuple[str, str], list[int]]:
    gathered: dict[tuple[str, str], list[int]] = {}
    for row, name, text in flags:
        gathered.setdefault((name, text), []).append(row)
    return gathered
