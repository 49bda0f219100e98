"""Whether everything here works: what is installed, where things are kept, and what is broken.

Each finding that is not well names the line that repairs it. Nothing is changed by looking, and
nothing is told of a patient.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import Requirement

from features.errors import InputError, KetresponseError, did_you_mean, list_words
from serving.access.keys import KeyFile
from serving.access.settings import AccessSettings, check_access
from serving.settings import ServiceSettings, check_may_serve

__all__ = ["Check", "examine", "gather_states"]

State = Literal["well", "absent", "broken"]

_PACKAGE = "ketresponse"
_EXTRAS = {
    "": "giving and serving estimates",
    "train": "training, judging and reviewing models",
    "postgres": "keeping records in PostgreSQL",
    "files": "reading Excel, SPSS and Stata files",
    "dev": "the tests, and building the documentation",
}
_SETTINGS = {
    "KETRESPONSE_HOME": "the folder of reviews and releases",
    "KETRESPONSE_REVIEW_KEY_FILE": "the reviewers' private key",
    "KETRESPONSE_REVIEW_PUBLIC_KEY": "the reviewers' public key",
    "KETRESPONSE_REVIEW_STATUS": "where the record of the served model's review is read again",
    "KETRESPONSE_REVIEW_SEEN": "the file that notes which record of a review was seen last",
    "KETRESPONSE_MODEL": "the model that is served",
    "KETRESPONSE_MODE": "for what it is served",
    "KETRESPONSE_SCHEDULER": "the scheduler of a cluster that trains",
    "KETRESPONSE_HOST": "the address that is listened on",
    "KETRESPONSE_PORT": "the port that is listened on",
    "KETRESPONSE_CENTRE": "the centre, of a model of several, where patients are answered",
    "KETRESPONSE_FIRST_HORIZON": "which estimate the clinician's page shows first",
    "KETRESPONSE_RECORDS": "where estimates are recorded",
    "KETRESPONSE_RECORDS_KEY_FILE": "the key that seals what is recorded of patients",
    "KETRESPONSE_RECORDS_CONTENT": "whether inputs and answers are recorded",
    "KETRESPONSE_RECORDS_RETENTION_DAYS": "how long a record is kept",
    "KETRESPONSE_RECORDS_SYNC": "whether an answer waits for the disk",
    "KETRESPONSE_ACCESS_FILE": "the file of API keys",
    "KETRESPONSE_OIDC_ISSUER": "the identity provider whose tokens are believed",
    "KETRESPONSE_OIDC_AUDIENCE": "how the provider names this service",
    "KETRESPONSE_OIDC_SCOPE_CLAIM": "where a token says what it opens",
    "KETRESPONSE_OIDC_SCOPES": "by which words it says so",
    "KETRESPONSE_REVIEW_OIDC_CLIENT": "how the identity provider names the review's pages",
    "KETRESPONSE_REVIEW_OIDC_SECRET_FILE": "what the review's pages show the provider",
    "KETRESPONSE_REVIEW_OIDC_CLAIM": "the claim that is the name of an account",
    "KETRESPONSE_REVIEW_OIDC_FACTORS": "second factors that the provider has to name",
    "KETRESPONSE_REVIEW_URL": "where browsers reach the review's pages",
    "KETRESPONSE_ALLOWED_HOSTS": "further names of this service",
    "KETRESPONSE_URL": "where browsers and record systems reach this service",
    "KETRESPONSE_CDS_ISSUERS": "the record systems whose tokens are believed",
    "KETRESPONSE_CDS_TOKENS": "whether a record system has to show one",
    "KETRESPONSE_CDS_ORIGINS": "pages of other sites that may ask for cards",
    "KETRESPONSE_FHIR_SERVERS": "the FHIR servers that may be asked for a record",
    "KETRESPONSE_SMART_CLIENT": "how a record system names this page when it opens it",
    "KETRESPONSE_SMART_SECRET_FILE": "what the page shows the record system",
    "KETRESPONSE_RATE_CALLER": "how often one caller may ask",
    "KETRESPONSE_RATE_ADDRESS": "how often one address may ask",
}
"""Every variable of the environment that is read, and what it names."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    about : str
        What: "libraries", "tracking store", a model's name, ...
    state : {"well", "absent", "broken"}
        "absent" is not there and need not be: no model is trained yet, an extra is not installed.
    text : str
        What was found, in a sentence.
    repair : str
        The next step, most often a line to type; empty where nothing is to be done.
    """

    about: str
    state: State
    text: str
    repair: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return it for JSON."""
        return asdict(self)


def examine(environ: Mapping[str, str]) -> Iterator[Check]:
    """Yield what is found, in the order in which one thing needs another.

    Parameters
    ----------
    environ : mapping
        Where the stores, keys and settings are looked for.
    """
    yield from _examine_software()
    yield from _examine_settings(environ)
    yield _examine_records(environ)
    try:
        from training.store.client import find_tracking_uri
    except ModuleNotFoundError:
        return  # only estimates are given here: it was said which extra is absent
    yield from _examine_models(find_tracking_uri(environ))
    yield from _examine_reviews(environ)


def _examine_software() -> Iterator[Check]:
    """Yield what is found of Python, this package and each group of its libraries."""
    yield Check(
        "Python", "well", f"{platform.python_version()} ({sys.executable}) on {platform.system()}"
    )
    try:
        own, wanted = version(_PACKAGE), requires(_PACKAGE) or []
    except PackageNotFoundError:
        yield Check("ketresponse", "broken", "it is not installed into this Python", "make setup")
        return
    yield Check("ketresponse", "well", f"{own} ({Path(__file__).resolve().parents[1]})")
    for extra, purpose in _EXTRAS.items():
        yield _examine_group(extra, purpose, [Requirement(text) for text in wanted])
    yield from _examine_native()


def _examine_group(extra: str, purpose: str, wanted: Iterable[Requirement]) -> Check:
    about = f"libraries [{extra}]" if extra else "libraries"
    named = [one for one in wanted if _belongs(one, extra)]
    missing, wrong = [], []
    for one in named:
        try:
            found = version(one.name)
        except PackageNotFoundError:
            missing.append(one.name)
            continue
        if not one.specifier.contains(found, prereleases=True):
            wrong.append(f"{one.name} {found} where {one.specifier} is needed")
    if extra and len(missing) == len(named):
        return Check(about, "absent", f"not installed; they are for {purpose}", "make setup")
    faults = wrong + [f"{name} is missing" for name in missing]
    if faults:
        return Check(about, "broken", "; ".join(faults), "make clean setup")
    return Check(about, "well", f"all {len(named)}, for {purpose}")


def _belongs(requirement: Requirement, extra: str) -> bool:
    if requirement.marker is None:
        return not extra
    applies = requirement.marker.evaluate({"extra": extra})
    return applies and (not extra or not requirement.marker.evaluate({"extra": ""}))


def _examine_native() -> Iterator[Check]:
    """Load the one library that needs something of the system."""
    try:
        import lightgbm
    except OSError as err:
        yield Check(
            "LightGBM",
            "broken",
            f"its library cannot be loaded: {err}",
            "apt-get install libgomp1 (Debian, Ubuntu); brew install libomp (macOS)",
        )
    except ModuleNotFoundError:
        return  # said with the libraries
    else:
        yield Check("LightGBM", "well", f"{lightgbm.__version__} can be loaded")


def _examine_settings(environ: Mapping[str, str]) -> Iterator[Check]:
    for name in sorted(environ):
        if name.startswith("KETRESPONSE_") and name not in _SETTINGS:
            hint = did_you_mean(name, list(_SETTINGS))
            text = (
                f"is set, and nothing reads it; {hint}" if hint else "is set, and nothing reads it"
            )
            yield Check(name, "broken", text, f"unset {name}")
    for name in ("KETRESPONSE_REVIEW_KEY_FILE", "KETRESPONSE_REVIEW_PUBLIC_KEY"):
        if environ.get(name) and not Path(environ[name]).is_file():
            yield Check(
                name,
                "broken",
                f"names {_SETTINGS[name]}, and there is no file {environ[name]}",
                f"export {name}=FILE, or unset {name}",
            )
    if environ.get("KETRESPONSE_ACCESS_FILE"):
        yield _examine_keys(Path(environ["KETRESPONSE_ACCESS_FILE"]))
    if environ.get("KETRESPONSE_MODEL"):
        yield _examine_served(environ)


def _examine_keys(path: Path) -> Check:
    """Look at the file of API keys: who can be let in, and who else could change it."""
    about = "API keys"
    if os.name == "posix" and path.is_file() and path.stat().st_mode & 0o022:
        text = f"others can change {path}, and let in whom they like"
        return Check(about, "broken", text, f"chmod go-w {path}")
    try:
        keys = KeyFile(path).read()
    except KetresponseError as err:
        return Check(about, "broken", str(err), "ketresponse access key add NAME --scope estimate")
    now = datetime.now(UTC)
    over = [key.name for key in keys if key.is_expired(now)]
    text = f"{path}, {len(keys) - len(over)} in force"
    if over:
        text += f"; expired: {list_words(over)}"
    return Check(about, "well" if len(over) < len(keys) else "absent", text)


def _examine_served(environ: Mapping[str, str]) -> Check:
    """Look at the model that a service started here would serve."""
    from serving.estimate.centre import CENTRE_SETTING
    from training.model.centres import choose_centre
    from training.review.seal import check_approval
    from training.store.artifact import load_model, read_facts

    try:
        settings = ServiceSettings.from_environ(environ)
        status = read_facts(settings.model)[0].status
        check_may_serve(status, settings.mode, settings.host)
        check_approval(settings.model, status, environ=environ)
        check_access(settings.mode, AccessSettings.from_environ(environ))
        if settings.centre:
            centres = load_model(settings.model).model.centres
            choose_centre(centres, settings.centre, setting=CENTRE_SETTING)
    except InputError as err:
        return Check("service", "broken", err.report(), "export or unset what is named")
    except KetresponseError as err:
        return Check("service", "broken", str(err), "export KETRESPONSE_MODEL=FOLDER")
    return Check("service", "well", f"would serve {settings.model}, {status}")


def _examine_records(environ: Mapping[str, str]) -> Check:
    """Return what is found of the records and their key; nothing is made or brought up to date."""
    from serving.records.database import Database
    from serving.records.keys import read_keys
    from serving.records.settings import RecordSettings
    from serving.records.store import RecordStore

    try:
        settings = RecordSettings.from_environ(environ)
        if settings is None:
            return Check("records", "absent", "estimates are not recorded here")
        if settings.file and not settings.file.exists() and not settings.key_file.exists():
            text = f"{settings.place} is not there yet; the first start of a service makes it"
            return Check("records", "absent", text)
        if os.name == "posix" and settings.key_file.exists():
            if settings.key_file.stat().st_mode & 0o077:
                text = f"others can read their key {settings.key_file}"
                return Check("records", "broken", text, f"chmod 600 {settings.key_file}")
        read_keys(settings.key_file)
        store = RecordStore(Database(settings), settings.key_file)
        counted = store.count()
        store.close()
    except KetresponseError as err:
        return Check("records", "broken", str(err), "docs/operations.md: restore from a backup")
    text = f"{counted['estimates']} estimates, {counted['outcomes']} reports in {settings.place}"
    return Check("records", "well", f"{text}, sealed with {settings.key_file}")


def _examine_models(tracking_uri: str) -> Iterator[Check]:
    """Yield what is found of the tracking store, and of every model registered in it."""
    from training.store.client import hide_password
    from training.store.listing import sqlite_file
    from training.store.registered import list_models, locate

    file = sqlite_file(tracking_uri)
    about = "tracking store"
    place = hide_password(tracking_uri) if file is None else str(file.resolve())
    if file is not None and not file.exists():
        yield _examine_folder(about, place, file.resolve().parent)
        return
    try:
        models = list_models(tracking_uri=tracking_uri)
    except (KetresponseError, ModuleNotFoundError) as err:
        yield Check(about, "broken", str(err), "export MLFLOW_TRACKING_URI=PLACE")
        return
    if file is not None and not os.access(file, os.W_OK):
        yield Check(about, "broken", f"{file} cannot be written", f"chmod u+w {file}")
    else:
        count = f"{len(models)} version{'s'[: len(models) != 1]}"
        yield Check(about, "well", f"{place}, with {count} of models")
    for model in models:
        subject = f"{model.name}:{model.version}"
        try:
            locate(model.name, model.version, tracking_uri=tracking_uri)
        except KetresponseError as err:
            yield Check(subject, "broken", str(err), "bring its folder back, or train again")


def _examine_folder(about: str, place: str, folder: Path) -> Check:
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return Check(
            about,
            "broken",
            f"{place} is not there and cannot be made: {folder} cannot be written",
            "export MLFLOW_TRACKING_URI=PLACE",
        )
    text = f"{place} is not there yet; the first training makes it"
    return Check(about, "absent", text, "ketresponse train study.toml")


def _examine_reviews(environ: Mapping[str, str]) -> Iterator[Check]:
    from training.review.desk import make_desk
    from training.review.signature import find_key_file

    key = find_key_file(environ)
    if os.name == "posix" and key.is_file() and key.stat().st_mode & 0o077:
        yield Check("review key", "broken", f"others can read {key}", f"chmod 600 {key}")
        return  # nothing that it guards is read
    try:
        desk = make_desk(environ)
        if not desk.log.file.exists():
            text = f"{desk.log.file.resolve()} is not there yet; the first account makes it"
            yield Check("reviews", "absent", text, "ketresponse review user add NAME")
            return
        accounts = desk.accounts.everyone()
        entries = len(desk.log.read())
    except KetresponseError as err:
        yield Check("reviews", "broken", str(err), "ketresponse review verify")
        return
    place = desk.log.file.resolve()
    yield Check("reviews", "well", f"{place}, {entries} entries as they were written")
    yield Check("review key", "well", f"{desk.log.key_file}, which nobody else can read")
    if any(account.role == "admin" for account in accounts):
        yield Check("accounts", "well", f"{len(accounts)}, one at least an admin's")
    else:
        text = f"{len(accounts)}, none an admin's: whoever can write here can change them"
        yield Check("accounts", "absent", text, "ketresponse review user add NAME --role admin")
    yield from _examine_releases(desk.log.file.parent / "released", environ)


def _examine_releases(folder: Path, environ: Mapping[str, str]) -> Iterator[Check]:
    """Look whether each released model would be served."""
    from training.review.seal import check_approval
    from training.store.artifact import read_facts

    for released in sorted(folder.iterdir() if folder.is_dir() else []):
        about = f"release {released.name}"
        try:
            status = read_facts(released / "model")[0].status
            check_approval(released / "model", status, environ=environ)
        except KetresponseError as err:
            repair = f"ketresponse release {released.name}"
            yield Check(about, "broken", str(err), repair)
        else:
            yield Check(about, "well", f"{released / 'model'}, {status}")


def gather_states(findings: Iterable[Check]) -> dict[str, Any]:
    """Return findings for JSON, and whether all is well."""
    listed = [finding.to_dict() for finding in findings]
    broken = sum(finding["state"] == "broken" for finding in listed)
    return {"well": not broken, "broken": broken, "findings": listed}
