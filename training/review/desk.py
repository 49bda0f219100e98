"""The review desk: where registry, card, gates and log meet, for the command line and the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from features.errors import KetresponseError
from training.approval.approval import compute_objections
from training.approval.case import Account, Action, Event, compute_standing
from training.review.accounts import LocalAccounts
from training.review.file import File, list_events, read_file
from training.review.placing import ReleasePlace, list_places
from training.review.review_log import ReviewLog
from training.review.seal import make_refusal
from training.review.seen import find_changed
from training.review.signature import LOG, find_home, find_key_file
from training.review.telling import tell_of
from training.review.verifying import find_differences
from training.store.client import find_tracking_uri
from training.store.registered import RegisteredModel, list_models

__all__ = ["Desk", "make_desk"]

_JUDGING = ("approve", "refuse", "waive")


class Desk:
    """Everything that can be done in a review.

    Parameters
    ----------
    log : ReviewLog
        Where every step is written down.
    tracking_uri : str
        Of the registry.
    """

    def __init__(self, log: ReviewLog, *, tracking_uri: str) -> None:
        self.log = log
        self.tracking_uri = tracking_uri
        self.accounts = LocalAccounts(log)

    def queue(self) -> list[tuple[RegisteredModel, str]]:
        """Return every registered model with its standing, those in review first."""
        self.settle()
        events = self.log.read()
        rows = []
        for model in list_models(tracking_uri=self.tracking_uri):
            standing: str = compute_standing(list_events(events, f"{model.name}:{model.version}"))
            if model.status == "demonstration":
                standing = "demonstration"
            elif standing == "approved":
                standing = self._standing(model, events)
            rows.append((model, standing))
        return sorted(rows, key=lambda row: row[1] != "in review")

    def _standing(self, model: RegisteredModel, events: Sequence[Event]) -> str:
        """Return the standing of a model that the log calls approved, as it is now."""
        try:
            return self._read(model.name, model.version, events).standing
        except KetresponseError:  # its files are not those that were signed: reading it tells
            return "void"

    def read(self, name: str, version: str | None = None) -> File:
        """Return a model with its card, gates and history.

        Parameters
        ----------
        name : str
            Of the model.
        version : str or None
            None takes the newest.

        Raises
        ------
        KetresponseError
            As :func:`training.review.file.read_file`, and as
            :meth:`training.review.review_log.ReviewLog.read`.
        """
        self.settle()
        return self._read(name, version, self.log.read())

    def _read(self, name: str, version: str | None, events: Sequence[Event]) -> File:
        return read_file(name, version, events, tracking_uri=self.tracking_uri)

    def act(
        self,
        action: Action,
        account: Account,
        name: str,
        version: str | None = None,
        *,
        comment: str,
        gate: int | None = None,
        seen: str | None = None,
        find_opened: Callable[[str], Sequence[str]] | None = None,
    ) -> File:
        """Do one step of a review: write it down, then tell the registry.

        Nobody else can act in between, so that of two who do the same at once one comes second
        and is told so. What is written down counts, whatever comes after: a registry that cannot
        be told now is told by the next command.

        Parameters
        ----------
        action : {"open", "approve", "refuse", "waive", "withdraw"}
            What to do.
        account : Account
            Who does it, known by their password.
        name, version : str
            The model; None takes the newest version.
        comment : str
            In their words, kept for ever.
        gate : int or None
            The gate to waive.
        seen : str or None
            The card and the model they have read, by :func:`training.review.seen.make_mark`; None
            where nobody reads it, as with a demonstration.
        find_opened : callable or None
            Tells of a card's digest which parts of that card they have opened, for who judges it;
            None where nobody can know, as at a terminal.

        Returns
        -------
        File
            As it is afterwards.

        Raises
        ------
        Refused
            Listing every objection; nothing is changed.
        KetresponseError
            If it is written down and something could not be told of it.
        """
        self.settle()
        with self.log.writing() as writer:
            file = self._read(name, version, writer.events)
            against = [] if seen is None else find_changed(seen, file.case.digests)
            against += compute_objections(file.case, action, account, comment=comment, gate=gate)
            if against:
                raise make_refusal(f"cannot {action} {file.case.subject}", against)
            details = {
                "name": account.display,
                "digests": asdict(file.case.digests),
                **({} if gate is None else {"gate": gate}),
                **({"demonstration": True} if file.case.synthetic else {}),
                "code": dict(file.case.code),
            }
            if find_opened is not None and action in _JUDGING:
                details["opened"] = list(find_opened(file.card.sha256))
            written = writer.append(
                action, file.case.subject, account.name, comment.strip(), details
            )
        self._follow(written)
        return self.read(file.facts.name, file.facts.version)

    @contextmanager
    def recording(
        self, kind: str, file: File, *, actor: str, comment: str, place: ReleasePlace
    ) -> Iterator[File]:
        """Write a release or a rollback down once the block has staged it, then put it in place.

        Nobody else can act in between; of a block that fails nothing is left.

        Parameters
        ----------
        kind : {"release", "rollback"}
            What is done.
        file : File
            The model.
        actor, comment : str
            Who does it, and where to or from what.
        place : ReleasePlace
            Where it goes.

        Yields
        ------
        File
            As it is once that is written down.

        Raises
        ------
        Refused
            Listing every unmet criterion.
        KetresponseError
            If it is written down and could not be put in place, or told.
        """
        self.settle()
        try:
            with self.log.writing() as writer:
                places = list_places(writer.events, self.home).values()
                place.sweep(other.token for _, other in places)
                again = self._read(file.facts.name, file.facts.version, writer.events)
                self.check(again)  # it may have been withdrawn in between
                subject = again.case.subject
                details = {
                    "digests": asdict(again.case.digests),
                    "place": place.to_details(self.home),
                }
                written = writer.append(kind, subject, actor, comment, details)
                own = list_events(writer.events, subject)
                yield replace(again, case=replace(again.case, events=own))
        except BaseException:
            place.discard()
            raise
        self._follow(written)

    def read_status(self, name: str, version: str) -> dict[str, Any] | None:
        """Return the signed record of a released model's review, for services elsewhere.

        Raises
        ------
        KetresponseError
            As :meth:`read`.
        """
        subject = f"{name}:{version}"
        kinds = {event.kind for event in list_events(self.log.read(), subject)}
        if not kinds & {"release", "rollback"}:
            return None
        annex = self.read(name, version).annex
        return {"annex": annex, "signature": self.log.sign(annex)}

    def check(self, file: File) -> None:
        """Raise unless a model may be released.

        Raises
        ------
        Refused
            Listing every unmet criterion.
        """
        if file.unmet:
            raise make_refusal(
                f"{file.case.subject} is not released", [unmet.text for unmet in file.unmet]
            )

    @property
    def home(self) -> Path:
        """The folder of reviews and releases."""
        return self.log.file.parent

    def settle(self) -> dict[int, str]:
        """Tell registry and released folders what is written down and was not told yet.

        That is nothing, unless a command was stopped, or could not reach one of them.

        Returns
        -------
        dict of int to str
            Number of each entry of which not everything could be told now, and why.
        """
        if not self.log.has_pending:
            return {}
        failed = {}
        with self.log.settling() as settling:
            for number in settling.pending:
                try:
                    self._tell(settling.events, number)
                except (KetresponseError, OSError) as err:
                    failed[number] = str(err)
                else:
                    settling.done.add(number)
        return failed

    def _tell(self, events: Sequence[Event], number: int) -> None:
        """Put in place what an entry released, and tell of its model as it is by the whole log."""
        event = events[number - 1]
        place = ReleasePlace.of(event, self.home)
        if place is not None:
            last, _ = list_places(events, self.home)[place.folder]
            if last.number == number:
                place.finish()
            else:
                place.discard()
        name, _, version = event.subject.partition(":")
        file = self._read(name, version, events)
        tell_of(file, events, self.log, tracking_uri=self.tracking_uri)

    def _follow(self, written: Event) -> None:
        failed = self.settle()
        if written.number in failed:
            raise KetresponseError(
                f"{written.kind} of {written.subject} is written in the review log (entry "
                f"{written.number}) and counts, but not everything else could be told: "
                f"{failed[written.number]}; the next command tries again"
            )

    def verify(self) -> list[str]:
        """Return whatever in log, models, cards and registry is not as it was signed.

        Returns
        -------
        list of str
            Each names the entry, the model, the card or the registry's word at fault.
        """
        findings = self.log.verify()
        if findings:
            return findings
        findings = [
            f"entry {number} is written down, and not everything could be told of it: {reason}"
            for number, reason in self.settle().items()
        ]
        told = find_differences(self.log.read(), self.log, tracking_uri=self.tracking_uri)
        return [*findings, *told]


def make_desk(environ: Mapping[str, str]) -> Desk:
    """Return the desk of this place.

    Parameters
    ----------
    environ : mapping
        MLFLOW_TRACKING_URI, KETRESPONSE_HOME, KETRESPONSE_REVIEW_KEY_FILE.
    """
    tracking_uri = find_tracking_uri(environ)
    home = find_home(environ, tracking_uri)
    log = ReviewLog(home / LOG, key_file=find_key_file(environ, home))
    return Desk(log, tracking_uri=tracking_uri)
