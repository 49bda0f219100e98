"""What a network found, as a part of the results."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.training.helpers.network_cards import network_facts, network_results, typed_network
from training.store.optional.network_found import NetworkFacts
from training.store.results import Results


def test_who_dropped_out_stands_behind_nothing() -> None:
    assert typed_network().names == ["aachen", "bonn", "cologne"]


def test_results_keep_the_network_and_those_of_one_cohort_have_none() -> None:
    results = network_results()
    assert Results.model_validate(results.to_json()) == results
    assert results.network == typed_network()
    assert Results.model_validate(results.to_json() | {"network": None}).network is None


def test_a_count_that_was_not_told_is_no_nought() -> None:
    told = typed_network().to_json()
    cells = [cell for cell in told["patients"] if cell["predictor"] == "opioid"]
    assert [cell["counts"]["yes"] for cell in cells] == [10, 10, None]


def test_nothing_stands_in_it_that_is_not_named() -> None:
    with pytest.raises(ValidationError, match="rows"):
        NetworkFacts.model_validate(network_facts() | {"rows": [[1.0, 2.0]]})
