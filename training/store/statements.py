"""The words that must stand wherever an estimate is shown.

An estimate without them is easily read as more than it is: as benefit over placebo, as clearance
for treatment, or as a ground to refuse it.

References
----------
Sigtermans 2009, doi:10.1016/j.pain.2009.06.023 (placebo arm of the only placebo-controlled trial);
Zhao 2018, doi:10.1007/s11916-018-0664-x (liver enzymes before and during an infusion).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from features.dictionary.outcome_words import ABOUT_4_WEEKS
from training.document.words import join
from training.store.facts import ModelFacts
from training.store.statuses import SILENT_APPROVAL

__all__ = ["COVERAGE", "make_statements", "plain", "stamp", "tell_interval"]

_STAMPS = {
    "demonstration": (
        "Demonstration: this model was made from simulated patients. Its numbers are invented and "
        "say nothing about any real patient."
    ),
    "research": (
        "Research use only: this model has not been reviewed and must not guide the care of a "
        "patient."
    ),
    "approved": (
        "Reviewed by two people for the use its model card names. It supports a clinician's "
        "judgement and does not replace it."
    ),
    SILENT_APPROVAL: (
        "Approved for silent evaluation only, by two people: it is not known to hold in other "
        "patients. Its estimates are withheld from those who treat the patient: they are for "
        "whoever runs the evaluation, to record and to compare with what happens."
    ),
}


COVERAGE: Mapping[str, tuple[dict[int, float], dict[int, float]]] = MappingProxyType(
    {
        "evidence": (
            {48: 0.87, 120: 0.86, 480: 0.92, 2000: 0.82},
            {48: 0.82, 120: 0.84, 480: 0.51, 2000: 0.13},
        ),
        "blend": (
            {48: 0.77, 120: 0.49, 480: 0.31, 2000: 0.48},
            {48: 0.77, 120: 0.49, 480: 0.31, 2000: 0.09},
        ),
    }
)
"""Lowest coverage by the number of patients: over worlds in which all that matters is known, and
over all worlds.

They are the shares of new patients whose true risk the 95% interval of a model shrunk by evidence,
or of a blend, held, measured by `experiments.truth.known_truth`: tables in docs/known_truth.md, to
which a test holds them. Nothing else in the code tells what was measured.
"""


def tell_interval(*, by_evidence: bool) -> str:
    """Return what stands wherever a patient's interval is shown.

    Parameters
    ----------
    by_evidence : bool
        Whether the model is shrunk by evidence, and no blend by cross-validation.
    """
    known, all_ = (_tell_worst(found) for found in COVERAGE["evidence" if by_evidence else "blend"])
    gaps = "" if by_evidence else "values that are missing, "
    return (
        "The interval is meant to hold the true number in 95 of 100 patients. At worst, whatever "
        f"the effects, it held it in {known} (simulated patients). Where something that matters is "
        f"hidden ({gaps}outcomes written down wrongly, unlike sites taken as one) it held it less "
        "often, and the less often the more patients there were: at worst in "
        f"{all_}."
    )


def _tell_worst(found: Mapping[int, float]) -> str:
    (fewest, first), *others = found.items()
    more = [f"{100 * share:.0f} with {n}" for n, share in others]
    return join([f"{100 * first:.0f} of 100 with {fewest} patients", *more])


def stamp(status: str) -> str:
    """Return what a model of this status may be used for, in one or two sentences."""
    return _STAMPS.get(status, f"This model is {status} and must not be used.")


def plain(text: str) -> str:
    """Return the dictionary's words as people write them: "S-ketamine" for `s_ketamine`."""
    return text.replace("s_ketamine", "S-ketamine").replace("_", " ")


def make_statements(facts: ModelFacts) -> tuple[str, ...]:
    """Return the standing sentences for a model's page and cards, its stamp first.

    Parameters
    ----------
    facts : ModelFacts
        Of the model that is shown.
    """
    crps = facts.condition == "CRPS"
    sentences = [stamp(facts.status), _who(facts)]
    # Not where the study tells when its own follow-up was.
    if crps and ABOUT_4_WEEKS in facts.outcomes.get("t2", ""):
        sentences.append(
            "The follow-up is the first visit after discharge, typically about 4 weeks later; the "
            "time differs from patient to patient."
        )
    placebo = (
        " In the placebo-controlled trial, pain after one week had fallen by 1.4 points with "
        "placebo and by 4.5 points with ketamine (Sigtermans 2009)."
        if crps
        else ""
    )
    sentences.append(
        "It is not the benefit over placebo: a share of responders without a comparison group "
        f"contains those who would have responded to placebo.{placebo}"
    )
    made_of = set().union(*facts.blend.values())
    sentences.append(tell_interval(by_evidence=made_of - {"prevalence"} == {"evidence"}))
    sentences.append(
        "There is no number where fewer than half of the values that the model uses are known, nor "
        "where the score before treatment leaves no room for the outcome."
    )
    liver = (
        " Liver enzymes before and during the infusion, a history of psychosis and every other "
        "safety question stay with the physician."
        if crps
        else ""
    )
    sentences.append(f"It says nothing about harm and is no clearance for treatment.{liver}")
    sentences.append("A low estimate alone is no ground to refuse treatment.")
    sentences.append(
        "What moved the estimate are associations in past patients, not causes: changing such a "
        "value need not change the outcome."
    )
    return (*sentences, *facts.notes)


def _who(facts: ModelFacts) -> str:
    """Return the population and how many patients and events stand behind each number."""
    parts = []
    for horizon, outcome in facts.outcomes.items():
        counts = facts.counts[horizon]
        parts.append(f"{counts['events']} of {counts['n']} ({outcome})")
    return (
        f"The estimate rests on {facts.population}, given {facts.treatment}. Those with the "
        f"outcome: {'; '.join(parts)}."
    )
