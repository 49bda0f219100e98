import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.panel.names import (
    is_known_assay,
    is_micro_rna,
    map_assay_names,
    name_has_dots,
    names_an_assay,
    parse_assay_name,
)


@pytest.mark.parametrize(
    ("raw", "name", "status"),
    [
        ("hsa-miR-17-5p", "hsa-miR-17-5p", "mature"),
        ("hsa-mir-17-5p", "hsa-miR-17-5p", "mature"),
        ("HSA-LET-7A-3P", "hsa-let-7a-3p", "mature"),
        ("hsa-miR-92a-1-5p", "hsa-miR-92a-1-5p", "mature"),
        ("ath-miR159a-000338", "ath-miR159a", "mature"),
        ("ebv-miR-BART1-5p", "ebv-miR-BART1-5p", "mature"),
        ("hsa-miR-16-5p_477860_mir", "hsa-miR-16-5p", "mature"),
        ("hsa-miR-21-5p (477975_mir)", "hsa-miR-21-5p", "mature"),
        ("hsa-miR-16-5p, 477860_mir", "hsa-miR-16-5p", "mature"),
        ("hsa-miR-17-4395419", "hsa-miR-17", "no_arm"),
        ("hsa-miR-16#000391", "hsa-miR-16", "no_arm"),
        ("002228_hsa-miR-126", "hsa-miR-126", "no_arm"),
        ("hsa-mir-451", "hsa-miR-451", "no_arm"),
        ("hsa-miR-126#-000451", "hsa-miR-126*", "star"),
        ("hsa-mir-526b#", "hsa-miR-526b*", "star"),
        ("hsa-miR-16-5p, FAM", "hsa-miR-16-5p", "mature"),
        ("hsa-miR-21-5p (VIC)", "hsa-miR-21-5p", "mature"),
        ("hsa-miR-16-000391_FAM-MGB", "hsa-miR-16", "no_arm"),
        ("hsa-miR-16-5p [6-FAM]", "hsa-miR-16-5p", "mature"),
        ("hsa-let-7a-5p SYBR Green I", "hsa-let-7a-5p", "mature"),
    ],
)
def test_the_spelling_is_put_right(raw: str, name: str, status: str) -> None:
    assay = parse_assay_name(raw)
    assert (assay.name, assay.status) == (name, status)


@pytest.mark.parametrize(
    ("raw", "status", "reason"),
    [
        ("miR-21-5p", "ambiguous", "no species"),
        ("has-miR-21-5p", "ambiguous", "not a species"),
        ("hsa-miR-199a/b-3p", "ambiguous", "several"),
        ("hsa-mir-92a-1", "ambiguous", "precursor"),
        ("hsa-miR-9-5p*", "ambiguous", "both an arm and a star"),
        ("let7a", "ambiguous", "not spelt"),
        ("hsa-miR-16-5p, hsa-miR-21-5p", "ambiguous", "several"),
        ("hsa-miR-16-5p/FAM2", "ambiguous", "several"),
        ("hsa-miR-16-5p, plasma", "ambiguous", "not spelt"),
        ("hsa-miR-16-5p (FAM", "ambiguous", "not spelt"),
        ("U6 snRNA-001973", "other", ""),
        ("GAPDH", "other", ""),
        ("477860_mir", "other", ""),
    ],
)
def test_what_is_not_certain_keeps_its_name_and_says_why(
    raw: str, status: str, reason: str
) -> None:
    assay = parse_assay_name(raw)
    assert (assay.name, assay.status) == (raw, status)
    assert reason in assay.reason


def test_two_assays_are_never_taken_for_one() -> None:
    names = ["hsa-miR-21-000397", "hsa-miR-21-4373090", "hsa-mir-7", "hsa-miR-7", "hsa-miR-9-3p"]
    mapped = map_assay_names(names)
    assert [mapped[raw].name for raw in names] == names
    assert [mapped[raw].status for raw in names] == ["clash"] * 4 + ["mature"]


def test_dyes_tell_assays_apart() -> None:
    names = [
        "hsa-miR-16-5p, FAM",
        "hsa-miR-16-5p, VIC",
        "hsa-miR-21-5p, FAM",
        "hsa-miR-21-5p (fam)",
    ]
    mapped = map_assay_names(names)
    assert [mapped[raw].status for raw in names] == ["clash"] * 2 + ["mature"] * 2
    assert [mapped[raw].name for raw in names] == [*names[:2], *["hsa-miR-21-5p"] * 2]


def test_upper_and_lower_case_of_a_mature_name_are_one_assay() -> None:
    mapped = map_assay_names(["hsa-mir-17-5p", "hsa-miR-17-5p"])
    assert {assay.name for assay in mapped.values()} == {"hsa-miR-17-5p"}


def test_names_that_are_given_stand_above_all() -> None:
    given_names = {"hsa-miR-21-000397": "hsa-miR-21-5p", "hsa-miR-21-4373090": "hsa-miR-21-5p"}
    mapped = map_assay_names([*given_names, "hsa-miR-7"], given=given_names)
    assert [mapped[raw].name for raw in given_names] == ["hsa-miR-21-5p"] * 2
    assert {mapped[raw].status for raw in given_names} == {"given"}


def test_a_name_that_is_given_and_also_there_is_a_clash_of_the_one_that_is_there() -> None:
    mapped = map_assay_names(["x", "hsa-miR-21-5p"], given={"x": "hsa-miR-21-5p"})
    assert mapped["hsa-miR-21-5p"].status == "clash"


@given(
    st.sampled_from(["hsa", "mmu", "cel"]),
    st.sampled_from(["miR", "mir", "MIR", "let"]),
    st.integers(1, 12000),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "-5p", "-3p", "*"]),
    st.sampled_from(["", "-000397", "_4395419", "#002231"]),
)
def test_a_name_put_right_stays_as_it_is(
    species: str, kind: str, number: int, letter: str, arm: str, taqman: str
) -> None:
    once = parse_assay_name(f"{species}-{kind}-{number}{letter}{arm}{taqman}")
    again = parse_assay_name(once.name)
    assert (again.name, again.status) == (once.name, once.status)
    assert once.name.startswith(f"{species}-{'let' if kind == 'let' else 'miR'}-{number}{letter}")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("hsa-miR-21", True),
        ("miR_16", True),
        ("let-7a", True),
        ("GAPDH", False),
        ("Admiral-7", False),
        ("S12", False),
    ],
)
def test_what_reads_like_a_micro_rna(text: str, answer: bool) -> None:
    assert is_micro_rna(text) is answer


@pytest.mark.parametrize(
    ("raw", "name", "status"),
    [
        ("hsa.miR.23a.3p", "hsa-miR-23a-3p", "mature"),
        ("hsa.let.7a.5p", "hsa-let-7a-5p", "mature"),
        ("hsa.miR.92a.1.5p", "hsa-miR-92a-1-5p", "mature"),
        ("hsa.miR.21.000397", "hsa-miR-21", "no_arm"),
        ("X000391_hsa.miR.16", "hsa-miR-16", "no_arm"),
        # A dot may stand for a star, a slash, or the number that R gives to a second column.
        ("hsa.miR.9.", "hsa.miR.9.", "ambiguous"),
        ("hsa.miR.517a.b", "hsa.miR.517a.b", "ambiguous"),
        ("hsa.miR.23a.3p.1", "hsa.miR.23a.3p.1", "ambiguous"),
        ("miR.21", "miR.21", "ambiguous"),
    ],
)
def test_the_dots_of_r_are_hyphens_where_that_is_certain(raw: str, name: str, status: str) -> None:
    assay = parse_assay_name(raw)
    assert (assay.name, assay.status) == (name, status)
    assert name_has_dots(assay) is (status != "ambiguous")


def test_a_name_in_both_spellings_is_one_assay() -> None:
    mapped = map_assay_names(["hsa.miR.23a.3p", "hsa-miR-23a-3p", "hsa.miR.21", "hsa-miR-21"])
    assert {assay.name for assay in mapped.values()} == {"hsa-miR-23a-3p", "hsa-miR-21"}


@pytest.mark.parametrize(
    ("text", "known", "alone"),
    [
        ("hsa-miR-16-5p", True, True),
        ("U6 snRNA-001973", True, True),
        ("RNU48", True, True),
        ("GAPDH", True, True),
        ("UniSp6", True, True),
        ("run 3 of hsa-miR-16-5p", True, False),
        ("hsa-miR-16-5p, FAM", True, True),
        ("hsa-miR-16-5p, miR-21-5p", True, False),
        ("age", False, False),
        ("ct_mean", False, False),
        ("user", False, False),
        ("U47", True, True),
        ("U2024-run", False, False),
    ],
)
def test_an_assay_is_known_by_its_name(text: str, known: bool, alone: bool) -> None:
    assert is_known_assay(text) is known
    assert names_an_assay(text) is alone
