"""The first lines of a card, for a reader who reads nothing else."""

from __future__ import annotations

from collections.abc import Callable

from training.card.schema import Plain
from training.document.words import number, percent
from training.report.shares import tell_results_share
from training.store.part import Horizon, NotDone
from training.store.results import Results

__all__ = ["make_plain"]


def _describe_constant(results: Results, horizon: Horizon) -> str:
    found = (results.findings or {}).get(horizon)
    share = results.counts[horizon].base_rate if found is None else found.mean
    return f"it gives everyone {percent(share)}, and tells no patient from another."


def _describe_ranking(results: Results, horizon: Horizon) -> str:
    auc = results.find_performance(horizon, "auc")
    if auc is None or auc.estimate is None or auc.low is None:
        return "whether it tells responders apart could not be estimated."
    sentence = (
        "of two patients, one who responded and one who did not, it gives the responder the "
        f"higher probability in {percent(auc.estimate)} of cases ({percent(auc.low)} to "
        f"{percent(auc.high)}; 50% is a coin)."
    )
    return sentence if auc.low > 0.5 else f"{sentence} That cannot be told from chance."


def _describe_skill(results: Results, horizon: Horizon) -> str:
    skill = results.find_performance(horizon, "brier_skill")
    if skill is None or (skill.low or 0) <= 0:
        return (
            "There is no evidence that it is more accurate than telling every patient the share "
            f"of responders, {percent(results.counts[horizon].base_rate)}."
        )
    return "It is more accurate than the share of responders alone, in held-out patients."


def _describe_stability(results: Results, horizon: Horizon) -> str:
    found = results.instability.get(horizon)
    if found is None or found.mean_absolute_prediction_error is None:
        return ""
    points = number(100 * found.mean_absolute_prediction_error, 0)
    return (
        "With other patients of the same kind in the cohort, a patient's estimate would typically "
        f"differ by {points} percentage points."
    )


def _find_parts(results: Results, horizon: Horizon) -> list[Callable[[Results, Horizon], str]]:
    """Return what is told of a horizon; what its headline says already is not."""
    ranks = not results.is_constant(horizon)
    if results.headline:
        return [*([_describe_ranking] if ranks else []), _describe_stability]
    if ranks:
        return [_describe_ranking, _describe_skill, _describe_stability]
    return [_describe_constant, _describe_stability]


def make_plain(results: Results) -> Plain:
    """Return what it predicts, for whom, how sure, and when not to use it."""
    study, counts = results.study, results.counts
    horizons = study.horizons
    at = {h: study.name_horizon(h) for h in horizons}
    outcomes = "; and ".join(study.outcomes[h] for h in horizons)
    behind = "; ".join(
        f"at {at[h]} {percent(counts[h].base_rate)} had the outcome, "
        f"{tell_results_share(results, h)}"
        for h in horizons
    )
    sure = [f"Behind it stand {results.cohort.n_patients} patients: {behind}."]
    for horizon in horizons:
        told = " ".join(
            text for tell in _find_parts(results, horizon) if (text := tell(results, horizon))
        )
        if told:
            sure.append(f"At {at[horizon]}: {told}")
    if isinstance(results.sites, NotDone):
        sure.append("It has not been tried in the patients of any other hospital.")
    elif results.network is not None and results.is_internal_external:
        sure.append(
            f"It was made at {len(results.network.names)} centres, and tried at each in a form "
            "made without it; no hospital outside the network has tried it."
        )
    return Plain(
        what=f"Before admission, the probability of {outcomes}.",
        whom=f"Patients like those it was made from: {study.population}. Treatment: "
        f"{study.treatment}.",
        how_sure=sure,
        when_not=_list_when_not(results),
    )


def _list_when_not(results: Results) -> list[str]:
    sentences = []
    if results.cohort.synthetic:
        sentences.append("For any real patient: it was made from simulated ones.")
    return [
        *sentences,
        "To refuse treatment because an estimate is low.",
        "To clear a patient for treatment: it says nothing about harm.",
        "To tell what treatment does beyond placebo: there is no comparison group behind it.",
        "For patients outside the rules it was made by: another diagnosis, drug, route or setting, "
        "a repeat course, or anyone the eligibility rules below leave out.",
        "Once treatment has begun: it knows only what is known before admission.",
    ]
