"""The card's section on the microRNA panel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.training.helpers.cards import DIGEST, full_author, small_card, small_facts, small_results
from training.card.card import Card, make_card
from training.card.render import render_html, render_markdown
from training.store.results import Results


def found_panel(**changes: Any) -> dict[str, Any]:
    """Return the part of a run's results on a panel."""
    metrics = {"auc": (0.6, 0.7, 0.1), "brier": (0.24, 0.2325, -0.0075)}
    panel = {
        "done": True,
        "found": "not_shown",
        "verdict": "MicroRNA panel: added value not shown; Brier score and AUC as below.",
        "counts": {"panels": 50, "in_cohort": 48, "known": 46, "events": 27, "assays": 60},
        "sample_size": {"verdict": None, "parameters_borne": 1, "text": "46 patients bear 1."},
        "added_value": {
            "t1": [
                {
                    "metric": name,
                    "first": first,
                    "first_low": first - 0.1,
                    "first_high": 0.8,
                    "second": second,
                    "second_low": second - 0.1,
                    "second_high": 0.9,
                    "difference": difference,
                    "low": -0.05,
                    "high": None if name == "auc" else 0.02,
                }
                for name, (first, second, difference) in metrics.items()
            ]
        },
        "net_benefit": {},
        "candidates": [
            {
                "label": "elastic net",
                "weight": 0.25,
                "mean_weight": 0.2,
                "share_used": 0.4,
                "auc": None,
                "share_constant": 0.1,
            }
        ],
        "assays": [
            {
                "assay": "hsa-miR-17-5p",
                "odds_ratio": 0.5,
                "low": 0.3,
                "high": 0.9,
                "p_value": 0.001,
                "q_value": 0.04,
                "detected": 1.0,
                "half_samples": 0.9,
                "folds": 1.0,
                "coefficient": -0.6,
            },
            {
                "assay": "hsa-miR-21-5p",
                "odds_ratio": 1.1,
                "low": 0.7,
                "high": 1.8,
                "p_value": 0.4,
                "q_value": 0.8,
                "detected": 0.5,
                "half_samples": 0.1,
                "folds": 0.0,
                "coefficient": 0.0,
            },
        ],
    }
    return {**panel, **changes}


def card_with(panel: dict[str, Any] | None, *, submodel: str = "clinical+panel") -> Card:
    results = small_results()
    results.pop("panel", None)
    if panel is not None:
        results["panel"] = panel
    facts = replace(small_facts(), submodel=submodel)
    return make_card(facts, DIGEST, Results.model_validate(results), full_author())


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_the_panel_has_a_section_where_the_run_had_one(render: Any) -> None:
    shown = render(card_with(found_panel()))
    assert "MicroRNA panel: added value not shown" in shown
    assert (
        "46 patients with a panel have a known outcome, 27 of them responders; 60 assays" in shown
    )
    assert "46 patients bear 1." in shown
    assert "−0.007 (−0.050 to 0.020)" in shown or "−0.008 (−0.050 to 0.020)" in shown
    assert "| – |" in shown or '<td class="short">–</td>' in shown  # not estimable
    assert "of at most 5% beside the clinical estimate: 1 of 2" in shown
    assert "hsa-miR-17-5p" in shown
    assert "hsa-miR-21-5p" not in shown  # it is not in the sub-model
    assert "answered by a sub-model of clinical predictors and assays" in shown


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_a_panel_in_which_nothing_was_found_says_so(render: Any) -> None:
    panel = found_panel(
        found="nothing", verdict="MicroRNA panel: nothing was found.", added_value={}, candidates=[]
    )
    shown = render(card_with(panel, submodel="clinical"))
    assert "nothing was found" in shown
    assert "Everyone is answered by the clinical model" in shown
    assert "with and without the panel" not in shown


@pytest.mark.parametrize(
    "panel", [None, {"done": False, "reason": "no panel", "command": "ketresponse train"}]
)
def test_a_run_without_a_panel_has_no_such_section(panel: Any) -> None:
    shown = render_html(card_with(panel, submodel="clinical"))
    assert 'id="panel"' not in shown
    assert 'id="panel"' in render_html(card_with(found_panel()))
    assert 'id="stability"' in render_html(small_card())
