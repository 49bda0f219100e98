"""Save and load a frozen model without pickle: an artifact folder, whole or absent.

A folder holds

- ``model.skops``: the :class:`ResponseModel`, in skops's format. The same model gives the same
  bytes.
- ``panel.skops``: the :class:`PanelModel` for patients with a panel, in the same format; only
  where there is one.
- ``facts.json``: what was known about the model when it was made. It never changes.
- ``digest.json``: the format's version, the SHA-256 of the files above and of the whole.
- ``release.json``: what may change later without touching the model: name, version, status, run
  and card.

Nothing is given to skops before the digests and the format have been checked, and then only if
it is made of the types listed in this module. A digest tells that a folder is the one that was
saved; it does not tell who saved it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.dictionary.rule import Rule, read_rule
from features.errors import InputError, KetresponseError, Problem
from features.files.temporary import temporary_folder
from training.model.response_model import ResponseModel
from training.panel.model import PanelModel
from training.store.facts import ModelFacts
from training.store.skops_bytes import model_from_bytes, panel_from_bytes, to_bytes

__all__ = [
    "FORMAT_VERSION",
    "LoadedModel",
    "load_model",
    "read_facts",
    "save_model",
    "write_release",
]

FORMAT_VERSION = 6
"""Raised when a folder written by earlier code could no longer be read, or read otherwise: also
when a class moves whose path artifacts hold (:mod:`training.store.skops_bytes` lists them)."""

_MODEL, _PANEL, _FACTS = "model.skops", "panel.skops", "facts.json"
_DIGEST, _RELEASE = "digest.json", "release.json"
_RELEASE_FIELDS = ("name", "version", "status", "run_id", "card_sha256")


@dataclass(frozen=True)
class LoadedModel:
    """A model read from its folder.

    Parameters
    ----------
    model : ResponseModel
        The arithmetic.
    facts : ModelFacts
        What is known about it, release included.
    digest : str
        SHA-256 of model and facts, 64 hexadecimal digits; the release does not change it.
    panel : PanelModel or None
        The sub-model for patients with a panel, where there is one.
    """

    model: ResponseModel
    facts: ModelFacts
    digest: str
    panel: PanelModel | None = None

    @property
    def rule(self) -> Rule:
        """The responder rule, on the scale that the model's dictionary declares."""
        return read_rule(self.facts.rule, self.model.dictionary)


def _refuse(folder: Path, why: str, *, action: str = "") -> KetresponseError:
    action = action or "fetch the folder again from where it was registered, or train again"
    return KetresponseError(f"cannot use the model in {folder}: {why}; {action}")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _to_json(value: Any) -> bytes:
    return json.dumps(value, indent=1, allow_nan=False, sort_keys=True).encode() + b"\n"


def _digest(sha256: Mapping[str, str]) -> str:
    return _sha256(_to_json({"format": FORMAT_VERSION, "sha256": sha256}))


def _check_agree(model: ResponseModel, facts: ModelFacts, panel: PanelModel | None) -> None:
    """Raise unless facts and panel speak of this model's horizons and predictors."""
    horizons, predictors = set(model.horizons), set(model.predictors)
    told = facts.panel or {}
    pairs: list[tuple[str, Iterable[str], Iterable[str]]] = [
        ("outcomes", horizons, set(facts.outcomes)),
        ("base_rates", horizons, set(facts.base_rates)),
        ("counts", horizons, set(facts.counts) - {"n_patients"}),
        ("training_ranges", predictors, set(facts.training_ranges)),
        ("submodel", ["clinical" if panel is None else "clinical+panel"], [facts.submodel]),
        ("panel", () if panel is None else panel.selected, tuple(told.get("assays", ()))),
    ]
    if panel is not None:
        pairs += [
            ("the panel's horizons", model.horizons, panel.response.horizons),
            ("the panel's predictors", model.predictors, panel.clinical_predictors),
            # Where all of a horizon's patients with a panel fared alike, nothing is told of it.
            ("the panel's counts", horizons, horizons | set(told.get("horizons", ()))),
        ]
    problems = [
        Problem(name, " and ".join(sorted(wanted)), " and ".join(sorted(got)) or "nothing")
        for name, wanted, got in pairs
        if wanted != got
    ]
    if problems:
        raise InputError("facts that are not this model's", problems)


def _split(facts: ModelFacts) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the facts that never change, and those of the release."""
    values = facts.to_dict()
    release = {key: values.pop(key) for key in _RELEASE_FIELDS}
    return values, release


def _release_bytes(facts: ModelFacts, digest: str) -> bytes:
    release = _split(facts)[1]
    # Its own digest: a hand-edited status is noticed, and one model's release fits no other.
    return _to_json({"release": release, "sha256": _sha256(_to_json([release, digest]))})


def save_model(
    folder: Path, model: ResponseModel, facts: ModelFacts, panel: PanelModel | None = None
) -> str:
    """Write a model and its facts into a new folder, whole or not at all.

    Parameters
    ----------
    folder : Path
        Must not exist yet; the folder it lies in is made where it is missing.
    model : ResponseModel
        What to save. Its bytes are read back before anything is written.
    facts : ModelFacts
        About this model; with a panel its `submodel` is "clinical+panel" and its `panel` is told.
    panel : PanelModel or None
        The sub-model for patients with a panel, of the same horizons and clinical predictors.

    Returns
    -------
    str
        The digest, 64 hexadecimal digits: the same for the same model and facts, whatever the
        release.

    Raises
    ------
    KetresponseError
        If the folder exists, cannot be written, or facts and model do not go together.
    """
    if os.path.lexists(folder):
        raise KetresponseError(f"{folder} exists already; choose another folder or remove it")
    _check_agree(model, ModelFacts.from_dict(facts.to_dict()), panel)
    contents = {_MODEL: to_bytes(model), _FACTS: _to_json(_split(facts)[0])}
    model_from_bytes(contents[_MODEL])
    if panel is not None:
        contents[_PANEL] = to_bytes(panel)
        panel_from_bytes(contents[_PANEL])
    sha256 = {name: _sha256(data) for name, data in contents.items()}
    digest = _digest(sha256)
    contents[_DIGEST] = _to_json({"format": FORMAT_VERSION, "sha256": sha256, "digest": digest})
    contents[_RELEASE] = _release_bytes(facts, digest)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(folder.parent, prefix=".saving-") as temporary:
            whole = temporary / folder.name
            whole.mkdir()
            for name, data in contents.items():
                (whole / name).write_bytes(data)
            whole.rename(folder)
    except OSError as err:
        raise KetresponseError(f"cannot write {folder}: {err.strerror or err}") from err
    return digest


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    if path.is_symlink():
        raise _refuse(folder, f"{name} is a link, not a file")
    try:
        return path.read_bytes()
    except OSError as err:
        raise _refuse(folder, f"{name} cannot be read ({err.strerror})") from err


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON")  # Python's reader would take NaN and Infinity


def _read_json(folder: Path, name: str, *keys: str) -> dict[str, Any]:
    try:
        value = json.loads(_read(folder, name), parse_constant=_no_constant)
        if not isinstance(value, dict) or not set(keys) <= set(value):
            raise ValueError("keys are missing")
    except (ValueError, RecursionError) as err:
        raise _refuse(folder, f"{name} is damaged") from err
    return value


def _read_checked(folder: Path) -> tuple[dict[str, bytes], ModelFacts, str]:
    """Return the files' bytes, the facts and the digest, once everything agrees."""
    if not folder.is_dir():
        raise _refuse(folder, "there is no such folder", action="check the path")
    seal = _read_json(folder, _DIGEST, "format", "sha256", "digest")
    if seal["format"] != FORMAT_VERSION:
        older = isinstance(seal["format"], int) and seal["format"] < FORMAT_VERSION
        raise _refuse(
            folder,
            f"it is of {'an older' if older else 'another'} format than this version of "
            f"ketresponse reads ({FORMAT_VERSION})",
            action="train the model again, or use the version of ketresponse that wrote it",
        )
    names = {_MODEL, _FACTS} | ({_PANEL} if os.path.lexists(folder / _PANEL) else set())
    contents = {name: _read(folder, name) for name in sorted(names)}
    if not isinstance(seal["sha256"], dict) or seal["digest"] != _digest(seal["sha256"]):
        raise _refuse(folder, f"{_DIGEST} is not as it was saved")
    for name in sorted(set(seal["sha256"]) - names):
        raise _refuse(folder, f"{name} is missing")
    for name, data in contents.items():
        if seal["sha256"].get(name) != _sha256(data):
            raise _refuse(folder, f"{name} is not as it was saved")
    digest = seal["digest"]
    release = _read_json(folder, _RELEASE, "release", "sha256")
    known = isinstance(release["release"], dict) and set(release["release"]) == {*_RELEASE_FIELDS}
    if not known or release["sha256"] != _sha256(_to_json([release["release"], digest])):
        raise _refuse(folder, f"{_RELEASE} is not as it was written for this model")
    try:
        facts = ModelFacts.from_dict({**json.loads(contents[_FACTS]), **release["release"]})
    except (KetresponseError, ValueError, TypeError) as err:
        raise _refuse(folder, f"{_FACTS} is not what this version of ketresponse writes") from err
    return contents, facts, digest


def read_facts(folder: Path) -> tuple[ModelFacts, str]:
    """Return the facts and the digest of a saved model, checked, without loading the model.

    Raises
    ------
    KetresponseError
        As :func:`load_model`.
    """
    _, facts, digest = _read_checked(folder)
    return facts, digest


def load_model(folder: Path) -> LoadedModel:
    """Read a model from its folder.

    Parameters
    ----------
    folder : Path
        As :func:`save_model` wrote it.

    Raises
    ------
    KetresponseError
        One line, if anything is missing, was changed, is of another format or holds a type that
        is not a model's. Nothing of the model is looked into before the digests agree.
    """
    contents, facts, digest = _read_checked(folder)
    name = _MODEL
    try:
        model = model_from_bytes(contents[_MODEL])
        name = _PANEL
        panel = panel_from_bytes(contents[_PANEL]) if _PANEL in contents else None
    except KetresponseError:  # a library of the system is missing: that is told as it is
        raise
    except Exception as err:  # a file made on purpose can make skops raise anything
        raise _refuse(folder, f"{name} is not a model this version of ketresponse reads") from err
    try:
        _check_agree(model, facts, panel)
    except InputError as err:
        raise _refuse(folder, f"{_FACTS} speaks of another model") from err
    return LoadedModel(model, facts, digest, panel)


def write_release(folder: Path, facts: ModelFacts) -> Path:
    """Change name, version, status, run or card of a saved model, and nothing else.

    Parameters
    ----------
    folder : Path
        As :func:`save_model` wrote it.
    facts : ModelFacts
        Those of the folder with a new release, as ``dataclasses.replace`` makes them.

    Returns
    -------
    Path
        Of the one file that was written.

    Raises
    ------
    KetresponseError
        If any other fact differs, or the folder cannot be used.
    """
    stored, digest = read_facts(folder)
    if _split(stored)[0] != _split(facts)[0]:
        raise _refuse(folder, "these facts are another model's", action="change the release only")
    try:
        with temporary_folder(folder, prefix=".release-") as temporary:
            part = temporary / _RELEASE
            part.write_bytes(_release_bytes(facts, digest))
            return part.replace(folder / _RELEASE)
    except OSError as err:
        raise KetresponseError(f"cannot write {folder / _RELEASE}: {err.strerror}") from err
