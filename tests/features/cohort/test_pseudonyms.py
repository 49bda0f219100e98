"""A line of totals is no patient; a patient who is written in two ways is told."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.cohort.pseudonyms import (
    check_pseudonyms,
    find_alike,
    find_totals,
    tell_alike,
    tell_bare,
)
from features.totals import TOTALS

_TOTALS = (
    *(
        "Total",
        "TOTALS",
        "Sum",
        "Mean",
        "Average",
        "Median",
        "SD",
        "S.D.",
        "Std. Dev.",
        "Min.",
        "MAX",
    ),
    *("N", "N =", "n=48", "N = 48", "n: 48", "Total N", "Grand total", "(Total)", "All patients"),
    *(
        "Mean (SD)",
        "Mean \u00b1 SD",
        "Mean+/-SD",
        "mean_sd",
        "Median [IQR]",
        "Total (n = 48)",
        "Sum: 3",
    ),
    *("Summe", "Gesamt:", "Mittelwert", "Anzahl", "Totaal", "Gemiddelde", "\u00c9cart-type"),
    *("\u03a3", "\u00d8"),
)
_PATIENTS = (
    *("TOTAL-001", "total_07", "N48", "N 48", "N-3", "SD1", "CV-12", "Max1", "001", "1 (2)", "1=2"),
    *("NN", "S", "M", "Minna", "Sumner", "Meanwell", "Control", "A(1)", "P: 3", "\u60a3\u8005SD"),
)


@pytest.mark.parametrize("name", _TOTALS)
def test_a_word_for_totals_is_no_patient(name: str) -> None:
    [problem] = check_pseudonyms(["P1", name], [2, 3])
    assert (problem.column, problem.row) == ("patient_id", 3)
    assert name in problem.got and name not in problem.text(values=False)
    assert problem.action


@pytest.mark.parametrize("name", _PATIENTS)
def test_a_pseudonym_is_a_patient(name: str) -> None:
    assert find_totals([name, None]) == ([], [])


@pytest.mark.parametrize(
    ("names", "totals", "doubtful"),
    [
        (["AK", "TR", "SD", "N"], [], [2, 3]),
        (["A.K.", "T.R.", "S.D."], [], [2]),
        # One sure word makes a block of totals, and where the others have numbers "N" is no name.
        (["AK", "TR", "Mean", "SD"], [2, 3], []),
        (["AK", "TR", "N = 2"], [2], []),
        (["P1", "P2", "N"], [2], []),
        (["P1", "AK", "N"], [2], []),
        (["N"], [0], []),
    ],
)
def test_initials_are_patients_among_initials(
    names: list[str], totals: list[int], doubtful: list[int]
) -> None:
    assert find_totals(names) == (totals, doubtful)


_CASES = (str.lower, str.upper, str.title)
_ENDS = ("{}", "{}:", "({})", " {} .", "{} = 12", "{} (SD)")


@given(st.sampled_from(sorted(TOTALS)), st.sampled_from(_CASES), st.sampled_from(_ENDS))
def test_a_word_for_totals_is_found_in_any_spelling(
    word: str, change: Callable[[str], str], ends: str
) -> None:
    assert find_totals([ends.format(change(word)), None, "P1"]) == ([0], [])


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("a1", "A1"),
        ("001", "1"),
        ("P 01", "P01"),
        ("P-01", "p1"),
        ("1-01", "1-1"),
        ("0", "00"),
        # Cyrillic and Greek beside Latin letters.
        ("\u04101", "A1"),
        ("\u0391-\u0392", "ab"),
        ("\u0421\u0422\u041d 01", "CTH1"),
    ],
)
def test_one_patient_in_two_ways_of_writing_is_told(one: str, two: str) -> None:
    assert find_alike(["X", one, two, one]) == [[1, 2]]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("1", "10"),
        ("P1", "P11"),
        ("1-12", "11-2"),
        ("1 12", "112"),
        ("\u00e9", "e"),
        ("\u0416", "X"),
    ],
)
def test_two_patients_are_not_told(one: str, two: str) -> None:
    assert find_alike([one, two, one, None, None]) == []


_PARTS = st.lists(st.sampled_from(["a", "B", "7", "40", "100"]), min_size=1, max_size=4)


@given(_PARTS, st.data())
def test_case_spaces_and_leading_zeros_never_hide_a_patient(
    parts: list[str], data: st.DataObject
) -> None:
    spaced = [
        part.swapcase()
        if part.isalpha()
        else "0" * data.draw(st.integers(0, 2)) * (not before.isdigit()) + part
        for before, part in zip(["", *parts], parts, strict=False)
    ]
    gaps = [
        " " * data.draw(st.integers(0, 2)) * (not (before.isdigit() and part.isdigit()))
        for before, part in zip(["", *parts], parts, strict=False)
    ]
    other = "".join(gap + part for gap, part in zip(gaps, spaced, strict=True))
    plain = "".join(parts)
    assert find_alike([plain, other]) == ([] if plain == other else [[0, 1]])


def test_patients_that_nothing_but_spelling_tells_apart_are_named() -> None:
    told = tell_alike(["s1", "S1", "P2", "S 1", "P02", "X"])
    assert told.endswith("are kept apart: s1 / S1 / S 1, P2 / P02")
    assert tell_alike(["P1", "P2", "P11", "P1", "1-12", "11-2"]) == ""


def test_of_many_not_all_are_shown() -> None:
    told = tell_alike([f"{case}{i}" for i in range(1, 31) for case in "pP"])
    assert told.endswith("p20 / P20 and 10 more")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("1,23457E+11", "cut short"),
        ("1E+05", "cut short"),
        ("1.2e+10", "cut short"),
        ("NaN", "missing value"),
        ("NULL", "missing value"),
        ("<NA>", "missing value"),
    ],
)
def test_a_pseudonym_that_a_program_has_spoilt_is_a_problem(name: str, what: str) -> None:
    [problem] = check_pseudonyms(["P1", name], [2, 3])
    assert problem.row == 3 and what in problem.got


def test_pseudonyms_like_numbers_and_initials_are_left_alone() -> None:
    assert check_pseudonyms(["1E5", "1E-5", "NA", "Nana", "E+1"], range(5)) == []


def test_bare_rows_are_told_by_their_lines() -> None:
    assert tell_bare([]) == []
    assert tell_bare([4]) == [
        "Look again: a row has nothing but a patient_id (4): a note below the table?"
    ]
    [told] = tell_bare(list(range(2, 9)))
    assert told.startswith("Look again: 7 rows have") and "(2, 3, 4, 5, 6, ...)" in told
