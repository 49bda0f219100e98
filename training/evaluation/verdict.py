"""What the data can bear, in plain sentences: of a procedure, and of its panel.

A study with fewer patients than Riley's criteria ask for, or whose Brier skill interval reaches 0,
is "not enough data: do not deploy". That is a normal outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.dictionary.outcome_words import HORIZON_WORDS
from features.texts import Text, as_text, say, say_list
from training.document.document import row_of
from training.document.words import number, with_interval
from training.evaluation.evaluation import Assessment
from training.evaluation.null_test import ENOUGH, list_failures
from training.evaluation.panel import PanelEvaluation
from training.measures.sample_size.verdict import SizeVerdict, compute_size_verdict
from training.store.headline import Finding
from training.study.study import Patients

__all__ = [
    "judge_sizes",
    "make_findings",
    "make_verdict",
    "make_panel_size_text",
    "make_panel_verdict",
    "tell_whether_enough",
]


def judge_sizes(assessment: Assessment, sizes: Mapping[str, SizeVerdict]) -> dict[str, SizeVerdict]:
    """Return the sample sizes of a study with what its own AUC would need beside them.

    A model that gives everyone the same has no AUC of its own.
    """
    judged = {}
    for horizon, size in sizes.items():
        found = assessment.judgements[horizon]
        auc = row_of(found.performance, "auc")
        judged[horizon] = compute_size_verdict(
            size.n,
            size.events,
            size.parameters,
            size.c_statistic,
            horizon=horizon.upper(),
            fitted=size.fitted,
            effective=size.effective,
            own=None if found.spread.constant else (auc.estimate, auc.low),
        )
    return judged


def make_findings(
    assessment: Assessment, patients: Patients, outcomes: Mapping[Any, str]
) -> dict[Any, Finding]:
    """Return what was found at each horizon, for its sentence.

    Parameters
    ----------
    assessment : Assessment
        The procedure, judged.
    patients : Patients
        On whom.
    outcomes : mapping of str to str
        Each horizon's outcome in plain words.
    """
    null, panel = assessment.null_test, assessment.panel
    findings: dict[Any, Finding] = {}
    for horizon, words in outcomes.items():
        judged, count = assessment.judgements[horizon], patients.counts[horizon]
        size, spread, name = patients.verdicts.get(horizon), judged.spread, HORIZON_WORDS[horizon]
        findings[horizon] = Finding(
            where=name if name in words else horizon.upper(),
            n=int(count["n"]),
            base_rate=count["base_rate"],
            simulated=patients.cohort.synthetic,
            mean=spread.mean,
            low=spread.low,
            high=spread.high,
            constant=spread.constant,
            better=bool(row_of(judged.performance, "brier_skill").low > 0),
            enough=size is not None and size.enough,
            needed=None if size is None or size.needed is None else size.needed.n,
            leaks=null is not None and bool(list_failures(null)),
            panel=panel is not None and panel.keeps_model,
        )
    return findings


def make_verdict(assessment: Assessment, sizes: Mapping[str, SizeVerdict]) -> list[str]:
    """Return what the data can bear, one plain sentence for each finding.

    Parameters
    ----------
    assessment : Assessment
        The procedure, judged.
    sizes : mapping of str to SizeVerdict
        Horizon to what a development study needs (Riley 2020, doi:10.1136/bmj.m441).

    Returns
    -------
    list of str
        The first sentence is the verdict; a procedure that fails its null test is told so first.
    """
    sentences = []
    enough = True
    sizes = judge_sizes(assessment, sizes)
    for horizon, table in assessment.performance.items():
        name = horizon.upper()
        skill = row_of(table, "brier_skill")
        told = with_interval(skill.estimate, skill.low, skill.high)
        if not skill.low > 0:
            enough = False
            sentences.append(
                f"{name}: no evidence that the model predicts better than the base rate (Brier "
                f"skill {told}).{_tell_power(assessment.power.get(horizon))}"
            )
        else:
            sentences.append(
                f"{name}: better than the base rate in cross-validation (Brier skill {told}; the "
                "interval lacks the variance of refitting)."
            )
        need = sizes.get(horizon)
        if need is not None:
            enough = enough and need.enough
            sentences.append(f"{need.text}.")
    first = tell_whether_enough(enough)
    if assessment.null_test is not None:
        failures = list_failures(assessment.null_test)
        if failures:
            first = say("The procedure fails its null test, something leaks: do not use.")
        sentences.append(_describe_null_test(assessment.null_test, failures))
    if assessment.panel is not None:
        sentences.append(make_panel_verdict(assessment.panel))
    return [first, *sentences]


def tell_whether_enough(enough: bool) -> Text:
    """Return the verdict on whether there were patients enough, and a model better than none."""
    if not enough:
        return say("Not enough data: do not deploy.")
    return say(
        "Enough patients by the sample-size criteria; still unvalidated: not for clinical use."
    )


def _tell_power(found: pd.DataFrame | None) -> str:
    """Return how often such a study would have found a model, beside one that found none."""
    if found is None or np.isnan(found["power"].iloc[-1]):
        return ""
    best = found.iloc[-1]
    chance = f"{100 * best['power']:.0f}"
    return (
        f" Of 100 studies like this one, about {chance} would find a model that ranks patients "
        f"with an AUC of {number(best['auc'])}."
    )


def _describe_null_test(table: pd.DataFrame, failures: list[str]) -> str:
    n = int(table.attrs["n_permutations"])
    few = "" if n >= ENOUGH else f" (under {ENOUGH} permutations it does not count for approval)"
    if failures:
        return f"Null test, {n} permutations: failed by {', '.join(failures)}{few}."
    uncertain = int((table["verdict"] == "uncertain").sum())
    if uncertain:
        return (
            f"Null test, {n} permutations: no leak found, but {uncertain} of {len(table)} models "
            f"and horizons need more of them{few}."
        )
    return (
        f"Null test, {n} permutations: passed, mean AUC {number(table['auc'].min())} to "
        f"{number(table['auc'].max())}{few}."
    )


def _difference(panel: PanelEvaluation, horizon: str, metric: str, digits: int = 3) -> Text:
    row = row_of(panel.value[horizon], metric)
    parts = [_sign(value, digits) for value in (row.difference, row.low, row.high)]
    if np.isnan(row.low) or np.isnan(row.high):
        return parts[0]
    return say("{value} ({low} to {high})", value=parts[0], low=parts[1], high=parts[2])


def _sign(value: float, digits: int) -> Text:
    """Return a difference with so many decimals; a dash where there is none."""
    told = number(value, digits)
    if np.isnan(value):
        return Text(told)
    size = Text(f"{{size:.{digits}f}}", values={"size": abs(value)})
    return say_list(["\N{MINUS SIGN}", size], "") if told.startswith("\N{MINUS SIGN}") else size


def make_panel_verdict(panel: PanelEvaluation) -> Text:
    """Return whether the panel adds anything, in one sentence or two."""
    if panel.found == "too_few":
        return say("MicroRNA panel: described only. {reason}.", reason=as_text(panel.reason))
    if panel.found == "nothing":
        return say(
            "MicroRNA panel: nothing was found. {reason:capital}. There is no sub-model with the "
            "panel: everyone gets the clinical estimate.",
            reason=as_text(panel.reason),
        )
    horizon = next(iter(panel.value))
    change = say(
        "in the same {n} patients, clinical with panel less clinical alone: Brier score {brier}, "
        "AUC {auc} at {horizon}, cross-validated",
        n=int(panel.counts["known"]),
        brier=_difference(panel, horizon, "brier"),
        auc=_difference(panel, horizon, "auc", 2),
        horizon=horizon.upper(),
    )
    if panel.found == "found":
        return say(
            "MicroRNA panel: added value found; {change}. The intervals lack the variance of "
            "refitting, so it has to be seen again in other patients.",
            change=change,
        )
    return say(
        "MicroRNA panel: added value not shown; {change}. These patients cannot tell the two "
        "apart; the sub-model is kept and says so.",
        change=change,
    )


def make_panel_size_text(panel: PanelEvaluation, clinical: int) -> str:
    """Return what the number of patients bears, in words."""
    if panel.size is None:
        return "Only one outcome was seen: no size can be given."
    n, bears = panel.size.n, panel.affordable
    left = max(bears - clinical, 0)
    text = (
        f"Sample size: {panel.size.text}. Assays count as parameters even if they are dropped "
        f"later. {n} patients bear {bears} candidate parameter{'s'[: bears != 1]} (AUC 0.70; "
        "Riley's criteria on shrinkage and optimism)"
    )
    if not left:
        return f"{text}: no assay beside the clinical predictors, not even one chosen beforehand."
    return (
        f"{text}: beside {clinical} of the clinical predictors, {left} "
        f"assay{'s'[: left != 1]} chosen beforehand."
    )
