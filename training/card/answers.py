"""What a run answers by itself to the questions of a model card, a sentence or two each.

Here on patients, outcome and predictors; :mod:`training.card.model_answers` on the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from training.card.author import NOT_AVAILABLE
from training.card.fields import read_rows
from training.card.limitations import list_limitations, list_rules, rate_analysis
from training.card.literature import find_contradictions
from training.card.model_answers import (
    answer_model,
    answer_performance,
    answer_use,
    describe_reason,
)
from training.card.network_answers import answer_network
from training.card.words import count, interval
from training.document.words import join, percent
from training.report.shares import tell_results_share
from training.store.facts import ModelFacts
from training.store.part import Horizon, NotDone
from training.store.results import Results

__all__ = ["answer_from_run"]


def _answer_patients(results: Results, facts: ModelFacts) -> dict[str, str]:
    study, cohort, flow = results.study, results.cohort, results.flow
    steps = [f"{row.step}: {count(row.remaining)}" for row in flow]
    counts = results.counts
    years = cohort.years
    when = f"treated {years[0]} to {years[1]}; " if years else ""
    return {
        "title": f"{study.title}: a model that estimates {_outcome_list(results)}",
        "population": f"{study.population}; condition: {study.condition}",
        "treatment": study.treatment,
        "eligibility": "; ".join(list_rules(results)),
        "flow": "courses left after each step: " + "; ".join(steps),
        "numbers": results.per_horizon(
            lambda h: (
                f"{counts[h].n:.0f} patients with a known outcome, "
                f"{counts[h].events:.0f} responders"
            )
        ),
        "characteristics": f"{when}{cohort.n_patients} eligible patients; each predictor's "
        "spread and missing values stand in its table",
        "relevance": f"the patients the model was made from are those it is for: "
        f"{study.population}, given {study.treatment}",
        "keywords": ", ".join(
            [study.condition, "S-ketamine", "treatment response", "prediction model"]
        ),
    }


def _outcome_list(results: Results) -> str:
    return join([results.study.outcomes[h] for h in results.horizons])


_NOT_SHARED = "each centre labelled its own patients by the same rule, and shares no more of it"


def _answer_outcome(results: Results) -> dict[str, str]:
    labels, study = results.labels, results.study
    rows = {h: labels.at(h) for h in results.horizons}
    bounds = results.missing_outcomes

    def unknown(h: Horizon) -> str:
        if not bounds[h].unknown:
            return "every outcome is known"
        share = next(row for row in bounds[h].rows if row.metric == "share_of_responders")
        return (
            f"{bounds[h].unknown} unknown: the share of responders lies between "
            f"{percent(share.lowest)} and {percent(share.highest)}, whatever they are"
        )

    thresholds = study.thresholds
    span = (
        f"decision thresholds from {percent(thresholds[0])} to {percent(thresholds[1])}, set "
        "before training"
        if thresholds
        else "no decision threshold was set"
    )
    return {
        "outcome": f"responder: {study.rule_text}. "
        + results.per_horizon(lambda h: study.outcomes[h]),
        "output": f"for each horizon a probability from 0 to 1 of {_outcome_list(results)}, with "
        f"an interval and what moved it; {span}",
        "label_provenance": NOT_AVAILABLE + _NOT_SHARED
        if any(row.score is None for row in rows.values())
        else results.per_horizon(
            lambda h: (
                f"{rows[h].score} by score, "
                f"{rows[h].wording} by the record's wording alone, "
                f"{rows[h].both} by both"
            )
        ),
        "low_baseline": NOT_AVAILABLE + _NOT_SHARED
        if labels.cannot_meet is None
        else f"{labels.cannot_meet} of {labels.rows} patients' score before "
        "treatment was too near the best one to meet the rule by score",
        "score_labels": _answer_score_labels(results),
        "missing_outcomes": results.per_horizon(unknown),
    }


def _answer_score_labels(results: Results) -> str:
    found = results.score_labels
    if isinstance(found, NotDone):
        return describe_reason(found)

    def say(horizon: Horizon) -> str:
        changed, counts = found.changed[horizon], found.counts[horizon]
        if not changed:
            return "no label changes"
        words = (
            f"{changed} {'label differs' if changed == 1 else 'labels differ'}, "
            f"{counts.events:.0f} of {counts.n:.0f} respond"
        )
        rows = found.performance.get(horizon, [])
        auc = next((row for row in rows if row.metric == "auc"), None)
        return words if results.is_constant(horizon) else f"{words}, AUC {interval(auc)}"

    return results.per_horizon(say)


_MIDDLE = "Missing values are filled inside each fold from the training part"
_EACH_VALUE = (
    "A missing value is taken as every value that it may be, given the patient's others, as far as "
    "the training part of each fold tells: the estimate is the mean over them, and the interval "
    "is taken over them"
)


def _answer_predictors(results: Results) -> dict[str, str]:
    predictors = results.predictors
    missing = [f"{p.label} {p.missing} of {p.n}" for p in predictors if p.missing]
    missing += [f"{p.label} not told by every centre" for p in predictors if p.missing is None]
    logged = [p.label for p in predictors if p.transform]
    return {
        "demographic_variables": _answer_demographics({p.name for p in predictors}),
        "predictors": f"{len(predictors)} predictors, all known before admission: "
        + "; ".join(f"{p.label} ({p.expected})" for p in predictors),
        "preparation": "one dictionary checks and encodes training rows and requests alike; "
        "values outside a variable's range are refused, numbers beyond what training saw are "
        "taken as the nearest one seen" + (f"; log(1 + x) of {join(logged)}" if logged else ""),
        "missing": (
            "missing in these patients: " + "; ".join(missing)
            if missing
            else "no predictor is missing in any patient"
        )
        + ". "
        + (_EACH_VALUE if results.by_evidence else _MIDDLE)
        + "; at prediction a missing value is named to the user",
    }


def _answer_demographics(names: Collection[str]) -> str:
    """Return which of the variables that HTI-1 names are predictors."""
    used = [
        word
        for name, word in (("sex", "sex"), ("age_years", "age, for the date of birth"))
        if name in names
    ]
    return (
        f"used: {join(used) if used else 'neither sex nor age'}. Race, ethnicity, language, sexual "
        "orientation, gender identity and social determinants of health are used only where they "
        "stand among the predictors by name; pain scores and questionnaires are health status "
        "assessments"
    )


def answer_from_run(
    results: Results, facts: ModelFacts, *, flags: Sequence[str] = ()
) -> dict[str, str]:
    """Return every answer that a run gives, by its key (without the ``run.`` of card_fields).

    Parameters
    ----------
    results : mapping
        :func:`training.report.results.make_results`.
    facts : ModelFacts
        Of the model.
    flags : sequence of str
        :func:`training.card.gates.compute_flags`.
    """
    contradictions = find_contradictions(results)
    same = {row["key"]: row["answer"] for row in read_rows("same_answers.csv")}
    answers = {
        **same,
        "stored": f"{same['stored_of_cohort']} {same['stored_in_use']}",
        **_answer_patients(results, facts),
        **_answer_outcome(results),
        **_answer_predictors(results),
        **answer_model(results, facts),
        **answer_performance(results),
        **answer_use(results),
        **answer_network(results, in_use=same["stored_in_use"]),
        "limitations": " ".join(list_limitations(results)),
        "interpretation": " ".join(results.verdict),
        "contradictions": " ".join(contradictions) or "nothing was found",
        "leakage": " ".join(flags) or "not triggered: no held-out AUC is suspiciously high",
        "probast": rate_analysis(results),
    }
    counts = results.counts
    answers["summary"] = (
        f"{answers['title']}. {answers['population']}. "
        + results.per_horizon(
            lambda h: f"{percent(counts[h].base_rate)} responded, {tell_results_share(results, h)}"
        )
        + f". {answers['performance']}"
    )
    return answers
