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
from features.texts import Text, say, say_list
from training.store.facts import ModelFacts
from training.store.optional.network_found import NETWORK, ONE_CENTRE
from training.store.statuses import SILENT_APPROVAL

__all__ = ["COVERAGE", "make_statements", "name_statements", "plain", "stamp", "tell_interval"]

_STAMPS = {
    "demonstration": say(
        "Demonstration: this model was made from simulated patients. Its numbers are invented and "
        "say nothing about any real patient."
    ),
    "research": say(
        "Research use only: this model has not been reviewed and must not guide the care of a "
        "patient."
    ),
    "approved": say(
        "Reviewed by two people for the use its model card names. It supports a clinician's "
        "judgement and does not replace it."
    ),
    SILENT_APPROVAL: say(
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


def tell_interval(
    *, by_evidence: bool, over_centres: bool = False, at_one_centre: bool = False
) -> Text:
    """Return what stands wherever a patient's interval is shown.

    Parameters
    ----------
    by_evidence : bool
        Whether the model is shrunk by evidence, and no blend by cross-validation.
    over_centres : bool
        Whether it is a network's, whose interval holds what centres differ by.
    at_one_centre : bool
        Whether it was a network's, and became one centre's own by an update there.
    """
    if at_one_centre:
        return say(
            "The interval is meant to hold the true number in 95 of 100 patients of the one centre "
            "whose model this is, and says nothing of any other. How often it does was not "
            "measured: it began as a model of several centres, and was adapted to patients of "
            "this one."
        )
    if over_centres:
        return say(
            "The interval is meant to hold the true number in 95 of 100 patients, at a centre that "
            "took part and, wider, at a new one. How much centres differ is told by few of them: "
            "at a centre that is unlike all of these it holds it less often."
        )
    known, all_ = (_tell_worst(found) for found in COVERAGE["evidence" if by_evidence else "blend"])
    if by_evidence:
        return say(
            "The interval is meant to hold the true number in 95 of 100 patients. At worst, "
            "whatever the effects, it held it in {known} (simulated patients). Where something "
            "that matters is hidden (outcomes written down wrongly, unlike sites taken as one) it "
            "held it less often, and the less often the more patients there were: at worst in "
            "{everywhere}.",
            known=known,
            everywhere=all_,
        )
    return say(
        "The interval is meant to hold the true number in 95 of 100 patients. At worst, whatever "
        "the effects, it held it in {known} (simulated patients). Where something that matters is "
        "hidden (values that are missing, outcomes written down wrongly, unlike sites taken as "
        "one) it held it less often, and the less often the more patients there were: at worst in "
        "{everywhere}.",
        known=known,
        everywhere=all_,
    )


def _tell_worst(found: Mapping[int, float]) -> Text:
    (fewest, first), *others = found.items()
    parts = [
        say("{share:.0f} of 100 with {n} patients", share=100 * first, n=fewest),
        *(say("{share:.0f} with {n}", share=100 * share, n=n) for n, share in others),
    ]
    return say("{some} and {last}", some=say_list(parts[:-1]), last=parts[-1])


def stamp(status: str) -> Text:
    """Return what a model of this status may be used for, in one or two sentences."""
    unusable = say("This model is {status} and must not be used.", status=Text(status))
    return _STAMPS.get(status, unusable)


def plain(text: str) -> str:
    """Return the dictionary's words as people write them: "S-ketamine" for `s_ketamine`."""
    return text.replace("s_ketamine", "S-ketamine").replace("_", " ")


def make_statements(facts: ModelFacts) -> tuple[Text, ...]:
    """Return the standing sentences for a model's page and cards, its stamp first.

    Parameters
    ----------
    facts : ModelFacts
        Of the model that is shown.
    """
    return (*name_statements(facts).values(), *map(facts.say, facts.notes))


def name_statements(facts: ModelFacts) -> dict[str, Text]:
    """Return the standing sentences by what each is about, in the order in which they stand.

    A page that shows some of them first takes them by name: `stamp`, `who`, `follow_up` (of a
    CRPS model with a T2 of the usual kind), `placebo`, `interval`, `no_number`, `harm`, `refuse`,
    `causes`.

    Parameters
    ----------
    facts : ModelFacts
        Of the model that is shown.
    """
    crps = facts.condition == "CRPS"
    made_of = set().union(*facts.blend.values())
    sentences = {
        "stamp": stamp(facts.status),
        "who": _tell_who(facts, at_one_centre=ONE_CENTRE in made_of),
    }
    # Not where the study tells when its own follow-up was.
    if crps and ABOUT_4_WEEKS in facts.outcomes.get("t2", ""):
        sentences["follow_up"] = say(
            "The follow-up is the first visit after discharge, typically about 4 weeks later; "
            "the time differs from patient to patient."
        )
    return {
        **sentences,
        "placebo": _tell_placebo(crps=crps),
        "interval": tell_interval(
            by_evidence=made_of - {"prevalence"} == {"evidence"},
            over_centres=NETWORK in made_of,
            at_one_centre=ONE_CENTRE in made_of,
        ),
        "no_number": say(
            "There is no number where fewer than half of the values that the model uses are known, "
            "nor where the score before treatment leaves no room for the outcome."
        ),
        "harm": _tell_harm(crps=crps),
        "refuse": say("A low estimate alone is no ground to refuse treatment."),
        "causes": say(
            "What moved the estimate are associations in past patients, not causes: changing such "
            "a value need not change the outcome."
        ),
    }


def _tell_placebo(*, crps: bool) -> Text:
    if not crps:
        return say(
            "It is not the benefit over placebo: a share of responders without a comparison group "
            "contains those who would have responded to placebo."
        )
    return say(
        "It is not the benefit over placebo: a share of responders without a comparison group "
        "contains those who would have responded to placebo. In the placebo-controlled trial, "
        "pain after one week had fallen by 1.4 points with placebo and by 4.5 points with ketamine "
        "(Sigtermans 2009)."
    )


def _tell_harm(*, crps: bool) -> Text:
    if not crps:
        return say("It says nothing about harm and is no clearance for treatment.")
    return say(
        "It says nothing about harm and is no clearance for treatment. Liver enzymes before and "
        "during the infusion, a history of psychosis and every other safety question stay with the "
        "physician."
    )


def _tell_who(facts: ModelFacts, *, at_one_centre: bool) -> Text:
    """Return the population and how many patients and events stand behind each number."""
    parts = []
    for horizon, outcome in facts.outcomes.items():
        counts = facts.counts[horizon]
        parts.append(
            say(
                "{events} of {n} ({outcome})",
                events=counts["events"],
                n=counts["n"],
                outcome=facts.say(outcome),
            )
        )
    told: dict[str, object] = {
        "population": facts.say(facts.population),
        "treatment": facts.say(facts.treatment),
        "counts": say_list(parts, "; "),
    }
    if at_one_centre:
        return say(
            "The estimate rests on {population}, given {treatment}, and was adapted to patients of "
            "one centre. Those with the outcome there: {counts}.",
            **told,
        )
    return say(
        "The estimate rests on {population}, given {treatment}. Those with the outcome: {counts}.",
        **told,
    )
