"""A code is one however it was written."""

from hypothesis import given
from hypothesis import strategies as st

from features.cohort.codes import normalise_code


@given(st.integers(-(10**6), 10**6))
def test_whole_numbers_are_one_code_however_written(number: int) -> None:
    assert {normalise_code(form) for form in (number, f" {number} ", f"{number}.0")} == {
        str(number)
    }


def test_text_codes_are_taken_as_they_are() -> None:
    assert [normalise_code(code) for code in ("NaN", "<undefined>", "1.5", "1e3", "inf")] == [
        "NaN",
        "<undefined>",
        "1.5",
        "1e3",
        "inf",
    ]
