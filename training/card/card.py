"""The model card: made from a run and its author's file, one document, bound by its digest.

``card.json`` holds ``{"schema_version", "body"}``. What reviewers sign is the SHA-256 of the body
in canonical JSON (sorted keys, no spaces, UTF-8). Approvals, waivers and history are no part of
it: they stand in an annex beside the card, so that signing does not change what is signed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from features.errors import KetresponseError
from features.published.safety import describe_safety
from training.card.answers import answer_from_run, list_limitations
from training.card.checks import fill_fields
from training.card.gates import GateSettings, compute_flags
from training.card.literature import compare_base_rates, describe_predictors, find_contradictions
from training.card.plain import make_plain
from training.card.schema import CARD_VERSION, CardDocument
from training.store.facts import ModelFacts
from training.store.statements import make_statements

__all__ = ["CARD_FILE", "Card", "compute_body_sha256", "make_card", "read_card", "write_card"]

CARD_FILE = "card.json"


@dataclass(frozen=True)
class Card:
    """A model card.

    Parameters
    ----------
    body : dict
        As :class:`training.card.schema.Body` describes it; plain values.
    sha256 : str
        Of the body: what a review is bound to.
    """

    body: dict[str, Any]
    sha256: str

    @property
    def authors(self) -> tuple[str, ...]:
        """Names or accounts of the authors, none of whom may review."""
        return tuple(self.body["author"]["people.authors"])

    @property
    def subject(self) -> str:
        """The model it is about, ``NAME:VERSION``."""
        return f"{self.body['model']['name']}:{self.body['model']['version']}"


def compute_body_sha256(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a body in canonical JSON."""
    canonical = json.dumps(
        body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def make_card(
    facts: ModelFacts,
    digest: str,
    results: Mapping[str, Any],
    author: Mapping[str, Any],
    *,
    settings: GateSettings | None = None,
    parent: Mapping[str, Any] | None = None,
) -> Card:
    """Make the card of a model.

    Parameters
    ----------
    facts : ModelFacts
        Of the model.
    digest : str
        Of its artifact.
    results : mapping
        Of the run it came from, :func:`training.report.results.make_results`.
    author : mapping
        :func:`training.card.author.read_author`.
    settings : GateSettings or None
        Thresholds of the gates; None for the defaults.
    parent : mapping or None
        The version before: `model`, `card_sha256`, `changes`.

    Raises
    ------
    KetresponseError
        If the results are another model's.
    """
    study, cohort = results["study"]["sha256"], results["cohort"]["sha256"]
    if (study, cohort) != (facts.study_sha256, facts.cohort_sha256):
        raise KetresponseError(
            f"these results are not those of {facts.name} {facts.version}: study or cohort differ; "
            "use the run that the model came from"
        )
    settings = settings or GateSettings()
    flags = compute_flags(results, settings)
    answers = answer_from_run(results, facts, flags=flags)
    required = ("extra.leakage_review",) if flags else ()
    known = facts.to_dict()
    body: dict[str, Any] = {
        "model": {
            "digest": digest,
            **{
                name: known[name]
                for name in (
                    "name",
                    "version",
                    "run_id",
                    "created",
                    "submodel",
                    "synthetic",
                    "code_version",
                    "versions",
                    "study_sha256",
                    "cohort_sha256",
                    "training_ranges",
                )
            },
        },
        "plain": make_plain(results),
        # The first says what the status allows: that is the review's, and may change.
        "statements": list(make_statements(facts)[1:]),
        "flags": flags,
        "author": dict(author),
        "fields": fill_fields(answers, author, required=required),
        "base_rates": compare_base_rates(results),
        "known_predictors": describe_predictors(results),
        "contradictions": find_contradictions(results),
        "limitations": list_limitations(results),
        "safety": describe_safety(facts.condition),
        "gate_settings": settings.to_dict(),
        "parent": None if parent is None else dict(parent),
        "results": dict(results),
    }
    return _check({"schema_version": CARD_VERSION, "body": body}, "the card")


def _check(document: Any, what: str) -> Card:
    """Return the card in a document, once it has the shape of one."""
    try:
        CardDocument.model_validate(document)
    except ValidationError as err:
        places = ", ".join(sorted({".".join(map(str, e["loc"])) for e in err.errors()})[:5])
        raise KetresponseError(
            f"{what} is not a card as this version of ketresponse writes it (at {places}); make "
            "it again with `ketresponse card make`"
        ) from err
    # As JSON gives it back: the digest must not depend on tuples, or on int keys.
    body = json.loads(json.dumps(document["body"], allow_nan=False))
    return Card(body, compute_body_sha256(body))


def write_card(card: Card, folder: Path) -> Path:
    """Write ``card.json`` into a folder, whole or not at all.

    Raises
    ------
    KetresponseError
        If it cannot be written.
    """
    path = folder / CARD_FILE
    document = {"schema_version": CARD_VERSION, "body": card.body}
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    part = folder / f".{CARD_FILE}.part"
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as err:
        raise KetresponseError(f"cannot write {path}: {err.strerror or err}") from err
    return path


def read_card(folder: Path) -> Card:
    """Read the card that lies in a model's folder.

    Parameters
    ----------
    folder : Path
        A folder with ``card.json``, or that file itself.

    Raises
    ------
    KetresponseError
        If there is none, or it has not the shape of a card.
    """
    path = folder if folder.is_file() else folder / CARD_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        raise KetresponseError(
            f"there is no model card in {folder}; make one with `ketresponse card make`"
        ) from err
    except (OSError, ValueError, RecursionError) as err:
        raise KetresponseError(f"{path} cannot be read as a model card") from err
    return _check(document, str(path))
