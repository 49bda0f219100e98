"""Headings that stand several times are a problem, or told apart by position."""

from hypothesis import given
from hypothesis import strategies as st

from features.files.headings import find_misplaced, find_repeated_headings, number_headings
from features.files.table import parse_table


def test_each_repeated_heading_is_one_problem_with_its_count() -> None:
    found = find_repeated_headings(["a", "b", "a", "c", "b", "a"])
    assert [(p.column, p.got) for p in found] == [("a", "named 3 times"), ("b", "named twice")]
    assert find_repeated_headings(["a", "b"]) == []


def test_repeated_headings_are_numbered_in_their_order() -> None:
    assert number_headings(["Pain", "id", "Pain", "Pain"]) == [
        "Pain (1)",
        "id",
        "Pain (2)",
        "Pain (3)",
    ]


@given(st.lists(st.sampled_from(["Pain", "Pain (1)", "Pain (2)", "Pain (2) (1)", "x"])))
def test_every_column_gets_a_name_of_its_own_and_unrepeated_tables_keep_theirs(
    names: list[str],
) -> None:
    numbered = number_headings(names)
    assert len(set(numbered)) == len(names)
    assert all(new.startswith(old) for new, old in zip(numbered, names, strict=True))
    if len(set(names)) == len(names):
        assert numbered == names


def test_headings_that_stand_lower_are_found_and_no_others() -> None:
    table = parse_table(b"Study,,\n\nid,n,sex\nA,7,male\n", name="t")
    problem = find_misplaced(table, ["id", "n", "age"])
    assert problem is not None and "2 of those" in problem.got
    assert "header_line = 3" in problem.action
    # A cell that is called like a heading is not a row of headings.
    assert find_misplaced(table, ["id", "w", "x", "y", "z"]) is None
    assert find_misplaced(table, ["Study", "id"]) is None
    assert find_misplaced(parse_table(b"id,n\nid,n\n", name="t"), ["id", "n"]) is None


def test_a_single_column_is_told_where_several_are_asked_for() -> None:
    table = parse_table(b"id n\nA 7\n", name="t")
    problem = find_misplaced(table, ["id", "n"])
    assert problem is not None and problem.got == "a single column, 'id n'"
    assert find_misplaced(table, ["id"]) is None
    assert find_misplaced(parse_table(b"id\nA\n", name="t"), ["id", "n"]) is None
