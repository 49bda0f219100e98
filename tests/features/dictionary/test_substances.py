"""Medication typed as it is said."""

from __future__ import annotations

import pytest

from features.dictionary.medication import fill_classes, parse_codes
from features.dictionary.substances import SUBSTANCES, name_codes, to_codes


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("tramadol", "N02AX02"),
        ("Morfine; Morphin;morphine", "N02AA01; N02AA01; N02AA01"),
        ("pregabaline, Gabapentin", "N02BF02; N02BF01"),
        ("codeïne", "R05DA04"),
        ("Methadon", "N07BC02"),
        ("Valproinsäure", "N03AG01"),
        ("none", "none"),
        ("", ""),
        ("n02ax02 ; N06AA09", "n02ax02; N06AA09"),
        ("tramadol and paracetamol", "N02AJ13"),
    ],
)
def test_names_in_three_languages_are_read(typed: str, codes: str) -> None:
    assert to_codes(typed) == codes


def test_what_is_neither_a_name_nor_a_code_is_left_to_be_refused() -> None:
    assert to_codes("aspro; tramadol") == "aspro; N02AX02"
    assert parse_codes(to_codes("tramadol; aspirin")) == ["N02AX02", "N02BA01"]


def test_every_code_is_one_of_the_index_and_has_one_name() -> None:
    assert parse_codes(";".join(SUBSTANCES)) == list(SUBSTANCES)
    assert len(set(SUBSTANCES.values())) == len(SUBSTANCES)
    assert {to_codes(name) for name in SUBSTANCES.values()} == set(SUBSTANCES)


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("amitriptyline", "tricyclic"),
        ("duloxetine", "ssri_snri"),
        ("tapentadol", "strong_opioid"),
        ("tramadol", "weak_opioid"),
        ("celecoxib", "nsaid"),
        ("pregabalin", "gabapentinoid"),
        ("lorazepam", "benzodiazepine"),
        ("topiramate", "anti_epileptic"),
    ],
)
def test_a_name_decides_the_class_that_its_code_decides(name: str, within: str) -> None:
    record, problems = fill_classes({"medication_atc": to_codes(name)})
    assert (record[within], problems) == (1.0, [])


def test_codes_are_shown_with_their_names() -> None:
    assert name_codes(to_codes("Tramadol; C09AA02")) == "N02AX02 tramadol; C09AA02"
    assert name_codes("none") == "none"
