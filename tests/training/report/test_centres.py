"""The tables on the centres of a network."""

from __future__ import annotations

from typing import Any

from tests.training.helpers.network_cards import network_facts, network_results, typed_network
from training.document.document import Table
from training.report.centres import (
    make_centre_performance_table,
    make_heterogeneity_table,
    make_patients_by_centre_table,
    make_pooled_table,
    make_settings_table,
    make_shares_table,
)
from training.store.optional.network_found import NetworkFacts


def _rows(table: Table) -> dict[str, tuple[str, ...]]:
    return {row[0]: row[1:] for row in table.rows}


def _patients(**changes: Any) -> dict[str, tuple[str, ...]]:
    results = network_results(**changes)
    assert results.network is not None
    table = make_patients_by_centre_table(results.network, results.predictors, ["t1", "t2"])
    assert table.head == ("characteristic", "all", "aachen", "bonn", "cologne")
    return _rows(table)


def test_outcomes_are_counted_by_centre_and_over_all() -> None:
    rows = _patients()
    assert rows["T1 known"] == ("90", "40", "30", "20")
    # 54/90, 25/40, 15/30, 14/20
    assert rows["responded at T1, n (%)"] == ("54 (60%)", "25 (63%)", "15 (50%)", "14 (70%)")


def test_numbers_have_mean_and_sd_and_categories_shares() -> None:
    rows = _patients()
    assert rows["Pain before treatment (NRS), points, mean (SD)"][1:] == ("7.0 (1.5)",) * 3
    assert rows["Opioid, any: yes, n (%)"][1:] == ("10 (25%)", "10 (33%)", "not told")


def test_a_predictor_that_no_centre_tells_of_has_no_row() -> None:
    patients = [p for p in network_facts()["patients"] if p["predictor"] != "opioid"]
    assert not any("Opioid" in name for name in _patients(patients=patients))


def test_no_sum_gives_away_what_a_centre_does_not_tell() -> None:
    centres = network_facts()["centres"]
    centres[2]["counts"]["t1"] = {"n": None, "events": None}
    rows = _patients(centres=centres)
    assert rows["T1 known"] == ("not told", "40", "30", "not told")
    assert rows["responded at T1, n (%)"][0] == "not told"


def test_a_centre_that_dropped_out_has_no_column_but_a_line_on_what_it_shared() -> None:
    table = make_shares_table(typed_network())
    rows = _rows(table)
    assert rows["dortmund"] == ("–", "none of its patients count: no share of round 2", "–")
    assert rows["cologne"][1] == "response: yes; kept at T2: counts alone, 2 lost the response"
    assert rows["aachen"][0] == "1, 2, 3, 4"
    assert len(table.data) == 12
    assert table.data["sha256"].str.len().eq(64).all()


def test_heterogeneity_has_its_interval() -> None:
    rows = _rows(make_heterogeneity_table(typed_network()))
    assert rows["response"] == (
        "3",
        "0.30 (0.00 to 1.20)",
        "0.00 (0.00 to 0.40)",
        "0.500",
        "the same everywhere",
    )


def test_the_setting_that_was_taken_is_marked() -> None:
    table = make_settings_table(typed_network())
    assert table.note.startswith("Each centre worked out, at home")
    foretold = make_settings_table(typed_network(rounds=1)).note
    assert "as its own curve foretells it" in foretold
    taken = [row[1:3] for row in table.rows if row[-1] == "taken"]
    assert taken == [("straight", "0.5")] * 2


def test_each_centre_was_told_by_the_model_without_it() -> None:
    table = make_centre_performance_table("t1", typed_network().performance["t1"])
    rows = _rows(table)
    assert rows["aachen"][:3] == ("40", "25", "0.64 (0.46 to 0.79)")
    assert rows["cologne"][2:] == ("–",) * 4
    assert "cologne: not estimable: 14 events" in table.note


def test_over_centres_the_further_one_stands_beside_the_mean() -> None:
    facts = network_facts()
    facts["pooled"]["t1"][0] |= {"prediction_low": 0.42, "prediction_high": 0.81, "i2": 12.0}
    pooled = NetworkFacts.model_validate(facts).pooled["t1"]
    row = _rows(make_pooled_table("t1", pooled))["AUC"]
    assert row == ("2", "0.64 (0.50 to 0.76)", "0.42 to 0.81", "0.000", "12%", "–")
