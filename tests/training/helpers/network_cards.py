"""What a network of three centres found, as a run's results hold it, for cards and tables."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.training.helpers.cards import DIGEST, full_author, small_facts, small_results
from training.card.card import Card, make_card
from training.store.optional.network_found import NEEDS_ROWS, NetworkFacts
from training.store.results import Results

CENTRES = ("aachen", "bonn", "cologne")


def network_facts() -> dict[str, Any]:
    """Return the centres, shares and measures of it; a fourth centre dropped out."""
    counts = {"aachen": (40, 25), "bonn": (30, 15), "cologne": (20, 14)}
    return {
        "protocol_sha256": "a" * 64,
        "lead": "aachen",
        "lead_key": "c" * 64,
        "planned": 6,
        "rounds": 4,
        "centres": [
            {
                "name": name,
                "counts": {
                    "t1": {"n": n, "events": events, "unknown": 0},
                    "t2": {"n": n - 5, "events": events - 5, "unknown": None},
                },
                "withheld": {"kept": "2 lost the response"} if name == "cologne" else {},
            }
            for name, (n, events) in counts.items()
        ]
        + [{"name": "dortmund", "counts": {}, "dropped": "no share of round 2"}],
        "shares": [
            {"centre": name, "round": r, "sha256": f"{i}{r}" * 32}
            for i, name in enumerate(CENTRES)
            for r in (1, 2, 3, 4)
        ],
        "patients": [_numbers(name, n) for name, (n, _) in counts.items()]
        + [_flags(name, n) for name, (n, _) in counts.items()],
        "outcomes": {"response": _outcome(CENTRES), "kept": _outcome(CENTRES[:2])},
        "performance": {h: _performance(counts) for h in ("t1", "t2")},
        "pooled": {h: _pooled() for h in ("t1", "t2")},
        "flags": ["bonn, response: its share of responders is unlike the others' (p 0.0010)"],
        "lacks": ["the last two rounds were not done: the estimate is not quite converged"],
        "cell": 5,
        "round_words": [f"what round {r} shares" for r in range(1, 7)],
        "limits": ["no count under 5"],
        "noise": "no noise was added",
        "remarks": [],
    }


def _numbers(name: str, n: int) -> dict[str, Any]:
    return {"centre": name, "predictor": "nrs_t0", "n": n, "missing": 0, "mean": 7.04, "sd": 1.5}


def _flags(name: str, n: int) -> dict[str, Any]:
    yes = None if name == "cologne" else 10
    counts = {"no": None if yes is None else n - 10, "yes": yes}
    return {"centre": name, "predictor": "opioid", "n": n, "missing": None, "counts": counts}


def _outcome(centres: tuple[str, ...]) -> dict[str, Any]:
    settings = [("straight", 0.25, 118.2), ("straight", 0.5, 117.1), ("bends", 0.5, 119.0)]
    return {
        "n": 90,
        "events": 54,
        "centres": list(centres),
        "family": "straight",
        "prior_sd": 0.5,
        "weight": 0.7,
        "settings": [
            {"family": f, "prior_sd": sd, "deviance": d, "prevalence": 121.3}
            for f, sd, d in settings
        ],
        "tau_intercept": {"estimate": 0.3, "low": 0.0, "high": 1.2, "p_value": 0.08},
        "tau_slope": {"estimate": 0.0, "low": 0.0, "high": 0.4, "p_value": 0.5},
        "random_slopes": False,
        "change": 2e-5,
        "reason": "",
    }


def _performance(counts: dict[str, tuple[int, int]]) -> list[dict[str, Any]]:
    found = {
        "auc": {"estimate": 0.64, "low": 0.46, "high": 0.79},
        "o_e": {"estimate": 0.95, "low": 0.7, "high": 1.3},
        "slope": {"estimate": 0.9, "low": -0.2, "high": 2.0},
        "brier_skill": {"estimate": 0.02, "low": -0.05, "high": 0.09},
    }
    return [
        {
            "centre": name,
            "n": n,
            "events": events,
            "measures": deepcopy(found) if n > 20 else {},
            "note": "" if n > 20 else "not estimable: 14 events and 6 non-events, under 10",
        }
        for name, (n, events) in counts.items()
    ]


def _pooled() -> list[dict[str, Any]]:
    ends = {"prediction_low": None, "prediction_high": None, "tau2": 0.0, "i2": 0.0}
    return [
        {"measure": m, "centres": 2, "estimate": e, "low": low, "high": high, "note": "", **ends}
        for m, e, low, high in (
            ("auc", 0.64, 0.5, 0.76),
            ("o_e", 0.95, 0.8, 1.15),
            ("slope", 0.9, 0.1, 1.7),
            ("brier_skill", 0.02, -0.03, 0.07),
        )
    ]


def network_results(**changes: Any) -> Results:
    """Return the results of the small study as if a network had found them.

    `changes` are put in place of parts of :func:`network_facts`.
    """
    found = small_results()
    absent = {"done": False, "reason": NEEDS_ROWS}
    found |= {
        "network": network_facts() | changes,
        "optimism": absent,
        "null_test": absent,
        "subgroups": absent,
        "learning_curve": absent,
        "score_labels": absent,
        "instability": {},
        "sites": {
            "done": True,
            "kind": "network",
            "text": "centre by centre",
            "o_e": {"t1": 0.95, "t2": 0.95},
        },
    }
    for horizon in ("t1", "t2"):
        found["labels"][horizon] |= dict.fromkeys(("score", "wording", "both", "none"))
    found["labels"] |= {"cannot_meet": None, "t2_after_t1_no": None}
    return Results.model_validate(found)


def network_card(**changes: Any) -> Card:
    """Return the card of the small study's model as if a network had made it."""
    return make_card(small_facts(), DIGEST, network_results(**changes), full_author())


def typed_network(**changes: Any) -> NetworkFacts:
    """Return :func:`network_facts` as results hold them."""
    return NetworkFacts.model_validate(network_facts() | changes)
