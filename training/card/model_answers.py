"""What a run answers about the model and how it does."""

from __future__ import annotations

from training.card.author import NOT_AVAILABLE
from training.card.words import OUTCOME_WORDS, interval
from training.document.words import number, percent
from training.store.facts import ModelFacts
from training.store.found import NullTest, UpdateFacts
from training.store.part import Horizon, NotDone, OrNotDone
from training.store.results import Results

__all__ = [
    "answer_model",
    "answer_performance",
    "answer_use",
    "describe_performance",
    "describe_reason",
]


def describe_reason(part: NotDone) -> str:
    """Return why a part was not computed, as the answer of a field."""
    return NOT_AVAILABLE + part.reason + (f" ({part.command})" if part.command else "")


_BLEND = "a convex blend of candidate models, pulled towards the base rate; weights: "
_BY_EVIDENCE = (
    "Bayesian logistic regression in which predictors count, straight, bent, in steps and two at a "
    "time, as far as the evidence goes; the base rate's weight is the probability that nothing "
    "predicts; weights: "
)


def answer_model(results: Results, facts: ModelFacts) -> dict[str, str]:
    """Return what the model is made of and how it was made."""
    study = results.study
    resampling, procedure = study.resampling, study.procedure
    parts = []
    for outcome, blend in results.blend.items():
        if blend.constant:
            parts.append(f"{OUTCOME_WORDS[outcome]}: everyone gets the same probability")
            continue
        if not blend.members:
            continue  # an update left nothing of it, or it is not known
        members = [f"{m.label} {m.weight:.2f}" for m in blend.members if m.weight >= 0.005]
        weights = ", ".join(members)
        slope = "" if results.by_evidence else f", recalibration slope {blend.slope:.2f}"
        parts.append(f"{OUTCOME_WORDS[outcome]}: {weights}{slope}")
    counts, update = results.counts, results.update
    kind = _BY_EVIDENCE if results.by_evidence else _BLEND
    blended = kind + "; ".join(parts) if parts else "its make-up is not told here"
    design = f"{resampling.repeats} x {resampling.folds}-fold cross-validation"
    return {
        "model": f"{_describe_update(update)}; before the update: {blended}" if update else blended,
        "calculation": "the served probability is the calibrated sum of each predictor's part on "
        "the log-odds scale"
        + (
            "; the probability at T2 is that at T1 times the probability of keeping the response"
            if "kept" in results.blend
            else ""
        )
        + ". The exact arithmetic is in the artifact",
        "partitioning": f"no patient was set aside: the whole update is judged by {design} in "
        "the patients it was made on, its closed tests run anew inside each training part; "
        + _tell_whether_seen(update)
        if update
        else f"no patient was set aside: the whole procedure is judged by {design}, "
        + (
            "and weighs its models anew by their evidence in each training part"
            if results.by_evidence
            else f"settings and weights by {procedure.inner_repeats} x {procedure.inner_folds} "
            "folds inside each training part"
        ),
        "measures": "discrimination (AUC within folds), calibration (slope, in-the-large, curve), "
        "overall accuracy (Brier score and skill, log loss), net benefit and stability; intervals "
        f"from {resampling.bootstrap} bootstrap samples of patients",
        "imbalance": "no resampling and no class weights: either would spoil calibration. "
        + results.per_horizon(lambda h: f"{percent(counts[h].base_rate)} respond"),
        "background": f"{results.background.rows} rows; {results.background.how}",
        "sample_size": "; ".join(v.text for v in results.sample_size.values())
        or NOT_AVAILABLE + "one class is absent",
        "version": f"{facts.name} {facts.version}, trained by ketresponse {facts.code_version}",
        "created": facts.created,
        "stage": "demonstration on simulated patients"
        if facts.synthetic
        else "research; anything further is told by the review beside this card",
        "updating": _describe_update(update)
        if update
        else "this model was made anew; nothing was updated",
    }


def _tell_whether_seen(update: UpdateFacts) -> str:
    if not update.is_known:
        return "the version before had seen none of them"
    return (
        f"the version before was learnt from patients of {update.centre} too, whose rows stayed "
        "there: whether these are others cannot be told from here"
    )


def _describe_update(update: UpdateFacts) -> str:
    """Return what an update did to each outcome of which version."""
    done = "; ".join(
        f"{OUTCOME_WORDS[outcome]}: {found.words} (on {found.n} patients, {found.events} "
        "with the outcome)"
        for outcome, found in update.outcomes.items()
    )
    whose = f"the model of {update.centre} alone: " if update.centre else ""
    return (
        f"{whose}{update.parent} (digest {update.parent_digest[:12]}) updated in other patients, "
        f"as far as closed tests at level {update.alpha} asked for it: {done}"
    )


def describe_performance(results: Results, horizon: Horizon) -> str:
    """Return how the model does at a horizon: AUC, Brier skill and slope with their intervals."""
    auc, skill, slope = (
        interval(results.find_performance(horizon, metric))
        for metric in ("auc", "brier_skill", "calibration_slope")
    )
    if results.is_constant(horizon):
        return f"everyone gets the same estimate, Brier skill {skill}"
    return f"AUC {auc}, Brier skill {skill}, calibration slope {slope}"


def answer_performance(results: Results) -> dict[str, str]:
    """Return how it does, and what was never looked at."""
    sites, subgroups, null = results.sites, results.subgroups, results.null_test
    external = "no external validation"
    unknown_elsewhere = (
        "the run that judged it in other patients keeps no breakdown of them"
        if not isinstance(sites, NotDone)
        else f"there is {external}"
    )
    cohort_sites = results.cohort.sites
    return {
        "performance": "held out by cross-validation, 95% intervals. "
        + results.per_horizon(lambda h: describe_performance(results, h)),
        "heterogeneity": sites.text
        if not isinstance(sites, NotDone)
        else NOT_AVAILABLE
        + (
            "the cohort has one site or names none"
            if cohort_sites < 2
            else "sites were not left out one by one"
        ),
        "external": sites.text
        if not isinstance(sites, NotDone)
        else NOT_AVAILABLE + f"there is {external}",
        "external_demographics": NOT_AVAILABLE + unknown_elsewhere,
        "external_fairness": NOT_AVAILABLE + unknown_elsewhere,
        "null_test": _answer_null_test(null),
        "subgroups": "the subgroup table stands on the card"
        if not isinstance(subgroups, NotDone)
        else describe_reason(subgroups),
    }


def _answer_null_test(null: OrNotDone[NullTest]) -> str:
    if isinstance(null, NotDone):
        return describe_reason(null)
    found = [(row.auc, row) for row in null.rows if row.auc is not None]
    if not found:
        return "every model is a constant on permuted outcomes"
    auc, worst = max(found, key=lambda pair: abs(pair[0] - 0.5))
    return (
        f"on outcomes dealt out at random the mean AUC lies furthest from 0.5 for "
        f"{worst.model} at {worst.horizon.upper()}: {number(auc, 3)} over "
        f"{worst.n_permutations} permutations"
    )


def answer_use(results: Results) -> dict[str, str]:
    """Return whether it is useful and holds still."""

    def useful(horizon: Horizon) -> str:
        decision = results.decision[horizon]
        if isinstance(decision, NotDone):
            return describe_reason(decision)
        gains = [row.gain for row in decision.rows]
        return (
            f"net benefit over the better of treating all and none: {number(min(gains), 3)} to "
            f"{number(max(gains), 3)} over the range"
        )

    def reliable(horizon: Horizon) -> str:
        found = results.instability.get(horizon)
        if found is None:
            return NOT_AVAILABLE + "the reruns were switched off"
        error = number(found.mean_absolute_prediction_error, 3)
        return (
            f"mean absolute prediction error over {found.n_resamples:.0f} bootstrap reruns {error}"
        )

    texts = {h: useful(h) for h in results.horizons}
    absent = next((text for text in texts.values() if text.startswith(NOT_AVAILABLE)), None)
    unstable = {h: reliable(h) for h in results.horizons}
    no_reruns = next((text for text in unstable.values() if text.startswith(NOT_AVAILABLE)), None)
    return {
        "useful_result": absent or results.per_horizon(lambda h: texts[h]),
        "reliable_result": no_reruns or results.per_horizon(lambda h: unstable[h]),
        "reliable_test": f"{results.study.resampling.bootstrap_reruns} bootstrap reruns "
        "of the whole procedure",
    }
