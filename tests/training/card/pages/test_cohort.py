"""The sections of a card on use, patients, outcome and predictors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.training.helpers.cards import small_card, small_results
from training.card.pages.cohort import (
    make_outcome_blocks,
    make_population_blocks,
    make_predictors_blocks,
    make_use_blocks,
)
from training.card.schema import Body
from training.document.document import Block, Bullets, Table


def _body(**changes: Any) -> Body:
    return small_card(small_results() | changes).body


def _table(blocks: Sequence[Block], caption: str) -> list[tuple[str, ...]]:
    [found] = [b for b in blocks if isinstance(b, Table) and b.caption == caption]
    return found.rows


def test_how_to_use_the_number_comes_first_and_cannot_be_overlooked() -> None:
    body = _body()
    first = make_use_blocks(body)[0]
    assert body.statements[0].startswith("The estimate rests on")  # as page one says
    assert first == Bullets(tuple(body.statements[1:]), "warning")


def test_the_flow_and_the_numbers_behind_each_horizon_are_the_runs() -> None:
    blocks = make_population_blocks(_body())
    flow = _table(blocks, "From all courses to those with a known outcome.")
    assert flow[0] == ("Identified", "90", "0", "0")
    assert len(flow) == len(small_results()["flow"])
    assert _table(blocks, "Numbers behind each horizon") == [
        ("T1", "87", "51", "59% (48% to 68%)"),
        ("T2", "77", "30", "43% (33% to 55%)"),
    ]


def test_what_labels_rest_on_and_what_unknown_ones_could_change() -> None:
    blocks = make_outcome_blocks(_body())
    assert _table(blocks, "What the labels rest on") == [
        ("T1", "51", "36", "3", "22", "34", "31"),
        ("T2", "30", "47", "13", "9", "50", "13"),
    ]
    bounds = _table(blocks, "What the unknown outcomes could change.")
    assert bounds[0][:3] == ("T1", "3", "Share of responders")
    given = small_results()["missing_outcomes"]
    assert len(bounds) == sum(len(found["rows"]) for found in given.values())


def test_labels_from_scores_alone_stand_beside_the_studys() -> None:
    rows = _table(make_outcome_blocks(_body()), "With labels from scores alone")
    assert rows[0] == ("T1", "responders", "51 of 87", "27 of 53")
    assert rows[1] == ("T1", "AUC", "0.74 (0.64 to 0.86)", "0.75 (0.61 to 0.90)")
    assert [row[0] for row in rows] == ["T1"] * 4 + ["T2"] * 4
    same = small_results()["score_labels"] | {"performance": {}}
    for given in (same, {"done": False, "reason": "no scores"}):
        captions = [
            b.caption
            for b in make_outcome_blocks(_body(score_labels=given))
            if isinstance(b, Table)
        ]
        assert "With labels from scores alone" not in captions


def test_predictors_are_told_with_their_spread_over_those_known() -> None:
    predictors = small_results()["predictors"]
    opioid = next(p for p in predictors if p["name"] == "opioid")
    opioid |= {"n": 90, "missing": 10, "shares": {"yes": 20, "no": 60}}
    predictors[0] |= {"quartiles": [7.0, 8.0, 8.5], "missing": 17, "codes": ["LOINC 72514-3"]}
    rows = {
        row[0]: row[2:]
        for row in _table(make_predictors_blocks(_body(predictors=predictors)), "Predictors")
    }
    assert rows["Opioid, any"][:2] == ("yes 20 (25%)", "10 of 90")  # of the 80 known
    assert rows["Pain before treatment (NRS)"] == (
        "median 8 (quartiles 7 to 8.5)",
        "17 of 90",
        "LOINC 72514-3",
    )
    assert rows["Duration of the pain disease"][2] == "–"


def test_a_source_is_named_once_below_the_predictors() -> None:
    blocks = make_predictors_blocks(_body())
    [table] = [b for b in blocks if isinstance(b, Table) and b.caption == "Predictors"]
    assert table.note.count("Mangnus 2021") == 1
    bare = [p | {"source": ""} for p in small_results()["predictors"]]
    blocks = make_predictors_blocks(_body(predictors=bare))
    assert [b.note for b in blocks if isinstance(b, Table) and b.caption == "Predictors"] == [""]
