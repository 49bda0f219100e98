"""What a word in a panel's file says, however it is spelt."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.panel.words import (
    NOT_SEEN_PATTERN,
    is_control_role,
    is_empty,
    is_no,
    is_passed,
    is_sample_role,
    is_summary,
    is_yes,
    looks_like_control,
    says_not_seen,
    spell_well,
    squeeze,
)


@pytest.mark.parametrize(
    ("header", "squeezed"),
    [
        ("Sample Name", "samplename"),
        (" Target_Name ", "targetname"),
        ("Sample (Info): Sample-ID", "sampleinfosampleid"),
        ("\u0421\u0442", "t"),  # Cyrillic throughout: its C is no letter here
        ("C\u0442", "ct"),  # as QuantStudio writes it
        ("C\u0422", "ct"),
        ("C\u03a4", "ct"),  # a Greek capital tau
        ("Kavit\u00e4t", "kavitat"),
        ("Ct (dRn)", "ctdrn"),
        ("Cq (\u2206Rn)", "cqdrn"),
        ("\u0394C\u0442", "dct"),  # without its delta it would be a Ct
        ("#", ""),
    ],
)
def test_a_heading_is_compared_without_case_blanks_and_signs(header: str, squeezed: str) -> None:
    assert squeeze(header) == squeezed


def _spellings(*phrases: str) -> st.SearchStrategy[str]:
    """Words of phrases in any case, with any of the usual signs between them and around."""
    between = st.sampled_from(["", " ", "_", "-", ".", "  ", " - "])
    cases = st.sampled_from([str.lower, str.upper, str.title, str.capitalize])

    def spell(phrase: str, sign: str, case: object, around: str) -> str:
        return around + case(sign.join(phrase.split())) + around  # type: ignore[operator]

    return st.builds(spell, st.sampled_from(phrases), between, cases, st.sampled_from(["", " "]))


@given(
    _spellings(
        *("undetermined", "no amp", "not detected", "no ct", "no cq", "n d", "undetected"),
        *(
            "nicht bestimmt",
            "kein ct",
            "keine amp",
            "ind\u00e9termin\u00e9",
            "non d\u00e9tect\u00e9",
        ),
    )
)
def test_not_seen_is_not_seen_in_every_spelling(text: str) -> None:
    assert says_not_seen(text)
    if text.isascii() and not re.search(r" - |  ", text):
        assert re.fullmatch(NOT_SEEN_PATTERN, text.strip(), re.IGNORECASE)


CONTROL_ROLES = (
    "ntc",
    "nrt",
    "nac",
    "ipc",
    "std 01",
    "standard",
    "standard 3",
    "blank",
    "neg ctrl",
    "negative control",
    "negative",
    "pos ctrl",
    "positive control",
    "no template control",
    "no rt control",
    "no amplification control",
    "blocked ipc",
    "internal positive control",
    "interplate calibrator",
    "calibrator",
    "water",
    "h2o",
    "empty",
    "negativkontrolle",
    "standard curve",
    "inhibition control",
    "kalibrator",
    "leer",
    "positiv kontrolle",
    "leerwert",
    "wasser",
)
SAMPLE_ROLES = (
    "unknown",
    "unkn",
    "unkn 01",
    "target",
    "endogenous control",
    "sample",
    "test",
    "unbekannt",
)


@given(_spellings(*CONTROL_ROLES))
def test_a_control_is_one_in_every_spelling(text: str) -> None:
    assert is_control_role(text)
    assert looks_like_control(text)
    assert not is_sample_role(text)


@given(_spellings(*SAMPLE_ROLES))
def test_the_role_of_a_sample_is_none_of_a_control(text: str) -> None:
    assert not is_control_role(text)
    assert is_sample_role(text)


@pytest.mark.parametrize(
    "name",
    [
        *("NTC_plate 3", "water blank", "H2O-1", "-RT", "Control", "NC"),
        *("P1 -RT", "P1 noRT", "No RT P1", "P1-RT", "P1_minus RT", "Leer", "neg.Ktr.", "Mock"),
        *("blanc", "t\u00e9moin n\u00e9gatif", "negatieve controle", "contr\u00f4le n\u00e9gatif"),
    ],
)
def test_a_name_with_a_controls_word_in_it_looks_like_one(name: str) -> None:
    assert looks_like_control(name)


@pytest.mark.parametrize(
    "name",
    [
        "P01",
        "Control 07",
        "Waters",
        "Blanka",
        "NTC-like".replace("-", ""),
        "Possum",
        "PC7",
        "Mert-1",
        "Leeroy",
        "P-RT1",
        "Norton",
    ],
)
def test_a_name_that_only_begins_like_a_control_does_not(name: str) -> None:
    assert not looks_like_control(name)


def test_a_group_of_people_called_controls_is_no_role_of_a_well() -> None:
    assert not is_control_role("Control")
    assert not is_sample_role("Control")  # it is told, then


@pytest.mark.parametrize("text", ["", " ", "-", "NA", "n/a", "NaN", "N.A.", "#N/A", "null"])
def test_a_cell_that_says_nothing(text: str) -> None:
    assert is_empty(text)


@pytest.mark.parametrize("text", ["?", "\u4e2d", "0", "none of it", "nd"])
def test_a_cell_that_says_something(text: str) -> None:
    assert not is_empty(text)


@pytest.mark.parametrize(
    ("text", "says_no"),
    [("False", True), ("nein", True), ("-", True), ("", True), ("X", False), ("yes", False)],
)
def test_what_says_no(text: str, says_no: bool) -> None:
    assert is_no(text) is says_no


def test_a_flag_that_passed_a_yes_and_a_sum() -> None:
    assert [text for text in ("OK", "Passed", "AMP", "Fail", "HIGHSD") if is_passed(text)] == [
        "OK",
        "Passed",
        "AMP",
    ]
    assert [text for text in ("TRUE", "y", "1", "No", "0", "") if is_yes(text)] == [
        "TRUE",
        "y",
        "1",
    ]
    assert [
        text for text in ("Mean", "Std. Dev.", "AVG", "Mittelwert", "Max", "S1") if is_summary(text)
    ] == ["Mean", "Std. Dev.", "AVG", "Mittelwert"]


@pytest.mark.parametrize(
    ("text", "well"), [("a01", "A1"), (" B12 ", "B12"), ("17", "17"), ("S96-A01", "S96-A01")]
)
def test_a_well_is_written_in_one_way(text: str, well: str) -> None:
    assert spell_well(text) == well
