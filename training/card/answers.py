"""What a run answers by itself to the questions of a model card, a sentence or two each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from training.card.author import NOT_AVAILABLE
from training.card.literature import find_contradictions
from training.card.words import (
    OUTCOME_WORDS,
    find_metric,
    interval,
    is_done,
    join,
    number,
    per_horizon,
    percent,
)
from training.store.facts import ModelFacts
from training.store.statements import INTERVAL_CAVEAT, plain

__all__ = ["answer_from_run", "list_limitations", "list_rules"]

Results = Mapping[str, Any]
_FEW_PER_PARAMETER = 10


def _because(part: Any) -> str:
    reason = part.get("reason", "it was not computed") if isinstance(part, Mapping) else ""
    command = part.get("command", "") if isinstance(part, Mapping) else ""
    return NOT_AVAILABLE + (reason or "it was not computed") + (f" ({command})" if command else "")


def _horizons(results: Results) -> list[str]:
    return list(results["study"]["horizons"])


def _each(results: Results, say: Any) -> str:
    return per_horizon(results, [say(horizon) for horizon in _horizons(results)])


def list_rules(results: Results) -> list[str]:
    """Return the eligibility rules in words, each with the number of courses it left out."""
    return [
        plain(row["step"]) + (f" ({row['excluded']} left out)" if row["excluded"] else "")
        for row in results["flow"][1:]
        if not row["step"].startswith("outcome known")
    ]


def _answer_patients(results: Results, facts: ModelFacts) -> dict[str, str]:
    study, cohort, flow = results["study"], results["cohort"], results["flow"]
    steps = [f"{row['step']}: {row['remaining']}" for row in flow]
    counts = results["counts"]
    years = cohort["years"]
    when = f"treated {years[0]} to {years[1]}; " if years else ""
    return {
        "title": f"{study['title']}: a model that estimates {_outcome_list(results)}",
        "population": f"{study['population']}; condition: {study['condition']}",
        "treatment": study["treatment"],
        "eligibility": "; ".join(list_rules(results)),
        "flow": "courses left after each step: " + "; ".join(steps),
        "numbers": _each(
            results,
            lambda h: (
                f"{counts[h]['n']:.0f} patients with a known outcome, "
                f"{counts[h]['events']:.0f} responders"
            ),
        ),
        "characteristics": f"{when}{cohort['n_patients']} eligible patients; each predictor's "
        "spread and missing values stand in its table",
        "relevance": f"the patients the model was made from are those it is for: "
        f"{study['population']}, given {study['treatment']}",
        "keywords": ", ".join(
            [study["condition"], "S-ketamine", "treatment response", "prediction model"]
        ),
    }


def _outcome_list(results: Results) -> str:
    return join([results["study"]["outcomes"][h] for h in _horizons(results)])


def _answer_outcome(results: Results) -> dict[str, str]:
    labels, study = results["labels"], results["study"]
    rows = {h: labels[h] for h in _horizons(results)}
    bounds = results["missing_outcomes"]

    def unknown(h: str) -> str:
        if not bounds[h]["unknown"]:
            return "every outcome is known"
        share = next(row for row in bounds[h]["rows"] if row["metric"] == "share_of_responders")
        return (
            f"{bounds[h]['unknown']} unknown: the share of responders lies between "
            f"{percent(share['lowest'])} and {percent(share['highest'])}, whatever they are"
        )

    thresholds = study["thresholds"]
    span = (
        f"decision thresholds from {percent(thresholds[0])} to {percent(thresholds[1])}, set "
        "before training"
        if thresholds
        else "no decision threshold was set"
    )
    return {
        "outcome": f"responder: {study['rule_text']}. "
        + per_horizon(results, [study["outcomes"][h] for h in _horizons(results)]),
        "output": f"for each horizon a probability from 0 to 1 of {_outcome_list(results)}, with "
        f"an interval and what moved it; {span}",
        "output_type": "probability (prediction of a continuous risk), no class and no advice",
        "label_provenance": _each(
            results,
            lambda h: (
                f"{rows[h]['score']} by score, "
                f"{rows[h]['wording']} by the record's wording alone, "
                f"{rows[h]['both']} by both"
            ),
        ),
        "low_baseline": f"{labels['cannot_meet']} of {labels['rows']} patients' pain before "
        "treatment was too low to meet the score part of the rule",
        "score_labels": _answer_score_labels(results),
        "missing_outcomes": _each(results, unknown),
    }


def _answer_score_labels(results: Results) -> str:
    found = results["score_labels"]
    if not is_done(found):
        return _because(found)

    def say(horizon: str) -> str:
        changed, counts = found["changed"][horizon], found["counts"][horizon]
        if not changed:
            return "no label changes"
        words = (
            f"{changed} {'label differs' if changed == 1 else 'labels differ'}, "
            f"{counts['events']:.0f} of {counts['n']:.0f} respond"
        )
        rows = found["performance"].get(horizon, [])
        auc = next((row for row in rows if row["metric"] == "auc"), None)
        return f"{words}, AUC {interval(auc)}"

    return _each(results, say)


def _answer_predictors(results: Results) -> dict[str, str]:
    predictors = results["predictors"]
    missing = [f"{p['label']} {p['missing']} of {p['n']}" for p in predictors if p["missing"]]
    logged = [p["label"] for p in predictors if p["transform"]]
    return {
        "demographic_variables": _answer_demographics({p["name"] for p in predictors}),
        "predictors": f"{len(predictors)} predictors, all known before admission: "
        + "; ".join(f"{p['label']} ({p['expected']})" for p in predictors),
        "preparation": "one dictionary checks and encodes training rows and requests alike; "
        "values outside a variable's range are refused, numbers beyond what training saw are "
        "taken as the nearest one seen" + (f"; log(1 + x) of {join(logged)}" if logged else ""),
        "missing": (
            "missing in these patients: " + "; ".join(missing)
            if missing
            else "no predictor is missing in any patient"
        )
        + ". Missing values are filled inside each fold from the training part; at prediction a "
        "missing value is named to the user",
        "poor_input": "a value that cannot be read or is out of range is refused with its name "
        "and range; a patient outside the eligibility rules gets the reasons and no number",
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


def _answer_model(results: Results, facts: ModelFacts) -> dict[str, str]:
    study = results["study"]
    resampling, procedure = study["resampling"], study["procedure"]
    parts = []
    for outcome, blend in results["blend"].items():
        if blend["constant"]:
            parts.append(f"{OUTCOME_WORDS[outcome]}: everyone gets the same probability")
            continue
        if not blend["members"]:
            continue  # an update left nothing of it, or it is not known
        members = [
            f"{m['label']} {m['weight']:.2f}" for m in blend["members"] if m["weight"] >= 0.005
        ]
        weights = ", ".join(members)
        slope = f"recalibration slope {blend['slope']:.2f}"
        parts.append(f"{OUTCOME_WORDS[outcome]}: {weights}, {slope}")
    counts, update = results["counts"], results.get("update")
    blended = (
        "a convex blend of candidate models, pulled towards the base rate; weights: "
        + "; ".join(parts)
        if parts
        else "its make-up is not told here"
    )
    design = f"{resampling['repeats']} x {resampling['folds']}-fold cross-validation"
    return {
        "model": f"{_tell_update(update)}; before the update: {blended}" if update else blended,
        "calculation": "the served probability is the calibrated sum of each predictor's part on "
        "the log-odds scale"
        + (
            "; the probability at T2 is that at T1 times the probability of keeping the response"
            if "kept" in results["blend"]
            else ""
        )
        + ". The exact arithmetic is in the artifact",
        "partitioning": f"no patient was set aside: the whole update is judged by {design} in "
        "the patients it was made on, its closed tests run anew inside each training part; the "
        "version before had seen none of them"
        if update
        else f"no patient was set aside: the whole procedure is judged by {design}, settings and "
        f"weights by {procedure['inner_repeats']} x {procedure['inner_folds']} folds inside each "
        "training part",
        "measures": "discrimination (AUC within folds), calibration (slope, in-the-large, curve), "
        "overall accuracy (Brier score and skill, log loss), net benefit and stability; intervals "
        f"from {resampling['bootstrap']} bootstrap samples of patients",
        "imbalance": "no resampling and no class weights: either would spoil calibration. "
        + _each(results, lambda h: f"{percent(counts[h]['base_rate'])} respond"),
        "foundation": "none: no foundation model takes part",
        "background": f"{results['background']['rows']} rows; {results['background']['how']}",
        "sample_size": "; ".join(v["text"] for v in results["sample_size"].values())
        or NOT_AVAILABLE + "one class is absent",
        "version": f"{facts.name} {facts.version}, trained by ketresponse {facts.code_version}",
        "created": facts.created,
        "stage": "demonstration on simulated patients"
        if facts.synthetic
        else "research; anything further is told by the review beside this card",
        "transparency": "open source (Apache-2.0); digests of model, data, study and code below",
        "updating": _tell_update(update)
        if update
        else "this model was made anew; nothing was updated",
    }


def _tell_update(update: Mapping[str, Any]) -> str:
    """Return what an update did to each outcome of which version."""
    done = "; ".join(
        f"{OUTCOME_WORDS[outcome]}: {found['words']} (on {found['n']} patients, {found['events']} "
        "with the outcome)"
        for outcome, found in update["outcomes"].items()
    )
    return (
        f"{update['parent']} (digest {update['parent_digest'][:12]}) updated in other patients, as "
        f"far as closed tests at level {update['alpha']} asked for it: {done}"
    )


def _answer_performance(results: Results) -> dict[str, str]:
    def say(horizon: str) -> str:
        found = {
            metric: interval(find_metric(results, "performance", horizon, metric))
            for metric in ("auc", "brier_skill", "calibration_slope")
        }
        return (
            f"AUC {found['auc']}, Brier skill {found['brier_skill']}, calibration slope "
            f"{found['calibration_slope']}"
        )

    sites, subgroups, null = results["sites"], results["subgroups"], results["null_test"]
    external = "no external validation"
    unknown_elsewhere = (
        "the run that judged it in other patients keeps no breakdown of them"
        if is_done(sites)
        else f"there is {external}"
    )
    cohort_sites = results["cohort"]["sites"]
    return {
        "performance": "held out by cross-validation, 95% intervals. " + _each(results, say),
        "heterogeneity": sites["text"]
        if is_done(sites)
        else NOT_AVAILABLE
        + (
            "the cohort has one site or names none"
            if cohort_sites < 2
            else "sites were not left out one by one"
        ),
        "external": sites["text"] if is_done(sites) else NOT_AVAILABLE + f"there is {external}",
        "external_demographics": NOT_AVAILABLE + unknown_elsewhere,
        "external_fairness": NOT_AVAILABLE + unknown_elsewhere,
        "tester": "the authors themselves, by the run named on this card; nobody else has tested "
        "it",
        "local_fairness": NOT_AVAILABLE + "it has not been used at any site",
        "outcome_evaluation": NOT_AVAILABLE + "whether its use changes what happens to patients "
        "has not been studied",
        "null_test": _answer_null_test(null),
        "fair_goal": "no subgroup with enough patients should do worse than the whole; under 10 "
        "events or non-events nothing is estimated, because it would be noise",
        "subgroups": "the subgroup table stands on the card"
        if is_done(subgroups)
        else _because(subgroups),
        "fair_reading": "subgroups this small can show gross differences only; the absence of "
        "evidence is no evidence of fairness",
    }


def _answer_null_test(null: Mapping[str, Any]) -> str:
    if not is_done(null):
        return _because(null)
    worst = max(
        (row for row in null["rows"] if row["auc"] is not None),
        key=lambda row: abs(row["auc"] - 0.5),
        default=None,
    )
    if worst is None:
        return "every model is a constant on permuted outcomes"
    return (
        f"on outcomes dealt out at random the mean AUC lies furthest from 0.5 for "
        f"{worst['model']} at {worst['horizon'].upper()}: {number(worst['auc'], 3)} over "
        f"{worst['n_permutations']} permutations"
    )


def _answer_use(results: Results) -> dict[str, str]:
    def useful(horizon: str) -> str:
        decision = results["decision"][horizon]
        if not is_done(decision):
            return _because(decision)
        gains = [
            row["net_benefit"] - max(row["treat_all"], row["treat_none"])
            for row in decision["rows"]
        ]
        return (
            f"net benefit over the better of treating all and none: {number(min(gains), 3)} to "
            f"{number(max(gains), 3)} over the range"
        )

    def reliable(horizon: str) -> str:
        found = results["instability"].get(horizon)
        if found is None:
            return NOT_AVAILABLE + "the reruns were switched off"
        return (
            "mean absolute prediction error over "
            f"{found['n_resamples']:.0f} bootstrap reruns {number(found[_MAPE], 3)}"
        )

    texts = [useful(h) for h in _horizons(results)]
    absent = next((text for text in texts if text.startswith(NOT_AVAILABLE)), None)
    unstable = [reliable(h) for h in _horizons(results)]
    no_reruns = next((text for text in unstable if text.startswith(NOT_AVAILABLE)), None)
    return {
        "useful_goal": "to do more good than treating all or none, over a range of thresholds set "
        "beforehand",
        "useful_result": absent or per_horizon(results, texts),
        "useful_reading": "net benefit counts responders gained against courses without response; "
        "it says nothing about benefit over placebo or harm",
        "reliable_goal": "another cohort of the same kind should move a patient's estimate by at "
        "most 10 percentage points on average",
        "reliable_result": no_reruns or per_horizon(results, unstable),
        "reliable_reading": "above 0.10 the estimate depends strongly on who happened to be in "
        "the cohort",
        "reliable_test": f"{results['study']['resampling']['bootstrap_reruns']} bootstrap reruns "
        "of the whole procedure",
    }


_MAPE = "mean_absolute_prediction_error"


def list_limitations(results: Results) -> list[str]:
    """Return the limitations that the run itself shows, worst first."""
    sentences = []
    if results["cohort"]["synthetic"]:
        sentences.append("The patients are simulated: nothing here is evidence about patients.")
    sentences.append(results["verdict"][0])
    for horizon in _horizons(results):
        counts = results["counts"][horizon]
        smaller = min(counts["events"], counts["n"] - counts["events"])
        per_parameter = smaller / max(results["parameters"], 1)
        if per_parameter < _FEW_PER_PARAMETER:
            sentences.append(
                f"{horizon.upper()}: {smaller:.0f} patients in the smaller class for "
                f"{results['parameters']} parameters, {per_parameter:.1f} each. With fewer than "
                "10 the analysis is expected to be at high risk of bias."
            )
        wording = results["labels"][horizon]["wording"]
        if wording:
            sentences.append(
                f"{horizon.upper()}: {wording} labels rest on the record's wording alone."
            )
    if not is_done(results["sites"]):
        sentences.append(
            "No external validation: how it does in other hospitals is not known. At most silent "
            "prospective evaluation is justified."
        )
    sentences += [
        "All patients were selected for treatment by a physician, and treated: the estimate holds "
        "for patients like those, not for whoever might be considered.",
        "There is no comparison group: the share of responders contains what placebo, time and "
        "regression to the mean would have done.",
        INTERVAL_CAVEAT,
    ]
    return [*sentences, *(f"{notice}." for notice in results["notices"])]


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
    answers = {
        **_answer_patients(results, facts),
        **_answer_outcome(results),
        **_answer_predictors(results),
        **_answer_model(results, facts),
        **_answer_performance(results),
        **_answer_use(results),
        "limitations": " ".join(list_limitations(results)),
        "interpretation": " ".join(results["verdict"]),
        "contradictions": " ".join(contradictions) or "nothing was found",
        "leakage": " ".join(flags) or "not triggered: no held-out AUC is suspiciously high",
        "probast": _answer_probast(results),
        "bibliography": "Mangnus 2021, Sigtermans 2009, Zhao 2018, Chitneni 2021; TRIPOD+AI 2024, "
        "PROBAST+AI 2025",
    }
    counts = results["counts"]
    answers["summary"] = (
        f"{answers['title']}. {answers['population']}. "
        + _each(results, lambda h: f"{counts[h]['events']:.0f} of {counts[h]['n']:.0f} responded")
        + f". {answers['performance']}"
    )
    return answers


def _answer_probast(results: Results) -> str:
    sizes = results["sample_size"].values()
    analysis = (
        "expected to be of low quality and at high risk of bias: fewer patients than the "
        "sample-size criteria ask for"
        if not sizes or any(not size["enough"] for size in sizes)
        else "not rated by this software"
    )
    return (
        f"analysis domain: {analysis}. Participants, predictors and outcome: for the reviewers to "
        "rate, from the sections of this card"
    )
