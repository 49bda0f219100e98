"""The protocol of a network: one TOML file that all centres have read, signed by its lead.

It is written as a study file is (:mod:`training.study.settings`), but that no cohort is named in it
and nothing is learnt from anybody's rows: the basis (:mod:`training.network.protocol.basis_table`)
is made from agreed numbers. The last table of the file is the signature of all bytes before it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import Eligibility
from features.dictionary.outcome_words import describe_outcomes
from features.dictionary.rule import Rule
from features.dictionary.scale import OutcomeScale, find_scale, with_scale
from features.dictionary.schema import Dictionary
from features.dictionary.transformers import PredictorBasis
from features.dictionary.variable import Variable
from features.errors import InputError, Problem, Refused, list_words
from features.files.settings import parse_toml, read_settings, show
from features.files.table import read_bytes
from features.mapping.mapping_file import read_variables
from features.mapping.study_file import Place, choose_eligibility
from training.document.words import UNDESCRIBED
from training.network.protocol.basis_table import Agreed
from training.network.protocol.keys import CentreKey, is_signed_by
from training.network.protocol.tables import Family, Limits, ProtocolFile, SignatureTable

__all__ = ["Protocol", "parse_protocol", "read_protocol", "sign_protocol"]

_PURPOSE = "protocol"
_SIGNATURE = re.compile(rb'\n\[signature\]\ned25519 = "([0-9a-f]{128})"\n*\Z')
_ANY_SIGNATURE = re.compile(rb"^\s*\[signature\]", re.M)
_CRLF = b"\r\n"
_OWN_KEY = "make one with `ketresponse network key`, also where the lead is a centre itself"
_MARK = b"\xef\xbb\xbf"
"""What some editors write at the start of a file (a byte order mark)."""
_SIGN = "its lead signs it: ketresponse network protocol FILE --key KEY"


@dataclass(frozen=True, eq=False, kw_only=True)
class Protocol:
    """A protocol, read and checked.

    Parameters
    ----------
    name : str
        Lower case letters, digits, `-` and `_`; also the registered model's name.
    outcomes : dict of str to str
        Each horizon's outcome in plain words.
    worded : frozenset of str
        The horizons whose words are the protocol's own.
    predictors : tuple of str
        In the order of the basis.
    dictionary : Dictionary
        The contract with what the protocol declares.
    scale : OutcomeScale or None
        What the scores are measured on; None for the contract's own.
    declared : tuple of Variable
        What it declares; a centre's own mapping may map them.
    centres : dict of str to str
        Their names and public keys.
    lead, lead_key : str
        Who leads the network, and that one's public key.
    rounds : int
        How often each centre shares, at least once.
    round_words : tuple of str
        What is shared in each, as the centres have read it.
    basis : PredictorBasis
        Fitted, by agreed numbers alone.
    families : tuple of str
        Of columns that are tried: "straight" ones, or with "bends".
    prior_sds : tuple of float
        Of the slopes, log-odds per column; tried in turn.
    intercepts : {"centre", "common"}
        Whether each centre has its own.
    intercept_sd : float or None
        Prior standard deviation of the intercept; None: flat.
    bins : dict of str to tuple of float
        Agreed edges of numeric predictors for the table of patients.
    thresholds : tuple of (float, float) or None
        Range of decision thresholds set beforehand.
    limits : Limits
        What may leave a centre.
    panel : SignatureTable or None
        The assays of a microRNA panel that are predictors; None without.
    texts : dict
        Code of a language to the protocol's own words in it, by their English.
    text : str
        The file as it was read.
    sha256 : str
        Digest of the file's bytes, as `sha256sum` tells it.
    signed : bool
        Whether its lead has signed it as it is.
    """

    name: str
    title: str
    seed: int
    population: str
    condition: str
    treatment: str
    rule: Rule
    horizons: tuple[str, ...]
    outcomes: dict[str, str]
    worded: frozenset[str]
    eligibility: Eligibility
    predictors: tuple[str, ...]
    dictionary: Dictionary
    scale: OutcomeScale | None = None
    declared: tuple[Variable, ...]
    centres: dict[str, str]
    lead: str
    lead_key: str
    rounds: int
    round_words: tuple[str, ...]
    basis: PredictorBasis
    families: tuple[Family, ...]
    prior_sds: tuple[float, ...]
    intercepts: str
    intercept_sd: float | None
    thresholds: tuple[float, float] | None
    bins: dict[str, tuple[float, ...]]
    limits: Limits
    panel: SignatureTable | None
    texts: dict[str, dict[str, str]]
    text: str = field(repr=False)
    sha256: str
    signed: bool

    @property
    def predictor_variables(self) -> tuple[Variable, ...]:
        """The predictors, in order."""
        return tuple(self.dictionary[name] for name in self.predictors)


def read_protocol(path: Path, *, signed: bool = True) -> Protocol:
    """Read a protocol; see :func:`parse_protocol`.

    Parameters
    ----------
    path : Path
        `network.toml`.
    signed : bool
        Whether one that is not signed by its lead is refused.
    """
    return parse_protocol(read_bytes(path), str(path), signed=signed)


def parse_protocol(data: bytes, name: str, *, signed: bool = True) -> Protocol:
    """Read the bytes of a protocol.

    Parameters
    ----------
    data : bytes
        TOML in UTF-8.
    name : str
        The file's, for messages.
    signed : bool
        Whether one that is not signed by its lead is refused; a wrong signature always is.

    Raises
    ------
    InputError
        Listing every problem: unknown tables and settings, wrong types and values, predictors
        without agreed numbers, keys that are none, words that are not what this program shares,
        and a signature that is missing or not the lead's over these bytes.
    """
    what = f"protocol {name}"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise InputError(f"{what} cannot be read as UTF-8 text; ask its lead for it again") from err
    content = parse_toml(text, what)
    problems: list[Problem] = []
    given = content.get("variables")
    variables = read_variables(given if isinstance(given, dict) else {}, problems)
    dictionary = with_scale(CONTRACT, find_scale(content)).with_variables(variables)
    lead = content.get("lead")
    key = lead.get("key") if isinstance(lead, dict) else None
    unsigned = _check_line_ends(data, str(key)) or _check_signature(data, str(key))
    if unsigned is not None and (signed or "signature" in content):
        problems.append(unsigned)
    try:
        place = Place(Path(), dictionary)
        file = read_settings(ProtocolFile, content, what, context=place)
    except InputError as err:
        raise InputError(what, [*err.problems, *problems]) from err
    problems += [
        Problem(f"centres.{centre}", "a key of its own", "the lead's key", action=_OWN_KEY)
        for centre, public in file.centres.items()
        if public == file.lead.key
    ]
    if problems:
        raise InputError(what, problems)
    return _make_protocol(file, data, text, dictionary, variables, signed=unsigned is None)


def _check_signature(data: bytes, lead_key: str) -> Problem | None:
    found = _SIGNATURE.search(data)
    if found is None:
        expected = "the lead's signature, as the last table of the file"
        got = "none" if _ANY_SIGNATURE.search(data) is None else "another form or place"
        return Problem("[signature]", expected, got, action=_SIGN)
    before = data[: found.start() + 1]
    if is_signed_by(lead_key, before, found[1].decode(), purpose=_PURPOSE):
        return None
    expected = "the lead's signature over the file as it is"
    action = f"ask the lead for the file as it was signed, unchanged by mail or editor; or {_SIGN}"
    return Problem("[signature]", expected, "one over other bytes, or by another key", None, action)


def _check_line_ends(data: bytes, lead_key: str) -> Problem | None:
    """Return how an editor changed a signed file unseen; None where that is not all."""
    as_signed = data.removeprefix(_MARK).replace(_CRLF, b"\n")
    if as_signed == data or _check_signature(as_signed, lead_key) is not None:
        return None
    expected = "the file as it was signed"
    changes = {
        "its line ends were changed (CRLF)": _CRLF,
        "it begins with a byte order mark": _MARK,
    }
    got = list_words([words for words, found in changes.items() if found in data])
    action = "ask its lead for the file as it was; the lead's signing it once more puts it right"
    return Problem("[signature]", expected, got, action=action)


def sign_protocol(data: bytes, key: CentreKey, name: str, *, force: bool = False) -> bytes:
    """Return a protocol with its lead's signature; its line ends become those of Unix.

    Parameters
    ----------
    data : bytes
        The file, filled in.
    key : CentreKey
        Of the lead that it names.
    name : str
        The file's, for messages.
    force : bool
        Whether a protocol that was changed after it was signed may be signed again.

    Raises
    ------
    InputError
        If the protocol has any problem, a text that was not filled in among them, or names another
        lead's key.
    Refused
        If it was changed after it was signed and `force` is False.
    """
    data = data.removeprefix(_MARK).replace(_CRLF, b"\n")
    earlier = _SIGNATURE.search(data)
    bare = (data if earlier is None else data[: earlier.start()]).rstrip() + b"\n"
    try:
        protocol = parse_protocol(bare, name, signed=False)
    except InputError as err:
        if not err.problems:
            raise
        raise InputError(err.what, [*err.problems, *_list_undescribed(bare, name)]) from err
    undescribed = _list_undescribed(bare, name)
    if protocol.lead_key != key.public:
        expected = f"the public key of the key that signs, {key.public}"
        problem = Problem("lead.key", expected, protocol.lead_key)
        raise InputError(f"protocol {name}", [problem, *undescribed])
    if undescribed:
        raise InputError(f"protocol {name}", undescribed)
    before = bare + b"\n"
    signature = key.sign(before, purpose=_PURPOSE)
    if earlier is not None and earlier[1].decode() != signature and not force:
        raise Refused(
            f"protocol {name} was changed after it was signed: another protocol is another "
            "network, and shares by the one before do not count in it. Give it another file (and "
            "name), or sign it with --force before anybody has shared"
        )
    return before + f'[signature]\ned25519 = "{signature}"\n'.encode()


def _list_undescribed(data: bytes, name: str) -> list[Problem]:
    """Return the texts of a template that nobody has filled in."""
    content = parse_toml(data.decode("utf-8-sig"), f"protocol {name}")
    tables = {where: content.get(where) for where in ("population", "treatment")}
    texts = {w: t.get("description") for w, t in tables.items() if isinstance(t, dict)}
    return [
        Problem(
            f"{where}.description", "what stands on every answer", show(text), action="describe it"
        )
        for where, text in texts.items()
        if isinstance(text, str) and text.startswith(UNDESCRIBED)
    ]


def _make_protocol(
    file: ProtocolFile,
    data: bytes,
    text: str,
    dictionary: Dictionary,
    variables: tuple[Variable, ...],
    *,
    signed: bool,
) -> Protocol:
    outcome, thresholds = file.outcome, file.decision.thresholds
    condition = file.population.condition
    worded = outcome.model_dump(include=set(outcome.horizons), exclude_none=True)
    described = describe_outcomes(outcome.rule, outcome.horizons, condition=condition)
    return Protocol(
        name=file.name,
        title=file.name if file.title is None else file.title,
        seed=file.seed,
        population=file.population.description,
        condition=condition,
        treatment=file.treatment.description,
        rule=outcome.rule,
        horizons=outcome.horizons,
        outcomes=described | worded,
        worded=frozenset(worded),
        eligibility=choose_eligibility(file.eligibility, condition),
        predictors=file.predictors.names,
        dictionary=dictionary,
        scale=outcome.scale,
        declared=variables,
        centres=dict(file.centres),
        lead=file.lead.name,
        lead_key=file.lead.key,
        rounds=file.rounds.number,
        round_words=file.rounds.words,
        basis=_make_basis(file.basis, file.predictors.names, dictionary),
        families=file.model.families,
        prior_sds=file.model.prior_sds,
        intercepts=file.model.intercepts,
        intercept_sd=file.model.intercept_sd,
        thresholds=(thresholds[0], thresholds[1]) if thresholds else None,
        bins=dict(file.bins),
        limits=file.limits,
        panel=file.panel,
        texts=file.list_texts(dictionary),
        text=text,
        sha256=hashlib.sha256(data).hexdigest(),
        signed=signed,
    )


def _make_basis(
    agreed: Mapping[str, Agreed], predictors: tuple[str, ...], dictionary: Dictionary
) -> PredictorBasis:
    logged = [j for j, name in enumerate(predictors) if dictionary[name].transform == "log1p"]
    numbers = [agreed[name] for name in predictors]
    return PredictorBasis.from_agreed(numbers, log1p=logged)
