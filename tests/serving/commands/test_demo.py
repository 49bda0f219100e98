"""The demonstration's made-up patient, asked about over HTTP."""

from pathlib import Path

import pytest

from features.cohort.cohort import parse_record
from features.dictionary.contract import CONTRACT
from serving.commands.demo import EXAMPLE, ask


def test_the_example_is_a_patient_that_the_contract_knows() -> None:
    record, problems = parse_record(EXAMPLE, CONTRACT)
    assert problems == []
    assert record["nrs_t0"] == 8


@pytest.mark.service
def test_the_answer_is_got_over_http_and_adds_up(server: tuple[str, Path]) -> None:
    url, _ = server
    answer = ask(url, EXAMPLE)
    assert answer["model"]["status"] == "demonstration"
    for estimate in answer["estimates"]:
        parts = [part["contribution"] for part in estimate["explanation"]["contributions"]]
        total = estimate["explanation"]["base"] + sum(parts)
        assert total == pytest.approx(estimate["probability"], abs=1e-6)
