"""Headings that stand several times are a problem, or told apart by position."""

from hypothesis import given
from hypothesis import strategies as st

from features.files.headings import find_repeated_headings, number_headings


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
