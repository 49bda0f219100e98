"""The forest plot of a card."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from tests.training.helpers.network_cards import network_facts, typed_network
from training.card.pages.forest import draw_forest
from training.store.optional.network_found import NetworkFacts

_SVG = "{http://www.w3.org/2000/svg}"


def _draw(measure: str, facts: NetworkFacts) -> str:
    pooled = {row.measure: row for row in facts.pooled["t1"]}
    return draw_forest(measure, measure, facts.performance["t1"], pooled[measure], "T1")


def _texts(picture: str) -> list[str]:
    return [found.text or "" for found in ElementTree.fromstring(picture).iter(f"{_SVG}text")]


def _dots(picture: str) -> list[float]:
    found = ElementTree.fromstring(picture).iter(f"{_SVG}circle")
    return [float(dot.get("cx", "nan")) for dot in found]


def test_every_centre_has_its_line_and_the_mean_the_last() -> None:
    texts = _texts(_draw("auc", typed_network()))
    order = ["aachen (25/40)", "bonn (15/30)", "cologne (14/20)", "not estimable", "all centres"]
    assert [text for text in texts if text in order] == order
    assert len(_dots(_draw("auc", typed_network()))) == 3


def test_ratios_are_as_far_from_one_on_either_side() -> None:
    facts = network_facts()
    facts["performance"]["t1"][0]["measures"]["o_e"] = {"estimate": 0.5}
    facts["performance"]["t1"][1]["measures"]["o_e"] = {"estimate": 2.0}
    facts["pooled"]["t1"][1] |= {"estimate": 1.0, "low": None, "high": None}
    left, right, middle = _dots(_draw("o_e", NetworkFacts.model_validate(facts)))
    assert abs((left + right) / 2 - middle) < 0.11  # pixels are rounded to a tenth


def test_an_interval_without_end_stops_at_the_border() -> None:
    facts = network_facts()
    facts["performance"]["t1"][0]["measures"]["slope"] |= {"low": -900.0, "high": 900.0}
    picture = _draw("slope", NetworkFacts.model_validate(facts))
    places = [float(x) for x in re.findall(r"(-?[\d.]+),[\d.]+", picture)]
    assert 0 <= min(places) and max(places) <= 430


def test_who_cannot_see_it_is_told_the_mean() -> None:
    label = ElementTree.fromstring(_draw("auc", typed_network())).get("aria-label")
    assert label == "auc at each centre, T1; over all 0.64"
    facts = network_facts()
    facts["pooled"]["t1"][0] |= {"estimate": None, "low": None, "high": None}
    label = ElementTree.fromstring(_draw("auc", NetworkFacts.model_validate(facts))).get(
        "aria-label"
    )
    assert label == "auc at each centre, T1; not estimable over all"
