"""What everything costs, beside what it cost when that was last kept.

Run as ``make bench``, or ``python -m experiments.benchmarks.bench [NAME ...] [--keep]``. Benchmarks
run one after another, each in a process of its own; which, and how a new one is added, is written
at `BENCHMARKS` and in `experiments.benchmarks.costs`. Each run is written to
``experiments/output/bench/`` (not committed), with a drawing of cost against size. It is compared
with ``experiments/benchmarks/kept.json`` (committed) by each turn's ratio to a reference timed
beside it, so that what another machine kept can be compared. ``--keep`` puts this run in its place,
and writes the table and the drawing of docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import import_module
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.costs import Cost

__all__ = [
    "BENCHMARKS",
    "KEPT",
    "Result",
    "compare_costs",
    "draw_costs",
    "put_table",
    "read_costs",
    "render_table",
    "run_benchmarks",
    "write_costs",
]

# Name: where its function is. It needs no argument and returns Costs. A name is never given to
# another measurement: what was kept under it would be compared with something else.
BENCHMARKS: dict[str, str] = {
    "prompt": "experiments.benchmarks.prompt:time_prompt",
    "batch": "experiments.benchmarks.batch:time_batch",
    "engines": "experiments.benchmarks.engines:time_engines",
    "estimates": "experiments.benchmarks.slopes:time_estimates",
    "service": "experiments.benchmarks.slopes:time_service",
    "fits": "experiments.benchmarks.slopes:time_fits",
    "resampling": "experiments.benchmarks.slopes:time_resampling",
    "trainings": "experiments.benchmarks.whole:time_trainings",
    "predicting": "experiments.benchmarks.predicting:time_answers",
}

KEPT = Path(__file__).parent / "kept.json"
_OUTPUT = Path(__file__).parents[1] / "output" / "bench"
_PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
_BEGIN, _END = "<!-- begin of what was kept -->\n", "<!-- end of what was kept -->"
# Two runs of the same code on one machine differ by so much, whatever their turns say.
_FLOOR = 0.1


@dataclass(frozen=True)
class Result:
    """What one benchmark found, and where.

    Parameters
    ----------
    machine : dict
        ``cpu``, ``cores``, ``memory_gb``, ``python``, ``numpy`` and ``date`` (ISO).
    costs : list of Cost
        What the benchmark returned.
    """

    machine: dict[str, Any]
    costs: list[Cost]


def _describe_machine(now: datetime) -> dict[str, Any]:
    about = Path("/proc/cpuinfo")  # of Linux; elsewhere the machine's kind must do
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "date": now.date().isoformat(),
    }


def run_benchmarks(names: Sequence[str], *, now: datetime) -> dict[str, Result]:
    """Run benchmarks one after another, each in a process of its own.

    Parameters
    ----------
    names : sequence of str
        Of `BENCHMARKS`.
    now : datetime
        The date of the results.

    Returns
    -------
    dict of Result
        By name. One that fails is told on stderr and is not among them: the others still run.
    """
    found = {}
    for name in names:
        print(f"{name} ...", flush=True)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            try:
                costs = alone.submit(_run_one, BENCHMARKS[name]).result()
            except Exception as err:
                print(f"{name} failed: {type(err).__name__}: {err}", file=sys.stderr)
            else:
                found[name] = Result(_describe_machine(now), costs)
    return found


def _run_one(place: str) -> list[Cost]:
    module, _, function = place.partition(":")
    return list(getattr(import_module(module), function)())


def write_costs(path: Path, results: Mapping[str, Result]) -> None:
    """Write what was measured as JSON, by benchmark, whole or not at all."""
    content = {name: asdict(result) for name, result in results.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def read_costs(path: Path) -> dict[str, Result]:
    """Read what `write_costs` wrote; nothing was kept where there is no file."""
    if not path.exists():
        return {}
    return {
        name: Result(
            result["machine"],
            [
                Cost(**{**one, "taken": tuple(one["taken"]), "beside": tuple(one["beside"])})
                for one in result["costs"]
            ],
        )
        for name, result in json.loads(path.read_text(encoding="utf-8")).items()
    }


def compare_costs(kept: Mapping[str, Result], now: Mapping[str, Result]) -> pd.DataFrame:
    """Compare two runs, thing by thing and size by size.

    Parameters
    ----------
    kept, now : mapping of Result
        By benchmark.

    Returns
    -------
    DataFrame
        One row for what both measured, against the same reference: ``benchmark``, ``what``,
        ``size``, ``size_of``, ``kept`` and ``now`` (median ratio to the reference), ``change``
        (now / kept: 1.2 is a fifth slower), ``spread`` (how far a change must go to be more than
        chance: half the distance of the quartiles of each run's ratios, relative to their median,
        added up, and never below 0.1) and ``verdict`` (``slower`` above 1 + spread, ``quicker``
        below 1 / (1 + spread), else ``same``).
    """
    before = {(name, *_name_of(one)): one for name, result in kept.items() for one in result.costs}
    rows = []
    for name, one in _list_costs(now):
        old = before.get((name, *_name_of(one)))
        if old is None:
            continue
        medians = [float(np.median(ran.ratios)) for ran in (old, one)]
        change, spread = medians[1] / medians[0], max(_FLOOR, _spread(old) + _spread(one))
        verdict = "same"
        if change > 1.0 + spread:
            verdict = "slower"
        elif change < 1.0 / (1.0 + spread):
            verdict = "quicker"
        rows.append((name, one.what, one.size, one.size_of, *medians, change, spread, verdict))
    columns = "benchmark what size size_of kept now change spread verdict".split()
    return pd.DataFrame(rows, columns=columns)


def _list_costs(results: Mapping[str, Result]) -> Iterator[tuple[str, Cost]]:
    for name, result in results.items():
        for one in result.costs:
            yield name, one


def _name_of(cost: Cost) -> tuple[Any, ...]:
    return cost.what, cost.size, cost.size_of, cost.unit, cost.reference


def _spread(cost: Cost) -> float:
    low, middle, high = np.quantile(cost.ratios, [0.25, 0.5, 0.75])
    return float((high - low) / 2.0 / middle)


def render_table(results: Mapping[str, Result]) -> str:
    """Render results as Markdown: one table for each machine and date, a row for each cost."""
    parts = []
    for machine, group in groupby(results.items(), key=lambda item: item[1].machine):
        lines = [
            f"Measured on {machine['date']}: {machine['cpu']}, {machine['cores']} cores, "
            f"{machine['memory_gb']} GB, Python {machine['python']}, numpy {machine['numpy']}.",
            "",
            "| benchmark | what | how much | cost | beside its reference |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| `{name}` | {one.what} | {one.size:,.10g} {one.size_of} "
            f"| {np.median(one.taken):.3g} {one.unit} "
            f"| {np.median(one.ratios):.3g} times {one.reference} |"
            for name, one in _list_costs(dict(group))
        ]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def put_table(page: str, table: str) -> str:
    """Return a page with a table in the place of what was kept before."""
    before, rest = page.split(_BEGIN)
    return f"{before}{_BEGIN}\n{table}\n{_END}{rest.split(_END)[1]}"


def draw_costs(results: Mapping[str, Result], path: Path) -> None:
    """Draw cost against size as SVG, both on logarithmic axes: a panel for each kind and unit.

    Beside a line's name stands its slope: 1 is a cost in proportion to the size.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    panels: dict[tuple[str, str, str], list[Cost]] = {}
    for name, one in _list_costs(results):
        panels.setdefault((name, one.size_of, one.unit), []).append(one)
    figure = Figure(figsize=(6.4, 3.2 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for panel, ((name, size_of, unit), each) in zip(axes, panels.items(), strict=True):
        for what in dict.fromkeys(one.what for one in each):
            line = sorted((one for one in each if one.what == what), key=lambda one: one.size)
            sizes = [one.size for one in line]
            medians = [float(np.median(one.taken)) for one in line]
            slope = ""
            if len(set(sizes)) > 1:
                slope = f" (slope {np.polyfit(np.log(sizes), np.log(medians), 1)[0]:.2f})"
            panel.plot(sizes, medians, marker="o", label=what + slope)
        panel.set(xscale="log", yscale="log", title=name, xlabel=size_of, ylabel=unit)
        panel.legend(fontsize="x-small")
    # Words as words, and the same file for the same results.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": path.stem}):
        figure.savefig(path, metadata={"Date": None})


def _keep(results: Mapping[str, Result]) -> None:
    """Put results in the place of what was kept of the same benchmarks, file, table and drawing."""
    kept = {**read_costs(KEPT), **results}
    kept = {name: kept[name] for name in BENCHMARKS if name in kept}
    write_costs(KEPT, kept)
    page = _PAGE.read_text(encoding="utf-8")
    _PAGE.write_text(put_table(page, render_table(kept)), encoding="utf-8")
    draw_costs(kept, _PAGE.with_suffix(".svg"))
    print(f"kept: {KEPT}, and the table and the drawing of {_PAGE}")


def _tell_change(now: Mapping[str, Result]) -> bool:
    """Print what changed since results were kept; return whether anything got slower."""
    compared = compare_costs(read_costs(KEPT), now)
    if compared.empty:
        print("nothing was kept to compare with: --keep keeps this run")
        return False
    print(f"beside what was kept ({KEPT}):\n{compared.round(3).to_string(index=False)}")
    slower = compared[compared["verdict"] == "slower"]
    for row in slower.to_dict("records"):
        print(
            f"SLOWER: {row['what']}, {row['size']:g} {row['size_of']}: {row['change']:.2f} times "
            f"what was kept, where {1 + row['spread']:.2f} may be chance"
        )
    if slower.empty:
        print("nothing got slower by more than the spread")
    return not slower.empty


def main() -> None:
    """Run, write, draw, compare; end with 1 where a benchmark failed or anything got slower."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--keep", action="store_true", help="keep this run to compare with")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    names, now = asked.names or list(BENCHMARKS), datetime.now(UTC)
    results = run_benchmarks(names, now=now)
    if not results:
        sys.exit(1)
    path = _OUTPUT / f"{now:%Y%m%dT%H%M%SZ}.json"
    write_costs(path, results)
    draw_costs(results, path.with_suffix(".svg"))
    print(f"\n{render_table(results)}\n{path}, drawn beside it as .svg\n")
    slower = _tell_change(results)
    if asked.keep:
        _keep(results)
    sys.exit(len(results) < len(names) or (slower and not asked.keep))


if __name__ == "__main__":
    main()
