"""Whether a model's folder is still what two people have approved.

Beside the model, its facts and its card lies the annex, ``review.json``: who approved what, and
the digests it holds for. What is checked here is that folder and code agree with the annex; that
the annex itself is true tells its signature, which takes the review key to make.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.errors import KetresponseError, Refused
from training.approval.approval import check_annex, describe_waivers
from training.approval.case import FINAL, Digests, name_standing
from training.review.counter import find_counter, find_newer, name_model, note_entry
from training.review.signature import check_signature, find_public_key
from training.store.artifact import read_facts
from training.store.code_digest import compute_code_digest
from training.store.facts import ModelFacts
from training.store.statuses import APPROVALS

__all__ = [
    "ANNEX",
    "check_approval",
    "check_newest",
    "compute_digests",
    "read_annex",
    "read_signed",
    "make_refusal",
    "parse_signed",
    "write_annex",
]

ANNEX = "review.json"
_NOT_SERVED = "this model is not served as approved"


def compute_digests(facts: ModelFacts, digest: str, card_sha256: str) -> Digests:
    """Return what an approval of this model is bound to, with the code that runs now."""
    return Digests(digest, facts.cohort_sha256, card_sha256, compute_code_digest())


def read_annex(folder: Path) -> dict[str, Any] | None:
    """Return the annex of a model's folder; None where the model was never reviewed.

    Raises
    ------
    KetresponseError
        If it is damaged.
    """
    found = read_signed(folder)
    return None if found is None else found[0]


def read_signed(folder: Path) -> tuple[dict[str, Any], str] | None:
    """Return the annex of a model's folder and its signature, as :func:`read_annex`."""
    path = folder / ANNEX
    if not path.exists():
        return None
    try:
        return parse_signed(path.read_bytes())
    except (OSError, ValueError) as err:
        raise KetresponseError(f"{path} is damaged; fetch the model again") from err


def parse_signed(document: bytes) -> tuple[dict[str, Any], str]:
    """Return an annex and its signature, which is not checked here.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        found = json.loads(document)
        annex, signature = dict(found["annex"]), str(found["signature"])
        Digests(**annex["digests"])
        [entry["account"] for name in ("approvals", "waivers", "history") for entry in annex[name]]
        [annex[name] for name in ("standing", "scope")]
        int(annex.get("entry", 0))
    except (TypeError, KeyError, AttributeError) as err:
        raise ValueError("no record of a review") from err
    return annex, signature


def write_annex(folder: Path, annex: Mapping[str, Any], signature: str) -> Path:
    """Write the annex and its signature into a model's folder and return its path."""
    path = folder / ANNEX
    document = {"annex": annex, "signature": signature}
    path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def make_refusal(what: str, reasons: list[str]) -> Refused:
    """Return the refusal of something, with every reason."""
    return Refused("\n".join([f"{what}:", *(f"  - {reason}" for reason in reasons)]))


def check_approval(folder: Path, status: str, *, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the gates that an approved model was let pass, a sentence each; else refuse it.

    A model that is not approved needs no approval, and was let pass nothing.

    Parameters
    ----------
    folder : Path
        A model's folder.
    status : str
        What its facts say.
    environ : mapping
        Where the reviewers' public key is: :func:`training.review.signature.find_public_key`.

    Raises
    ------
    Refused
        If the folder is not what was approved, the code is not, or the record of the review was
        not signed with the reviewers' key; listing every reason.
    """
    if status not in APPROVALS:
        return ()
    annex = _check_sealed(folder, status, find_public_key(environ, folder))
    check_newest(annex, str(folder.resolve()), find_counter(environ, folder))
    return tuple(describe_waivers(annex))


def check_newest(annex: Mapping[str, Any], where: str, counter: Path) -> bool:
    """Refuse a record that is older than one seen before, and note this one.

    Parameters
    ----------
    annex : mapping
        The record, its signature checked.
    where : str
        The place it was read from.
    counter : Path
        From :func:`training.review.counter.find_counter`.

    Returns
    -------
    bool
        Whether it could be noted.

    Raises
    ------
    Refused
        If it was put back.
    """
    model, entry = name_model(annex), annex.get("entry", 0)
    here = f"{model} at {where}"
    newer = find_newer(counter, (model, here), entry)
    if newer is not None:
        told = f"of entry {entry}; one of entry {newer} was seen before ({counter})"
        raise make_refusal(_NOT_SERVED, [f"an older record of its review was put back: {told}"])
    if annex["standing"] in FINAL.values():
        here = model  # final wherever it is read
    return note_entry(counter, here, entry)


def _check_sealed(folder: Path, status: str, public_key: Path) -> dict[str, Any]:
    signed = read_signed(folder)
    if signed is None:
        raise make_refusal(_NOT_SERVED, [f"there is no record of a review ({ANNEX})"])
    annex, signature = signed
    facts, digest = read_facts(folder)
    # Most who ask for an estimate have no card to read.
    from training.card.card import read_card
    from training.card.gates import compute_gates

    card = read_card(folder)
    digests = compute_digests(facts, digest, card.sha256)
    unmet = check_annex(annex, digests, compute_gates(card.body))
    reasons = [found.text for found in unmet]
    told = name_standing(annex["standing"], annex["scope"])
    if told in APPROVALS and told != status:
        reasons.append(f"it is {told}, and its files call it {status}: release it again")
    if not check_signature(annex, signature, public_key):
        reasons.append(
            f"the record of its review ({ANNEX}) was not signed with the reviewers' key, or was "
            f"changed since (checked by {public_key})"
        )
    if reasons:
        raise make_refusal(_NOT_SERVED, reasons)
    return annex
