import pytest

from features.errors import InputError
from training.measures.sample_size.verdict import compute_size_verdict


def test_verdict_reads_as_one_line() -> None:
    found = compute_size_verdict(40, 19, 12)
    text = "n = 40 with known T2, 19 events, 12 parameters: about 830 needed (c 0.70)"
    assert found.text == text
    assert not found.enough
    assert found.needed is not None
    assert found.needed.n == 835
    assert 0 < found.expected_shrinkage < 0.5


def test_a_large_study_is_enough() -> None:
    found = compute_size_verdict(1000, 400, 1, horizon="T1")
    assert found.enough
    assert "known T1, 400 events, 1 parameter: about 370 needed" in found.text


@pytest.mark.parametrize("events", [0, 30])
def test_verdict_on_one_class_gives_no_size(events: int) -> None:
    found = compute_size_verdict(30, events, 2)
    assert found.text.endswith("one class only, no size can be given")
    assert found.needed is None
    assert not found.enough


def test_more_events_than_patients_are_refused() -> None:
    with pytest.raises(InputError, match="from 0 to n"):
        compute_size_verdict(10, 11, 2)
