"""The signature under what a review has decided: the service can check it, and cannot make it.

The private key (Ed25519) follows from the review key, which stays where the review log is kept;
the public one lies beside it, and goes to every place that serves an approved model.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from features.errors import KetresponseError

__all__ = [
    "BESIDE_CODE",
    "IN_BENTO",
    "LOG",
    "check_signature",
    "find_home",
    "find_key_file",
    "find_public_key",
    "make_public_key",
    "sign",
]

BESIDE_CODE = "review.pub"
"""Name of the public key in a bento, beside the packages."""
IN_BENTO = Path(__file__).resolve().parents[2] / BESIDE_CODE
LOG = "review.db"
"""Name of the review log in the home of reviews."""
_KEY = "review.key"
_HERE = "sqlite:///mlflow.db"
_PURPOSE = b"ketresponse: what a review has decided"


def find_home(environ: Mapping[str, str], tracking_uri: str) -> Path:
    """Return the folder of reviews and releases.

    Parameters
    ----------
    environ : mapping
        KETRESPONSE_HOME, where it is set.
    tracking_uri : str
        Else the folder ``ketresponse-home`` beside a SQLite tracking store, or here.
    """
    if environ.get("KETRESPONSE_HOME"):
        return Path(environ["KETRESPONSE_HOME"])
    scheme, _, rest = tracking_uri.partition(":///")
    beside = Path(rest.partition("?")[0]).parent if scheme == "sqlite" else Path()
    return beside / "ketresponse-home"


def find_key_file(environ: Mapping[str, str], home: Path | None = None) -> Path:
    """Return the file of the review key.

    KETRESPONSE_REVIEW_KEY_FILE where it is set, else in the user's settings, in a folder of its
    own for each home of reviews: the key of one project signs nothing in another.

    Parameters
    ----------
    environ : mapping
        As above; XDG_CONFIG_HOME.
    home : Path or None
        Folder of reviews and releases; None takes that of `environ`.
    """
    if environ.get("KETRESPONSE_REVIEW_KEY_FILE"):
        return Path(environ["KETRESPONSE_REVIEW_KEY_FILE"])
    settings = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "ketresponse"
    if home is None:
        home = find_home(environ, environ.get("MLFLOW_TRACKING_URI") or _HERE)
    whole = home.resolve()
    place = hashlib.sha256(str(whole).encode()).hexdigest()[:12]
    own = settings / f"{whole.parent.name or 'root'}-{place}" / _KEY
    # Before there was one for each, all of a user's projects shared one; its logs still need it.
    shared = settings / _KEY
    before = shared.exists() and not own.exists() and (home / LOG).exists()
    return shared if before else own


def find_public_key(environ: Mapping[str, str], folder: Path | None = None) -> Path:
    """Return the file of the public key.

    KETRESPONSE_REVIEW_PUBLIC_KEY where it is set, else the one that a bento brings, else the one
    beside the review key of this machine.

    Parameters
    ----------
    environ : mapping
        As above.
    folder : Path or None
        A model's folder: where it was released into a home of reviews, that home's key is taken.
    """
    if environ.get("KETRESPONSE_REVIEW_PUBLIC_KEY"):
        return Path(environ["KETRESPONSE_REVIEW_PUBLIC_KEY"])
    if IN_BENTO.is_file():
        return IN_BENTO
    parents = [] if folder is None else list(folder.resolve().parents)
    # HOME/released/NAME/model
    home = next((parent for parent in parents[2:3] if (parent / LOG).exists()), None)
    return find_key_file(environ, home).with_suffix(".pub")


def _private(key: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hmac.digest(key, _PURPOSE, hashlib.sha256))


def _canonical(annex: Mapping[str, Any]) -> bytes:
    return json.dumps(annex, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def make_public_key(key: bytes) -> str:
    """Return the public key that belongs to a review key, in hexadecimal."""
    return _private(key).public_key().public_bytes_raw().hex()


def sign(annex: Mapping[str, Any], key: bytes) -> str:
    """Return the signature of an annex under the review key, in hexadecimal."""
    return _private(key).sign(_canonical(annex)).hex()


def check_signature(annex: Mapping[str, Any], signature: str, public_key: Path) -> bool:
    """Return whether an annex is as it was signed by the holder of the review key.

    Raises
    ------
    KetresponseError
        If the public key cannot be read.
    """
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key.read_text()))
    except (OSError, ValueError) as err:
        raise KetresponseError(
            f"the reviewers' public key {public_key} cannot be read, so that nobody can tell who "
            "approved this model: copy review.pub from where the reviews are held, and name it in "
            "KETRESPONSE_REVIEW_PUBLIC_KEY"
        ) from err
    try:
        public.verify(bytes.fromhex(signature), _canonical(annex))
    except (InvalidSignature, ValueError):
        return False
    return True
