from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from experiments.benchmarks import bench
from experiments.benchmarks.bench import (
    KEPT,
    Result,
    compare_costs,
    draw_costs,
    put_table,
    read_costs,
    render_table,
    run_benchmarks,
    write_costs,
)
from experiments.benchmarks.costs import Cost, Job, time_in_turns
from tests.places import PROJECT

MACHINE = {
    "cpu": "a",
    "cores": 2,
    "memory_gb": 8,
    "python": "3",
    "numpy": "2",
    "date": "2026-11-27",
}


def make_cost(*taken: float, beside: float = 1.0, what: str = "a thing", size: float = 10) -> Cost:
    return Cost(what, size, "rows", taken, (beside,) * len(taken))


def make_result(*costs: Cost) -> dict[str, Result]:
    return {"some": Result(MACHINE, list(costs))}


def test_a_machine_half_as_quick_changes_nothing() -> None:
    now = make_cost(2.0, 4.0, 6.0, beside=2.0)
    row = compare_costs(make_result(make_cost(1.0, 2.0, 3.0)), make_result(now)).iloc[0]
    assert row["change"] == 1.0
    assert row["verdict"] == "same"


def test_slower_is_what_got_slower_by_more_than_both_spreads() -> None:
    # Quartiles of 9, 10, 11 are 9.5 and 10.5: a spread of 0.05; of 12, 12, 12 none. 0.1 is least.
    kept, even = make_result(make_cost(9.0, 10.0, 11.0)), make_result(make_cost(10.0, 10.0, 10.0))
    verdicts = {
        now: compare_costs(even, make_result(make_cost(now, now, now)))["verdict"].item()
        for now in (8.0, 10.9, 12.0)
    }
    assert verdicts == {8.0: "quicker", 10.9: "same", 12.0: "slower"}
    wide = make_result(make_cost(9.0, 12.0, 15.0))  # 10.5 and 13.5: a spread of 0.125
    row = compare_costs(kept, wide).iloc[0]
    assert row["spread"] == pytest.approx(0.05 + 0.125)
    assert row["change"] == pytest.approx(1.2)
    assert row["verdict"] == "slower"


def test_only_the_same_thing_at_the_same_size_is_compared() -> None:
    kept = make_result(make_cost(1.0), make_cost(1.0, size=20), make_cost(1.0, what="gone"))
    now = make_result(make_cost(1.0, size=20), make_cost(1.0, what="new"))
    assert compare_costs(kept, now)["size"].tolist() == [20]


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results = make_result(make_cost(1.0, 2.0))
    write_costs(tmp_path / "new" / "kept.json", results)
    assert read_costs(tmp_path / "new" / "kept.json") == results
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["kept.json"]
    assert read_costs(tmp_path / "none.json") == {}


@pytest.mark.parametrize("wrong", [((1.0,), (1.0, 2.0)), ((), ()), ((0.0,), (1.0,))])
def test_a_cost_has_turns_of_both_above_zero(
    wrong: tuple[tuple[float, ...], tuple[float, ...]],
) -> None:
    with pytest.raises(ValueError, match="a thing: "):
        Cost("a thing", 1, "rows", *wrong)


def test_jobs_are_timed_in_turns_and_what_is_repeated_inside_is_divided() -> None:
    done: list[str] = []
    clock = itertools.count(0, 8).__next__  # each look at it is 8 seconds after the one before
    jobs = [
        Job(name, 1, "rows", lambda name=name: done.append(name), times=4, clock=clock)
        for name in "ab"
    ]
    costs = time_in_turns(jobs, turns=2)
    assert done == list("ababab")
    assert [cost.taken for cost in costs] == [(2.0, 2.0), (2.0, 2.0)]
    assert costs[0].beside == costs[1].beside
    assert all(0 < seconds < math.inf for seconds in costs[0].beside)


def fail() -> list[Cost]:
    raise RuntimeError("of its own")


def succeed() -> list[Cost]:
    return [make_cost(1.0)]


def test_a_benchmark_that_fails_is_told_and_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {name: f"{__name__}:{name}" for name in ("fail", "succeed")}
    monkeypatch.setattr(bench, "BENCHMARKS", places)
    found = run_benchmarks(["fail", "succeed"], now=datetime(2026, 11, 27, tzinfo=UTC))
    assert {name: result.costs for name, result in found.items()} == {"succeed": succeed()}
    assert found["succeed"].machine["date"] == "2026-11-27"
    assert capsys.readouterr().err == "fail failed: RuntimeError: of its own\n"


def test_the_drawing_tells_each_line_and_its_slope(tmp_path: Path) -> None:
    costs = [make_cost(size**2.0, size=size) for size in (1.0, 10.0, 100.0)]
    draw_costs(make_result(*costs, make_cost(1.0, what="another")), tmp_path / "costs.svg")
    text = (tmp_path / "costs.svg").read_text()
    words = [node.text for node in ElementTree.fromstring(text).iter() if node.text]
    assert {"a thing (slope 2.00)", "another", "rows", "s CPU", "some"} <= set(words)


def test_the_page_shows_what_is_kept() -> None:
    page = (PROJECT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert put_table(page, render_table(read_costs(KEPT))) == page


def test_a_table_for_each_machine() -> None:
    other = {**MACHINE, "cpu": "b"}
    results = {**make_result(make_cost(1.0, 3.0, 5.0)), "more": Result(other, [make_cost(2.0)])}
    table = render_table(results)
    assert "Measured on 2026-11-27: a, 2 cores, 8 GB, Python 3, numpy 2." in table
    assert "| `some` | a thing | 10 rows | 3 s CPU | 3 times the reference computation |" in table
    assert table.index("| `some`") < table.index(": b, ") < table.index("| `more`")


@pytest.mark.parametrize("place", bench.BENCHMARKS.values())
def test_every_benchmark_is_where_the_list_says(place: str) -> None:
    module, _, function = place.partition(":")
    source = PROJECT.joinpath(*module.split(".")).with_suffix(".py").read_text()
    assert f"\ndef {function}(" in source
