"""The tables of `network.toml` beside those of a study: what a network's centres agree on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Strict, ValidationInfo

from features.dictionary.schema import Dictionary
from features.errors import Problem, did_you_mean
from features.files.settings import SettingError, Settings, Texts, between, fits, show
from features.mapping.study_file import Place
from training.network.protocol.basis_table import Agreed, read_basis
from training.network.protocol.keys import is_public_key
from training.network.protocol.round_words import ROUND_WORDS
from training.study.tables import StudyCore

__all__ = ["Family", "Limits", "Noise", "ProtocolFile", "SignatureTable"]

Family = Literal["straight", "bends"]

_LETTERS = set("abcdefghijklmnopqrstuvwxyz0123456789-_")
_FEWEST_CENTRES = 2
_MOST_CENTRES = 200
_PUBLIC_KEY = "the public key that `ketresponse network key` printed (ed25519:...)"


class Noise(Settings):
    """Differential privacy of what a centre shares, at a cost in accuracy.

    Parameters
    ----------
    epsilon : float
        Budget of all rounds together: the smaller, the more noise.
    delta : float
        Chance that the promise does not hold; far below 1 / patients.
    """

    epsilon: Annotated[float, between(0.01, 100)]
    delta: Annotated[float, between(1e-12, 1e-2)] = 1e-6


class Limits(Settings):
    """What may leave a centre.

    Parameters
    ----------
    cell : int
        Patients below which no count is told.
    most_patients : int
        Patients above which a centre's share is refused: a made-up number would outweigh all.
    parameters_share : float
        Most parameters told, as a share of the patients whose outcome is known.
    remaining : float
        Least share of a number's spread that an attacker who solves all that was shared must be
        left without. 0 asks for no such protection: for rows that are public.
    gradient_decimals : tuple of int
        To which a gradient is rounded before it leaves, round by round; the last holds for all
        further rounds. Each is as many as the next step can use: more would tell of rows.
    curvature_decimals : int
        To which a curvature is rounded.
    curvature_rounds : int
        Rounds that tell one; later steps go by the last.
    noise : Noise or None
        None adds none.
    """

    cell: Annotated[int, between(3, 1000)] = 5
    most_patients: Annotated[int, between(10, 1_000_000)] = 5000
    parameters_share: Annotated[float, between(0.01, 1)] = 0.33
    remaining: Annotated[float, between(0, 1)] = 0.05
    gradient_decimals: Annotated[
        tuple[Annotated[int, between(0, 15)], ...], Strict(False), fits("at least one", bool)
    ] = (2, 3, 4, 5, 7, 8)
    curvature_decimals: Annotated[int, between(0, 15)] = 1
    curvature_rounds: Annotated[int, between(1, 20)] = 3
    noise: Noise | None = None

    def find_gradient_decimals(self, round_: int) -> int:
        """Return the decimals of a round's gradients; rounds count from 1."""
        return self.gradient_decimals[min(round_, len(self.gradient_decimals)) - 1]

    def find_curvature_decimals(self, round_: int) -> int | None:
        """Return the decimals of a round's curvatures; None where it tells none."""
        return self.curvature_decimals if round_ <= self.curvature_rounds else None


class SignatureTable(Settings):
    """A panel's assays that were chosen beforehand, as predictors.

    Parameters
    ----------
    references : tuple of str
        Assays whose mean Ct is subtracted from each of them.
    ceiling : float
        In cycles; at and above it nothing counts as detected.
    assays : mapping of str to str
        Name of the predictor, a number that `[variables]` declares, to its assay.
    """

    references: Annotated[Texts, fits("at least one assay", bool)]
    ceiling: Annotated[float, between(20, 50)]
    assays: Annotated[Mapping[str, str], fits("at least one assay", bool)]


def _check_signature_names(
    signature: SignatureTable | None, info: ValidationInfo[Place]
) -> SignatureTable | None:
    """Check that every assay is a declared number that takes part."""
    predictors = info.data.get("predictors")
    if signature is None or predictors is None:
        return signature
    dictionary = info.context.dictionary
    problems = [
        Problem(
            f"panel.assays.{name}",
            "a number that [variables] declares and [predictors] names",
            "another name",
            action="selection over centres is not done: name the signature as predictors",
        )
        for name in signature.assays
        if name not in predictors.names or not dictionary[name].is_numeric
    ]
    if problems:
        raise SettingError(*problems)
    return signature


class _Model(Settings):
    """How slopes and intercepts are held: `[model]`."""

    families: Annotated[
        tuple[Family, ...], Strict(False), fits("at least one, each once", lambda f: _differ(f))
    ] = ("straight",)
    prior_sds: Annotated[
        tuple[Annotated[float, between(0.001, 1000)], ...],
        Strict(False),
        fits("at least one, rising", lambda sds: bool(sds) and list(sds) == sorted(set(sds))),
    ] = (0.125, 0.25, 0.5, 1.0)
    intercepts: Literal["centre", "common"] = "centre"
    intercept_sd: Annotated[float, between(0.001, 1000)] | None = None


def _differ(names: tuple[str, ...]) -> bool:
    return 0 < len(names) == len(set(names))


def _check_words(words: tuple[str, ...], info: ValidationInfo[Place]) -> tuple[str, ...]:
    """Check that people have read of every round what this program does in it."""
    number = info.data.get("number")
    if number is None:
        return words
    problems = []
    if len(words) != number:
        expected, got = f"a sentence for each of the {number} rounds", f"{len(words)}"
        problems.append(Problem("", expected, got, action=_tell_missing(len(words), number)))
    for k, (told, true) in enumerate(zip(words, ROUND_WORDS, strict=False), start=1):
        if told != true:
            expected = f"of round {k} what this version shares in it ({true[:60]}...)"
            problems.append(Problem("", expected, show(told), action=f"write: {_quote(true)}"))
    if problems:
        raise SettingError(*problems)
    return words


def _tell_missing(n_words: int, number: int) -> str:
    """Return how to come from some sentences to one for each round."""
    if n_words > number:
        return f"delete the last {n_words - number}"
    return f"add {', '.join(_quote(words) for words in ROUND_WORDS[n_words:number])}"


def _quote(words: str) -> str:
    return f'"{words}"'


class _Rounds(Settings):
    """How often each centre shares, and what: `[rounds]`."""

    number: Annotated[int, between(1, len(ROUND_WORDS))]
    words: Annotated[Texts, AfterValidator(_check_words)]


class _Lead(Settings):
    """Who leads the network: `[lead]`."""

    name: Annotated[str, fits("a name", lambda name: bool(name.strip()))]
    key: Annotated[str, fits(_PUBLIC_KEY, is_public_key)]


def _check_centres(centres: Mapping[str, str]) -> Mapping[str, str]:
    problems = [
        Problem(f"centres.{name}", "a name in lower case letters, digits, - and _", show(name))
        for name in centres
        if not name or set(name) - _LETTERS
    ]
    problems += [
        Problem(f"centres.{name}", _PUBLIC_KEY, show(key))
        for name, key in centres.items()
        if not is_public_key(key)
    ]
    keys = list(centres.values())
    problems += [
        Problem(f"centres.{name}", "a key of its own", "another centre's key")
        for place, (name, key) in enumerate(centres.items())
        if key in keys[:place] and is_public_key(key)
    ]
    if not _FEWEST_CENTRES <= len(centres) <= _MOST_CENTRES:
        expected = f"{_FEWEST_CENTRES} to {_MOST_CENTRES} centres"
        problems.append(Problem("centres", expected, str(len(centres))))
    if problems:
        raise SettingError(*problems)
    return centres


def _check_basis(tables: Mapping[str, Any], info: ValidationInfo[Place]) -> Mapping[str, Agreed]:
    predictors, model = info.data.get("predictors"), info.data.get("model")
    if predictors is None:  # what is wrong with them is told
        return {}
    agreed, problems = read_basis(tables, predictors.names, info.context.dictionary)
    bent = [name for name, told in agreed.items() if getattr(told, "knots", ())]
    if model is not None and "bends" in model.families and not problems and not bent:
        expected = "knots of at least one number, where model.families names bends"
        problems.append(Problem("basis", expected, "none"))
    if problems:
        raise SettingError(*problems)
    return agreed


def _check_bins(
    bins: Mapping[str, tuple[float, ...]], info: ValidationInfo[Place]
) -> Mapping[str, tuple[float, ...]]:
    predictors = info.data.get("predictors")
    names = () if predictors is None else predictors.names
    problems = [
        problem
        for name, edges in bins.items()
        for problem in _check_edges(name, edges, names, info.context.dictionary)
    ]
    if problems and predictors is not None:
        raise SettingError(*problems)
    return bins


def _check_edges(
    name: str, edges: tuple[float, ...], predictors: tuple[str, ...], dictionary: Dictionary
) -> list[Problem]:
    where = f"bins.{name}"
    if name not in predictors or not dictionary[name].is_numeric:
        known = [known for known in predictors if dictionary[known].is_numeric]
        action = did_you_mean(name, known)
        return [Problem(where, "a numeric predictor", "another name", action=action)]
    if len(edges) < 2 or list(edges) != sorted(set(edges)):
        return [Problem(where, "at least two edges, rising", show(edges))]
    return []


class _Signature(Settings):
    """The lead's, over all bytes before it: `[signature]`, the last table of the file."""

    ed25519: str


class ProtocolFile(StudyCore):
    """`network.toml`, table by table."""

    variables: Mapping[str, Any] = Field(default_factory=dict)
    model: _Model = _Model()
    basis: Annotated[Mapping[str, Any], AfterValidator(_check_basis)] = Field(
        default={}, validate_default=True
    )
    bins: Annotated[
        Mapping[str, Annotated[tuple[float, ...], Strict(False)]], AfterValidator(_check_bins)
    ] = Field(default_factory=dict)
    panel: Annotated[SignatureTable | None, AfterValidator(_check_signature_names)] = None
    limits: Limits = Limits()
    rounds: _Rounds
    centres: Annotated[Mapping[str, str], AfterValidator(_check_centres)]
    lead: _Lead
    signature: _Signature | None = None
