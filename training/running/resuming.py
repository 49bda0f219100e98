"""Where the parts of a training are kept until it has ended, and what they are parts of.

They lie in a hidden folder beside the study file, in a folder whose name is a digest of all that
the numbers depend on: patients, study, options, code and packages. Parts of anything else are never
used. Whoever asks to go on, and cannot, is told what has changed since.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import InputError
from features.files.table import write_bytes
from training.fitting.parts import Parts
from training.fitting.response import TrainingData
from training.store.facts import package_versions
from training.study.study import Description

__all__ = ["FLOORS", "describe_training", "digest_floors", "open_parts"]

_ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("features", "training")
"""Whose code a training runs."""
_NO_CODE = {"__pycache__", "output"}
_KEY = "key.json"
_NAMES = {
    "cohort": "the patients",
    "study": "the study file",
    "options": "the options",
    "code": "ketresponse itself",
    "packages": "the installed packages",
}


@dataclass(frozen=True, eq=False)
class Kept:
    """The parts of a training, and what is to be said of them.

    Parameters
    ----------
    parts : Parts
        Those of this very training.
    told : str
        What is gone on from, or why nothing is; empty where nothing was kept or asked.
    folder : Path
        Where the parts of all trainings of the study file are kept.
    """

    parts: Parts
    told: str
    folder: Path

    def remove(self) -> None:
        """Remove the parts of every training of the study, once one has ended."""
        shutil.rmtree(self.folder, ignore_errors=True)


def open_parts(study_file: Path, training: Mapping[str, str], *, resume: bool) -> Kept:
    """Open the parts of a training.

    Parameters
    ----------
    study_file : Path
        Beside which they are kept.
    training : mapping
        :func:`describe_training`.
    resume : bool
        Whether to go on from what is kept. If not, everything is computed, and replaces it.
    """
    folder = study_file.resolve().parent / f".{study_file.name}.parts"
    written = json.dumps(dict(training), sort_keys=True).encode()
    own = folder / hashlib.sha256(written).hexdigest()[:32]
    parts = Parts(own, reuse=resume)
    told = _tell(parts.count(), _read_others(folder), training, resume=resume)
    # A folder that cannot be written: the training can then not be resumed, and goes on.
    with suppress(OSError, InputError):
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_bytes(written, own / _KEY, force=True)
    return Kept(parts, told, folder)


def _tell(
    n: int, others: list[dict[str, str]], training: Mapping[str, str], *, resume: bool
) -> str:
    if n and resume:
        return f"Going on from a training that was stopped: {n} of its fits are kept."
    if n:
        return (
            f"A training of this study was stopped, and {n} of its fits are kept: --resume would "
            "go on from there. This one starts from the beginning."
        )
    if not resume:
        return ""
    if not others:
        return "Nothing to go on from is kept beside the study: starting from the beginning."
    changed = min(
        (
            [name for key, name in _NAMES.items() if training[key] != other.get(key)]
            for other in others
        ),
        key=len,
    )
    return (
        f"Starting from the beginning, not from the training that was stopped: since then "
        f"{' and '.join(changed)} changed."
    )


def _read_others(folder: Path) -> list[dict[str, str]]:
    """Return what the stopped trainings were of."""
    found = []
    for file in sorted(folder.glob(f"*/{_KEY}")):
        with suppress(OSError, ValueError):
            found.append({str(k): str(v) for k, v in json.loads(file.read_bytes()).items()})
    return found


def describe_training(description: Description) -> dict[str, str]:
    """Return digests of all that the numbers of a training depend on, by what it is.

    The files are taken as they were read, and what was made of them besides: a mapping, say, acts
    on the patients only. How many processes share the work does not matter.
    """
    study, data = description.study, description.data
    patients = [data, description.score_labels.data]
    cohort = hashlib.sha256(description.cohort.sha256.encode())
    for part in patients:
        if part is not None:
            _digest_patients(cohort, part)
    if description.panel is not None:
        cohort.update(description.panel.sha256.encode())
        for rows in (description.panel.rows, description.panel.has):
            _digest_array(cohort, rows)
    options = {"seed": study.seed, "null_permutations": study.null_permutations}
    asked = study.text.encode() + json.dumps(study.dictionary.to_list(), sort_keys=True).encode()
    return {
        "cohort": cohort.hexdigest(),
        "study": hashlib.sha256(asked).hexdigest(),
        "options": json.dumps(options, sort_keys=True),
        "code": digest_floors(FLOORS),
        "packages": json.dumps(package_versions(), sort_keys=True),
    }


def _digest_patients(digest: Any, data: TrainingData) -> None:
    digest.update(json.dumps([variable.name for variable in data.predictors]).encode())
    for array in (data.X, *data.y.values(), data.kept, data.groups):
        _digest_array(digest, array)


def _digest_array(digest: Any, array: np.ndarray[Any, Any]) -> None:
    digest.update(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).tobytes())


def digest_floors(floors: Iterable[str]) -> str:
    """Return the SHA-256 of every file of packages of ours, such as "features"."""
    digest = hashlib.sha256()
    for floor in floors:
        for file in sorted((_ROOT / floor).rglob("*")):
            if file.is_file() and not _NO_CODE.intersection(file.parts):
                digest.update(file.relative_to(_ROOT).as_posix().encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
