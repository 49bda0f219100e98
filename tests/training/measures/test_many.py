"""What is left out because there are many patients is said."""

from __future__ import annotations

from training.measures.many import tell_no_reruns


def test_reruns_left_out_by_size_are_not_told_as_switched_off() -> None:
    assert "switched off" in tell_no_reruns(20_000)
    assert "because there are 20001 patients" in tell_no_reruns(20_001)
    assert "bootstrap_reruns is set" in tell_no_reruns(20_001)
