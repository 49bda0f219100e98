"""Turn the approved version of a model into what BentoML serves, or refuse with every reason.

A released folder is a BentoML project: ``bentoml build`` makes a bento of it without a network.

- ``model/``: the artifact with status "approved", the card, and ``review.json``, who approved it.
- ``features/``, ``training/``, ``serving/``: the code that was approved.
- ``review.pub``: the public key by which the bento checks who has approved its model.
- ``bentofile.yaml``, ``requirements.txt``: what the bento is made of.

The same model is put into BentoML's model store; the bento refers to it there by its tag.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
from dataclasses import dataclass, replace
from importlib.metadata import requires, version
from pathlib import Path

from features.errors import KetresponseError, Refused
from training.approval.case import Account, approved_version, released_versions
from training.card.render import write_pages
from training.review.desk import Desk
from training.review.file import File
from training.review.placing import MODEL, ReleasePlace
from training.review.seal import ANNEX, make_refusal, write_annex
from training.review.signature import BESIDE_CODE
from training.store.artifact import write_release
from training.store.code_digest import list_service_path

__all__ = ["release_version", "roll_back"]

_ALIAS = "released"  # as serving.service looks for it
_BENTOFILE = """\
service: serving.service:service
name: {name}
labels:
  ketresponse: {label}
include: ["features/**", "training/**", "serving/**", "{public_key}"]
exclude: ["**/__pycache__/**"]
models:
  - tag: {tag}
    alias: {alias}
python:
  requirements_txt: requirements.txt
  lock_packages: false
"""


@dataclass(frozen=True)
class Released:
    """What a release has made.

    Parameters
    ----------
    subject : str
        ``NAME:VERSION``.
    folder : Path
        The BentoML project; its sub-folder ``model`` is what `ketresponse serve` takes.
    tag : str
        In BentoML's model store.
    bentoml_home : Path
        Where that store is.
    scope : str
        What it was approved for.
    """

    subject: str
    folder: Path
    tag: str
    bentoml_home: Path
    scope: str


def release_version(
    desk: Desk,
    name: str,
    version: str | None = None,
    *,
    folder: Path,
    bentoml_home: Path,
    by: Account | None = None,
) -> Released:
    """Release an approved version.

    Parameters
    ----------
    desk : Desk
        Of the registry and its reviews.
    name : str
        Of the model.
    version : str or None
        None takes the approved one, or where there is none the newest, to tell what it lacks.
    folder : Path
        Where the BentoML project goes, in place of an earlier release.
    bentoml_home : Path
        Of BentoML's model store.
    by : Account or None
        Who releases, logged in; None is enough as long as nobody has the role of a releaser.

    Raises
    ------
    Refused
        Listing every unmet criterion, or if `by` may not release; nothing is written.
    KetresponseError
        If the folder is hidden, holds something else than a release, or cannot be written.
    """
    file = desk.read(name, version or approved_version(desk.log.read(), name))
    desk.check(file)
    place = _find_place(file, folder, bentoml_home)
    return _release(desk, file, "release", f"to {folder}", place, by)


def roll_back(
    desk: Desk, name: str, *, folder: Path, bentoml_home: Path, by: Account | None = None
) -> Released:
    """Release the version again that was released before the present one.

    A version that may no longer be released is passed over; see :func:`release_version`.

    Raises
    ------
    Refused
        If there is none, with the reasons for each.
    """
    *earlier, present = released_versions(desk.log.read(), name) or [""]
    reasons = []
    for number in reversed(earlier):
        file = desk.read(name, number)
        if not file.unmet:
            place = _find_place(file, folder, bentoml_home)
            return _release(desk, file, "rollback", f"from version {present}", place, by)
        reasons += [f"version {number}: {unmet.text}" for unmet in file.unmet]
    what = f"cannot roll {name} back" + (f" from version {present}" if present else "")
    raise make_refusal(what, reasons or ["no earlier version was released"])


def _check_may_release(desk: Desk, by: Account | None) -> None:
    """Refuse whoever has not the role, once somebody has it."""
    releasers = desk.accounts.list_role("releaser")
    if releasers and (by is None or by.name not in releasers):
        raise Refused(f"releases are made by a releaser: {', '.join(releasers)}; use --by")
    if by is not None and not desk.accounts.knows(by):
        raise Refused(f"{by.name} is no account in use")


def _find_place(file: File, folder: Path, bentoml_home: Path) -> ReleasePlace:
    """Return where a release goes, if it may go there."""
    if any(part.startswith(".") for part in folder.resolve().parts):
        raise KetresponseError(
            f"{folder} lies in a hidden folder (its name begins with a dot), in which BentoML "
            "builds nothing: choose another with --to"
        )
    if folder.exists() and not (folder / MODEL / ANNEX).is_file() and any(folder.iterdir()):
        raise KetresponseError(f"{folder} holds something else than a release; choose another")
    return ReleasePlace(folder, bentoml_home / "models" / file.facts.name / file.facts.version)


def _release(
    desk: Desk, file: File, kind: str, comment: str, place: ReleasePlace, by: Account | None
) -> Released:
    """Stage the project whole, write the release down, and then put it in its place.

    What fails before it is written down has changed nothing; what stops afterwards is finished by
    the next command, :meth:`training.review.desk.Desk.settle`.
    """
    _check_may_release(desk, by)
    tag = f"{file.facts.name}:{file.facts.version}"
    actor = f"{getpass.getuser()} at this machine" if by is None else by.name
    try:
        with desk.recording(kind, file, actor=actor, comment=comment, place=place) as file:
            _stage(file, desk, place, tag)
    except OSError as err:
        raise KetresponseError(f"cannot write {place.folder}: {err.strerror or err}") from err
    home = place.stored.parents[2]
    return Released(file.case.subject, place.folder, tag, home, file.case.scope)


def _stage(file: File, desk: Desk, place: ReleasePlace, tag: str) -> None:
    """Write what is released, complete, beside where it goes."""
    whole = place.staged
    whole.mkdir(parents=True)
    _write_project(file, whole)
    write_annex(whole / MODEL, file.annex, desk.log.sign(file.annex))
    shutil.copy(desk.log.public_key, whole / BESIDE_CODE)
    write_pages(file.card, whole / MODEL, annex=file.annex, status=file.status)
    _store_model(whole / MODEL, tag, place)


def _write_project(file: File, whole: Path) -> None:
    shutil.copytree(file.folder, whole / MODEL)
    facts = replace(file.facts, status=file.status, card_sha256=file.card.sha256)
    write_release(whole / MODEL, facts)
    root = Path(__file__).resolve().parents[1]
    for package in dict.fromkeys(module.partition(".")[0] for module in list_service_path()):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / package, whole / package, ignore=ignored)
    tag = f"{facts.name}:{facts.version}"
    text = _BENTOFILE.format(
        name=facts.name, label=facts.version, tag=tag, alias=_ALIAS, public_key=BESIDE_CODE
    )
    (whole / "bentofile.yaml").write_text(text, encoding="utf-8")
    (whole / "requirements.txt").write_text("\n".join(_pins()) + "\n")


def _pins() -> list[str]:
    """Return the packages that a prediction needs, in the versions that were approved."""
    needed = [need for need in requires("ketresponse") or () if "extra ==" not in need]
    names = [re.split("[^A-Za-z0-9._-]", need)[0] for need in needed]
    return [f"{name}=={version(name)}" for name in names]


def _store_model(model: Path, tag: str, place: ReleasePlace) -> None:
    """Make the model as BentoML keeps it, and stage it."""
    # BentoML writes to the home folder, and reports its use, unless told otherwise before it is
    # imported. Its own choice of a store is made at the import, so that the store is named here.
    os.environ["BENTOML_DO_NOT_TRACK"] = "True"
    os.environ.setdefault("BENTOML_HOME", str(place.stored.parents[2]))
    import bentoml
    from bentoml._internal.models.model import ModelStore

    folder = place.staged_model.parent / "store"
    folder.mkdir(parents=True)
    with bentoml.models.create(tag, _model_store=ModelStore(folder)) as stored:
        shutil.copytree(model, stored.path, dirs_exist_ok=True)
    (folder / place.stored.relative_to(place.stored.parents[1])).rename(place.staged_model)
