"""One grammar of numbers: what people write, never what only Python reads."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.numerals import (
    DecimalSign,
    combine_signs,
    find_decimal,
    may_have_thousands,
    parse_number,
    settle_decimal,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7.0),
        ("-99", -99.0),
        ("+7.50", 7.5),
        ("7.", 7.0),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("7,5", 7.5),
        ("-99,00", -99.0),
        ("0,125", 0.125),
        ("1,2345", 1.2345),
        ("1234,567", 1234.567),
        ("1.500", 1.5),
    ],
)
def test_a_number_is_read(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " 7", "7 ", "1_0", "0x10", "nan", "inf", "-Infinity", "1e999", "1e", "e5", ".", ",",
        "7,", "1,500", "12,345", "-999,000", "1,234,567", "1.234.567", "1.234,5", "1,234.5",
        "1 000", "1'000", "--1", "1-", "7/10", "50%", "<1", "٧", "７", "½", "²", "1\n",
    ],
)  # fmt: skip
def test_what_is_no_sure_number_is_none(text: str) -> None:
    assert parse_number(text) is None


def test_a_known_sign_settles_what_may_be_thousands() -> None:
    assert (parse_number("1,500", decimal=","), parse_number("1.500", decimal=",")) == (1.5, None)
    assert (parse_number("7,5", decimal="."), parse_number("1.500", decimal=".")) == (None, 1.5)
    assert parse_number("7.5", decimal=",") == 7.5


@given(st.text("0123456789+-.,eE_ infa", max_size=8))
def test_what_is_read_with_a_point_is_what_python_reads(text: str) -> None:
    value = parse_number(text, decimal=".")
    assert value is None or (math.isfinite(value) and value == float(text))


@given(number=st.decimals(-10_000, 10_000, places=2), sign=st.sampled_from([".", ","]))
def test_two_decimals_are_read_with_either_sign(number: object, sign: str) -> None:
    assert parse_number(str(number).replace(".", sign)) == float(str(number))


@given(
    numbers=st.lists(st.decimals(-10_000, 10_000, places=3), min_size=1),
    sign=st.sampled_from([".", ","]),
)
def test_a_column_is_read_right_or_a_cell_is_refused(numbers: list[object], sign: str) -> None:
    texts = [str(number).replace(".", sign) for number in numbers]
    found = find_decimal(texts)
    assert found in (None, sign)
    read = [parse_number(text, decimal=found) for text in texts]
    assert all(value in (None, float(str(n))) for value, n in zip(read, numbers, strict=True))
    assert found is None or None not in read


@pytest.mark.parametrize(
    ("texts", "sign"),
    [
        (["7", "1,500"], None),
        (["7,5", "1,500", "NA"], ","),
        (["7.5", "1.500"], "."),
        (["1.500"], None),
        (["7,5", "7.5"], None),
        ([], None),
    ],
)
def test_a_sign_is_found_only_where_it_is_sure(texts: list[str], sign: DecimalSign | None) -> None:
    assert find_decimal(texts) == sign


@given(st.integers(1, 999), st.integers(0, 999))
def test_a_comma_that_may_mean_two_things_is_known(whole: int, decimals: int) -> None:
    text = f"{whole},{decimals:03}"
    assert may_have_thousands(text) and parse_number(text) is None
    assert not may_have_thousands(text.replace(",", ".")) and not may_have_thousands(f"{text}0")


@pytest.mark.parametrize(
    ("texts", "file", "sign"),
    [
        (["1.200"], ",", ","),
        (["1.200", "7.5"], ",", "."),
        (["1.200"], ".", None),
        (["1.200"], None, None),
        (["1,200"], ",", None),
        (["1,200", "1.200"], ",", None),
        (["7"], ",", ","),
    ],
)
def test_the_sign_of_a_file_makes_a_point_unsure_and_no_comma_sure(
    texts: list[str], file: DecimalSign | None, sign: DecimalSign | None
) -> None:
    assert settle_decimal(texts, file) == sign


def test_a_file_has_the_sign_of_all_its_columns_or_none() -> None:
    assert combine_signs([None, ",", ","]) == ","
    assert combine_signs([",", "."]) is None and combine_signs([None]) is None
