"""Where a released model lies: staged whole, written down in the log, and then put in place.

What is staged is complete before the log holds the release; what comes after is renaming, which
any later command can finish, without the tool that made what is renamed.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from features.errors import KetresponseError
from training.approval.case import Event
from training.store.artifact import read_facts

__all__ = ["MODEL", "ReleasePlace", "find_released", "list_places", "put_files"]

MODEL = "model"
"""Folder of the model in a released project."""
_MARK = ".release-"


@dataclass(frozen=True)
class ReleasePlace:
    """Where one release goes.

    Parameters
    ----------
    folder : Path
        The BentoML project.
    stored : Path
        The same model in BentoML's model store.
    token : str
        Tells what is staged for this release from what is staged for another.
    """

    folder: Path
    stored: Path
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def staged(self) -> Path:
        """The project as it will be, beside where it goes."""
        return self._work(self.folder) / "new"

    @property
    def staged_model(self) -> Path:
        """The model as it will be in BentoML's store."""
        return self._work(self.stored) / "new"

    def _work(self, target: Path) -> Path:
        # The store lists its own folders: what is staged for it stands above them.
        parent = target.parents[2] if target == self.stored else target.parent
        return parent / f"{_MARK}{target.name}-{self.token}"

    def to_details(self, home: Path) -> dict[str, str]:
        """Return it for the log; what lies in the home of reviews moves with that."""
        root = home.resolve()

        def tell(path: Path) -> str:
            whole = path.resolve()
            within = whole.is_relative_to(root)
            return whole.relative_to(root).as_posix() if within else str(whole)

        return {"folder": tell(self.folder), "stored": tell(self.stored), "token": self.token}

    @classmethod
    def of(cls, event: Event, home: Path) -> ReleasePlace | None:
        """Return where a release went by its entry; None where an older entry does not tell."""
        told = event.details.get("place")
        if told is None:
            return None
        return cls(home / told["folder"], home / told["stored"], told["token"])

    def finish(self) -> None:
        """Put what is staged in its place; what was put there already stays."""
        for target, new in ((self.stored, self.staged_model), (self.folder, self.staged)):
            if new.exists():
                old = new.with_name("old")
                shutil.rmtree(old, ignore_errors=True)
                if target.exists():
                    target.rename(old)
                target.parent.mkdir(parents=True, exist_ok=True)
                new.rename(target)
            if target == self.stored and target.exists():
                (target.parent / "latest").write_text(target.name)  # as BentoML's store has it
        self.discard()

    def discard(self) -> None:
        """Remove what is staged."""
        for target in (self.stored, self.folder):
            shutil.rmtree(self._work(target), ignore_errors=True)

    def sweep(self, tokens: Iterable[str]) -> None:
        """Remove what stopped releases left here, but for those with one of the tokens."""
        kept = {*tokens, self.token}
        for target in (self.stored, self.folder):
            own = self._work(target)
            for left in own.parent.glob(f"{_MARK}{target.name}-*"):
                if left.name.rpartition("-")[2] not in kept:
                    shutil.rmtree(left, ignore_errors=True)

    def holds(self, subject: str) -> list[Path]:
        """Return its folders in which this model lies, ``NAME:VERSION``."""
        found = []
        for folder in (self.folder / MODEL, self.stored):
            try:
                facts, _ = read_facts(folder)
            except KetresponseError:  # gone, or another's by now
                continue
            if f"{facts.name}:{facts.version}" == subject:
                found.append(folder)
        return found


def list_places(events: Sequence[Event], home: Path) -> dict[Path, tuple[Event, ReleasePlace]]:
    """Return every folder that was released to, with its last release.

    Parameters
    ----------
    events : sequence of Event
        The whole log.
    home : Path
        Folder of reviews and releases.
    """
    return {place.folder: (event, place) for event, place in _list_releases(events, home)}


def _list_releases(events: Sequence[Event], home: Path) -> Iterator[tuple[Event, ReleasePlace]]:
    for event in events:
        place = ReleasePlace.of(event, home) if event.kind in ("release", "rollback") else None
        if place is not None:
            yield event, place


def find_released(events: Sequence[Event], home: Path, subject: str) -> list[Path]:
    """Return every folder in which a model lies that was released.

    Where another version has taken its place in a project since, it still lies in BentoML's
    store, and a service may read it there.

    Parameters
    ----------
    events : sequence of Event
        The whole log.
    home : Path
        Folder of reviews and releases.
    subject : str
        ``NAME:VERSION``.
    """
    targets = {(place.folder, place.stored): place for _, place in _list_releases(events, home)}
    return list(dict.fromkeys(f for place in targets.values() for f in place.holds(subject)))


def put_files(files: Iterable[Path], folder: Path) -> None:
    """Put files into a folder in place of those of the same name, each whole or not at all."""
    for file in files:
        part = folder / f".{file.name}.part"
        shutil.copyfile(file, part)
        os.replace(part, folder / file.name)
