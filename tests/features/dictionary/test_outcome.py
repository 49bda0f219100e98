"""Responder rules, horizons and provenance, worked by hand from the rules' words."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.outcome import available_horizons, label_responders, make_labels
from features.dictionary.rule import RULES
from features.errors import InputError

NAN = float("nan")
scores = st.one_of(st.just(NAN), st.integers(0, 20).map(lambda half: half / 2))
flags = st.sampled_from([0.0, 1.0, NAN])


def _label(
    before: float, after: float, success: float = NAN, *, rule: str = "fall2_or_success"
) -> tuple[float, str]:
    labels, provenance = label_responders(
        np.array([before]), np.array([after]), np.array([success]), rule=RULES[rule]
    )
    return labels[0], str(provenance[0])


@pytest.mark.parametrize(
    ("before", "after", "success", "expected"),
    [
        (8, 6, NAN, (1, "score")),  # a fall of exactly 2 counts
        (8, 6.5, NAN, (0, "score")),
        (8, 6.5, 1, (1, "both")),  # wording of success makes a responder
        (8, 3, 0, (1, "both")),  # a fall of 2 does, whatever the wording
        (8, 7, 0, (0, "both")),
        (NAN, 3, 1, (1, "wording")),
        (NAN, 3, 0, (0, "wording")),
        (8, NAN, 0, (0, "wording")),
        (NAN, 3, NAN, (NAN, "none")),  # no score without a score before treatment
        (8, NAN, NAN, (NAN, "none")),
        (1, 0, NAN, (0, "score")),  # cannot fall by 2
        (1, 0, 1, (1, "both")),
    ],
)
def test_a_fall_of_two_points_or_success_makes_a_responder(
    before: float, after: float, success: float, expected: tuple[float, str]
) -> None:
    assert _label(before, after, success) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("before", "after", "rule", "expected"),
    [
        (7, 4.9, "fall30", 1),  # 2.1 of 7 is 30%, a little less in binary arithmetic
        (7, 5, "fall30", 0),
        (10, 7, "fall30", 1),
        (10, 5, "fall50", 1),
        (10, 5.5, "fall50", 0),
        (1, 0.7, "fall30", 1),
        (0, 0, "fall30", 0),  # no fall from nothing
        (0, 0, "fall50", 0),
    ],
)
def test_a_relative_rule_looks_at_the_share_of_the_first_score(
    before: float, after: float, rule: str, expected: float
) -> None:
    assert _label(before, after, rule=rule) == (expected, "score")


def test_a_relative_rule_does_not_look_at_the_wording() -> None:
    assert _label(8, 7, 1, rule="fall30") == (0, "score")
    assert _label(8, NAN, 1, rule="fall30") == pytest.approx((NAN, "none"), nan_ok=True)


def test_the_two_rules_cross_at_a_first_score_of_six_and_two_thirds() -> None:
    # 30% of 6 is 1.8 < 2; 30% of 7 is 2.1 > 2.
    assert (_label(6, 4.2)[0], _label(6, 4.2, rule="fall30")[0]) == (0, 1)
    assert (_label(7, 5)[0], _label(7, 5, rule="fall30")[0]) == (1, 0)


# Every pair of T1 and T2, with response written as wording: sustained response, kept, flagged.
SUSTAINED = [
    (1, 1, 1, 1, False),
    (1, 0, 0, 0, False),
    (1, NAN, NAN, NAN, False),
    (0, 1, 0, NAN, True),
    (0, 0, 0, NAN, False),
    (0, NAN, 0, NAN, False),
    (NAN, 1, NAN, NAN, False),
    (NAN, 0, 0, NAN, False),
    (NAN, NAN, NAN, NAN, False),
]


def test_sustained_response_needs_response_at_both_times() -> None:
    table = pd.DataFrame(SUSTAINED, columns=["success_t1", "success_t2", "t2", "kept", "flagged"])
    labels = make_labels(table, rule=RULES["fall2_or_success"], horizons=("t1", "t2"))
    np.testing.assert_array_equal(labels.t1, table["success_t1"])
    np.testing.assert_array_equal(labels.t2, table["t2"])
    np.testing.assert_array_equal(labels.kept, table["kept"])
    np.testing.assert_array_equal(labels.t2_after_t1_no, table["flagged"])
    assert labels.counts() == {
        "rows": 9,
        "t1": {
            "responders": 3,
            "nonresponders": 3,
            "unknown": 3,
            "score": 0,
            "wording": 6,
            "both": 0,
            "none": 3,
        },
        "t2": {
            "responders": 1,
            "nonresponders": 5,
            "unknown": 3,
            "score": 0,
            "wording": 6,
            "both": 0,
            "none": 3,
        },
        "kept": {"responders": 1, "nonresponders": 1, "unknown": 1},
        "cannot_meet": 0,
        "t2_after_t1_no": 1,
    }


def test_the_two_by_two_table_of_mangnus_2021_comes_back() -> None:
    # doi:10.1111/papr.13056: RR 19, RN 6, NR 0, NN 15, and T1 alone 4 responders, 3 not, 1 unseen.
    pairs = [(1, 1)] * 19 + [(1, 0)] * 6 + [(0, 0)] * 15 + [(1, NAN)] * 4 + [(0, NAN)] * 3
    table = pd.DataFrame([*pairs, (NAN, NAN)], columns=["success_t1", "success_t2"])
    counts = make_labels(table, rule=RULES["fall2_or_success"], horizons=("t1", "t2")).counts()
    assert isinstance(counts["t1"], dict) and isinstance(counts["t2"], dict)
    assert (counts["t1"]["responders"], counts["t1"]["nonresponders"]) == (29, 18)
    # Of 48: 19 sustained; 6 + 18 not, seen or not; 4 responders unseen at T2 and 1 unknown at T1.
    assert [counts["t2"][k] for k in ("responders", "nonresponders", "unknown")] == [19, 24, 5]
    assert counts["kept"] == {"responders": 19, "nonresponders": 6, "unknown": 4}


def test_t2_alone_stands_for_itself() -> None:
    table = pd.DataFrame({"nrs_t0": [8.0, 8.0, 8.0], "nrs_t2": [5.0, 7.0, NAN]})
    labels = make_labels(table, rule=RULES["fall2_or_success"], horizons=("t2",))
    np.testing.assert_array_equal(labels.t2, [1, 0, NAN])
    assert np.isnan(labels.t1).all() and np.isnan(labels.kept).all()
    assert set(labels.counts()) == {"rows", "t2", "cannot_meet", "t2_after_t1_no"}


def test_t1_alone_leaves_t2_unknown() -> None:
    table = pd.DataFrame({"nrs_t0": [8.0], "nrs_t1": [5.0], "nrs_t2": [5.0]})
    labels = make_labels(table, rule=RULES["fall2_or_success"], horizons=("t1",))
    assert labels.t1.tolist() == [1] and np.isnan(labels.t2).all()
    assert labels.provenance_t2.tolist() == ["none"]


def test_scores_too_low_for_the_rule_are_counted() -> None:
    table = pd.DataFrame({"nrs_t0": [0, 1.9, 2, NAN, 8], "nrs_t1": [0, 0, 0, 0, 0.0]})
    points = make_labels(table, rule=RULES["fall2_or_success"], horizons=("t1",))
    assert points.cannot_meet.tolist() == [True, True, False, False, False]
    share = make_labels(table, rule=RULES["fall50"], horizons=("t1",))
    assert share.cannot_meet.tolist() == [True, False, False, False, False]
    assert share.counts()["cannot_meet"] == 1


def test_selected_rows_keep_their_labels() -> None:
    table = pd.DataFrame({"success_t1": [1.0, 0.0, NAN], "success_t2": [0.0, 1.0, 1.0]})
    labels = make_labels(table, rule=RULES["fall2_or_success"], horizons=("t1", "t2"))
    part = labels.select(np.array([False, True, False]))
    assert part.t1.tolist() == [0] and part.t2_after_t1_no.tolist() == [True]
    assert (part.rule, part.horizons) == (labels.rule, labels.horizons)


def test_an_outcome_that_is_not_there_is_named() -> None:
    table = pd.DataFrame({"nrs_t0": [8.0], "success_t1": [1.0], "nrs_t2": [NAN]})
    with pytest.raises(InputError) as caught:
        make_labels(table, rule=RULES["fall30"], horizons=("t1", "t2"))
    assert [problem.column for problem in caught.value.problems] == ["nrs_t1", "nrs_t2"]
    assert available_horizons(table, rule=RULES["fall2_or_success"]) == ("t1",)
    assert available_horizons(table, rule=RULES["fall30"]) == ()


@pytest.mark.parametrize("horizons", [(), ("t2", "t1"), ("t3",), ("t1", "t1")])
def test_other_sets_of_horizons_are_refused(horizons: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"t1 or t1\+t2 or t2"):
        make_labels(pd.DataFrame({"success_t1": [1.0]}), rule=RULES["fall30"], horizons=horizons)


@given(
    st.lists(st.tuples(scores, scores, flags, scores, flags), min_size=1, max_size=12),
    st.sampled_from(list(RULES)),
)
def test_sustained_response_is_never_without_response_and_unknown_is_never_invented(
    rows: list[tuple[float, ...]], rule: str
) -> None:
    rows = [*rows, (8, 6, 1, 6, 1)]  # so that there is an outcome under every rule
    table = pd.DataFrame(
        rows, columns=["nrs_t0", "nrs_t1", "success_t1", "nrs_t2", "success_t2"], dtype=float
    )
    labels = make_labels(table, rule=RULES[rule], horizons=("t1", "t2"))
    both = ~np.isnan(labels.t1) & ~np.isnan(labels.t2)
    assert (labels.t2[both] <= labels.t1[both]).all()
    assert np.isnan(labels.t1[labels.provenance_t1 == "none"]).all()
    assert not np.isnan(labels.t1[labels.provenance_t1 != "none"]).any()
    assert np.isnan(labels.kept[labels.t1 != 1]).all()
    known = ~np.isnan(labels.kept)
    np.testing.assert_array_equal(labels.kept[known], labels.t2[known])


@given(st.lists(st.tuples(scores, scores, flags), min_size=2, max_size=12))
def test_a_label_depends_on_the_patient_alone(rows: list[tuple[float, ...]]) -> None:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    labels, provenance = label_responders(*columns, rule=RULES["fall2_or_success"])
    reversed_labels, reversed_provenance = label_responders(
        *(column[::-1] for column in columns), rule=RULES["fall2_or_success"]
    )
    np.testing.assert_array_equal(labels, reversed_labels[::-1])
    np.testing.assert_array_equal(provenance, reversed_provenance[::-1])
