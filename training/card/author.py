"""What only people can say of a model: the author's file, ``card.toml``.

Every entry is a text. One that cannot be given says why: ``"not available, because ..."``; only
the device status may be "unknown". An entry left empty keeps the card incomplete, but for the
optional ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, create_model

from features.files.settings import Settings, read_settings, read_toml

__all__ = [
    "AUTHOR_FIELDS",
    "NOT_AVAILABLE",
    "empty_author",
    "is_reasoned_absence",
    "make_author_template",
    "read_author",
]

NOT_AVAILABLE = "not available, because "


@dataclass(frozen=True)
class AuthorField:
    """One entry of the author's file.

    Parameters
    ----------
    key : str
        ``TABLE.NAME`` in the TOML file.
    question : str
        What is asked, in plain words.
    optional : bool
        Whether it may be left empty without a reason.
    unknown_allowed : bool
        Whether "unknown" is an answer.
    many : bool
        Whether the answer is a list of texts.
    """

    key: str
    question: str
    optional: bool = False
    unknown_allowed: bool = False
    many: bool = False

    @property
    def empty(self) -> str | list[str]:
        """What stands for no answer."""
        return [] if self.many else ""


def _table(name: str, *entries: tuple[str, str], optional: bool = False) -> list[AuthorField]:
    return [AuthorField(f"{name}.{key}", question, optional) for key, question in entries]


AUTHOR_FIELDS: tuple[AuthorField, ...] = (
    AuthorField(
        "people.authors",
        'Names or accounts of the authors, as ["anna"]; none of them may review it.',
        many=True,
    ),
    *_table(
        "people",
        ("developer", "Organisation that made the model, of which kind, and where."),
        ("owner", "Person or department who answers for the model in use."),
        ("contact", "Where questions and reports of harm go (a role address, no patient data)."),
        ("stakeholders", "Who was asked while it was made: clinicians, patients, others."),
        ("patient_involvement", "How patients and the public took part."),
    ),
    *_table(
        "use",
        ("intended_use", "What the number is meant for, and at which point of the work."),
        ("intended_users", "Who reads it (profession, experience)."),
        (
            "decision_role",
            "What it does in the decision: informs, drives, replaces; and who decides.",
        ),
        ("how_to_use", "How a user gets to the number, and what they do with it."),
        ("inappropriate_use", "Uses, settings and patients it must not be used for."),
        ("user_expertise", "Training or expertise a user needs; what they do with poor input."),
        ("availability", "Where it may be used: sites, countries, research only."),
    ),
    AuthorField(
        "regulatory.device_status",
        'Standing under device law: MDR (Rule 11), in-house exemption, AI Act. "unknown" is '
        "allowed, empty is not.",
        unknown_allowed=True,
    ),
    *_table(
        "regulatory",
        ("intended_purpose", "The intended purpose as a regulator would read it."),
        ("clinical_risk_level", "Clinical risk if the number is wrong, and why."),
    ),
    *_table(
        "study",
        ("context", "Why the model is needed: the clinical problem and earlier models."),
        ("objectives", "What the study set out to do."),
        ("inequalities", "Known inequalities in care between groups of these patients."),
        ("data_source", "Where the data come from (registry, records), and how representative."),
        ("dates", "First and last treatment, end of follow-up."),
        ("setting", "Kind and number of centres, country."),
        ("outcome_assessment", "Who assessed the outcome, and with which training."),
        ("blinding", "Whether outcome assessors knew predictors, and the reverse."),
        ("predictor_choice", "Why these predictors and no others."),
        ("predictor_assessment", "Who recorded the predictors, when and how."),
        ("demographics", "Race, ethnicity, language, social position of the patients."),
    ),
    *_table(
        "fairness",
        ("considerations", "Known biases and ethical consequences."),
        ("bias_mitigation", "What was done against bias."),
    ),
    *_table(
        "ethics",
        ("approval", "Ethics committee, number, date; or why none was needed."),
        ("consent", "Consent of the patients whose data were used, and what patients are told."),
    ),
    *_table(
        "openness",
        ("funding", "Who paid, and what the payer had a say in."),
        ("conflicts", "Conflicts of interest of each author."),
        ("protocol", "Where the protocol can be read."),
        ("registration", "Registry and number of the study."),
        ("data_sharing", "Who can get the data, and how."),
        ("code_sharing", "Where the code can be read."),
    ),
    *_table(
        "maintenance",
        ("monitoring", "How validity in use is watched, by whom, how often."),
        ("local_validation", "How a new site checks it before use."),
        ("fairness_monitoring", "How fairness in use is watched."),
        ("updates", "When and how it is updated."),
        ("correction", "What happens when a fault is found."),
        ("future_research", "What has to be studied next."),
    ),
    *_table(
        "extra",
        ("health_record_system", "Health record systems it works with."),
        ("regulatory_approval", "Regulatory approvals held."),
        ("security", "Security measures, if not those of the service itself."),
        ("third_party", "Third parties that took part."),
        ("evaluation_references", "References of evaluations."),
        ("clinical_trial", "Clinical trials of the model."),
        ("publications", "Peer-reviewed publications."),
        ("reimbursement", "Reimbursement status."),
        ("bibliography", "Further references."),
        (
            "leakage_review",
            "Asked for where a held-out AUC above 0.85 is suspect: who looked "
            "for leakage, how, and what was found.",
        ),
        optional=True,
    ),
)
"""Every entry of the author's file, in its order."""

_TABLES = tuple(dict.fromkeys(field.key.partition(".")[0] for field in AUTHOR_FIELDS))


class _Answers(Settings):
    """One table of the file."""

    model_config = ConfigDict(str_strip_whitespace=True)


_Names = Annotated[list[str], AfterValidator(lambda names: [name for name in names if name])]


def _make_table(table: str) -> type[Settings]:
    """Return one table as pydantic reads it, its entries empty where they are left out."""
    entries: dict[str, Any] = {
        field.key.removeprefix(f"{table}."): (_Names if field.many else str, field.empty)
        for field in AUTHOR_FIELDS
        if field.key.startswith(f"{table}.")
    }
    return create_model(table, __base__=_Answers, **entries)


def _make_file() -> type[Settings]:
    made = {table: _make_table(table) for table in _TABLES}
    tables: dict[str, Any] = {name: (table, table()) for name, table in made.items()}
    return create_model("AuthorFile", __base__=Settings, **tables)


_FILE = _make_file()
_HEAD = """\
# What only people can say of the model: the author's part of its card.
#
# Answer in a sentence or two. Where there is no answer, say why:
#     "not available, because ..."
# Then: ketresponse card make MODEL --card card.toml
"""


def is_reasoned_absence(text: str) -> bool:
    """Return whether a text says that something is not available, with a reason."""
    lowered = text.strip().lower()
    return lowered.startswith(NOT_AVAILABLE) and len(lowered) > len(NOT_AVAILABLE)


def make_author_template() -> str:
    """Return an empty author's file with a comment above each entry."""
    lines = [_HEAD]
    for table in _TABLES:
        lines.append(f"[{table}]")
        if table == "extra":
            lines.append("# All of these may stay empty.")
        for field in AUTHOR_FIELDS:
            owner, _, key = field.key.partition(".")
            if owner == table:
                lines += [f"# {field.question}", f"{key} = {json.dumps(field.empty)}"]
        lines.append("")
    return "\n".join(lines)


def empty_author() -> dict[str, Any]:
    """Return the answers of an author who has given none."""
    return {field.key: field.empty for field in AUTHOR_FIELDS}


def read_author(path: Path) -> dict[str, Any]:
    """Read an author's file.

    Parameters
    ----------
    path : Path
        TOML, UTF-8, as :func:`make_author_template` writes it. An entry left out is empty.

    Returns
    -------
    dict
        Answer by ``TABLE.NAME``, stripped: text, or a list of texts where many are asked for.

    Raises
    ------
    InputError
        Listing every unknown entry and every one that is not a text.
    """
    action = "write one with `ketresponse card template`"
    _, content = read_toml(path, "author's file", action=action)
    read = read_settings(_FILE, content, f"author's file {path.name}")
    return {
        f"{table}.{key}": answer
        for table, answers in read.model_dump().items()
        for key, answer in answers.items()
    }
