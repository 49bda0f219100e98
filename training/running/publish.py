"""What a training leaves behind: a tracked run and a registered model, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from features.files.temporary import temporary_folder
from training.document.document import Document
from training.document.files import write_document
from training.store.registered import RegisteredModel, locate
from training.store.results import Results, write_results
from training.store.tracking import RunRecord, fetch_file, finish_run, locate_file
from training.validation.comparison import draws_file

__all__ = ["Published", "fetch_page", "find_published", "finish_training", "write_findings"]


REPORT_FOLDER, REPORT = "report", "report"
"""Folder of the run that holds the complete report, and the name of its page and Markdown."""
_PAGE, _WORD = (f"{REPORT_FOLDER}/{REPORT}.{ending}" for ending in ("html", "docx"))


@dataclass(frozen=True)
class Published:
    """Where a trained model is.

    Parameters
    ----------
    name, version, status : str
        In the registry.
    folder : Path
        The artifact, which can be served from there.
    run_id : str
        The tracked run every number leads back to.
    report : str
        Where the complete report is: a path, or an address where the store is elsewhere.
    """

    name: str
    version: str
    status: str
    folder: Path
    run_id: str
    report: str

    @property
    def name_and_version(self) -> str:
        """What other commands take."""
        return f"{self.name}:{self.version}"


def finish_training(
    run_id: str,
    record: RunRecord,
    results: Results,
    report: Document,
    importance: pd.DataFrame,
    draws: Mapping[str, pd.DataFrame],
    *,
    tracking_uri: str,
) -> None:
    """Complete a run with everything that came out; nothing of it belongs to a single patient.

    Parameters
    ----------
    run_id : str
        Of the run that was begun.
    record : RunRecord
        What came out, as metrics, tags and a note.
    results : Results
        Of the run.
    report : Document
        The complete report.
    importance : DataFrame
        :func:`training.model.importance.global_importance`, kept with the report.
    draws : mapping of str to DataFrame
        By horizon, the metrics in every resample.
    tracking_uri : str
        Where the run is.
    """
    with temporary_folder() as temporary:
        files = temporary
        write_findings(results, report, files, importance=importance)
        for horizon, table in draws.items():
            table.to_csv(files / draws_file(horizon), index=False)
        finish_run(run_id, replace(record, files=files), tracking_uri=tracking_uri)


def write_findings(
    results: Results, report: Document, folder: Path, *, importance: pd.DataFrame
) -> None:
    """Write what a run found, and its complete report, into the folder that is kept with it.

    Parameters
    ----------
    results : Results
        Of the run.
    report : Document
        The complete report; its page, Markdown, Word file, tables and pictures are written.
    folder : Path
        That is there.
    importance : DataFrame
        :func:`training.model.importance.global_importance`, kept with the report.
    """
    write_results(results, folder)
    extra = {"importance": importance}
    write_document(report, folder / REPORT_FOLDER, name=REPORT, extra=extra, word=True)


def find_published(model: RegisteredModel, *, tracking_uri: str) -> Published:
    """Return where a registered model and its report are."""
    return Published(
        name=model.name,
        version=model.version,
        status=model.status,
        folder=locate(model.name, model.version, tracking_uri=tracking_uri),
        run_id=model.run_id,
        report=locate_file(model.run_id, _PAGE, tracking_uri=tracking_uri),
    )


def fetch_page(published: Published, *, tracking_uri: str, word: bool = False) -> Path:
    """Return the complete report's page as it is kept with the run, or a copy of it.

    With `word` it is the Word file.
    """
    return fetch_file(published.run_id, _WORD if word else _PAGE, tracking_uri=tracking_uri)
