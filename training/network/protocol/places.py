"""Where files of a network lie: a folder, or a store that fsspec knows by its address.

Nothing is sent anywhere by itself. A folder may be one that the hospital shares, or from which
somebody puts files into a mail. With an address such as ``s3://bucket/network`` or
``sftp://host/network`` a file is written there, where the package for such a store is installed
and its own settings let one in.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from features.errors import InputError
from features.files.table import check_output, make_folder, read_bytes, write_bytes

__all__ = ["FilePlace", "find_place_of", "read_files"]

_JSON = ".json"
_T = TypeVar("_T")


class FilePlace:
    """A folder, here or in a store.

    Parameters
    ----------
    address : str
        Path of a folder, or an address with ``://``.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/") or "/"

    @property
    def is_store(self) -> bool:
        """Whether the address is one of a store."""
        return "://" in self.address

    def name(self, file: str) -> str:
        """Return what a file there is called, for messages."""
        return f"{self.address}/{file}" if self.is_store else str(Path(self.address) / file)

    def holds(self, file: str) -> bool:
        """Return whether there is a file of that name."""
        if not self.is_store:
            return (Path(self.address) / file).exists()
        return self._ask(lambda store, folder: bool(store.exists(f"{folder}/{file}")))

    def read(self, file: str) -> bytes:
        """Return the bytes of a file.

        Raises
        ------
        InputError
            If there is none, or it cannot be read.
        """
        if not self.is_store:
            return read_bytes(Path(self.address) / file)
        if not self.holds(file):
            raise InputError(f"{self.name(file)} does not exist")
        return self._ask(lambda store, folder: bytes(store.cat_file(f"{folder}/{file}")))

    def read_some(self, files: Iterable[str]) -> dict[str, bytes]:
        """Return those of some files that are there, by what they are called."""
        return {self.name(file): self.read(file) for file in files if self.holds(file)}

    def list_files(self) -> list[str]:
        """Return the names of the JSON files there, in order."""
        pattern = f"*{_JSON}"
        if not self.is_store:
            found = [p.name for p in Path(self.address).glob(pattern) if p.is_file()]
        else:
            paths = self._ask(lambda store, folder: list(store.glob(f"{folder}/{pattern}")))
            found = [PurePosixPath(path).name for path in paths]
        return sorted(found)

    def write(self, data: bytes, file: str, *, force: bool = False) -> None:
        """Write a file whole or not at all.

        Raises
        ------
        InputError
            If it is there already and `force` is False, or cannot be written.
        """
        if not self.is_store:
            make_folder(Path(self.address))
            write_bytes(data, Path(self.address) / file, force=force)
            return
        self.check_free(file, force=force)

        def put(store: Any, folder: str) -> None:
            store.makedirs(folder, exist_ok=True)
            part = f"{folder}/.{file}.{uuid.uuid4().hex}.part"
            try:
                store.pipe_file(part, data)
                store.mv(part, f"{folder}/{file}")
            finally:
                if store.exists(part):
                    store.rm_file(part)

        self._ask(put)

    def check_free(self, file: str, *, force: bool = False) -> None:
        """Check that a file may be written, before anybody is asked about it.

        Raises
        ------
        InputError
            If it is there already and `force` is False.
        """
        if not self.is_store:
            if Path(self.address).is_dir():
                check_output(Path(self.address) / file, force=force)
        elif self.holds(file) and not force:
            raise InputError(f"{self.name(file)} is there already; add --force to replace it")

    def _ask(self, do: Callable[[Any, str], _T]) -> _T:
        """Do something with the store and its path; whatever it says against it is told."""
        import fsspec

        try:
            store, folder = fsspec.url_to_fs(self.address)
            store.invalidate_cache()  # others write there too
            return do(store, folder.rstrip("/"))
        except InputError:
            raise
        except Exception as err:  # each store has its own kinds
            raise InputError(
                f"{self.address} cannot be reached: {type(err).__name__}: {err}; give a folder, or "
                "install what fsspec needs for such a store"
            ) from err


def find_place_of(address: str) -> tuple[FilePlace, str]:
    """Return the place and the name of a file that is given by one path or address."""
    if "://" not in address:
        return FilePlace(str(Path(address).parent)), Path(address).name
    folder, _, file = address.rpartition("/")
    return FilePlace(folder), file


def read_files(addresses: list[str]) -> dict[str, bytes]:
    """Read files, and all JSON files of folders, by what they are called.

    Parameters
    ----------
    addresses : list of str
        Paths or addresses of files that end in ``.json``, and of folders.

    Raises
    ------
    InputError
        If there is none, or one cannot be read.
    """
    found: dict[str, bytes] = {}
    for address in addresses:
        if address.endswith(_JSON):
            place, file = find_place_of(address)
            found[place.name(file)] = place.read(file)
            continue
        place = FilePlace(address)
        found |= {place.name(file): place.read(file) for file in place.list_files()}
    if not found:
        raise InputError(
            f"no share in {', '.join(addresses) or 'what was given'}: name files that end in "
            f"{_JSON}, or the folder where they lie"
        )
    return found
