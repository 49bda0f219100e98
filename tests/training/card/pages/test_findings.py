"""The sections of a card on the model and how it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.training.helpers.cards import small_card, small_results
from training.card.pages.findings import (
    make_calibration_blocks,
    make_decision_blocks,
    make_fairness_blocks,
    make_model_blocks,
    make_performance_blocks,
    make_stability_blocks,
)
from training.card.schema import Body
from training.document.document import Block, Bullets, Drawings, Table

ABSENT = {"done": False, "reason": "it was switched off"}


_WEIGHTS = (
    "Weights of the candidates and the prevalence. Of a model shrunk by evidence, the prevalence's "
    "weight is the probability that nothing predicts."
)


def _body(**changes: Any) -> Body:
    return small_card(small_results() | changes).body


def _tables(blocks: Sequence[Block]) -> dict[str, list[tuple[str, ...]]]:
    return {b.caption: b.rows for b in blocks if isinstance(b, Table)}


def _warnings(blocks: Sequence[Block]) -> list[str]:
    return [item for b in blocks if isinstance(b, Bullets) for item in b.items]


def test_the_blend_is_told_with_weights_and_a_constant_is_a_warning() -> None:
    member = {
        "name": "ridge",
        "label": "ridge",
        "weight": 0.75,
        "setting": "",
        "log_loss": 0.6543,
        "constant": True,
    }
    blend = {"members": [member], "slope": 1.0, "reason": "too few", "constant": True}
    blocks = make_model_blocks(_body(blend={"response": blend}))
    assert _tables(blocks)[_WEIGHTS] == [
        ("response", "ridge", "0.75", "–", "0.654", "gives everyone the same risk")
    ]
    assert _warnings(blocks) == ["Response: everyone gets the same probability (too few)."]


def test_measures_stand_held_out_apparent_and_corrected() -> None:
    tables = _tables(make_performance_blocks(_body()))
    auc = tables["Performance at discharge (T1)"][0]
    assert auc[:4] == ("AUC", "0.74 (0.64 to 0.86)", "0.77", "0.76 (0.62 to 0.87)")
    assert "Performance at first follow-up (T2)" in tables
    alone = _tables(make_performance_blocks(_body(optimism=ABSENT)))
    assert len(alone["Performance at discharge (T1)"][0]) == 3
    for table in make_performance_blocks(_body()):
        if isinstance(table, Table):
            assert "Corrected: " in table.note


def test_weights_at_t2_are_not_spoken_of_at_t1() -> None:
    notes = [b.note for b in make_performance_blocks(_body()) if isinstance(b, Table)]
    assert ["T2 is weighted" in note for note in notes] == [False, True]
    both = [
        b.note
        for b in make_performance_blocks(_body(weighting="everyone counts once"))
        if isinstance(b, Table)
    ]
    assert all(note.endswith("Everyone counts once.") for note in both)


def test_without_weights_nothing_is_said_of_them() -> None:
    notes = [b.note for b in make_performance_blocks(_body(weighting="")) if isinstance(b, Table)]
    assert notes
    assert all(note.endswith(".") and not note.endswith(" .") for note in notes)


def test_other_patients_are_told_or_missed() -> None:
    assert _warnings(make_performance_blocks(_body(sites=ABSENT))) == ["It was switched off."]
    found = {"done": True, "text": "O:E 1.02", "o_e": {}, "rows": []}
    blocks = make_performance_blocks(_body(sites=found))
    assert "In other patients: O:E 1.02." in blocks
    assert _warnings(blocks) == []


def test_there_is_a_calibration_curve_for_each_horizon() -> None:
    [drawings] = make_calibration_blocks(_body())
    assert isinstance(drawings, Drawings)
    assert [drawing.caption for drawing in drawings.items] == [
        "Calibration at discharge (T1)",
        "Calibration at first follow-up (T2)",
    ]


def test_a_decision_curve_is_drawn_wherever_there_is_one() -> None:
    one = small_results()["decision"] | {"t1": ABSENT}
    drawings = [b for b in make_decision_blocks(_body(decision=one)) if isinstance(b, Drawings)]
    assert [d.caption for d in drawings[0].items] == ["Decision curve at first follow-up (T2)"]
    none = make_decision_blocks(_body(decision={"t1": ABSENT, "t2": ABSENT}))
    assert _warnings(none) == ["No decision curve: it was switched off."]


def _flips(*rows: tuple[float, float, float]) -> list[dict[str, float]]:
    return [
        {"threshold": t, "classification_instability": c, "unstable_patients": u}
        for t, c, u in rows
    ]


def test_instability_is_told_at_each_threshold_of_each_horizon() -> None:
    instability = small_results()["instability"]
    instability["t1"] |= {
        "mean_absolute_prediction_error": 0.1234,
        "p90_prediction_error": 0.2,
        "n_resamples": 3,
        "classification": _flips((0.6, 0.12, 0.25), (0.3, 0.05, 0.1)),
    }
    instability["t2"] |= {"classification": _flips((0.3, 0.5, 1.0))}
    tables = list(_tables(make_stability_blocks(_body(instability=instability))).values())
    assert tables[0][0] == ("T1", "0.123", "0.200", "3")
    assert tables[1] == [("30%", "5% (10%)", "50% (100%)"), ("60%", "12% (25%)", "–")]
    for horizon in instability.values():
        horizon["classification"] = None
    captions = _tables(make_stability_blocks(_body(instability=instability)))
    assert not any(caption.startswith("Classification") for caption in captions)
    assert len(_tables(make_stability_blocks(_body(instability={})))) == 2  # size and power


@pytest.mark.parametrize(
    ("n", "needed", "cells"), [(87, 373, ("373", "286")), (400, 373, ("373", "0"))]
)
def test_the_sample_size_tells_the_shortfall(n: int, needed: int, cells: tuple[str, str]) -> None:
    sizes = small_results()["sample_size"]
    sizes["t1"] |= {"n": n, "needed": sizes["t1"]["needed"] | {"n": needed}, "rows": []}
    row = sizes["t2"]["rows"][0] | {"needed": None, "parameters": 8.13, "counted": "in effect"}
    sizes["t2"] |= {"rows": [row]}
    rows = _tables(make_stability_blocks(_body(sample_size=sizes)))[
        "What was there, and what a development study needs."
    ]
    assert rows[0][3:7] == ("5 (predictors)", "0.70 (assumed)", *cells)
    assert rows[1][3:7] == ("8.13 (in effect)", "0.70 (assumed)", "–", "–")


def test_what_so_many_patients_would_have_found_stands_by_the_sample_size() -> None:
    caption = "What so many patients would have found."
    row = {"auc": 0.7, "power": 0.236, "mc_error": 0.017, "n_studies": 600}
    sizes = small_results()["sample_size"]
    rows = _tables(make_stability_blocks(_body(power={"t1": [row]})))[caption]
    assert rows == [("T1", str(sizes["t1"]["n"]), str(sizes["t1"]["events"]), "24%")]
    # The run of the helpers has its own; results written before have none.
    own = small_results()["power"]
    assert [row["auc"] for row in own["t2"]] == [0.6, 0.65, 0.7]
    assert caption in _tables(make_stability_blocks(_body()))
    assert caption not in _tables(make_stability_blocks(_body(power=None)))


def test_the_null_test_is_a_table_or_says_how_to_run_it() -> None:
    [told] = _warnings(make_stability_blocks(_body()))
    assert told == (
        "Null test: no null test was run. Run: ketresponse train STUDY --null-test 100."
    )
    row = {"model": "ridge", "horizon": "t1", "auc": 0.5012, "n_permutations": 100}
    null = {"done": True, "n_permutations": 100, "rows": [row | {"verdict": "right"}]}
    tables = _tables(make_stability_blocks(_body(null_test=null)))
    [found] = [rows for caption, rows in tables.items() if caption.startswith("Null test")]
    assert found == [("T1", "ridge", "0.501", "–", "100", "–", "right")]


def test_subgroups_are_told_with_what_is_not_estimable() -> None:
    row = {"variable": "sex", "subgroup": "male", "n": 20, "events": 5, "note": "too few"}
    known = {"auc": 0.6, "auc_low": 0.5, "auc_high": 0.7}
    overall = {"variable": "", "subgroup": "everyone", "n": 90, "events": 50, **known}
    found = {"t1": [overall, row], "t2": [overall]}
    tables = _tables(make_fairness_blocks(_body(subgroups=found)))
    assert tables["Parts of the cohort, T1, cross-validated."] == [
        ("", "everyone", "90", "50", "0.60 (0.50 to 0.70)", "–", ""),
        ("sex", "male", "20", "5", "–", "–", "too few"),
    ]
    assert _warnings(make_fairness_blocks(_body(subgroups=ABSENT)))[0] == (
        "Subgroups: it was switched off."
    )
