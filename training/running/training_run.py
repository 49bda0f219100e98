"""A training from its study file to the registry: the steps, in order, and what each hands on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from features.cohort.remarks import list_remarks
from features.files.table import write_bytes
from features.panel.patients import tell_spelt_otherwise
from training.document.progress import Show
from training.document.render import to_html, to_markdown
from training.document.word import to_docx
from training.evaluation.design import make_design
from training.evaluation.evaluation import Evaluation, count_steps, evaluate
from training.evaluation.freezing import freeze
from training.fitting.parts import keeping
from training.model.importance import explain_rows, global_importance
from training.model.shap_view import to_shap
from training.report.report import make_report
from training.report.results import describe_blend, describe_study, make_results
from training.running.beforehand import list_missed, tell_time, time_fit
from training.running.model_facts import make_facts
from training.running.publish import Published, fetch_page, find_published, finish_training
from training.running.resuming import describe_training, open_parts
from training.running.run_record import make_beginning, make_record
from training.store.abandoned import end_abandoned
from training.store.facts import ModelFacts
from training.store.mixing import check_mixing
from training.store.registry import register
from training.store.tracking import begin_run
from training.study.settings import read_study
from training.study.study import Description, read_description
from training.validation.comparison import compute_draws

__all__ = ["Training", "run_training", "tell_beforehand", "write_report"]


@dataclass(frozen=True, eq=False)
class Training:
    """A training that has ended.

    Parameters
    ----------
    description : Description
        The cohort and what was asked.
    evaluation : Evaluation or None
        The procedure, fitted and judged.
    facts : ModelFacts or None
        What is known about the model.
    published : Published or None
        Where it is. All three are None where the data could not bear a model: nothing is
        registered then.
    """

    description: Description
    evaluation: Evaluation | None = None
    facts: ModelFacts | None = None
    published: Published | None = None


def run_training(
    study_file: Path,
    *,
    tracking_uri: str,
    n_jobs: int,
    show: Show,
    tell: Callable[[str], None] = lambda line: None,
    seed: int | None = None,
    panel_file: Path | None = None,
    null_permutations: int | None = None,
    mixed: bool = False,
    resume: bool = False,
) -> Training:
    """Run a study from file to registry.

    The run begins before the fits take their time: what is stopped or fails leaves a readable
    beginning (settings, counts, study file, sample-size verdict), marked as killed or failed, and
    no registered model. Its fits are kept until a training of the study has ended.

    Parameters
    ----------
    study_file : Path
        TOML.
    tracking_uri : str
        MLflow store of run and model.
    n_jobs : int
        Processes; the numbers do not depend on it.
    show : callable
        Shows the progress of the fits.
    tell : callable
        Told, before the training begins, how the cohort was read, what sample the study would need,
        which patients and panels may be one patient's whose pseudonym is spelt in two ways, roughly
        how long it will take, and what a review will miss.
    seed : int or None
        Takes the place of the study's own.
    panel_file : Path or None
        A tidy microRNA panel, in place of the study's own.
    null_permutations : int or None
        Permutations of the null test in place of the study's own; 0 leaves it out.
    mixed : bool
        Whether the study's name may hold models of simulated and of real patients both.
    resume : bool
        Go on from the parts of the same training that was stopped, where they are kept
        (:mod:`training.running.resuming`); the numbers are the same.

    Raises
    ------
    Refused
        If it would hold both, and may not; nothing is fitted then.
    InputError
        If study file, cohort or panel cannot be used; every problem is listed.
    KetresponseError
        If the store cannot be reached or written; nothing is registered then.
    """
    study = read_study(study_file)
    study = study if seed is None else replace(study, seed=seed)
    study = study if panel_file is None else replace(study, panel_file=panel_file)
    if null_permutations is not None:
        study = replace(study, null_permutations=null_permutations)
    with show("Reading the cohort", 0):
        description = read_description(study)
    for line in tell_beforehand(description):
        tell(line)
    if description.shortfall:
        return Training(description)
    for line in end_abandoned(tracking_uri=tracking_uri):
        tell(line)
    if not mixed:
        synthetic = description.cohort.synthetic
        check_mixing(study.name, synthetic=synthetic, tracking_uri=tracking_uri)
    permutations = study.null_permutations
    kept = open_parts(study_file, describe_training(description), resume=resume)
    if kept.told:
        tell(kept.told)
    for missed in list_missed(description):
        tell(f"A review will miss: {missed}.")
    with ExitStack() as stack:
        with show("Opening the store of runs", 0):
            begun = begin_run(make_beginning(description), tracking_uri=tracking_uri)
            run_id = stack.enter_context(begun)
        with show("Timing one fit", 0):
            fitted, fit_seconds = time_fit(description)
        n_kept = kept.parts.count() if resume else 0
        tell(tell_time(description, fit_seconds=fit_seconds, n_jobs=n_jobs, n_kept=n_kept))
        total = count_steps(description, null_permutations=permutations, is_fitted=True)
        with show("Training", total) as progress, keeping(kept.parts):
            evaluation = evaluate(
                description,
                fitted=fitted,
                null_permutations=permutations,
                n_jobs=n_jobs,
                progress=progress,
            )
        with show("Explaining and writing the report", 0):
            facts, published = _publish(
                description, evaluation, run_id, tracking_uri=tracking_uri, mixed=mixed
            )
    kept.remove()
    return Training(description, evaluation, facts, published)


def _publish(
    description: Description, evaluation: Evaluation, run_id: str, *, tracking_uri: str, mixed: bool
) -> tuple[ModelFacts, Published]:
    """Freeze, explain and report what was found, end the run, and register its model."""
    study = description.study
    model, panel = freeze(description, evaluation)
    explanations = explain_rows(model, model.background)
    importance = global_importance(model, explanations)
    explained = to_shap(explanations, model, model.background)
    design = make_design(study)
    draws = compute_draws(description.data, evaluation.out_of_fold, design)
    facts = make_facts(description, evaluation, panel)
    results = make_results(
        description,
        design,
        evaluation,
        importance,
        asked=describe_study(study),
        blend=describe_blend(evaluation.fitted),
    )
    report = make_report(description, evaluation, importance=importance, explained=explained)
    record = make_record(description, evaluation)
    finish_training(run_id, record, results, report, importance, draws, tracking_uri=tracking_uri)
    registered = register(
        run_id, model, facts, panel=panel, name=facts.name, tracking_uri=tracking_uri, mixed=mixed
    )
    return facts, find_published(registered, tracking_uri=tracking_uri)


def tell_beforehand(description: Description) -> list[str]:
    """Return what whoever trains should know before anything is fitted; it may name patients."""
    cohort = description.cohort
    patients = cohort.table["patient_id"].tolist()
    lines = list_remarks(patients, cleaned=cohort.cleaned, notes=cohort.notes)
    lines += [f"Sample size: {need.text}" for need in description.verdicts.values()]
    if description.panel is not None and description.panel.spelt_otherwise:
        near = tell_spelt_otherwise(description.panel.spelt_otherwise)
        lines.append(f"Panels of nobody, but for the spelling of patient_id: {near}")
    return lines


def write_report(training: Training, path: Path, *, tracking_uri: str) -> None:
    """Write the complete report of a training to a file.

    A page if its name ends in .html, a Word file if it ends in .docx: those that are kept with the
    run where there is a run. Else Markdown without pictures.
    """
    ending = path.suffix.lower()
    if ending not in (".html", ".htm", ".docx"):
        report = make_report(training.description, training.evaluation)
        page = to_markdown(report, pictures=False).encode()
    elif training.published is None:
        report = make_report(training.description, None)
        page = to_docx(report) if ending == ".docx" else to_html(report).encode()
    else:
        kept = fetch_page(training.published, tracking_uri=tracking_uri, word=ending == ".docx")
        page = kept.read_bytes()
    write_bytes(page, path)
