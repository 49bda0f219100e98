"""Save and load a frozen model without pickle: an artifact folder, whole or absent.

A folder holds

- ``model.skops``: the :class:`ResponseModel`, in skops's format. The same model gives the same
  bytes.
- ``facts.json``: what was known about the model when it was made. It never changes.
- ``digest.json``: the format's version, the SHA-256 of the two files above and of the whole.
- ``release.json``: what may change later without touching the model: name, version, status, run
  and card.

Nothing is given to skops before the digests and the format have been checked, and then only if
it is made of the types listed in this module. A digest tells that a folder is the one that was
saved; it does not tell who saved it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np

from features.errors import InputError, KetresponseError, Problem
from training.facts import ModelFacts, package_versions
from training.response_model import ResponseModel

__all__ = [
    "FORMAT_VERSION",
    "LoadedModel",
    "ModelFacts",
    "load_model",
    "package_versions",
    "read_facts",
    "save_model",
    "write_release",
]

FORMAT_VERSION = 2
"""Raised when a folder written by earlier code could no longer be read, or read otherwise."""

_MODEL, _FACTS, _DIGEST, _RELEASE = "model.skops", "facts.json", "digest.json", "release.json"
_RELEASE_FIELDS = ("name", "version", "status", "run_id", "card_sha256")
_OUR_TYPES = (
    "features.transformers.PredictorBasis",
    "training.response_model.OutcomeModel",
    "training.response_model.ResponseModel",
    "training.response_model.WorkingModel",
)
_ALLOWED = frozenset(
    {
        ("DictNode", "builtins.dict"),
        ("JsonNode", "builtins.str"),  # how skops writes text, numbers, yes/no and None
        ("ListNode", "builtins.list"),
        ("NdArrayNode", "numpy.ndarray"),
        ("TupleNode", "builtins.tuple"),
        ("TypeNode", "builtins.int"),  # the types of a mapping's keys
        ("TypeNode", "builtins.str"),
        *(("ObjectNode", name) for name in _OUR_TYPES),
    }
)
"""Everything a model file may hold: skops's loader and the type that it makes. skops itself
trusts every scikit-learn estimator, and more; nothing but these is let through to it."""


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
    """

    model: ResponseModel
    facts: ModelFacts
    digest: str


def _refuse(folder: Path, why: str, *, action: str = "") -> KetresponseError:
    action = action or "fetch the folder again from where it was registered, or train again"
    return KetresponseError(f"cannot use the model in {folder}: {why}; {action}")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _to_json(value: Any) -> bytes:
    return json.dumps(value, indent=1, allow_nan=False, sort_keys=True).encode() + b"\n"


def _digest(sha256: Mapping[str, str]) -> str:
    return _sha256(_to_json({"format": FORMAT_VERSION, "sha256": sha256}))


def _dump(model: ResponseModel) -> bytes:
    """Return the model in skops's format, the same bytes for the same model.

    skops names objects and arrays by their address in memory and stamps the hour. No object need
    be shared after loading, so the addresses are dropped, and the arrays are named in their
    order.
    """
    import skops.io  # imports all of scikit-learn: seconds that reading facts need not wait for

    schema = ""
    names: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        return names.setdefault(match[1], f'"{len(names)}.npy"')

    buffer = io.BytesIO()
    with ZipFile(io.BytesIO(skops.io.dumps(model))) as addressed, ZipFile(buffer, "w") as plain:
        schema = addressed.read("schema.json").decode()
        # Quotes inside a JSON text are escaped, so that these patterns match keys only.
        schema = re.sub(r'"__id__": \d+', '"__id__": null', schema)
        schema = re.sub(r'(?<="file": )("\d+\.npy")', rename, schema)
        plain.writestr(ZipInfo("schema.json"), schema)
        for old, new in names.items():
            plain.writestr(ZipInfo(json.loads(new)), addressed.read(json.loads(old)))
    return buffer.getvalue()


def _nodes(tree: Any) -> Iterator[tuple[str, str]]:
    """Yield the loader and the type of every object that a skops schema would make."""
    if isinstance(tree, dict):
        if "__loader__" in tree:
            yield tree["__loader__"], f"{tree.get('__module__')}.{tree.get('__class__')}"
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from _nodes(branch)


def _undump(data: bytes) -> ResponseModel:
    import skops.io

    with ZipFile(io.BytesIO(data)) as archive:
        found = set(_nodes(json.loads(archive.read("schema.json"))))
    if not found <= _ALLOWED:
        # The names come from the file: only their number is told.
        raise ValueError(f"holds {len(found - _ALLOWED)} type(s) that a model has no need of")
    model = skops.io.loads(data, trusted=_OUR_TYPES)
    if not isinstance(model, ResponseModel):
        raise TypeError(f"holds a {type(model).__name__}")
    served = model.probability(np.full((1, len(model.predictors)), np.nan))
    if served.shape != (1, len(model.horizons)) or not np.all((served >= 0) & (served <= 1)):
        raise ValueError("gives no probabilities")
    return model


def _check_agree(model: ResponseModel, facts: ModelFacts) -> None:
    """Raise unless the facts speak of this model's horizons and predictors."""
    horizons, predictors = set(model.horizons), set(model.predictors)
    problems = [
        Problem(name, " and ".join(sorted(wanted)), " and ".join(sorted(got)) or "nothing")
        for name, wanted, got in [
            ("outcomes", horizons, set(facts.outcomes)),
            ("base_rates", horizons, set(facts.base_rates)),
            ("counts", horizons, set(facts.counts) - {"n_patients"}),
            ("training_ranges", predictors, set(facts.training_ranges)),
        ]
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


def save_model(folder: Path, model: ResponseModel, facts: ModelFacts) -> str:
    """Write a model and its facts into a new folder, whole or not at all.

    Parameters
    ----------
    folder : Path
        Must not exist yet; the folder it lies in is made where it is missing.
    model : ResponseModel
        What to save. Its bytes are read back before anything is written.
    facts : ModelFacts
        About this model.

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
    _check_agree(model, ModelFacts.from_dict(facts.to_dict()))
    contents = {_MODEL: _dump(model), _FACTS: _to_json(_split(facts)[0])}
    _undump(contents[_MODEL])
    sha256 = {name: _sha256(data) for name, data in contents.items()}
    digest = _digest(sha256)
    contents[_DIGEST] = _to_json({"format": FORMAT_VERSION, "sha256": sha256, "digest": digest})
    contents[_RELEASE] = _release_bytes(facts, digest)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=".saving-") as temporary:
            whole = Path(temporary) / folder.name
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


def _read_checked(folder: Path) -> tuple[bytes, ModelFacts, str]:
    """Return the model's bytes, the facts and the digest, once everything agrees."""
    if not folder.is_dir():
        raise _refuse(folder, "there is no such folder", action="check the path")
    seal = _read_json(folder, _DIGEST, "format", "sha256", "digest")
    if seal["format"] != FORMAT_VERSION:
        raise _refuse(
            folder,
            f"it is of another format than this version of ketresponse reads ({FORMAT_VERSION})",
            action="use the version of ketresponse that wrote it, or train again",
        )
    contents = {name: _read(folder, name) for name in (_MODEL, _FACTS)}
    if not isinstance(seal["sha256"], dict) or seal["digest"] != _digest(seal["sha256"]):
        raise _refuse(folder, f"{_DIGEST} is not as it was saved")
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
    return contents[_MODEL], facts, digest


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
    data, facts, digest = _read_checked(folder)
    try:
        model = _undump(data)
    except KetresponseError:  # a library of the system is missing: that is told as it is
        raise
    except Exception as err:  # a file made on purpose can make skops raise anything
        raise _refuse(folder, f"{_MODEL} is not a model this version of ketresponse reads") from err
    try:
        _check_agree(model, facts)
    except InputError as err:
        raise _refuse(folder, f"{_FACTS} speaks of another model") from err
    return LoadedModel(model, facts, digest)


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
        with TemporaryDirectory(dir=folder, prefix=".release-") as temporary:
            part = Path(temporary) / _RELEASE
            part.write_bytes(_release_bytes(facts, digest))
            return part.replace(folder / _RELEASE)
    except OSError as err:
        raise KetresponseError(f"cannot write {folder / _RELEASE}: {err.strerror}") from err
