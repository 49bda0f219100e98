"""The review desk: where registry, card, gates and log meet, for the command line and the page."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from features.errors import KetresponseError
from training.approval.approval import Unmet, compute_objections, compute_unmet, make_annex
from training.approval.case import (
    Account,
    Action,
    Case,
    Digests,
    Event,
    approved_version,
    compute_standing,
    name_standing,
)
from training.approval.gate import Gate
from training.card.card import Card, read_card
from training.card.constancy import is_deployable
from training.card.gates import compute_gates
from training.card.render import describe_gates, write_pages
from training.review.accounts import LocalAccounts
from training.review.review_log import LogWriter, ReviewLog, find_home
from training.review.seal import compute_digests, make_refusal, write_annex
from training.review.signature import find_key_file
from training.review.standing import find_approved, write_standing
from training.store.artifact import read_facts, write_release
from training.store.client import find_tracking_uri
from training.store.code_digest import list_code_parts
from training.store.facts import STATUSES, ModelFacts
from training.store.registered import RegisteredModel, list_models, locate

__all__ = ["Desk", "File", "make_desk"]

_JUDGING = ("approve", "refuse", "waive")
_DIGESTS = tuple(field.name for field in fields(Digests))


@dataclass(frozen=True)
class File:
    """A model on the desk: what a reviewer reads, and how its review stands.

    Parameters
    ----------
    folder : Path
        Its artifact, checked against its registration.
    facts : ModelFacts
        About it.
    card : Card
        Of it.
    case : Case
        What the decision rests on.
    """

    folder: Path
    facts: ModelFacts
    card: Card
    case: Case

    @property
    def standing(self) -> str:
        """How the review stands; "demonstration" for simulated data."""
        return "demonstration" if self.case.synthetic else self.case.name

    @property
    def status(self) -> str:
        """What the model is now, whatever is written beside it: see STATUSES."""
        standing = self.standing
        return standing if standing in STATUSES else "research"

    @property
    def annex(self) -> dict[str, Any]:
        """What stands beside the card, by the log."""
        return make_annex(self.case)

    @property
    def gates(self) -> list[Gate]:
        """The twelve gates as the card shows them, waivers and approvals counted."""
        return describe_gates(self.card.body, self.annex)

    @property
    def unmet(self) -> list[Unmet]:
        """Every criterion that keeps the model from being released."""
        return compute_unmet(self.case)


def _of(events: Sequence[Event], subject: str) -> list[Event]:
    return [event for event in events if event.subject == subject and event.kind != "account"]


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
        events = self.log.read()
        rows = []
        for model in list_models(tracking_uri=self.tracking_uri):
            standing: str = compute_standing(_of(events, _subject(model)))
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
            If there is no such model, its files are not those that were registered, or it has no
            card; and as :meth:`training.review.review_log.ReviewLog.read`.
        """
        return self._read(name, version, self.log.read())

    def _read(self, name: str, version: str | None, events: Sequence[Event]) -> File:
        folder = locate(name, version, tracking_uri=self.tracking_uri)
        facts, digest = read_facts(folder)
        card = read_card(folder)
        if card.body.model.digest != digest:
            raise KetresponseError(
                f"the card in {folder} is another model's; make it again with `ketresponse card "
                "make`"
            )
        subject = f"{facts.name}:{facts.version}"
        case = Case(
            subject=subject,
            synthetic=facts.synthetic,
            digests=compute_digests(facts, digest, card.sha256),
            gates=compute_gates(card.body),
            authors=frozenset(card.authors),
            events=_of(events, subject),
            code=list_code_parts(),
            deployable=is_deployable(card.body.results),
        )
        return File(folder, facts, card, case)

    def act(
        self,
        action: Action,
        account: Account,
        name: str,
        version: str | None = None,
        *,
        comment: str,
        gate: int | None = None,
        find_opened: Callable[[str], Sequence[str]] | None = None,
    ) -> File:
        """Do one step of a review: write it down and tell the registry, both or neither.

        Nobody else can act in between, so that of two who do the same at once one comes second
        and is told so.

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
        """
        with self.log.writing() as writer:
            file = self._read(name, version, writer.events)
            against = compute_objections(file.case, action, account, comment=comment, gate=gate)
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
            with self._told(file, writer):
                writer.append(action, file.case.subject, account.name, comment.strip(), details)
        return self.read(file.facts.name, file.facts.version)

    @contextmanager
    def recording(self, kind: str, file: File, *, actor: str, comment: str) -> Iterator[File]:
        """Write a release or a rollback down if all that is done in the block succeeds.

        Nobody else can act in between; a block that fails leaves log and registry as they were.

        Parameters
        ----------
        kind : {"release", "rollback"}
            What is done.
        file : File
            The model.
        actor, comment : str
            Who does it, and where to or from what.

        Yields
        ------
        File
            As it is once that is written down.

        Raises
        ------
        Refused
            Listing every unmet criterion.
        """
        with self.log.writing() as writer:
            again = self._read(file.facts.name, file.facts.version, writer.events)
            self.check(again)  # it may have been withdrawn in between
            subject = again.case.subject
            with self._told(again, writer):
                writer.append(
                    kind, subject, actor, comment, {"digests": asdict(again.case.digests)}
                )
                yield replace(again, case=replace(again.case, events=_of(writer.events, subject)))

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

    @contextmanager
    def _told(self, file: File, writer: LogWriter) -> Iterator[None]:
        """Tell the registry what was appended; take it back if that fails."""
        before = list(writer.events)
        try:
            yield
            self._describe(file, writer.events)
        except BaseException:
            with suppress(KetresponseError):  # the registry cannot be reached: that is told
                self._describe(file, before)
            raise

    def _describe(self, file: File, events: Sequence[Event]) -> None:
        """Make the registry say what the log says of a model."""
        case = replace(file.case, events=_of(events, file.case.subject))
        standing = compute_standing(case.events)
        facts = replace(file.facts, status=_status(file.facts, case), card_sha256=file.card.sha256)
        signed = asdict(case.digests) if standing == "approved" else dict.fromkeys(_DIGESTS, "")
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "artifact"
            shutil.copytree(file.folder, folder)
            annex = make_annex(case)
            files = [
                write_release(folder, facts),
                write_annex(folder, annex, self.log.sign(annex)),
                *write_pages(file.card, folder, annex=annex, status=facts.status),
            ]
            write_standing(
                facts.name,
                facts.version,
                status=facts.status,
                tags={
                    "review": standing,
                    "scope": case.scope if standing == "approved" else "",
                    "approved_by": ", ".join(event.actor for event in case.approvals),
                    **{f"approved.{name}": digest for name, digest in signed.items()},
                },
                files=files,
                approved=approved_version(events, facts.name),
                tracking_uri=self.tracking_uri,
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
        events = self.log.read()
        models = list_models(tracking_uri=self.tracking_uri)
        for model in models:
            findings += self._verify_version(model, events)
        for name in dict.fromkeys(model.name for model in models):
            alias = find_approved(name, tracking_uri=self.tracking_uri)
            wanted = approved_version(events, name)
            if alias != wanted:
                findings.append(
                    f"{name}: the registry's alias approved names version {alias or 'none'}, the "
                    f"log {wanted or 'none'}"
                )
        there = {_subject(model) for model in models}
        gone = dict.fromkeys(e.subject for e in events if e.kind != "account")
        findings += [
            f"{subject}: it was reviewed, and is no longer registered"
            for subject in gone
            if subject not in there
        ]
        return findings

    def _verify_version(self, model: RegisteredModel, events: Sequence[Event]) -> list[str]:
        own = _of(events, _subject(model))
        try:
            file = self._read(model.name, model.version, events)
        except KetresponseError as err:
            return [f"{_subject(model)}: {err}"] if own else []
        findings = [
            f"{file.case.subject}: {unmet.text}"
            for unmet in file.unmet
            if unmet.code in ("void", "changed")
        ]
        wanted = _status(file.facts, file.case)
        for where, told in (("registry", model.status), ("stored model", file.facts.status)):
            if told != wanted:
                findings.append(f"{file.case.subject}: the {where} says {told}, the log {wanted}")
        return findings


def _subject(model: RegisteredModel) -> str:
    return f"{model.name}:{model.version}"


def _status(facts: ModelFacts, case: Case) -> str:
    """Return the status of a model by its log."""
    if facts.synthetic:
        return "demonstration"
    standing = name_standing(compute_standing(case.events), case.scope)
    return standing if standing in STATUSES else "research"


def make_desk(environ: Mapping[str, str]) -> Desk:
    """Return the desk of this place.

    Parameters
    ----------
    environ : mapping
        MLFLOW_TRACKING_URI, KETRESPONSE_HOME, KETRESPONSE_REVIEW_KEY_FILE.
    """
    tracking_uri = find_tracking_uri(environ)
    home = find_home(environ, tracking_uri)
    log = ReviewLog(home / "review.db", key_file=find_key_file(environ))
    return Desk(log, tracking_uri=tracking_uri)
