"""The card's pictures say what the numbers say."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.training.helpers.cards import small_card, small_results
from training.card.pages.pictures import (
    draw_base_rates,
    draw_calibration,
    draw_decision,
    draw_importance,
    draw_sureness,
)
from training.store.asked import OutcomeCount
from training.store.found import CalibrationFacts, DecisionCurve

_SVG = "{http://www.w3.org/2000/svg}"


def _find(picture: str, tag: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(picture).findall(f"{_SVG}{tag}")


def _texts(picture: str) -> list[str]:
    return [element.text or "" for element in _find(picture, "text")]


def _points(element: ElementTree.Element) -> list[tuple[float, ...]]:
    return [tuple(map(float, pair.split(","))) for pair in element.attrib["points"].split()]


def _calibration(**changes: Any) -> CalibrationFacts:
    group = {"predicted": 0.25, "observed": 0.5, "low": 0.25, "high": 1.0, "n": 11}
    curve = [
        {"risk": 0.0, "observed": 0.0, "low": 0.0, "high": 0.5},
        {"risk": 1.0, "observed": 1.0, "low": 0.5, "high": 1.0},
        {"risk": 0.5},
    ]
    return CalibrationFacts.model_validate(
        {"groups": [group], "curve": curve, "summary": []} | changes
    )


# The axes of a picture of 430 x 380: 0 to 1 lies between x = 66 and 408, y = 334 and 66.
def test_calibration_is_drawn_to_scale() -> None:
    picture = draw_calibration(_calibration(), "discharge (T1)")
    diagonal, curve, interval = map(_points, _find(picture, "polyline"))
    assert diagonal == curve == [(66.0, 334.0), (408.0, 66.0)]
    assert interval == [(151.5, 267.0), (151.5, 66.0)]
    [band] = _find(picture, "polygon")
    assert _points(band) == [(66.0, 200.0), (408.0, 66.0), (408.0, 200.0), (66.0, 334.0)]
    [dot] = _find(picture, "circle")
    assert (dot.attrib["cx"], dot.attrib["cy"]) == ("151.5", "200.0")
    assert "Calibration at discharge (T1), held-out patients" in picture
    assert "smooth curve, 95% band" in _texts(picture)


def test_a_calibration_without_a_curve_has_no_entry_for_one() -> None:
    picture = draw_calibration(_calibration(curve=[{"risk": 0.5}], groups=[]), "T1")
    assert "smooth curve, 95% band" not in _texts(picture)
    assert _find(picture, "circle") == []


def _decision(*rows: tuple[float, float, float]) -> DecisionCurve:
    return DecisionCurve.model_validate(
        {
            "done": True,
            "range": (0.3, 0.6),
            "rows": [
                {"threshold": t, "net_benefit": b, "treat_all": a, "treat_none": 0.0}
                for t, b, a in rows
            ],
        }
    )


def test_a_decision_curve_runs_over_its_range_with_the_model_above_where_it_is() -> None:
    picture = draw_decision(_decision((0.3, 0.4, 0.2), (0.6, 0.2, -0.4)), "T1")
    none, treat_all, model = map(_points, _find(picture, "polyline"))
    assert [x for x, _ in none] == [x for x, _ in treat_all] == [x for x, _ in model]
    assert none[0][1] == none[1][1]  # treating none is zero throughout
    assert model[0][1] < treat_all[0][1] < none[0][1]  # y grows downwards
    assert treat_all[1][1] > none[1][1] > model[1][1]
    ticks = [text for text in _texts(picture) if text.endswith("%")]
    assert ticks == ["30%", "35%", "40%", "45%", "50%", "55%", "60%"]
    assert "−0.40" in _texts(picture)


@pytest.mark.parametrize("top", [0.004, 0.04, 0.4, 1.0, 7.0])
def test_ticks_are_few_and_hold_the_values_between_them(top: float) -> None:
    picture = draw_decision(_decision((0.3, top, 0.0), (0.6, 0.0, 0.0)), "T1")
    points = [point for line in _find(picture, "polyline") for point in _points(line)]
    assert all(66 <= y <= 334 for _, y in points)
    assert len(_find(picture, "line")) <= 7 + 9 + 3  # thresholds, net benefit, legend


def test_importance_is_drawn_in_proportion_and_long_names_are_cut() -> None:
    shares = {"a": 0.5, "b": 0.25, "c": 0.0}
    picture = draw_importance(shares, {"a": "x" * 30, "b": "y" * 29}, "T1")
    widths = [float(bar.attrib["width"]) for bar in _find(picture, "rect")]
    assert widths == [192.0, 96.0, 0.0]
    assert _texts(picture)[::2] == ["x" * 28 + "…", "y" * 29, "c"]
    assert _texts(picture)[1::2] == ["50%", "25%", "0%"]


def test_base_rates_tell_this_cohort_from_the_published_ones() -> None:
    rows = [row for row in small_card().body.base_rates if row.horizon == "t1"]
    picture = draw_base_rates(rows, "T1")
    texts = _texts(picture)
    assert any(text.startswith("this cohort (51 of 87)") for text in texts)
    assert any("pooled, recomputed" in text for text in texts)
    assert len(_find(picture, "circle")) == len(rows)
    bold = [e.text for e in _find(picture, "text") if e.attrib["font-weight"] == "600"]
    assert bold == ["this cohort (51 of 87)"]


def test_what_people_have_written_is_escaped() -> None:
    for picture in (
        draw_importance({"a": 0.5}, {"a": "<b> & more"}, "<T1>"),
        draw_calibration(
            CalibrationFacts.model_validate(small_results()["calibration"]["t1"]), "<T1>"
        ),
    ):
        ElementTree.fromstring(picture)
        assert not re.search("<(b|T1)>", picture)


def test_how_sure_a_model_is_shows_all_patients_and_then_its_groups_from_low_to_high() -> None:
    count = OutcomeCount(n=60, events=30, base_rate=0.5, low=0.4, high=0.6)
    groups = small_card().body.results.calibration["t1"].groups
    picture = draw_sureness(count, groups[::-1], "T1", told=None)
    told = [text for text in _texts(picture) if "told about" in text]
    assert told == sorted(told, key=lambda text: int(text.split()[-1].rstrip("%")))
    assert _texts(picture).count("all 60 known") == 1
    assert len(_find(picture, "circle")) == len(groups) + 1
    nobody = OutcomeCount(n=0, events=0)
    assert "nan" not in draw_sureness(nobody, [], "T1", told=0.5)
