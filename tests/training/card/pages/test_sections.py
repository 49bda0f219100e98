"""A card laid out once, for every form."""

from __future__ import annotations

from typing import Any

from tests.training.card.pages.test_panel import card_with, found_panel
from tests.training.helpers.cards import small_card, small_results
from training.card.fields import PLACES
from training.card.pages.sections import make_sections
from training.card.schema import Body, Change, Parent
from training.document.document import Block, Section, Table

BODY = small_card().body


def _section(body: Body, anchor: str, annex: dict[str, Any] | None = None) -> Section:
    [found] = [section for section in make_sections(body, annex) if section.anchor == anchor]
    return found


def _texts(section: Section) -> list[Block]:
    return [block for block in section.blocks if isinstance(block, str)]


def _tables(section: Section) -> dict[str, list[tuple[str, ...]]]:
    return {b.caption: b.rows for b in section.blocks if isinstance(b, Table)}


def test_every_place_of_a_card_has_its_section_in_order() -> None:
    sections = make_sections(BODY, None)
    assert [section.anchor for section in sections] == [
        place for place in PLACES if place in {s.anchor for s in sections}
    ]
    assert {section.title for section in sections} == {
        PLACES[section.anchor] for section in sections
    }
    assert all(section.blocks for section in sections)


def test_a_panel_stands_behind_stability_where_there_is_one() -> None:
    anchors = [s.anchor for s in make_sections(card_with(found_panel()).body, None)]
    assert anchors.index("panel") == anchors.index("stability") + 1
    assert "panel" not in [s.anchor for s in make_sections(BODY, None)]


def test_where_every_number_comes_from_is_told() -> None:
    told = dict(_tables(_section(BODY, "provenance"))[""])
    assert told["model artifact, SHA-256"] == BODY.model.digest
    assert told["cohort, SHA-256"] == small_results()["cohort"]["sha256"]
    assert told["seed"] == "3"
    assert told["tracked run"] == (BODY.model.run_id or "–")


def _annex(standing: str, **more: Any) -> dict[str, Any]:
    return {"standing": standing, "scope": "silent prospective evaluation", **more}


def test_how_the_review_stands_is_told_with_what_it_is_for() -> None:
    for annex, words in (
        (None, "Not reviewed yet."),
        (_annex("approved"), "Review: approved for silent evaluation only."),
        (_annex("in review"), "Review: in review; at most for silent prospective evaluation."),
        (_annex("refused"), "Review: refused."),
    ):
        assert _texts(_section(BODY, "history", annex))[0] == words


def test_who_did_what_is_told_in_their_words() -> None:
    event = {"at": "2026-11-20T10:00:00Z", "name": "Carol", "account": "carol", "comment": "read"}
    annex = _annex(
        "approved", approvals=[event], waivers=[event | {"gate": 9, "kind": "waive"}], history=[]
    )
    tables = _tables(_section(BODY, "history", annex))
    assert tables == {
        "Approvals": [("2026-11-20", "approval", "Carol (carol)", "read")],
        "Waivers": [("2026-11-20", "waive, gate 9", "Carol (carol)", "read")],
    }


def test_what_changed_since_the_version_before_is_a_table() -> None:
    change = Change(part="data", what="patients", before="80", after="90")
    parent = Parent(model="pilot:1", card_sha256="e" * 64, changes=[change])
    changed = BODY.model_copy(update={"parent": parent})
    assert _tables(_section(changed, "history")) == {
        "Changes since pilot:1": [("data", "patients", "80", "90")]
    }
    same = BODY.model_copy(update={"parent": parent.model_copy(update={"changes": []})})
    assert _texts(_section(same, "history"))[-1] == "Nothing changed since pilot:1."
    assert "no earlier version" in str(_texts(_section(BODY, "history"))[-1])


def test_harm_is_told_by_setting_with_counts_shares_and_placebo() -> None:
    tables = _tables(_section(BODY, "safety"))
    assert {caption.lower() for caption in tables} == {f.setting.lower() for f in BODY.safety}
    blocks = _section(BODY, "safety").blocks
    rows = [row for block in blocks if isinstance(block, Table) for row in block.rows]
    assert len(rows) == len(BODY.safety)
    fact = next(fact for fact in BODY.safety if fact.placebo_n is not None)
    [row] = [row for row in rows if row[0] == fact.matter and "of" in row[2]]
    assert row[1].startswith(f"{fact.events} of {fact.n} (")
    assert row[2] == f"{fact.placebo_events} of {fact.placebo_n}"


def test_another_condition_has_no_published_rates() -> None:
    bare = BODY.model_copy(update={"base_rates": []})
    assert "this model is about another condition" in str(_texts(_section(bare, "literature"))[0])


def test_a_contradiction_to_the_literature_is_told_before_anything_else() -> None:
    wrong = BODY.model_copy(update={"contradictions": ["It ranks by dose."]})
    first = _section(wrong, "literature").blocks[0]
    assert getattr(first, "items", None) == ("It ranks by dose.",)
