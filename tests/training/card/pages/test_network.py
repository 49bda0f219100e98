"""The section of a card on the centres of a network."""

from __future__ import annotations

from tests.training.helpers.cards import small_card
from tests.training.helpers.network_cards import network_card
from training.card.pages.network import make_network_blocks
from training.card.render import render_markdown
from training.document.document import Bullets, Drawings, Table
from training.report.centres import list_centre_warnings


def test_the_card_of_one_cohort_has_no_such_section() -> None:
    assert make_network_blocks(small_card().body) == []
    assert "## Centres" not in render_markdown(small_card(), pictures=False)


def test_centres_shares_and_differences_stand_on_the_card() -> None:
    blocks = make_network_blocks(network_card().body)
    names = [block.name for block in blocks if isinstance(block, Table)]
    assert names == [
        "patients_by_centre",
        "shares",
        "heterogeneity",
        "settings",
        "by_centre_t1",
        "over_centres_t1",
        "by_centre_t2",
        "over_centres_t2",
    ]
    forests = [block for block in blocks if isinstance(block, Drawings)]
    assert [len(drawn.items) for drawn in forests] == [3, 3]  # AUC, O:E and slope, T1 and T2
    assert "## Centres" in render_markdown(network_card(), pictures=False)


def test_what_is_wrong_with_a_centre_stands_first() -> None:
    body = network_card().body
    warning = make_network_blocks(body)[1]
    assert isinstance(warning, Bullets)
    assert warning.tone == "warning"
    assert warning.items == (
        "bonn, response: its share of responders is unlike the others' (p 0.0010).",
        "dortmund: none of its patients count, no share of round 2.",
        "cologne: none of its patients stand behind kept at T2, 2 lost the response.",
        "the last two rounds were not done: the estimate is not quite converged.",
    )
    assert body.results.network is not None
    assert tuple(list_centre_warnings(body.results.network)) == warning.items


def test_before_the_centres_have_judged_there_is_no_forest() -> None:
    blocks = make_network_blocks(network_card(performance={}, pooled={}).body)
    assert not any(isinstance(block, Drawings) for block in blocks)
