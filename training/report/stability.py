"""Would other patients, more of them or none with anything to find, give the same? Sections."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

from training.document.document import Block, Picture, Section, Table
from training.document.words import estimate, percent
from training.evaluation.evaluation import Evaluation
from training.evaluation.null_test import BAND, ENOUGH
from training.fitting.candidates import CANDIDATES
from training.measures.instability import Instability
from training.measures.many import tell_no_reruns
from training.report.plots import (
    plot_calibration_instability,
    plot_classification_instability,
    plot_learning_curve,
    plot_null_test,
    plot_prediction_instability,
)
from training.report.tables import make_instability_table, make_null_test_table
from training.study.study import Description
from training.study.tables import Resampling

__all__ = ["make_instability_section", "make_learning_section", "make_null_test_section"]


def make_instability_section(evaluation: Evaluation) -> Section:
    """Return how far probabilities, decisions and calibration move with other patients."""
    found = {
        horizon: judged.instability
        for horizon, judged in evaluation.judgements.items()
        if judged.instability is not None
    }
    if not found:
        n_patients = evaluation.out_of_fold.folds.shape[1]
        return Section("Instability", (f"Not looked at: {tell_no_reruns(n_patients)}.",))
    failed = evaluation.failures
    words = (
        "The whole procedure was rerun on bootstrap samples of the patients. How far a patient's "
        "probability moves is instability; it is not a confidence interval of the true risk."
    )
    if failed:
        words += f" {len(failed)} reruns gave no model ({', '.join(sorted(set(failed)))})."
    table = make_instability_table(
        {horizon: SimpleNamespace(**stable.summary) for horizon, stable in found.items()}
    )
    blocks = [
        block
        for h, stable in found.items()
        if not evaluation.judgements[h].spread.constant
        for block in _show_instability(h, stable)
    ]
    return Section("Instability", (words, table, *blocks))


def _show_instability(horizon: str, stable: Instability) -> tuple[Block, ...]:
    name = horizon.upper()
    return (
        Picture(
            f"prediction_instability_{horizon}",
            f"Reruns' probabilities of patients whose served probability is similar, {name}.",
            f"Bands of the reruns' probabilities at {name}.",
            partial(plot_prediction_instability, stable.predictions),
            f"Prediction instability, {name}",
        ),
        Picture(
            f"calibration_instability_{horizon}",
            f"Calibration of the reruns' models in the original patients, {name}. A line "
            "belongs to a model, not to a patient.",
            f"Calibration curves of the reruns at {name}.",
            partial(plot_calibration_instability, stable.calibration, stable.curves),
            f"Calibration instability, {name}",
        ),
        Picture(
            f"classification_instability_{horizon}",
            f"How often a rerun puts a patient on the other side of a threshold, {name}.",
            f"Classification instability over thresholds at {name}.",
            partial(plot_classification_instability, stable.classification),
            f"Classification instability, {name}",
        ),
        Table.from_rows(
            f"classification_instability_{horizon}",
            f"Classification instability, {name}.",
            stable.classification,
            {
                "threshold": lambda r: percent(r.threshold),
                "at or above": lambda r: percent(r.share_positive),
                "on the other side by a rerun": lambda r: percent(r.classification_instability),
                "patients whom over a fifth of reruns turn": lambda r: percent(r.unstable_patients),
            },
        ),
    )


def make_null_test_section(evaluation: Evaluation) -> Section:
    """Return whether the procedure finds something where there is nothing."""
    table = evaluation.null_test
    if table is None:
        not_run = (
            f"Not run. `ketresponse train STUDY --null-test {ENOUGH}` judges the procedure on "
            "permuted outcomes, in which there is nothing to find."
        )
        return Section("Null test", (not_run,))
    labels = {name: candidate.label for name, candidate in CANDIDATES.items()}
    together = ", both horizons together," if table["horizon"].nunique() > 1 else ""
    return Section(
        "Null test",
        (
            f"Outcomes were permuted over the patients{together} and the procedure "
            f"judged by one cross-validation each. A mean AUC outside {BAND[0]} to {BAND[1]}, by "
            "more than its Monte Carlo error explains, is a leak: held-out outcomes reach the fit. "
            "Passing shows no leak in what was rerun here; what was done to the data before the "
            "cohort was read is not.",
            make_null_test_table(
                table,
                labels,
                "Candidates alone, before recalibration, and the whole procedure. Only folds in "
                f"which a model tells patients apart count. Under {ENOUGH} permutations the test "
                'does not count for approval; "uncertain" needs more of them.',
            ),
            Picture(
                "null_test",
                "Mean AUC on permuted outcomes with 95% Monte Carlo intervals.",
                "Null test by model and horizon.",
                partial(plot_null_test, table, labels),
                "Null test",
            ),
        ),
    )


def make_learning_section(description: Description, evaluation: Evaluation) -> Section:
    """Return how performance changes with the number of patients learnt from."""
    if not evaluation.learning:
        return Section("Learning curve", ("Switched off: not looked at.",))
    blocks: list[Block] = [
        "The whole procedure fitted on parts of each training fold and judged in the same held-out "
        f"patients{_tell_repeats(description.study.resampling)}. The curve ends at the "
        "cross-validated performance above. Dashed: the curve continued as a + b / n, an outlook "
        "and no result."
    ]
    told = {
        horizon: table
        for horizon, table in evaluation.learning.items()
        if not evaluation.judgements[horizon].spread.constant
    }
    if not told:
        return Section("Learning curve", ("Left out: everyone gets the same estimate.",))
    for horizon, table in told.items():
        name, verdict = horizon.upper(), description.verdicts[horizon]
        needed = None if verdict.needed is None else float(verdict.needed.n)
        blocks += [
            Picture(
                f"learning_curve_{horizon}",
                f"Learning curve at {name}. {verdict.text}.",
                f"AUC and Brier skill at {name} against the number of patients.",
                partial(plot_learning_curve, table, needed=needed),
                f"Learning curve, {name}",
            ),
            Table.from_rows(
                f"learning_curve_{horizon}",
                f"Learning curve at {name}.",
                table,
                {
                    "patients learnt from": lambda r: f"{r.n:.0f}",
                    "AUC": lambda r: estimate(r, "auc"),
                    "Brier skill": lambda r: estimate(r, "brier_skill"),
                },
            ),
        ]
    return Section("Learning curve", tuple(blocks))


def _tell_repeats(resampling: Resampling) -> str:
    """Return in which repeats parts were fitted, where that was not in all of them."""
    used, repeats = resampling.learning_curve, resampling.repeats
    if used >= repeats:
        return ""
    these = "the first" if used == 1 else f"the first {used}"
    return (
        f", in {these} of the {repeats} repeats of the cross-validation: what a part falls "
        "short of the whole by in the same folds is taken off what all repeats give"
    )
