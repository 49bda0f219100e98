"""A model card made by hand, that passes every gate it can pass unless told otherwise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_origin

from training.card_author import empty_author
from training.card_schema import CARD_VERSION, Body, Results
from training.facts import ModelFacts
from training.gates import GateSettings

HTML = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Card</title>
<style>body {{ font-family: sans-serif; margin: 2rem; }}</style></head>
<body><h1>{name} version {version}</h1><p>What it predicts, for whom, and how sure.</p>
<script>document.body.textContent = "a script ran"</script></body></html>
"""


def make_results(facts: ModelFacts, horizons: Sequence[str]) -> dict[str, Any]:
    """Return a run's results, invented, in which every gate that a run answers passes."""

    def rows(key: str, **values: float) -> dict[str, Any]:
        return {
            h: {"rows": [{"metric": name, key: value, "low": value - 0.05, "high": value + 0.05}
                         for name, value in values.items()]}
            for h in horizons
        }  # fmt: skip

    empty = {name: (get_origin(field.annotation) or field.annotation)()
             for name, field in Results.model_fields.items()}  # fmt: skip
    points = [{"threshold": t, "net_benefit": 0.3, "treat_all": 0.2, "treat_none": 0.0}
              for t in (0.3, 0.5, 0.7)]  # fmt: skip
    changes = [{"threshold": 0.5, "classification_instability": 0.1}]
    return {
        **empty,
        "schema_version": 1,
        "study": {"sha256": facts.study_sha256, "rule": facts.rule, "horizons": list(horizons),
                  "thresholds": [0.3, 0.7]},
        "cohort": {"sha256": facts.cohort_sha256, "synthetic": facts.synthetic},
        "sample_size": {h: {"n": 80, "needed": {"n": 400}} for h in horizons},
        "performance": rows("estimate", auc=0.62, brier_skill=0.1),
        "optimism": rows("corrected", calibration_slope=0.95),
        "decision": {h: {"rows": points} for h in horizons},
        "instability": {
            h: {"mean_absolute_prediction_error": 0.05, "classification": changes} for h in horizons
        },
        "null_test": {"n_permutations": 100, "rows": [
            {"model": "blend", "horizon": h, "auc": 0.5, "verdict": "passed"} for h in horizons]},
        "subgroups": {h: [{"n": 40, "events": 20, "auc": 0.6}] for h in horizons},
        "sites": {"o_e": {h: 1.0 for h in horizons}, "text": "site by site, 3 sites"},
    }  # fmt: skip


def make_body(
    facts: ModelFacts, digest: str, horizons: Sequence[str], *,
    authors: Sequence[str] = (), external: bool = True, slope: float = 0.95,
) -> dict[str, Any]:  # fmt: skip
    """Return the body of a card."""
    known = facts.to_dict()
    results = make_results(facts, horizons)
    if not external:
        results["sites"] = {"done": False, "reason": "no external validation"}
    for found in results["optimism"].values():
        found["rows"][0]["corrected"] = slope
    return {
        **{name: [] for name, field in Body.model_fields.items()
           if get_origin(field.annotation) is list},
        "model": {"digest": digest, **{name: known[name] for name in (
            "name", "version", "run_id", "created", "submodel", "synthetic", "code_version",
            "versions", "study_sha256", "cohort_sha256", "training_ranges")}},
        "plain": {"what": "Response.", "whom": "Adults.", "how_sure": [], "when_not": []},
        "author": {**empty_author(), "people.authors": list(authors)},
        "gate_settings": GateSettings().to_dict(),
        "parent": None,
        "results": results,
    }  # fmt: skip


def put_card(folder: Path, facts: ModelFacts, digest: str, **options: Any) -> None:
    """Write ``card.json`` and ``card.html`` into a model's folder."""
    body = make_body(facts, digest, list(facts.outcomes), **options)
    document = {"schema_version": CARD_VERSION, "body": body}
    (folder / "card.json").write_text(json.dumps(document))
    (folder / "card.html").write_text(HTML.format(name=facts.name, version=facts.version))
