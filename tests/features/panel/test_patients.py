"""Patients whose pseudonyms are spelt in another way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from features.panel.patients import find_spelt_otherwise, tell_spelt_otherwise


def test_only_who_has_no_patient_is_compared_with_who_has_no_panel() -> None:
    panel, cohort = ["P01", "P2", "P03", "Q9"], ["P1", "P2", "P02", "P3", "P03"]
    pairs = find_spelt_otherwise(panel, cohort)
    assert pairs == (("P01", "P1"),)
    assert tell_spelt_otherwise(pairs) == "P01 (in the cohort: P1)"


@given(st.integers(1, 99), st.sampled_from("pPqQ"), st.sampled_from(["", "0", "00", "-", " ", "_"]))
def test_a_name_finds_its_other_spelling(number: int, letter: str, between: str) -> None:
    cohort = ["P5", "X7", f"{letter.lower()}{number}"]
    spelt = f"{letter.upper()}{between}{number}"
    found = find_spelt_otherwise([spelt, "X7"], cohort)
    if spelt in cohort or (letter in "pP" and number == 5):
        return
    assert found == ((spelt, cohort[2]),)


def test_two_of_the_panel_or_of_the_cohort_are_no_pair() -> None:
    pairs = find_spelt_otherwise(["P01", "p01"], ["P1", "p1"])
    assert set(pairs) == {("P01", "P1"), ("P01", "p1"), ("p01", "P1"), ("p01", "p1")}
