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

from features.errors import InputError, KetresponseError
from features.published.safety import describe_safety
from training.card.answers import answer_from_run
from training.card.checks import fill_fields, require
from training.card.gates import compute_flags
from training.card.limitations import list_limitations
from training.card.literature import compare_base_rates, describe_predictors, find_contradictions
from training.card.plain import make_plain
from training.card.schema import (
    CARD_VERSION,
    Body,
    CardDocument,
    GateSettings,
    Model,
    Parent,
    Safety,
)
from training.store.facts import ModelFacts
from training.store.part import list_problems
from training.store.results import Results
from training.store.statements import make_statements

__all__ = ["CARD_FILE", "Card", "compute_body_sha256", "make_card", "read_card", "write_card"]

CARD_FILE = "card.json"


@dataclass(frozen=True)
class Card:
    """A model card.

    Parameters
    ----------
    body : Body
        What reviewers sign.
    sha256 : str
        Of the body: what a review is bound to.
    """

    body: Body
    sha256: str

    @property
    def authors(self) -> tuple[str, ...]:
        """Names or accounts of the authors, none of whom may review."""
        return tuple(self.body.author["people.authors"])

    @property
    def subject(self) -> str:
        """The model it is about, ``NAME:VERSION``."""
        return f"{self.body.model.name}:{self.body.model.version}"


def compute_body_sha256(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a body in canonical JSON."""
    canonical = json.dumps(
        body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def make_card(
    facts: ModelFacts,
    digest: str,
    results: Results,
    author: Mapping[str, str | list[str]],
    *,
    settings: GateSettings | None = None,
    parent: Parent | None = None,
) -> Card:
    """Make the card of a model.

    Parameters
    ----------
    facts : ModelFacts
        Of the model.
    digest : str
        Of its artifact.
    results : Results
        Of the run it came from.
    author : mapping
        :func:`training.card.author.read_author`.
    settings : GateSettings or None
        Thresholds of the gates; None for the defaults.
    parent : Parent or None
        The version before, and what changed.

    Raises
    ------
    KetresponseError
        If the results are another model's.
    """
    if (results.study.sha256, results.cohort.sha256) != (facts.study_sha256, facts.cohort_sha256):
        raise KetresponseError(
            f"these results are not those of {facts.name} {facts.version}: study or cohort differ; "
            "use the run that the model came from"
        )
    settings = settings or GateSettings()
    flags = compute_flags(results, settings)
    answers = answer_from_run(results, facts, flags=flags)
    known = facts.to_dict()
    body = Body(
        model=Model.model_validate(
            {"digest": digest}
            | {name: known[name] for name in Model.model_fields if name != "digest"}
        ),
        plain=make_plain(results),
        # The first says what the status allows: that is the review's, and may change.
        statements=list(make_statements(facts)[1:]),
        flags=flags,
        author=dict(author),
        fields=fill_fields(answers, author, required=require(flags)),
        base_rates=compare_base_rates(results),
        known_predictors=describe_predictors(results),
        contradictions=find_contradictions(results),
        limitations=list_limitations(results),
        safety=[Safety.model_validate(fact) for fact in describe_safety(facts.condition)],
        # Each threshold is signed, those that were left as they are among them.
        gate_settings=GateSettings.model_validate(settings.model_dump()),
        parent=parent,
        results=results,
    )
    return Card(body, compute_body_sha256(body.to_json()))


def write_card(card: Card, folder: Path) -> Path:
    """Write ``card.json`` into a folder, whole or not at all.

    Raises
    ------
    KetresponseError
        If it cannot be written.
    """
    path = folder / CARD_FILE
    document = {"schema_version": CARD_VERSION, "body": card.body.to_json()}
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
    try:
        card = CardDocument.model_validate(document)
    except ValidationError as err:
        raise InputError(
            f"{path} is not a card as this version of ketresponse writes it; make it again with "
            "`ketresponse card make`",
            list_problems(err),
        ) from err
    # Of the body as it lies there: what was signed is not what this version makes of it.
    return Card(card.body, compute_body_sha256(document["body"]))
