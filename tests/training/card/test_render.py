"""The card as a page and as Markdown."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.training.helpers.cards import DIGEST, full_author, small_card, small_results
from training.card.card import Card
from training.card.fields import FIELDS, PLACES
from training.card.pages.once import split_sentences
from training.card.render import describe_gates, render_html, render_markdown
from training.store.statuses import SILENT_APPROVAL

ANNEX: dict[str, Any] = {
    "model": "small:1",
    "standing": "approved",
    "scope": "silent prospective evaluation",
    "approvals": [
        {"at": "2026-11-20T10:00:00Z", "name": "Carol", "account": "carol", "comment": "read it"},
        {"at": "2026-11-21T10:00:00Z", "name": "Dave", "account": "dave", "comment": "me too"},
    ],
    "waivers": [
        {
            "at": "2026-11-20T09:00:00Z",
            "name": "Carol",
            "account": "carol",
            "gate": 9,
            "comment": "silent evaluation only",
        }
    ],
    "history": [],
}


def annex_of(card: Card, **changes: Any) -> dict[str, Any]:
    """Return the annex of a review of this card."""
    digests = {"model": DIGEST, "card": card.sha256, "data": "", "code": ""}
    return {**ANNEX, "digests": digests, **changes}


def test_the_page_needs_nothing_from_outside() -> None:
    html = render_html(small_card())
    assert "<script" not in html
    assert not re.findall(r'(?:src|href)="(?!#)', html)
    assert "@import" not in html
    assert "url(" not in html
    assert 'style="' not in html


def test_every_link_leads_to_a_place_on_the_page() -> None:
    html = render_html(small_card())
    places = set(re.findall(r'id="([\w-]+)"', html))
    assert set(re.findall(r'href="#([\w-]+)"', html)) <= places
    assert {field.place for field in FIELDS} <= places
    assert set(PLACES) <= places


def test_pictures_are_sound_svg_and_say_what_they_show() -> None:
    pictures = re.findall(r"<svg.*?</svg>", render_html(small_card()), flags=re.DOTALL)
    assert len(pictures) >= 6
    for picture in pictures:
        drawn = ElementTree.fromstring(picture)
        assert drawn.find("{http://www.w3.org/2000/svg}title") is not None
        assert "nan" not in picture


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_what_people_have_written_is_never_markup(render: Any) -> None:
    text = '<script>alert(1)</script>\n# Approved\n| "x" | <img src=x onerror=y>'
    results = small_results()
    for predictor in results["predictors"]:
        predictor["label"] = "<b>bold</b> & more"
    card = small_card(results, full_author() | {"openness.funding": text})
    annex = annex_of(card, approvals=[{**ANNEX["approvals"][0], "comment": text}])
    shown = render(card, annex=annex)
    for markup in ("<script", "<img src=x", "<b>bold"):
        assert markup not in shown
    if render is render_markdown:  # where it would be a heading
        assert "\n# Approved" not in shown


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_run_and_digest_stand_on_it(render: Any) -> None:
    card = small_card()
    model = card.body.model.model_copy(update={"run_id": "run4711"})
    card = replace(card, body=card.body.model_copy(update={"model": model}))
    shown = render(card)
    assert "run4711" in shown
    assert card.sha256 in shown


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_approvals_and_waivers_stand_beside_the_body(render: Any) -> None:
    card = small_card()
    before = card.sha256
    shown = render(card, annex=annex_of(card), status=SILENT_APPROVAL)
    assert "silent evaluation only" in shown
    assert "Reviewed by two people" not in shown
    assert "approved for silent evaluation only by Carol and Dave" in shown
    waiver = "Gate 9, validation in other patients, fails and was let pass: waived by Carol"
    assert waiver in shown[: shown.index("What it predicts")]
    assert "Review: approved for silent evaluation only." in shown
    assert small_card().sha256 == before


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_what_was_signed_for_another_card_is_shown_as_void(render: Any) -> None:
    annex = annex_of(small_card())
    other = small_card(author=full_author() | {"openness.funding": "someone else"})
    shown = render(other, annex=annex, status="approved")
    assert "Review: void: model or card changed since." in shown
    assert "approved by Carol" not in shown
    assert "waived by" not in shown


def test_a_waiver_shows_by_name_on_a_gate_that_fails() -> None:
    gates = {gate.number: gate for gate in describe_gates(small_card().body, ANNEX)}
    assert gates[9].status == "waived"
    assert gates[9].waiver == "waived by Carol on 2026-11-20: silent evaluation only"
    assert gates[11].status == "pass"
    assert "Carol and Dave" in gates[11].value


def test_a_waiver_of_a_gate_that_passes_changes_nothing() -> None:
    annex = {**ANNEX, "waivers": [{**ANNEX["waivers"][0], "gate": 10}]}
    gates = {gate.number: gate for gate in describe_gates(small_card().body, annex)}
    assert gates[10].status == "pass"


def test_one_person_twice_is_not_two_reviewers() -> None:
    annex = {**ANNEX, "approvals": [ANNEX["approvals"][0], ANNEX["approvals"][0]]}
    gates = {gate.number: gate for gate in describe_gates(small_card().body, annex)}
    assert gates[11].status == "fail"


def test_a_demonstration_is_stamped() -> None:
    assert "Demonstration: this model was made from simulated patients" in render_html(small_card())


def test_a_terminal_gets_no_pictures() -> None:
    assert "data:image" in render_markdown(small_card())
    assert "data:image" not in render_markdown(small_card(), pictures=False)


def test_parts_that_were_not_computed_are_said_to_be_missing() -> None:
    results = small_results()
    absent = {"done": False, "reason": "it was switched off", "command": ""}
    results["optimism"] = results["subgroups"] = absent
    results["decision"] = {"t1": absent, "t2": absent}
    results["instability"] = {}
    shown = render_markdown(small_card(results))
    assert "No decision curve: it was switched off." in shown
    assert "Subgroups: it was switched off." in shown


@pytest.mark.parametrize("horizon", ["t1", "t2"])
def test_one_horizon_alone_has_a_card(horizon: str) -> None:
    other = {"t1": "t2", "t2": "t1"}[horizon]
    results = small_results()
    results["study"]["horizons"] = [horizon]
    results["study"]["outcomes"] = {horizon: "response"}
    results["blend"].pop("kept")
    for part in results.values():
        if isinstance(part, dict):
            part.pop(other, None)
    shown = render_html(small_card(results))
    assert f"At {horizon.upper()}:" in shown  # this study does not speak of a discharge


def test_a_horizon_is_called_what_the_study_calls_it() -> None:
    shown = render_html(small_card())
    assert "At discharge (T1):" in shown
    assert "At first follow-up (T2):" in shown


def test_a_model_that_tells_nobody_apart_has_a_card() -> None:
    results = small_results()
    for row in results["importance"]:
        row["mean_absolute_contribution"] = 0.0
    for blend in results["blend"].values():
        blend.update(constant=True, reason="too few")
    for found in results["calibration"].values():
        found["curve"] = [{"risk": row["risk"]} for row in found["curve"]]
    for found in (*results["performance"].values(), *results["optimism"].values()):
        for row in found["rows"]:
            row.update({key: None for key in row if key not in ("metric", "note")})
    shown = render_html(small_card(results))
    assert "everyone gets the same probability (too few)" in shown
    assert "whether it tells responders apart could not be estimated" in shown


def test_the_result_by_scores_alone_stands_beside_that_of_the_study():
    results = small_results()
    changed = results["score_labels"]["changed"]["t1"]
    assert changed > 0  # the record's wording has made some of these labels
    page = render_html(small_card())
    assert "With labels from scores alone" in page
    assert f"T1: {changed} label" in page
    results["score_labels"] |= {"changed": {"t1": 0, "t2": 0}, "performance": {}}
    page = render_html(small_card(results))
    assert "Labels from scores alone: T1: no label changes; T2: no label changes." in page
    results["score_labels"] = {"done": False, "reason": "there are no scores", "command": ""}
    assert "not available, because there are no scores" in render_html(small_card(results))


def test_a_card_begins_with_the_result_and_draws_nothing_of_a_constant() -> None:
    results = small_results()
    for found in results["findings"].values():
        found |= {"constant": True, "mean": 0.58}
    results["headline"] = ["This model gives everyone 58%: nothing tells one from another."]
    card = small_card(results)
    for page in (render_html(card), render_markdown(card)):
        assert page.index(results["headline"][0]) < page.index(results["verdict"][0])
        assert "Calibration slope" not in page
        assert page.count("This model gives everyone 58%") == 1
        for absent in ("Calibration at ", "Decision curve at ", "What moves the estimate at "):
            assert absent not in page, absent


def test_a_card_of_results_without_a_headline_begins_with_the_verdict() -> None:
    results = small_results()
    del results["findings"], results["headline"]
    html = render_html(small_card(results))
    assert 'class="headline"' not in html
    assert results["verdict"][0] in html


@pytest.mark.parametrize("constant", [False, True])
def test_no_sentence_of_a_card_is_said_twice(constant: bool) -> None:
    results = small_results()
    for found in results["findings"].values():
        found["constant"] = constant
    page = render_markdown(small_card(results), pictures=False)
    said = Counter(
        sentence.lower().rstrip(".")
        for line in page.splitlines()
        if not line.startswith("|")
        for sentence in split_sentences(line.removeprefix("- **Note:** ").strip("-*# "))
        if len(sentence.split()) >= 6 and "doi:" not in sentence
    )
    headings = {section.lower() for section in PLACES.values()}
    repeated = {sentence for sentence, times in said.items() if times > 1}
    # Two sources tell of one setting: each has a table of its own.
    assert {s for s in repeated if s not in headings} <= {
        "continuous course, mean 23.4 mg/h (correll 2004)"
    }


def test_page_and_markdown_have_the_same_parts_in_the_same_order() -> None:
    card = small_card()
    html, markdown = render_html(card), render_markdown(card, pictures=False)
    parts = re.findall(r"<h2[^>]*>(.*?)</h2>", html)
    assert re.findall(r"^## (.*)$", markdown, flags=re.MULTILINE) == parts
    assert parts[:4] == ["In plain words", "Gates before approval", "Data protection", "Annex"]
    listed = re.findall(r"^\d+\. (.*)$", markdown, flags=re.MULTILINE)
    assert listed == parts[4:]


def test_every_gate_can_be_linked_to() -> None:
    html = render_html(small_card())
    assert re.findall(r'<li id="gate-(\d+)">', html) == [str(i) for i in range(1, 13)]
