"""A card that passes every gate it can pass unless told otherwise, for the tests of reviews."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.training.helpers.cards import full_author, small_results
from training.card.card import Card, make_card, write_card
from training.card.diff import compare_cards
from training.card.render import write_pages
from training.card.schema import Parent
from training.store.facts import ModelFacts
from training.store.results import Results

SCRIPT = "<script>document.body.textContent = 'a script ran'</script>"


def make_results(facts: ModelFacts) -> dict[str, Any]:
    """Return a small run's results, changed so that every gate that a run answers passes."""
    results = small_results()
    horizons = results["study"]["horizons"]
    results["study"] |= {"sha256": facts.study_sha256, "thresholds": [0.3, 0.7]}
    results["cohort"] |= {"sha256": facts.cohort_sha256, "synthetic": facts.synthetic}
    for horizon in horizons:
        for part, metric, key, value in (
            ("performance", "auc", "estimate", 0.62),
            ("performance", "brier_skill", "estimate", 0.1),
            ("optimism", "calibration_slope", "corrected", 0.95),
        ):
            row = next(r for r in results[part][horizon]["rows"] if r["metric"] == metric)
            row |= {key: value, "low": value - 0.05, "high": value + 0.05}
        for row in results["decision"][horizon]["rows"]:
            row |= {"net_benefit": 0.3, "treat_all": 0.2, "treat_none": 0.0}
        results["sample_size"][horizon]["enough"] = True
        for row in results["importance"]:
            row["mean_absolute_contribution"] = 0.05
        results["instability"][horizon]["mean_absolute_prediction_error"] = 0.05
    for blend in results["blend"].values():
        blend |= {"constant": False, "slope": 1.0}
        blend["members"] = [
            {**member, "weight": 0.5, "constant": False}
            for member in results["blend"]["response"]["members"]
        ]
    results["null_test"] = {
        "done": True,
        "n_permutations": 100,
        "rows": [
            {
                "model": "blend",
                "horizon": h,
                "auc": 0.5,
                "mc_error": 0.01,
                "n_permutations": 100,
                "share_constant": 0.0,
                "verdict": "passed",
            }
            for h in horizons
        ],
    }
    results["sites"] = {
        "done": True,
        "kind": "leave-site-out",
        "run_id": "r",
        "rows": [],
        "o_e": dict.fromkeys(horizons, 1.0),
        "text": "site by site, 3 sites",
    }
    return results


def put_card(
    folder: Path,
    facts: ModelFacts,
    digest: str,
    *,
    authors: Sequence[str] = ("Zoe Writer",),
    external: bool = True,
    slope: float = 0.95,
    constant: bool = False,
    enough: bool = True,
    before: Card | None = None,
    results: dict[str, Any] | None = None,
) -> None:
    """Make the card of a model, that of the version `before` its parent, and write it there.

    `results` are parts of the run that take the place of those made here.
    """
    found = make_results(facts)
    for size in found["sample_size"].values():
        size["enough"] = enough
    for blend in found["blend"].values() if constant else ():
        blend["constant"] = True
    if not external:
        found["sites"] = {"done": False, "reason": "no external validation"}
    for horizon in found["study"]["horizons"]:
        rows = found["optimism"][horizon]["rows"]
        next(r for r in rows if r["metric"] == "calibration_slope")["corrected"] = slope
    found |= results or {}
    author = {
        **full_author(),
        "people.authors": list(authors),
        "study.declared_real_by": authors[0],
        "use.how_to_use": SCRIPT,
    }
    typed = Results.model_validate(found)
    card = make_card(facts, digest, typed, author)
    if before is not None:
        changes = compare_cards(before.body, card.body)
        parent = Parent(model=before.subject, card_sha256=before.sha256, changes=changes)
        card = make_card(facts, digest, typed, author, parent=parent)
    write_card(card, folder)
    write_pages(card, folder, annex=None, status=facts.status)


def change_card(folder: Path) -> None:
    """Change what a card says, as an editor would."""
    document = json.loads((folder / "card.json").read_text())
    document["body"]["plain"]["whom"] = "Children."
    (folder / "card.json").write_text(json.dumps(document))
