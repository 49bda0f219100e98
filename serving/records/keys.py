"""The keys of the store: what is about a patient is sealed, and a pseudonym becomes a keyed hash.

AES-256-GCM with a nonce of its own for each value; what a value belongs to (table, row, column) is
authenticated with it, so that no value can be moved to another row. A sealed value begins with the
number of its key. The key file is JSON: `pseudonym`, one key for good, since the hashes of a
patient's requests must stay alike; `keys` by number, and `current`, the one that seals.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from features.errors import KetresponseError
from features.texts import clean

__all__ = ["KeyRing", "make_key_file", "read_keys", "write_keys"]

_KEY_BYTES = 32
_NONCE_BYTES = 12
_NUMBER_BYTES = 2
_WHAT = "the key of the records"


@dataclass(frozen=True)
class KeyRing:
    """The keys of one store.

    Parameters
    ----------
    pseudonym : bytes
        Of the keyed hash.
    keys : mapping of int to bytes
        By number, from 1.
    current : int
        The one that seals.
    """

    pseudonym: bytes = field(repr=False)
    keys: Mapping[int, bytes] = field(repr=False)
    current: int

    def hash_pseudonym(self, pseudonym: str) -> str:
        """Return the keyed hash (HMAC-SHA-256) of a pseudonym, in hexadecimal.

        Of what is seen: neither invisible characters nor the way in which an accent is written
        make another patient.
        """
        seen = clean(pseudonym).encode(errors="surrogatepass")
        return hmac.new(self.pseudonym, seen, hashlib.sha256).hexdigest()

    def seal(self, value: Any, *belongs: str) -> bytes:
        """Return a JSON value, compressed and encrypted under the current key.

        Parameters
        ----------
        value : object
            Plain JSON values.
        *belongs : str
            What it belongs to; :meth:`unseal` must be told the same.
        """
        plain = zlib.compress(json.dumps(value, allow_nan=False).encode(), 1)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, plain, _bind(belongs))
        return self.current.to_bytes(_NUMBER_BYTES) + nonce + sealed

    def unseal(self, sealed: bytes, *belongs: str) -> Any:
        """Return what was sealed.

        Raises
        ------
        KetresponseError
            If its key is not there, or it is not as it was sealed, or belongs elsewhere.
        """
        number = int.from_bytes(sealed[:_NUMBER_BYTES])
        if number not in self.keys:
            raise KetresponseError(
                f"a record is sealed with key {number}, which is not in the key file: name the "
                "file that has it in KETRESPONSE_RECORDS_KEY_FILE"
            )
        nonce, rest = sealed[_NUMBER_BYTES:][:_NONCE_BYTES], sealed[_NUMBER_BYTES + _NONCE_BYTES :]
        try:
            plain = AESGCM(self.keys[number]).decrypt(nonce, rest, _bind(belongs))
        except (InvalidTag, ValueError) as err:
            raise KetresponseError(
                f"the record {' '.join(belongs)} is not as it was written, or the key file is "
                "another store's: restore both from the same backup"
            ) from err
        return json.loads(zlib.decompress(plain))

    def is_current(self, sealed: bytes) -> bool:
        """Return whether a value is sealed with the current key."""
        return int.from_bytes(sealed[:_NUMBER_BYTES]) == self.current

    def with_new_key(self) -> KeyRing:
        """Return the ring with a new current key; the older ones still open what they sealed."""
        number = max(self.keys) + 1
        return KeyRing(
            self.pseudonym, {**self.keys, number: secrets.token_bytes(_KEY_BYTES)}, number
        )

    def without_older(self) -> KeyRing:
        """Return the ring with the current key and the one before it.

        A service that has read the file just before the new key was put there may seal one more
        record with the old one.
        """
        kept = sorted(self.keys)[-2:]
        return KeyRing(self.pseudonym, {number: self.keys[number] for number in kept}, self.current)


def _bind(belongs: tuple[str, ...]) -> bytes:
    return "\0".join(belongs).encode()


def make_key_file(path: Path) -> KeyRing:
    """Make the key file of a new store, which only its owner may read.

    Where another process has just made it, that one is taken.

    Raises
    ------
    KetresponseError
        If it cannot be written.
    """
    ring = KeyRing(secrets.token_bytes(_KEY_BYTES), {1: secrets.token_bytes(_KEY_BYTES)}, current=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = _write_beside(ring, path)
        try:
            os.link(fresh, path)  # unlike a renaming, it replaces nothing
        except FileExistsError:
            return read_keys(path)
        finally:
            fresh.unlink()
    except OSError as err:
        raise KetresponseError(f"{_WHAT} cannot be written to {path}: {err.strerror}") from err
    return ring


def write_keys(ring: KeyRing, path: Path) -> None:
    """Put a ring in place of an earlier one, whole or not at all.

    Raises
    ------
    KetresponseError
        If it cannot be written.
    """
    try:
        _write_beside(ring, path).replace(path)
    except OSError as err:
        raise KetresponseError(f"{_WHAT} cannot be written to {path}: {err.strerror}") from err


def _write_beside(ring: KeyRing, path: Path) -> Path:
    content = {
        "pseudonym": ring.pseudonym.hex(),
        "current": ring.current,
        "keys": {str(number): key.hex() for number, key in ring.keys.items()},
    }
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return fresh


def read_keys(path: Path) -> KeyRing:
    """Return the keys of a store.

    Raises
    ------
    KetresponseError
        If the file is not there or is no such file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        keys = {int(number): bytes.fromhex(key) for number, key in content["keys"].items()}
        ring = KeyRing(bytes.fromhex(content["pseudonym"]), keys, int(content["current"]))
        whole = ring.current in keys and all(
            len(key) == _KEY_BYTES for key in (ring.pseudonym, *keys.values())
        )
    except OSError as err:
        raise KetresponseError(
            f"{_WHAT}, {path}, cannot be read ({err.strerror}): without it the records stay "
            "closed; restore it from its backup, or name it in KETRESPONSE_RECORDS_KEY_FILE"
        ) from err
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        whole = False
    if not whole:
        raise KetresponseError(f"{path} is no key file of records: restore it from its backup")
    return ring
