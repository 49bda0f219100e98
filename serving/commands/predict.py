"""`ketresponse predict`: estimates here, without a server.

Everything heavy is imported inside the functions, so that `ketresponse --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import InputError, Problem, Refused, list_words
from features.options import ForceOption
from serving.commands.options import (
    AnsweredOption,
    AnswersOption,
    CentreOption,
    ModelArgument,
    PanelOption,
    find_centre_setting,
    find_model,
)
from training.commands.options import EngineOption, JobsOption, SchedulerOption

if TYPE_CHECKING:
    import pandas as pd

    from features.dictionary.schema import Dictionary
    from serving.batch.batch import Batch, BatchOptions
    from serving.estimate.panel import PanelSample
    from serving.estimate.predictor import Predictor
    from serving.records.record import Asked

__all__ = ["predict"]

_SCORED = ("patient_id", "nrs_t0")
_FLOORS = ("features", "training", "serving")
"""Whose code answers a cohort."""
_WITHOUT = "with neither --json nor --panel nor an approved model, which records each answer"


def _read_patient(record: Path | None, values: list[str], *, alone: bool) -> dict[str, Any]:
    """Return the patient of a JSON file, with `name=value` pairs put in."""
    if not alone and (record is not None or values):
        raise InputError("--cohort stands alone: leave --record and --set out")
    from features.files.table import read_bytes
    from serving.estimate.request import parse_json

    patient: dict[str, Any] = {}
    if record is not None:
        expected = "a JSON object of variable names and values, as POST /predict takes it"
        content = parse_json(read_bytes(record), expected=expected)
        if isinstance(content, dict) and list(content) == ["patient"]:
            content = content["patient"]
        if not isinstance(content, dict):
            raise InputError(str(record), [Problem("content", expected, "something else")])
        patient = content
    problems = []
    seen: set[str] = set()
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or not name or name in seen:
            got = "named twice" if name in seen else "something else"
            problems.append(Problem(f"--set {name}", "name=value, each name once", got))
        seen.add(name)
        patient[name] = value
    if problems:
        raise InputError("--set", problems)
    return patient


def _read_samples(panel: Path) -> dict[str, PanelSample]:
    from features.panel.importing import read_panel
    from serving.estimate.panel_text import split_samples

    return split_samples(read_panel(panel))


def _read_status(folder: Path) -> str:
    """Return the status of a model that may give estimates."""
    from training.store.artifact import read_facts

    status = read_facts(folder)[0].status
    if status in ("refused", "withdrawn"):
        raise Refused(f"this model is {status} and gives no estimates")
    return status


def _check_not_withdrawn(folder: Path, status: str) -> None:
    """Refuse an approved model whose record, wherever a service reads it again, says it ended."""
    from serving.status_watch import StatusWatch
    from training.store.statuses import APPROVALS

    if status not in APPROVALS or not os.environ.get("KETRESPONSE_REVIEW_STATUS"):
        return
    watch = StatusWatch(folder, environ=os.environ)
    watch.look()
    if watch.reason:
        raise Refused(f"this model gives no estimates any more: {watch.reason}")


def _check_not_suspended(predictor: Predictor) -> None:
    """Refuse a model, whatever its status, that the records here say is suspended."""
    from serving.records.place import find_records, may_be_there

    if not may_be_there(find_records(os.environ)):
        return
    from serving.records.settings import RecordSettings
    from serving.review.in_use import read_in_use

    reason = read_in_use(RecordSettings.from_environ(os.environ)).suspended.get(predictor.digest)
    if reason is not None:
        raise Refused(f"this model is suspended and gives no estimates: {reason}")


def _tell_spelling(samples: Collection[str], patients: Iterable[str]) -> None:
    """Name the panels of patients who are in a cohort in another spelling."""
    from features.panel.patients import find_spelt_otherwise, tell_spelt_otherwise

    near = find_spelt_otherwise(samples, list(patients))
    if near:
        told = tell_spelt_otherwise(near)
        print(f"Panels of nobody, but for the spelling of patient_id: {told}", file=sys.stderr)


def _tell_remarks(table: pd.DataFrame, dictionary: Dictionary) -> None:
    """Tell how a cohort was read and whose pseudonyms are alike, beside the answer."""
    from features.cohort.cohort import parse_cohort
    from features.cohort.doubts import describe_doubts
    from features.cohort.remarks import list_remarks
    from features.files.table import CLEANED, NOTES

    names, told = table["patient_id"].tolist(), table.attrs
    for sentence in list_remarks(names, cleaned=told[CLEANED], notes=told[NOTES]):
        print(sentence, file=sys.stderr)
    parsed, _ = parse_cohort(table[[name for name in _SCORED if name in table]], dictionary)
    for sentence in describe_doubts(parsed, dictionary):
        print(f"Warning: {sentence}.", file=sys.stderr)


def _tell_unknown_sites(predictor: Predictor, table: pd.DataFrame) -> None:
    """Tell how many patients are of a site that a model of several centres does not know."""
    from serving.estimate.centre import SITE
    from training.model.centres import NO_CENTRE, match_centre

    if not predictor.centres or SITE not in table:
        return
    sites = table[SITE].dropna().astype(str).str.strip()
    named = sites[(sites != "") & (sites.str.casefold() != NO_CENTRE)]
    unknown = [site for site in named if not match_centre(predictor.model.centres, site)]
    if unknown:
        own = f"; --centre {predictor.centre} holds where site is empty" if predictor.centre else ""
        print(
            f"{len(unknown)} of {len(table)} patients are of a site that the model does not know "
            f"(its centres are {list_words(predictor.centres)}), and are answered as at a new one"
            f"{own}.",
            file=sys.stderr,
        )


def _record(predictor: Predictor, asked: Sequence[Asked]) -> None:
    """Record what an approved model has answered, before anybody sees it.

    A model that nobody has approved is a researcher's, and estimates for no one's care.
    """
    from training.store.statuses import APPROVALS

    if predictor.facts.status not in APPROVALS:
        return
    import getpass

    from serving.records.recorder import make_recorder
    from serving.records.settings import RecordSettings
    from serving.settings import check_may_record

    settings = RecordSettings.from_environ(os.environ)
    check_may_record(settings is not None, "approved")
    recorder = make_recorder(predictor, settings)
    if recorder is not None and asked:
        recorder.check()
        recorder.keep_here(asked, f"{getpass.getuser()} at this machine")
        recorder.close()


def _check_out(
    out: Path | None, cohort: str | None, options: BatchOptions, *, spread: bool
) -> None:
    """Refuse a place for a cohort's answers before any is given."""
    if out is None:
        if options.resume or not options.explains or spread:
            raise InputError(
                "--resume, --jobs, --engine, --scheduler and --no-explanation go with --out FILE"
            )
        return
    from features.files.table import TABLE_ENDINGS, check_output
    from serving.batch.parts import name_refused

    if cohort is None:
        raise InputError("--out is for a cohort's answers: name it with --cohort FILE")
    if out.resolve() == Path(cohort).resolve():
        raise InputError(f"{out} is the cohort itself; choose another name")
    check_output(out, force=options.force, endings=TABLE_ENDINGS)
    # A run that was ended while its parts were joined may have left this one.
    check_output(name_refused(out), force=options.force or options.resume)


def _answer_patient(
    predictor: Predictor, patient: dict[str, Any], samples: dict[str, PanelSample], *, json_: bool
) -> None:
    """Give one patient an estimate, on the screen."""
    import json
    from uuid import uuid4

    from serving.estimate.several import find_sample
    from serving.estimate.silence import withhold
    from serving.records.record import Asked
    from serving.web.text import print_answer

    sample = find_sample(samples, patient.get("patient_id")) if samples else None
    found = predictor.predict(patient, request_id=uuid4().hex, panel=sample)
    _record(predictor, [Asked(patient, sample, found)])
    answer = withhold(predictor, found)
    if json_:
        print(json.dumps(answer, indent=2, allow_nan=False))
    else:
        print_answer(answer, predictor)


def _answer_cohort(
    predictor: Predictor,
    table: pd.DataFrame,
    samples: dict[str, PanelSample],
    *,
    out: Path | None,
    options: BatchOptions,
    json_: bool,
) -> None:
    """Give every patient of a cohort an estimate, in a file or on the screen."""
    import json

    from features.files.table import write_table
    from serving.estimate.several import predict_cohort, to_table
    from serving.estimate.silence import withhold
    from serving.records.record import Asked
    from serving.web.text import print_cohort

    asked: list[Asked] = []
    found = predict_cohort(
        predictor, table, samples, on_answer=lambda *one: asked.append(Asked(*one))
    )
    _record(predictor, asked)
    answers = [withhold(predictor, answer) for answer in found]
    _tell_table(predictor, table, samples)
    if out is not None:
        answered = to_table(answers, predictor, explains=options.explains)
        write_table(answered, out, force=options.force)
        print(f"Wrote {len(answers)} answers to {out}.", file=sys.stderr)
    if json_:
        print(json.dumps(answers, indent=2, allow_nan=False))
    elif out is None:
        print_cohort(answers, predictor)


def _tell_table(predictor: Predictor, table: pd.DataFrame, samples: Collection[str] = ()) -> None:
    """Tell what is to be known of a cohort file, beside its answers."""
    _tell_remarks(table, predictor.dictionary)
    _tell_spelling(samples, table["patient_id"])
    _tell_unknown_sites(predictor, table)


def _answer_batch(
    predictor: Predictor, batch: Batch, out: Path, folder: Path, opened: AbstractContextManager[int]
) -> None:
    """Give every patient of a cohort of any size an estimate, in a file."""
    from rich.console import Console

    from serving.batch.parts import name_refused

    try:
        with opened as jobs:
            answered, refused = batch.answer(
                predictor, folder, jobs=jobs, console=Console(stderr=True)
            )
    except KeyboardInterrupt:
        told = "What was answered is kept: the same command with --resume goes on from there."
        print(told, file=sys.stderr)
        raise
    if batch.table is not None:
        _tell_table(predictor, batch.table)
    print(f"Wrote {answered + refused} answers to {out}.", file=sys.stderr)
    if refused:
        rows = "1 row" if refused == 1 else f"{refused} rows"
        where = name_refused(out)
        print(f"{rows} cannot be read: {where} says why, with what came.", file=sys.stderr)


def predict(
    model: ModelArgument,
    record: Annotated[
        Path | None, typer.Option(help="JSON file with the patient's values.", metavar="FILE")
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="One value, such as --set nrs_t0=8.", metavar="NAME=VALUE"),
    ] = None,
    cohort: AnsweredOption = None,
    panel: PanelOption = None,
    out: AnswersOption = None,
    centre: CentreOption = None,
    explanation: Annotated[
        bool, typer.Option(help="Write what each predictor adds to an estimate, with --out.")
    ] = True,
    jobs: JobsOption = None,
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run with --out was ended.")
    ] = False,
    force: ForceOption = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Estimate the response of one patient, or of a cohort's, here, without a server."""
    from serving.batch.batch import BatchOptions

    options = BatchOptions(explanation, resume, force)
    spread = (engine, scheduler, jobs) != ("local", None, None)
    _check_out(out, cohort, options, spread=spread)
    patient = _read_patient(record, values or [], alone=cohort is None)
    folder = find_model(model)
    status = _read_status(folder)
    in_parts = out is not None and not json_ and panel is None and _may_be_parted(status)
    if engine != "local" and not in_parts:
        raise InputError(f"--engine {engine} goes {_WITHOUT}")
    given = None if cohort is None else _read_given(cohort, out if in_parts else None, options)
    samples = {} if panel is None else _read_samples(panel)
    predictor = _load_predictor(folder, status, centre)
    if given is None:
        _answer_patient(predictor, patient, samples, json_=json_)
    elif isinstance(given, tuple):
        from training.running.engine import open_engine

        opened = open_engine(
            engine, jobs=jobs, scheduler=scheduler, environ=os.environ, floors=_FLOORS
        )
        _answer_batch(predictor, *given, folder, opened)
    else:
        _answer_cohort(predictor, given, samples, out=out, options=options, json_=json_)


def _may_be_parted(status: str) -> bool:
    """Return whether a model's answers are no records, which are kept one by one."""
    from training.store.statuses import APPROVALS

    return status not in APPROVALS


def _read_given(
    cohort: str, out: Path | None, options: BatchOptions
) -> pd.DataFrame | tuple[Batch, Path]:
    """Return a cohort that is answered as a whole, or with `out` one that may be of any size."""
    from features.files.table import read_table
    from serving.batch.batch import Batch, is_long

    if out is not None:
        return Batch(cohort, out, options), out
    if is_long(cohort):
        raise InputError(f"{cohort}: many files, or a long one, need --out, and go {_WITHOUT}")
    return read_table(Path(cohort))


def _load_predictor(folder: Path, status: str, centre: str | None) -> Predictor:
    """Return the model, ready to answer, if it may."""
    from serving.estimate.predictor import Predictor
    from training.review.seal import check_approval
    from training.store.artifact import load_model

    waivers = check_approval(folder, status, environ=os.environ)
    _check_not_withdrawn(folder, status)
    at = find_centre_setting(centre)
    predictor = Predictor(load_model(folder), waivers=waivers, centre=at)
    _check_not_suspended(predictor)
    return predictor
