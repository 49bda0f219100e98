"""What a reader must hold against a model: whom it leaves out, and what is wrong with it."""

from __future__ import annotations

from training.report.centres import list_centre_warnings
from training.store.optional.network_found import NetworkFacts
from training.store.part import NotDone
from training.store.results import Results
from training.store.statements import plain, tell_interval

__all__ = ["list_limitations", "list_rules", "rate_analysis"]

_FEW_PER_PARAMETER = 10


def list_rules(results: Results) -> list[str]:
    """Return the eligibility rules in words, each with the number of courses it left out."""
    return [
        plain(row.step) + (f" ({row.excluded} left out)" if row.excluded else "")
        for row in results.flow[1:]
        if not row.step.startswith("outcome known")
    ]


def list_limitations(results: Results) -> list[str]:
    """Return the limitations that the run itself shows, worst first."""
    sentences = []
    if results.cohort.synthetic:
        sentences.append("The patients are simulated: nothing here is evidence about patients.")
    sentences.append(results.verdict[0])
    for horizon in results.horizons:
        counts = results.counts[horizon]
        smaller = min(counts.events, counts.n - counts.events)
        per_parameter = smaller / max(results.parameters, 1)
        if per_parameter < _FEW_PER_PARAMETER:
            sentences.append(
                f"{horizon.upper()}: {smaller:.0f} patients in the smaller class for "
                f"{results.parameters} parameters, {per_parameter:.1f} each. With fewer than "
                "10 the analysis is expected to be at high risk of bias."
            )
        wording = results.labels.at(horizon).wording
        if wording:
            sentences.append(
                f"{horizon.upper()}: {wording} labels rest on the record's wording alone."
            )
    if results.network is not None:
        sentences += _list_of_network(results.network, only=results.is_internal_external)
    if isinstance(results.sites, NotDone):
        sentences.append(
            "No external validation: how it does in other hospitals is not known. At most silent "
            "prospective evaluation is justified."
        )
    sentences += [
        "All patients were selected for treatment by a physician, and treated: the estimate holds "
        "for patients like those, not for whoever might be considered.",
        "There is no comparison group: the share of responders contains what placebo, time and "
        "regression to the mean would have done.",
        tell_interval(
            by_evidence=results.by_evidence,
            over_centres=results.network is not None,
            at_one_centre=results.is_of_one_centre,
        ),
    ]
    return [*sentences, *(f"{notice}." for notice in results.notices)]


def _list_of_network(network: NetworkFacts, *, only: bool) -> list[str]:
    """Return what a model made of shared sums cannot show, and which centres to look at.

    `only` tells whether nobody outside the network has tried it.
    """
    sentences = [
        "No centre's rows were seen by anyone else: optimism, stability, the null test and "
        "subgroups could not be computed, and nobody could check a label."
    ]
    if only:
        sentences.append(
            "Internal-external only: each centre was told by the model made without it, but the "
            "penalty was chosen over all centres, the judged one among them. No hospital outside "
            "the network has tried it."
        )
    return sentences + list_centre_warnings(network)


def rate_analysis(results: Results) -> str:
    """Return how the analysis would be rated by PROBAST+AI."""
    sizes = results.sample_size.values()
    analysis = (
        "expected to be of low quality and at high risk of bias: fewer patients than the "
        "sample-size criteria ask for"
        if not sizes or any(not size.enough for size in sizes)
        else "not rated by this software"
    )
    return (
        f"analysis domain: {analysis}. Participants, predictors and outcome: for the reviewers to "
        "rate, from the sections of this card"
    )
