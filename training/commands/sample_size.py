"""`ketresponse samplesize`: how many patients a study needs. Parse, call, print."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

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


@app.command("validate")
def validation_size(
    prevalence: _Prevalence,
    c_statistic: Annotated[
        float, typer.Option("--c-statistic", help="c-statistic (AUC) expected in new patients.")
    ],
    c_width: Annotated[
        float | None,
        typer.Option("--c-width", help="Width of the c-statistic's 95% interval; default 0.1."),
    ] = None,
    c_se: Annotated[
        float | None, typer.Option("--c-se", help="Or the standard error of the c-statistic.")
    ] = None,
    o_e_width: Annotated[
        float | None,
        typer.Option("--o-e-width", help="Width of the 95% interval of O:E; default 0.2."),
    ] = None,
    o_e_se: Annotated[
        float | None, typer.Option("--o-e-se", help="Or the standard error of ln(O:E).")
    ] = None,
    slope_width: Annotated[
        float | None,
        typer.Option(
            "--slope-width", help="Width of the calibration slope's 95% interval; default 0.2."
        ),
    ] = None,
    slope_se: Annotated[
        float | None, typer.Option("--slope-se", help="Or the standard error of the slope.")
    ] = None,
    json_: _Json = False,
) -> None:
    """Patients needed to check a model in new patients: the precision of what is reported.

    Each criterion takes a width or a standard error. The largest of the three counts.
    """
    size = _size_validation(
        prevalence,
        c_statistic,
        c=(c_width, c_se),
        o_e=(o_e_width, o_e_se),
        slope=(slope_width, slope_se),
    )
    if json_:
        typer.echo(json.dumps(size, indent=2))
        return
    _print_table(
        f"To check a model: prevalence {prevalence:g}, c {c_statistic:g}",
        [
            ("c-statistic", _asked("c", size["c_width"], c_se), size["n_c_statistic"]),
            (
                "observed over expected responders",
                _asked("O:E", size["o_e_width"], o_e_se),
                size["n_o_e"],
            ),
            ("calibration slope", _asked("slope", size["slope_width"], slope_se), size["n_slope"]),
        ],
        f"Needed: {size['n']} patients, {size['events']:.0f} of them responders. Source: Riley "
        "2021, doi:10.1002/sim.9025.",
    )


def _asked(name: str, width: float, se: float | None) -> str:
    if se is None:
        return f"95% interval {width:g} wide"
    return f"standard error of {'ln(O:E)' if name == 'O:E' else 'it'} {se:g}"


def _size_validation(
    prevalence: float,
    c_statistic: float,
    *,
    c: tuple[float | None, float | None],
    o_e: tuple[float | None, float | None],
    slope: tuple[float | None, float | None],
) -> dict[str, Any]:
    """Return the sizes as plain values, from a width or a standard error of each criterion."""
    from features.errors import InputError, Problem
    from training.measures.sample_size.validation import (
        compute_size_for_c_statistic,
        compute_validation_size,
    )

    asked = {"c": c, "o-e": o_e, "slope": slope}
    both = [name for name, pair in asked.items() if None not in pair]
    if both:
        problems = [Problem(f"--{name}-width, --{name}-se", "one of them", "both") for name in both]
        raise InputError("sample size", problems)
    problems = [
        Problem(f"--{name}-se", f"a number above 0, at most {_WIDEST_SE:g}", f"{se:g}")
        for name, (_, se) in asked.items()
        if se is not None and not 0 < se <= _WIDEST_SE
    ]
    if problems:
        raise InputError("sample size", problems)
    widths: dict[str, Any] = {}
    for name, (width, se) in (("c_width", c), ("o_e_width", o_e), ("slope_width", slope)):
        if width is not None:
            widths[name] = width
        elif se is not None:
            # 1.96 as in the papers; the interval of O:E is symmetric on the log scale.
            widths[name] = 2 * (math.sinh(1.96 * se) if name == "o_e_width" else 1.96 * se)
    size = asdict(compute_validation_size(prevalence, c_statistic, **widths))
    if c[1] is not None:  # it has a formula of its own
        size["n_c_statistic"] = compute_size_for_c_statistic(prevalence, c_statistic, se=c[1])
        size["n"] = max(size["n_c_statistic"], size["n_o_e"], size["n_slope"])
        size["events"] = size["n"] * prevalence
    return size
