"""ATC codes to drug classes. Expected classes follow the ATC index (WHO, atcddd.fhi.no)."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from features.dictionary.medication import (
    fill_classes,
    find_combination_drugs,
    find_unlisted,
    parse_codes,
)
from features.errors import InputError, Problem

CLASSES = [v.name for v in CONTRACT if any(s == "ATC" for s, _ in v.codes) and v.kind == "yes_no"]


def _classify(codes: list[str]) -> set[str]:
    record, problems = fill_classes({"medication_atc": ";".join(codes)})
    assert problems == []
    return {name for name in CLASSES if record.get(name) == 1.0}


CODES = [
    "N02AX02",
    "N02AJ13",
    "N02AJ17",
    "N02AA",
    "N02A",
    "N02",
    "N03AE01",
    "N06AX27",
    "N06AX21",
    "M01AX05",
    "M01AH01",
    "N02BF01",
    "N03AX16",
    "N07BC02",
    "R05DA04",
    "C09AA02",
    "N02AC03",
]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("N02BE01", {"paracetamol"}),
        ("N02BE51", {"paracetamol"}),
        ("M01AE01", {"nsaid"}),  # ibuprofen
        ("M01AH05", {"nsaid"}),  # etoricoxib
        ("M01AX05", set()),  # glucosamine
        ("M01AX25", set()),  # chondroitin
        ("N02AX02", {"opioid", "weak_opioid"}),  # tramadol
        ("N02AX06", {"opioid", "strong_opioid"}),  # tapentadol
        ("N02AA01", {"opioid", "strong_opioid"}),  # morphine
        ("N02AA08", {"opioid", "weak_opioid"}),  # dihydrocodeine
        ("N02AA58", {"opioid", "weak_opioid"}),  # dihydrocodeine, combinations
        ("N02AA59", {"opioid", "weak_opioid"}),  # codeine, combinations excl. psycholeptics
        ("N02AA66", {"opioid", "weak_opioid"}),  # no longer in the index; weak by the convention
        ("N02AA79", {"opioid", "weak_opioid"}),  # codeine, combinations with psycholeptics
        ("N02AX52", {"opioid", "weak_opioid"}),  # tramadol, combinations (before 2016)
        ("R05DA04", {"opioid", "weak_opioid"}),  # codeine
        ("N02AB03", {"opioid", "strong_opioid"}),  # fentanyl
        ("N02AE01", {"opioid", "strong_opioid"}),  # buprenorphine
        ("N07BC01", {"opioid", "strong_opioid"}),  # buprenorphine
        ("N07BC02", {"opioid", "strong_opioid"}),  # methadone
        ("N02AC03", {"opioid"}),  # piritramide: the convention does not place it
        ("N02AJ06", {"opioid", "weak_opioid", "paracetamol"}),  # codeine and paracetamol
        ("N02AJ08", {"opioid", "weak_opioid", "nsaid"}),  # codeine and ibuprofen
        ("N02AJ13", {"opioid", "weak_opioid", "paracetamol"}),  # tramadol and paracetamol
        ("N02AJ01", {"opioid", "weak_opioid", "paracetamol"}),  # dihydrocodeine and paracetamol
        ("N02AJ14", {"opioid", "weak_opioid", "nsaid"}),  # tramadol and dexketoprofen
        ("N02AJ16", {"opioid", "weak_opioid", "nsaid"}),  # tramadol and celecoxib
        ("N02AJ19", {"opioid", "strong_opioid", "nsaid"}),  # oxycodone and ibuprofen
        ("N02AJ23", {"opioid", "strong_opioid", "nsaid"}),  # hydrocodone and ibuprofen
        ("N02AJ17", {"opioid", "strong_opioid", "paracetamol"}),  # oxycodone and paracetamol
        ("N02AJ18", {"opioid", "strong_opioid"}),  # oxycodone and acetylsalicylic acid
        ("N02AJ22", {"opioid", "strong_opioid", "paracetamol"}),  # hydrocodone and paracetamol
        ("N06AA09", {"antidepressant", "tricyclic"}),  # amitriptyline
        ("N06AB04", {"antidepressant", "ssri_snri"}),  # citalopram
        ("N06AX21", {"antidepressant", "ssri_snri"}),  # duloxetine
        ("N06AX11", {"antidepressant"}),  # mirtazapine
        ("N06AX27", set()),  # nasal esketamine
        ("N02BF01", {"anti_epileptic", "gabapentinoid"}),  # gabapentin
        ("N03AX16", {"anti_epileptic", "gabapentinoid"}),  # pregabalin, older code
        ("N03AF01", {"anti_epileptic"}),  # carbamazepine
        ("N03AE01", {"anti_epileptic", "benzodiazepine"}),  # clonazepam
        ("N05BA01", {"benzodiazepine"}),  # diazepam
        ("N05CD07", {"benzodiazepine"}),  # temazepam
        ("N05CF02", set()),  # zolpidem
        ("N01AX14", set()),  # esketamine, the treatment itself
        ("C09AA02", set()),  # enalapril: well-formed, no class
    ],
)
def test_a_full_code_gives_its_classes(code: str, expected: set[str]) -> None:
    assert _classify([code]) == expected
    assert _classify([code.lower()]) == expected


@pytest.mark.parametrize("name", CLASSES)
def test_every_code_that_the_dictionary_lists_for_a_class_gives_that_class(name: str) -> None:
    for _, code in CONTRACT[name].codes:
        assert name in _classify([code])


@pytest.mark.parametrize(
    ("code", "yes", "unknown"),
    [
        ("N02A", {"opioid"}, {"weak_opioid", "strong_opioid", "paracetamol", "nsaid"}),
        ("N02AX", {"opioid"}, {"weak_opioid", "strong_opioid"}),
        ("N02AC03", {"opioid"}, {"weak_opioid", "strong_opioid"}),
        ("N06A", {"antidepressant"}, {"tricyclic", "ssri_snri"}),
        ("N03AX", {"anti_epileptic"}, {"gabapentinoid"}),
        ("N03", set(), {"anti_epileptic", "gabapentinoid", "benzodiazepine"}),
        ("N02BE", set(), {"paracetamol"}),
    ],
)
def test_a_group_code_leaves_unknown_what_it_does_not_decide(
    code: str, yes: set[str], unknown: set[str]
) -> None:
    record, problems = fill_classes({"medication_atc": code})
    assert problems == []
    assert {name for name in CLASSES if record.get(name) == 1.0} == yes
    assert {name for name in CLASSES if record.get(name) is None} == unknown


def test_codes_are_read_in_either_case_with_spaces_and_once_each() -> None:
    assert parse_codes(" n02ax02; N06AA09 ;N02AX02;") == ["N02AX02", "N06AA09"]
    assert parse_codes("None") == []


@pytest.mark.parametrize(
    "text", ["N02AX0", "N", "tramadol", "X02AX02", "N02AX02, N06AA09", "N02-AX02", "N2AX02"]
)
def test_a_malformed_code_is_an_unknown_code(text: str) -> None:
    problem = parse_codes(text)
    assert isinstance(problem, Problem)
    assert "unknown code" in problem.got


def test_every_malformed_code_is_named_and_none_beside_codes_is_refused() -> None:
    problem = parse_codes("ABC;N02AX02;N9")
    assert isinstance(problem, Problem)
    assert "ABC, N9" in problem.got
    beside = parse_codes("none;N02AX02")
    assert isinstance(beside, Problem)
    assert beside.got == "none beside codes"
    assert isinstance(parse_codes(";"), Problem)
    with pytest.raises(InputError, match="ATC codes: 1 problem"):
        find_unlisted(["tramadol"])


@pytest.mark.parametrize(("n", "told"), [(1, "code C0"), (5, "codes C0, C1, C2, C3, C4")])
def test_up_to_five_malformed_codes_are_shown(n: int, told: str) -> None:
    problem = parse_codes(";".join(f"C{i}" for i in range(n)))
    assert isinstance(problem, Problem)
    assert problem.got == f"unknown {told}"
    six = parse_codes(";".join(f"C{i}" for i in range(6)))
    assert isinstance(six, Problem)
    assert six.got == "unknown codes C0, C1, C2, C3, C4, ..."


def test_malformed_codes_decide_no_class() -> None:
    record, problems = fill_classes({"medication_atc": "tramadol;N02BE01", "opioid": 0.0})
    assert record == {"medication_atc": "tramadol;N02BE01", "opioid": 0.0}
    assert [problem.column for problem in problems] == ["medication_atc"]


def test_none_means_no_to_every_class_and_a_missing_list_means_nothing() -> None:
    record, problems = fill_classes({"medication_atc": "none"})
    assert problems == []
    assert {name: record[name] for name in CLASSES} == dict.fromkeys(CLASSES, 0.0)
    assert fill_classes({"medication_atc": None, "nrs_t0": 7.0}) == (
        {"medication_atc": None, "nrs_t0": 7.0},
        [],
    )


def test_flags_that_contradict_the_codes_are_each_a_problem() -> None:
    record, problems = fill_classes(
        {"medication_atc": "N02AX02", "opioid": 0.0, "antidepressant": 1.0, "weak_opioid": 1.0}
    )
    assert {problem.column for problem in problems} == {"opioid", "antidepressant"}
    assert record["opioid"] == 0.0
    assert record["strong_opioid"] == 0.0


def test_a_part_that_is_yes_makes_the_whole_yes() -> None:
    record, problems = fill_classes({"strong_opioid": 1.0, "gabapentinoid": 1.0})
    assert problems == []
    assert record == {
        "strong_opioid": 1.0,
        "gabapentinoid": 1.0,
        "opioid": 1.0,
        "anti_epileptic": 1.0,
    }


def test_a_whole_that_is_no_makes_its_parts_no_and_refuses_a_part_that_is_yes() -> None:
    record, problems = fill_classes({"antidepressant": 0.0, "tricyclic": 1.0})
    assert record["ssri_snri"] == 0.0
    assert [problem.column for problem in problems] == ["tricyclic"]
    assert problems[0].expected == "no, because antidepressant is no"


def test_a_whole_that_is_yes_tells_nothing_about_its_parts() -> None:
    assert fill_classes({"opioid": 1.0}) == ({"opioid": 1.0}, [])


def test_combination_drugs_are_found_but_change_nothing() -> None:
    codes = ["B05BC01", "G04BE08", "M05BA03", "N02BE01"]
    assert find_combination_drugs(codes) == ("mannitol", "tadalafil", "pamidronic_acid")
    record, problems = fill_classes({"medication_atc": ";".join(codes)})
    assert problems == []
    assert "concurrent_infusion_drug" not in record


def test_codes_outside_every_class_are_found() -> None:
    assert find_unlisted(["C09AA02", "N02A", "N02AX02", "M01AX05"]) == ["C09AA02", "M01AX05"]


@given(st.lists(st.sampled_from(CODES), min_size=1, max_size=6), st.randoms())
def test_classes_do_not_depend_on_order_repetition_or_case(
    codes: list[str], random: Random
) -> None:
    shuffled = [code.lower() for code in codes + codes[:1]]
    random.shuffle(shuffled)
    assert _classify(shuffled) == _classify(codes)


@given(st.lists(st.sampled_from(CODES), min_size=1, max_size=6))
def test_a_filled_record_has_no_contradiction_and_filling_again_changes_nothing(
    codes: list[str],
) -> None:
    record, problems = fill_classes({"medication_atc": ";".join(codes)})
    assert problems == []
    assert fill_classes(record) == (record, [])


@given(st.text(max_size=30))
def test_any_text_gives_codes_or_a_problem(text: str) -> None:
    parsed = parse_codes(text)
    assert isinstance(parsed, Problem) or all(3 <= len(code) <= 7 for code in parsed)
