"""A code is one however it was written."""

from hypothesis import given
from hypothesis import strategies as st

from features.mapping.codes import normalise_code


@given(st.integers(-(10**6), 10**6))
def test_whole_numbers_are_one_code_however_written(number: int) -> None:
    forms = (number, f" {number} ", f"{number}.0", f"{number},00", f"{number}\u00a0")
    assert {normalise_code(form) for form in forms} == {str(number)}


def test_a_number_that_may_have_thousands_stays_as_it_is() -> None:
    assert [normalise_code(code) for code in ("-99,00", "-99,000", "0,000")] == [
        "-99",
        "-99,000",
        "0",
    ]


def test_long_numbers_stay_different_codes() -> None:
    assert normalise_code("12345678901234567891") == "12345678901234567891"


def test_text_codes_are_taken_as_they_are() -> None:
    assert [normalise_code(code) for code in ("NaN", "<undefined>", "1.5", "1e3", "inf")] == [
        "NaN",
        "<undefined>",
        "1.5",
        "1e3",
        "inf",
    ]
