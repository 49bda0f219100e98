"""What nobody may waive."""

from dataclasses import replace

from tests.training.helpers.reviews import make_gate


def test_reviewers_and_real_patients_are_never_waived_and_others_where_the_model_forbids() -> None:
    assert [n for n in range(1, 13) if make_gate(n).never_waived] == [11, 12]
    assert replace(make_gate(4), fixed="it is constant").never_waived == "it is constant"


def test_a_gate_in_one_line_tells_its_waiver_last() -> None:
    gate = replace(make_gate(5, "fail"), more="no more", waiver="waived by Carl")
    assert gate.text == "slope 0.71 (asked: 0.80 to 1.20); no more; waived by Carl"


def test_a_gate_is_told_without_what_is_run_at_a_terminal() -> None:
    gate = replace(make_gate(5, "fail"), more="no more", command="run this")
    assert gate.told == "slope 0.71 (asked: 0.80 to 1.20); no more"
    assert gate.text == "slope 0.71 (asked: 0.80 to 1.20); no more; run this"
