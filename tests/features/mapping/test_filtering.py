"""What a filter keeps and drops is told, and a filter that drops everyone is a problem."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.mapping.filtering import filter_rows, find_near


def test_dropped_values_are_told_with_their_rows_and_the_near_miss() -> None:
    cells = {"group": ["patient", "Patient", "control", "Patient", ""]}
    kept, [filtered], problems = filter_rows(
        cells, {"group": frozenset({"patient", "trial"})}, n_rows=5
    )
    assert (list(kept), problems) == ([0], [])
    assert filtered.dropped == {"Patient": 2, "control": 1, "": 1}
    assert (
        filtered.list_dropped() == "'Patient' in 2 rows, 'control' in 1 row, an empty cell in 1 row"
    )
    assert filtered.describe()[1:] == [
        "Look again: 'Patient' is nearly 'patient'. Add it to the filter if it is meant.",
        "No row has 'trial'.",
    ]
    assert filtered.absent == ("trial",)


def test_a_filter_that_drops_everyone_is_a_problem_with_what_to_write() -> None:
    cells = {"ok": ["1,000", "1,000", "2,000"], "arm": ["a", "a", "a"]}
    filters = {"arm": frozenset({"a"}), "ok": frozenset({"1"})}
    kept, filtered, [problem] = filter_rows(cells, filters, n_rows=3)
    assert (list(kept), [f.rows for f in filtered]) == ([], [0, 3])
    assert problem.column == "filter.ok" and problem.expected == "rows with '1'"
    assert problem.got == (
        "no row is left: dropped '1,000' in 2 rows, '2,000' in 1 row; '1,000' is nearly '1'"
    )
    # A step may be logged: it holds no value of the file.
    assert problem.action == "write it as the file does"


def test_filters_are_applied_in_turn_and_the_one_that_leaves_nobody_is_named() -> None:
    cells = {"a": ["1", "0"], "b": ["0", "1"]}
    filters = {"a": frozenset({"1"}), "b": frozenset({"1"})}
    _, filtered, [problem] = filter_rows(cells, filters, n_rows=2)
    assert problem.column == "filter.b" and problem.action == "ask for a value that is there"
    assert [f.dropped for f in filtered] == [{"0": 1}, {"0": 1}]


def test_at_most_twenty_dropped_values_are_shown_and_the_others_counted() -> None:
    values = [f"v{i}" for i in range(30)]
    _, [filtered], _ = filter_rows({"x": values}, {"x": frozenset({"w"})}, n_rows=30)
    assert filtered.list_dropped().count(" row") == 21
    assert filtered.list_dropped().endswith("10 more values in 10 rows")


@pytest.mark.parametrize(
    ("value", "wanted", "near"),
    [
        ("Patient", "patient", True),
        ("patient ", "patient", True),
        ("crps_1", "CRPS 1", True),
        ("Schmerz-Patient", "schmerzpatient", True),
        ("patiënt", "patient", True),
        ("patients", "patient", True),
        ("1,00", "1", True),
        ("1.50", "1,5", True),
        ("01", "1", True),
        ("-1", "1", False),
        ("10", "1", False),
        ("1,5", "15", False),
        ("control", "patient", False),
        ("visit 2", "visit 1", False),
        ("", "patient", False),
        ("-", "+", False),
    ],
)
def test_near_is_the_same_but_for_how_it_is_written(value: str, wanted: str, near: bool) -> None:
    assert find_near(value, frozenset({wanted})) == (wanted if near else "")


_WORDS = st.sampled_from(["patient", "Patient", "PATIENT", "control", "1", "1.0", "1,00", "2", ""])


@given(st.lists(_WORDS, min_size=1), st.frozensets(st.sampled_from(["patient", "1"]), min_size=1))
def test_every_row_is_kept_or_told_as_dropped_and_never_both(
    cells: list[str], wanted: frozenset[str]
) -> None:
    kept, [filtered], problems = filter_rows({"x": cells}, {"x": wanted}, n_rows=len(cells))
    same = {"1.0": "1", "1,00": "1"}
    expected = Counter(v for v in (same.get(c, c) for c in cells) if v not in wanted)
    assert Counter(filtered.dropped) == expected
    assert [cells[row] for row in kept] == [c for c in cells if same.get(c, c) in wanted]
    assert bool(problems) == (not kept)
    alike = {"Patient": "patient", "PATIENT": "patient"}
    assert filtered.near == {v: alike[v] for v in expected if alike.get(v) in wanted}
