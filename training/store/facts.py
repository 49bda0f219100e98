"""What is known about a model beside its arithmetic: the facts that go with it everywhere."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ConfigDict, TypeAdapter, ValidationError

from features.dictionary.rule import is_rule
from features.errors import InputError, KetresponseError
from features.texts import Text
from training.store.part import ResultsPart, list_problems
from training.store.statuses import APPROVALS

__all__ = ["STATUSES", "ModelFacts", "package_versions", "to_plain"]

STATUSES = ("demonstration", "research", *APPROVALS, "refused", "withdrawn")
_PACKAGES = ("ketresponse", "numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "skops")


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a model's numbers rest on.

    Returns
    -------
    dict of str to str
        "python" and each package that is installed.
    """
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # run from a source folder, or without an optional package
            continue
    return versions


def to_plain(value: Any) -> Any:
    """Return a value as JSON would give it back.

    A data frame becomes a list of its rows (a named index is a column of it), a dataclass or a
    part of the results a mapping, a number that is not finite None.
    """
    if isinstance(value, pd.DataFrame):
        frame = value if value.index.name is None else value.reset_index()
        return [to_plain(row) for row in frame.to_dict("records")]
    if is_dataclass(value) and not isinstance(value, type):
        return to_plain(asdict(value))
    if isinstance(value, ResultsPart):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [to_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return str(value)  # without what a text is made of
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise TypeError(f"results and facts are plain values; got {type(value).__name__}")


def _find_parts(value: Any) -> dict[str, Any]:
    """Return what each text that has values is made of, from all that is within a value."""
    if isinstance(value, Text):
        return {str(value): value.to_json()} if value.values else {}
    if isinstance(value, Mapping):
        value = [*value.values()]
    items = value if isinstance(value, list | tuple) else ()
    return {text: parts for item in items for text, parts in _find_parts(item).items()}


def _is_made_of(text: str, parts: Any) -> bool:
    try:
        return Text.from_json(parts) == text
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What is known about a model beside its arithmetic; plain values, ready for JSON.

    Containers are copied into plain lists and mappings; a number that is not finite is kept as
    None ("could not be estimated").

    Parameters
    ----------
    name : str
        Name under which it is registered.
    version : str
        Version in the registry, or "unregistered".
    status : str
        One of :data:`STATUSES`; "demonstration" for synthetic data and for nothing else.
    population, treatment, condition : str
        Whom and what the model is about, in the study's words. Published base rates are shown
        only where the condition is "CRPS".
    outcomes : dict of str to str
        Horizon to the outcome in plain words.
    rule : str
        The responder rule, as :func:`features.dictionary.rule.read_rule` reads it: other patients
        are labelled by it when the model is validated or updated.
    base_rates : dict of str to float
        Horizon to the training cohort's share of responders, 0 to 1.
    counts : dict
        "n_patients", and for each horizon ``{"n": ..., "events": ...}``.
    eligibility : dict
        As :meth:`features.dictionary.eligibility.Eligibility.to_dict` writes it.
    training_ranges : dict
        Predictor to ``{"low": ..., "high": ...}`` in raw units, or ``{"seen": [...]}``.
    performance : dict
        Horizon to metric to [estimate, low, high].
    blend : dict
        Outcome to the weights of its candidates.
    created : str
        ISO date.
    seed : int
        Of the whole training.
    study_sha256, cohort_sha256 : str
        Digests of the study file and of the cohort table.
    code_version : str
        Version of ketresponse that trained the model.
    versions : dict of str to str
        As :func:`package_versions` returns them.
    synthetic : bool
        Whether the cohort was simulated.
    notes : list of str
        Plain sentences that stand on every answer.
    patients_sha256 : str
        Digest of the patients as arrays: the same cohort in another file has the same. Empty
        where it would tell nothing, and for a model that was made before there was one.
    earlier_cohorts : list of str
        Digests, of file and of patients, of the cohorts behind the versions that it was updated
        from; empty for a model that was trained. It has seen these patients too.
    run_id : str or None
        The tracked run.
    card_sha256 : str or None
        Digest of the model card; None until there is one.
    submodel : str
        "clinical", or "clinical+panel" where there is a sub-model for patients with a panel too.
    panel : dict or None
        About that sub-model: "assays", the names of those selected; "n_assays", how many could
        have been; "n_patients" with a panel; "horizons", each with ``{"n": ..., "events": ...,
        "clinical": metric to [estimate, low, high], "clinical+panel": the same, "difference": the
        same}``, all three in the same patients; "verdict", whether the panel adds anything, in
        one plain sentence. None where there is no such sub-model.
    texts : dict
        Code of a language to what the study says in it: its texts by their English.
    made_of : dict
        What the texts above are made of that were made with values, by their English; found of
        itself. By it :meth:`say` can have them said in another language.

    Raises
    ------
    KetresponseError
        If the rule or the status is unknown, or the status does not go with `synthetic`.
    """

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid")

    name: str
    version: str = "unregistered"
    status: str
    population: str
    treatment: str
    condition: str
    outcomes: dict[str, str]
    rule: str
    base_rates: dict[str, float]
    counts: dict[str, Any]
    eligibility: dict[str, Any]
    training_ranges: dict[str, Any]
    performance: dict[str, Any]
    blend: dict[str, Any]
    created: str
    seed: int
    study_sha256: str
    cohort_sha256: str
    code_version: str
    versions: dict[str, str]
    synthetic: bool
    notes: list[str] = field(default_factory=list)
    patients_sha256: str = ""
    earlier_cohorts: list[str] = field(default_factory=list)
    run_id: str | None = None
    card_sha256: str | None = None
    submodel: str = "clinical"
    panel: dict[str, Any] | None = None
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    made_of: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        made_of = {**self.made_of, **_find_parts([getattr(self, f.name) for f in fields(self)])}
        object.__setattr__(self, "made_of", made_of)
        for item in fields(self):
            object.__setattr__(self, item.name, to_plain(getattr(self, item.name)))
        if any(not _is_made_of(text, parts) for text, parts in self.made_of.items()):
            raise KetresponseError("a model's texts are not made of what its facts say they are")
        if not is_rule(self.rule):
            raise KetresponseError(
                f"a model's rule is a responder rule, such as fall30; got {self.rule!r}"
            )
        if self.status not in STATUSES:
            raise KetresponseError(
                f"a model's status is one of {', '.join(STATUSES)}; got {self.status!r}"
            )
        if self.synthetic != (self.status == "demonstration"):
            raise KetresponseError(
                'a model of synthetic data is "demonstration" for ever, and no other is; '
                f"got status {self.status!r} with synthetic = {self.synthetic}"
            )

    def say(self, text: str) -> Text:
        """Return one of these texts so that it can be said in other languages.

        Parameters
        ----------
        text : str
            Such as the population, an outcome or a note.
        """
        parts = self.made_of.get(text)
        return Text(text) if parts is None else Text.from_json(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain lists and mappings, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelFacts:
        """Return the facts that :meth:`to_dict` wrote.

        Raises
        ------
        InputError
            Listing every fact that is unknown, missing or of the wrong type.
        """
        try:
            return _make_adapter().validate_json(json.dumps(values))
        except ValidationError as err:
            raise InputError("facts of a model", list_problems(err)) from err


@cache  # what it builds takes longer than what it reads
def _make_adapter() -> TypeAdapter[ModelFacts]:
    return TypeAdapter(ModelFacts)
