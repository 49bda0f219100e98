"""`ketresponse samplesize`: how many patients a study needs. Parse, call, print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

__all__ = ["app"]

app = typer.Typer(
    name="samplesize",
    help="How many patients it takes to make a model, or to check one in new patients.",
    no_args_is_help=True,
)

_WIDEST_SE = 10.0

_Prevalence = Annotated[
    float, typer.Option("--prevalence", help="Share of responders expected, between 0 and 1.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON; n is the answer.")]


def _print_table(title: str, rows: Sequence[tuple[str, str, int]], last: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("criterion", overflow="fold")
    table.add_column("asked for", overflow="fold")
    table.add_column("patients", justify="right", no_wrap=True)
    for criterion, asked, n in rows:
        table.add_row(criterion, asked, str(n))
    console = Console(markup=False)
    console.print(table)
    console.print(last, highlight=False)


@app.command("develop")
def development_size(
    parameters: Annotated[
        int,
        typer.Option("--parameters", help="Candidate parameters; a category counts levels - 1."),
    ],
    prevalence: _Prevalence,
    r2: Annotated[
        float | None,
        typer.Option("--r2", help="Cox-Snell R2 expected in new patients; or give --c-statistic."),
    ] = None,
    c_statistic: Annotated[
        float | None,
        typer.Option("--c-statistic", help="c-statistic (AUC) expected in new patients."),
    ] = None,
    shrinkage: Annotated[
        float, typer.Option("--shrinkage", help="Factor of shrinkage that is put up with.")
    ] = 0.9,
    json_: _Json = False,
) -> None:
    """Patients needed to make a model of response: Riley's criteria for a binary outcome.

    Give --r2 or --c-statistic. The largest of the three criteria counts.
    """
    from training.measures.sample_size.development import compute_development_size

    size = compute_development_size(
        parameters, prevalence, r2=r2, c_statistic=c_statistic, shrinkage=shrinkage
    )
    if json_:
        typer.echo(json.dumps(asdict(size), indent=2))
        return
    known = f"R2 {size.r2:.3f}" if c_statistic is None else f"c {c_statistic:g}, R2 {size.r2:.3f}"
    _print_table(
        f"To make a model: {parameters} parameters, prevalence {prevalence:g}, {known} (at most "
        f"{size.max_r2:.3f}; Nagelkerke {size.nagelkerke_r2:.3f})",
        [
            (
                "1. little shrinkage of the coefficients",
                f"factor {shrinkage:g} or nearer to 1",
                size.n_shrinkage,
            ),
            ("2. little optimism", "Nagelkerke R2 too high by 0.05 at most", size.n_optimism),
            ("3. the overall risk is known", "to within 0.05", size.n_risk),
        ],
        f"Needed: {size.n} patients, {size.events:.0f} of them responders "
        f"({size.events_per_parameter:.1f} per parameter). Source: Riley 2020, "
        "doi:10.1136/bmj.m441.",
    )


_CStatistic = Annotated[
    float, typer.Option("--c-statistic", help="c-statistic (AUC) expected in new patients.")
]
_CWidth = Annotated[
    float | None,
    typer.Option("--c-width", help="Width of the c-statistic's 95% interval; default 0.1."),
]
_CSe = Annotated[
    float | None, typer.Option("--c-se", help="Or the standard error of the c-statistic.")
]
_OEWidth = Annotated[
    float | None, typer.Option("--o-e-width", help="Width of the 95% interval of O:E; default 0.2.")
]
_OESe = Annotated[float | None, typer.Option("--o-e-se", help="Or the standard error of ln(O:E).")]
_SlopeWidth = Annotated[
    float | None,
    typer.Option(
        "--slope-width", help="Width of the calibration slope's 95% interval; default 0.2."
    ),
]
_SlopeSe = Annotated[
    float | None, typer.Option("--slope-se", help="Or the standard error of the slope.")
]
_CitlWidth = Annotated[
    float | None,
    typer.Option(
        "--citl-width",
        help="Width of the 95% interval of calibration-in-the-large, in log-odds; it then "
        "stands for O:E, unless that is asked for as well.",
    ),
]
_CitlSe = Annotated[
    float | None,
    typer.Option("--citl-se", help="Or the standard error of calibration-in-the-large."),
]
_Normality = Annotated[
    Literal["class", "marginal"],
    typer.Option(
        "--normality",
        help="Where the linear predictor is normal: in each outcome class (Riley, R's "
        "pmvalsampsize), or over all patients (Pavlou, R's sampsizeval).",
    ),
]


@app.command("validate")
def validation_size(
    prevalence: _Prevalence,
    c_statistic: _CStatistic,
    c_width: _CWidth = None,
    c_se: _CSe = None,
    o_e_width: _OEWidth = None,
    o_e_se: _OESe = None,
    slope_width: _SlopeWidth = None,
    slope_se: _SlopeSe = None,
    citl_width: _CitlWidth = None,
    citl_se: _CitlSe = None,
    normality: _Normality = "class",
    json_: _Json = False,
) -> None:
    """Patients needed to check a model in new patients: the precision of what is reported.

    Each criterion takes a width or a standard error. The largest of them counts.
    """
    from training.measures.sample_size.assumptions import Z95
    from training.measures.sample_size.validation import (
        compute_size_for_slope,
        compute_validation_size,
    )

    errors = {"c_se": c_se, "o_e_se": o_e_se, "slope_se": slope_se, "citl_se": citl_se}
    widths = {
        "c_width": c_width,
        "o_e_width": o_e_width,
        "slope_width": slope_width,
        "citl_width": citl_width,
    }
    _check_precision(widths, errors)
    given: dict[str, Any] = {
        name: value for name, value in (widths | errors).items() if value is not None
    }
    size = compute_validation_size(prevalence, c_statistic, **given, normality=normality)
    if json_:
        typer.echo(json.dumps(asdict(size), indent=2))
        return
    where = {"class": "within each outcome class", "marginal": "over all patients"}
    other: Literal["class", "marginal"] = "marginal" if normality == "class" else "class"
    n_other = compute_size_for_slope(
        prevalence, c_statistic, se=size.slope_width / (2 * Z95), normality=other
    )
    rows = [
        ("c-statistic", size.c_width, c_se, size.n_c_statistic),
        ("observed over expected responders", size.o_e_width, o_e_se, size.n_o_e),
        ("calibration slope", size.slope_width, slope_se, size.n_slope),
        ("calibration-in-the-large", size.citl_width, citl_se, size.n_citl),
    ]
    _print_table(
        f"To check a model: prevalence {prevalence:g}, c {c_statistic:g}",
        [
            (name, _asked(name, width, se), n)
            for name, width, se, n in rows
            if width is not None and n is not None
        ],
        f"Needed: {size.n} patients, {size.events:.0f} of them responders. The linear predictor "
        f"is taken as normal {where[normality]}; normal {where[other]} (--normality {other}), the "
        f"slope needs {n_other}. Sources: Riley 2021, doi:10.1002/sim.9025; Pavlou 2021, "
        "doi:10.1177/09622802211007522.",
    )


def _asked(name: str, width: float, se: float | None) -> str:
    if se is None:
        return f"95% interval {width:g} wide"
    return f"standard error of {'ln(O:E)' if name.startswith('observed') else 'it'} {se:g}"


def _check_precision(widths: dict[str, float | None], errors: dict[str, float | None]) -> None:
    """Raise one InputError for criteria that are asked for twice and for impossible errors."""
    from features.errors import InputError, Problem

    problems = []
    for name, se in errors.items():
        option = "--" + name.removesuffix("_se").replace("_", "-")
        if se is None:
            continue
        if widths[name.replace("_se", "_width")] is not None:
            problems.append(Problem(f"{option}-width, {option}-se", "one of them", "both"))
        if not 0 < se <= _WIDEST_SE:
            expected = f"a number above 0, at most {_WIDEST_SE:g}"
            problems.append(Problem(f"{option}-se", expected, f"{se:g}"))
    if problems:
        raise InputError("sample size", problems)
