"""Keys of centres and of the lead: Ed25519, the private one in a file that nobody else reads.

A private key is kept as PKCS #8 in PEM, as OpenSSL writes it, with a passphrase if one is given.
The public one is short enough to be read out on the telephone, and that is how it should be
compared before it goes into a protocol.

References
----------
RFC 8032, doi:10.17487/RFC8032.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from features.errors import InputError
from features.files.table import read_bytes, write_bytes

__all__ = ["CentreKey", "is_public_key", "is_signed_by", "write_centre_key", "read_centre_key"]

_PREFIX = "ed25519:"
_PUBLIC = re.compile(_PREFIX + "[0-9a-f]{64}")
_OTHERS_MAY_READ = 0o077
_PEM = b"PRIVATE KEY-----"
_GIVE = "give the file that `ketresponse network key` wrote"


class CentreKey:
    """The private key of a centre or of the lead.

    Parameters
    ----------
    private : Ed25519PrivateKey
        It signs, and never leaves the object.
    """

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def make(cls) -> CentreKey:
        """Return a new key."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def public(self) -> str:
        """The public key, as protocols name it: ``ed25519:`` and 64 hexadecimal digits."""
        return _PREFIX + self._private.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes, *, purpose: str) -> str:
        """Return the signature of some bytes, in hexadecimal.

        Parameters
        ----------
        data : bytes
            What is signed.
        purpose : str
            What it is signed as: a signature for one purpose is none for another.
        """
        return self._private.sign(_join(data, purpose)).hex()

    def commit(self, data: bytes, *, purpose: str) -> str:
        """Return a keyed digest that only the holder of this key can make.

        Nobody else can try out what it may be of. The same bytes give the same digest under the
        same purpose.

        Returns
        -------
        str
            HMAC-SHA256 under a key that follows from the private one, in hexadecimal.
        """
        secret = hmac.digest(self._private.private_bytes_raw(), purpose.encode(), hashlib.sha256)
        return hmac.digest(secret, data, hashlib.sha256).hex()

    def to_pem(self, passphrase: str = "") -> bytes:
        """Return the private key as a file holds it, locked where there is a passphrase."""
        lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase:
            lock = serialization.BestAvailableEncryption(passphrase.encode())
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return self._private.private_bytes(pem, form, lock)


def _join(data: bytes, purpose: str) -> bytes:
    return f"ketresponse network: {purpose}\n".encode() + data


def is_public_key(text: str) -> bool:
    """Return whether a text is a public key as protocols name it."""
    try:
        _read_public(text)
    except ValueError:
        return False
    return True


def _read_public(text: str) -> Ed25519PublicKey:
    if _PUBLIC.fullmatch(text) is None:
        raise ValueError("not a public key")
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.removeprefix(_PREFIX)))


def is_signed_by(public: str, data: bytes, signature: str, *, purpose: str) -> bool:
    """Return whether some bytes were signed for a purpose by the holder of a key.

    Parameters
    ----------
    public : str
        As :attr:`CentreKey.public` tells it; any other text has signed nothing.
    """
    try:
        _read_public(public).verify(bytes.fromhex(signature), _join(data, purpose))
    except (InvalidSignature, ValueError):
        return False
    return True


def write_centre_key(path: Path, *, passphrase: str = "") -> CentreKey:
    """Write a new private key where nobody else on this machine can read it.

    Raises
    ------
    InputError
        If the file is there already (a key is never replaced), or cannot be written.
    """
    if path.exists():
        raise InputError(
            f"{path} is there already, and a key is never replaced: choose another name; "
            "`ketresponse network key FILE --show` prints its public key"
        )
    key = CentreKey.make()
    write_bytes(key.to_pem(passphrase), path, private=True)
    return key


def read_centre_key(path: Path, ask: Callable[[], str]) -> CentreKey:
    """Read a private key.

    Parameters
    ----------
    path : Path
        As :func:`write_centre_key` wrote it.
    ask : callable
        Returns the passphrase; called only for a key that has one.

    Raises
    ------
    InputError
        If there is none, others may read it, the passphrase is missing or wrong, or it is another
        kind of file.
    """
    data = read_bytes(path)
    if _PEM not in data:  # before anything is said about who may read it
        raise InputError(f"key {path} is not a private key: {_GIVE}")
    if os.name == "posix" and path.stat().st_mode & _OTHERS_MAY_READ:
        raise InputError(f"key {path} can be read by others on this machine: chmod 600 {path}")
    try:
        return _load(path, data, None)
    except TypeError:  # it has a passphrase
        passphrase = ask()
    if not passphrase:
        raise InputError(f"key {path} is locked: give its passphrase")
    return _load(path, data, passphrase.encode())


def _load(path: Path, data: bytes, passphrase: bytes | None) -> CentreKey:
    try:
        private = serialization.load_pem_private_key(data, passphrase)
    except ValueError as err:
        told = f"is not a private key: {_GIVE}"
        if passphrase is not None:
            told = "does not open by that passphrase: try again"
        raise InputError(f"key {path} {told}") from err
    if not isinstance(private, Ed25519PrivateKey):
        raise InputError(f"key {path} is of another kind than Ed25519: {_GIVE}")
    return CentreKey(private)
