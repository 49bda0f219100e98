"""What is told of how a cohort was read."""

from features.cohort.remarks import list_remarks, tell_cleaned


def test_nothing_is_said_where_there_is_nothing_to_say() -> None:
    assert list_remarks(["P1", "P2"], cleaned=0, notes=()) == []
    assert tell_cleaned(0) == ""


def test_what_was_passed_over_comes_first_then_who_is_alike() -> None:
    told = list_remarks(["P1", "p 1", "P2"], cleaned=1, notes=("Passed over blank line 3.",))
    assert told[0] == "Passed over invisible characters in 1 cell or heading."
    assert told[1] == "Passed over blank line 3."
    assert told[2].startswith("Patients whose names differ only by case")
    assert told[2].endswith("are kept apart: P1 / p 1.")
