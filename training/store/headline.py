"""The result of a study in one sentence for each horizon, said first wherever it is told.

What was found is a :class:`Finding` of each horizon; :func:`tell_headline` makes the sentences of
it and :func:`list_next` what is to be done. Terminal, report, card and ``results.json`` have them
from here, so that a reader meets the same sentence everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from training.document.words import capital, percent
from training.store.part import Horizon, ResultsPart

__all__ = ["Finding", "list_next", "tell_about", "tell_headline"]

_HARDLY = 0.05
"""Width of the middle nine tenths of the estimates below which a model all but tells nobody apart:
no cohort of a few hundred knows its own base rate more closely."""

Kind = Literal["leak", "constant", "hardly", "unproven", "few", "better"]


class Finding(ResultsPart):
    """What was found at a horizon, as far as its sentence needs it."""

    where: str = Field(description="the horizon in words")
    n: int = Field(description="patients with a known outcome")
    base_rate: float
    simulated: bool
    mean: float = Field(description="of the estimates")
    low: float = Field(description="nine of ten estimates lie between this and `high`")
    high: float
    constant: bool = Field(description="everyone gets the same estimate, in whole percents")
    better: bool = Field(description="the Brier skill's interval, held out, lies above 0")
    enough: bool = Field(description="as many patients as a development study needs")
    needed: int | None = Field(description="patients that it needs; null: no size can be given")
    leaks: bool = Field(default=False, description="the null test failed")
    panel: bool = Field(default=False, description="patients with a panel have a model of theirs")

    @property
    def kind(self) -> Kind:
        """Which of the sentences is true of it; the first that is."""
        if self.leaks:
            return "leak"
        if self.constant:
            return "constant"
        if not self.better:
            return "hardly" if self.high - self.low < _HARDLY else "unproven"
        return "better" if self.enough else "few"


def tell_about(n: int) -> str:
    """Return a number of patients in two significant digits: what is asked for is no more exact."""
    return f"{float(f'{n:.1e}'):.0f}"


def tell_headline(findings: Mapping[Horizon, Finding]) -> list[str]:
    """Return the result in one sentence for each horizon, named where there are two.

    Parameters
    ----------
    findings : mapping of str to Finding
        By horizon.
    """
    every = all(found.kind == "better" for found in findings.values())
    told = {h: _tell(found, every=every) for h, found in findings.items()}
    if len(told) == 1:
        return list(told.values())
    return [f"{capital(findings[h].where)}: {sentence}" for h, sentence in told.items()]


def _tell(found: Finding, *, every: bool) -> str:
    patients = f"{found.n} {'simulated ' if found.simulated else ''}patients"
    rate, who = percent(found.base_rate), "everyone without a panel" if found.panel else "everyone"
    better = f"This model does better than telling everyone {rate}, the share of all who responded"
    apart = f"in these {patients} tells responders from nonresponders"
    match found.kind:
        case "leak":
            return (
                "This model must not be used: it also finds something where outcomes were dealt "
                f"out at random, so something leaks in these {patients}, of whom {rate} responded."
            )
        case "constant":
            few = "" if found.enough else ", and they are too few to say that nothing does"
            return f"This model gives {who} {percent(found.mean)}: nothing {apart}{few}."
        case "hardly":
            return (
                f"This model gives nearly {who} the same, {percent(found.low)} to "
                f"{percent(found.high)}: next to nothing {apart}, and {rate} responded; "
                "do not use it."
            )
        case "unproven":
            return (
                "Do not use this model: nothing shows that its estimates are better than telling "
                f"everyone {rate}, the share of all who responded; {patients} stand behind it."
            )
        case "few":
            return (
                f"{better}, but {patients} are too few to make a model{_tell_needed(found)}: use "
                "it for nobody."
            )
        case _:
            then = (
                ": try it in patients of another hospital before anyone relies on it"
                if every
                else ", which is not yet a reason to use it"
            )
            return f"{better}, and {patients} are enough to make one{then}."


def _tell_needed(found: Finding) -> str:
    """Return in brackets what is needed, where a number can be given."""
    if found.needed is None:
        return ""
    return f" (about {tell_about(found.needed)} are needed, and then a trial in another hospital)"


def list_next(
    findings: Mapping[Horizon, Finding],
    *,
    model: str = "MODEL",
    thresholds: bool = True,
    null_test: bool = True,
) -> list[str]:
    """Return what is to be done next, in order.

    Parameters
    ----------
    findings : mapping of str to Finding
        By horizon.
    model : str
        What commands take.
    thresholds, null_test : bool
        Whether the study has a range of decision thresholds, and a null test was run.
    """
    kinds = {found.kind for found in findings.values()}
    steps = []
    if kinds == {"better"}:
        steps += [
            f"Try it in patients of another hospital: ketresponse validate {model} COHORT.",
            f"Then write its card, which two people review: ketresponse card make {model}.",
        ]
    elif "leak" in kinds:
        steps.append("Use it for no patient. Find the leak before anything else is read of it.")
    else:
        steps.append("Use it for no patient.")
        steps += _list_more_patients(findings)
    if not thresholds:
        steps.append(
            "Set a range of decision thresholds in the study file before the next training "
            "([decision] thresholds); after the results are seen none may be chosen."
        )
    if not null_test:
        steps.append("Train with --null-test 100: without it no review can approve a model.")
    return steps


def _list_more_patients(findings: Mapping[Horizon, Finding]) -> list[str]:
    """Return how many patients to collect; nothing where there are enough and none helps."""
    short = [found for found in findings.values() if not found.enough]
    sizes = [(found.needed, found.n, found.where) for found in short if found.needed is not None]
    if sizes:
        needed, n, where = max(sizes)
        at = f" at {where}" if len(findings) > 1 else ""
        return [
            f"Collect more patients: about {tell_about(needed)} whose outcome{at} is known; so far "
            f"it is known of {n}. "
            "Fewer predictors, chosen for clinical reasons and not by these results, need fewer "
            "patients (ketresponse samplesize)."
        ]
    if short:
        return ["Collect more patients, of either outcome."]
    return [
        "More patients alone may not help: there were enough for a useful model, and these "
        "predictors did not make one. Think of others that are known before admission."
    ]
