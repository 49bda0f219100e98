"""Which parts of a card were opened, and by whom."""

from hypothesis import given
from hypothesis import strategies as st

from serving.review.checklist import PARTS, Checklist, name_parts


def test_each_reviewer_has_a_list_of_their_own_for_each_card():
    checklist = Checklist()
    checklist.add("berta", "c" * 64, "calibration")
    assert checklist.read("berta", "c" * 64) == ("calibration",)
    assert checklist.read("carl", "c" * 64) == ()
    assert checklist.read("berta", "d" * 64) == ()


@given(st.lists(st.sampled_from([*PARTS, "", "nowhere", "../x"]), max_size=20))
def test_only_parts_are_noted_once_and_in_order(opened):
    checklist = Checklist()
    for part in opened:
        checklist.add("berta", "c", part)
    assert checklist.read("berta", "c") == tuple(part for part in PARTS if part in opened)


def test_parts_go_by_their_names():
    assert next(iter(PARTS)) == "top"
    assert name_parts(["fields", "calibration", "of old"]) == [
        "All fields",
        "Calibration",
        "of old",
    ]
