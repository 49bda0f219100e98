"""What the results of a network answer otherwise than those of one cohort."""

from __future__ import annotations

from training.card.author import NOT_AVAILABLE
from training.card.model_answers import describe_performance
from training.card.words import OUTCOME_WORDS, interval
from training.document.words import join, number_range, p_value, percent
from training.store.optional.network_found import (
    CENTRE_MEASURES,
    NEEDS_ROWS,
    NetworkFacts,
    NetworkOutcomeFacts,
    PooledMeasureFacts,
)
from training.store.part import Horizon
from training.store.results import Results

__all__ = ["answer_network"]


def answer_network(results: Results, *, in_use: str) -> dict[str, str]:
    """Return the answers in which centres, and not one cohort, have to be told.

    Parameters
    ----------
    results : Results
        Of any run.
    in_use : str
        What the use of any model stores, a sentence or more.

    Returns
    -------
    dict
        By the keys of :func:`training.card.answers.answer_from_run`; empty where there is no
        network.
    """
    network = results.network
    if network is None:
        return {}
    return {
        **_answer_making(results, network),
        **_answer_judging(results, network),
        "shared": _describe_shares(network),
        "stored": "every row stays at the centre that treated the patient. The run keeps the files "
        "that centres shared: counts, means and standard deviations, and sums over a centre's "
        "patients. Model and card hold what follows from these, and made-up rows drawn column by "
        f"column. {in_use}",
    }


def _answer_making(results: Results, network: NetworkFacts) -> dict[str, str]:
    names = join(network.names)
    return {
        "characteristics": f"{results.cohort.n_patients} patients of "
        f"{len(network.names)} centres ({names}); each centre's are told in the table of patients "
        "by centre",
        "model": "penalised logistic regression over all centres' patients, every centre with an "
        "intercept of its own, made of sums that the centres shared; then drawn toward the share "
        "of responders: "
        + "; ".join(
            f"{OUTCOME_WORDS[outcome]}: {_describe_outcome(found)}"
            for outcome, found in network.outcomes.items()
        ),
        "partitioning": "no patient was set aside: each centre in turn was left out, the model "
        "was made of the others and judged there, by the centre itself (internal-external). "
        "The penalty was chosen over all centres, the judged one among them",
        "measures": "discrimination (AUC), calibration (observed to expected, in-the-large, "
        "slope, groups), overall accuracy (Brier score and skill) and net benefit, each worked "
        "out at each centre and combined by random effects (restricted maximum likelihood; "
        "intervals by Hartung and Knapp)",
    }


def _describe_outcome(found: NetworkOutcomeFacts) -> str:
    if found.reason:
        return f"everyone gets the same probability ({found.reason})"
    return (
        f"{found.family} effects, prior standard deviation {found.prior_sd:g}, weight "
        f"{found.weight:.2f}"
        if found.prior_sd is not None
        else f"{found.family} effects, weight {found.weight:.2f}"
    )


def _answer_judging(results: Results, network: NetworkFacts) -> dict[str, str]:
    def pooled(horizon: Horizon) -> str:
        rows = network.pooled.get(horizon, [])
        return ", ".join(_describe_measure(row) for row in rows) or "not estimable"

    taus = "; ".join(
        f"{OUTCOME_WORDS[outcome]}: {_describe_taus(found)}"
        for outcome, found in network.outcomes.items()
    )
    absent = NOT_AVAILABLE + NEEDS_ROWS
    by_centres = {
        "external_demographics": "the patients of each centre stand in the table by centre",
        "tester": "each centre, on its own patients, the model that was made without them; "
        "nobody outside the network has tested it",
    }
    return {
        "performance": "at centres that the model was made without, mean over centres with its "
        f"95% interval. {results.per_horizon(lambda h: describe_performance(results, h))}",
        "heterogeneity": f"between centres: {taus}. Performance, where a further centre is "
        f"expected: {results.per_horizon(pooled)}",
        **(by_centres if results.is_internal_external else {}),
        "reliable_result": absent,
        "reliable_test": absent,
    }


def _describe_taus(found: NetworkOutcomeFacts) -> str:
    slope = found.tau_slope
    if found.tau_intercept is None:
        return "not estimable"
    told = f"tau of intercepts {interval(found.tau_intercept)}"
    if slope is not None:
        told += f", of slopes {interval(slope)} (p of equal slopes {p_value(slope.p_value)})"
    return told + (", slopes differ by centre" if found.random_slopes else "")


def _describe_measure(row: PooledMeasureFacts) -> str:
    where = number_range(row.prediction_low, row.prediction_high)
    words = CENTRE_MEASURES.get(row.measure, row.measure)
    share = "" if row.i2 is None else f" (I² {percent(row.i2 / 100)})"
    return f"{words} {where}{share}"


def _describe_shares(network: NetworkFacts) -> str:
    centres = len({share.centre for share in network.shares})
    files = len(network.shares)
    return (
        f"{files} {'file' if files == 1 else 'files'} of {centres} "
        f"{'centre' if centres == 1 else 'centres'}, each signed and kept with the run, in "
        f"{network.rounds} of {network.planned} agreed rounds: counts and sums over a centre's "
        "patients, and no row. "
        + " ".join(f"{limit.rstrip('.')}." for limit in network.limits)
        + f" {network.noise.rstrip('.')}"
    )
