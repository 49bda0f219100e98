"""An estimate as plain text, for the letter: the number with all that has to stand beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.texts import say
from serving.estimate.predictor import Predictor
from training.store.statements import name_statements

__all__ = ["write_letter"]


def write_letter(predictor: Predictor, result: Mapping[str, Any]) -> list[str]:
    """Return the lines of the text.

    Parameters
    ----------
    predictor : Predictor
        That gave the answer.
    result : mapping
        The answer as :func:`serving.web.result.make_result` describes it, with its estimates.
    """
    facts, statements = predictor.facts, name_statements(predictor.facts)
    lines: list[str] = [
        say(
            "Estimate before {treatment}, for a patient like this one:",
            treatment=facts.say(facts.treatment),
        )
    ]
    for estimate in result["estimates"]:
        lines.append(
            say(
                "- {outcome}: of 100 patients like this one, {about} responded (95% interval "
                "{low:.0f} to {high:.0f}); of all in the cohort {base:.0f} of 100 ({events} of "
                "{n}).",
                outcome=estimate["outcome"],
                about=estimate["about"],
                low=estimate["low"],
                high=estimate["high"],
                base=estimate["base_rate"],
                events=estimate["events"],
                n=estimate["n"],
            )
        )
        if estimate["beside"] == "same":
            lines.append(
                say("  Whether that is better or worse cannot be told: the interval holds both.")
            )
    lines.append(say("Learnt from {population}.", population=facts.say(facts.population)))
    lines += [result["centre"]["text"]] if result["centre"] else []
    names = ("placebo", "harm", "refuse", "follow_up", "stamp")
    lines += [statements[name] for name in names if name in statements]
    lines += [*map(facts.say, facts.notes[:1]), *predictor.waivers]
    lines.append(
        say(
            "Model {name}, version {version}; {day}; number of the estimate {number}.",
            name=facts.name,
            version=facts.version,
            day=result["today"],
            number=result["request_id"][:12] or say("none: a made-up patient"),
        )
    )
    return lines
