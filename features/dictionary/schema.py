"""The dictionary of variables: one place for what a patient's record may hold.

The check of a table, the request to the service, the form, an empty template, a REDCap data
dictionary and the variable table of a model are all derived from :class:`Dictionary`. The same
:func:`parse_value` reads a cell of a training table and a field of a request, and the same
:meth:`Dictionary.encode` turns either into one float array, so that training and serving cannot
differ.

A study may declare further variables of its own; the dictionary with these additions is frozen
into the model that was trained on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np

from features.arrays import FloatArray
from features.errors import InputError, Problem

__all__ = [
    "CONTRACT",
    "DEFAULT_PREDICTORS",
    "Dictionary",
    "Variable",
    "declare_variable",
    "parse_value",
]

Kind = Literal["number", "integer", "yes_no", "category", "text", "codes"]
KnownAt = Literal["always", "baseline", "infusion", "t1", "t2", "later"]
Role = Literal[
    "identifier", "provenance", "group", "eligibility", "predictor", "source", "course", "outcome"
]

_KNOWN_AT_WORDS = {
    "infusion": "during the infusion",
    "t1": "at discharge (T1)",
    "t2": "at the first follow-up (T2)",
    "later": "after the first follow-up",
}
_MISSING = frozenset({"", "unknown"})


@dataclass(frozen=True)
class Variable:
    """One variable of the contract, or one that a study declares.

    Parameters
    ----------
    name : str
        Column name; lower case, with the unit at its end where there is one.
    label : str
        Plain words for people.
    kind : {"number", "integer", "yes_no", "category", "text", "codes"}
        How a value is written. `codes` are ATC codes with `;` between.
    known_at : {"always", "baseline", "infusion", "t1", "t2", "later"}
        When the value is first known. Only what is known at baseline can be a predictor.
    roles : tuple of str
        What the variable is for.
    unit : str
        Unit in plain words; empty where there is none.
    low, high : float or None
        Inclusive range of possible values, in `unit`.
    categories : tuple of str
        The values a `category` may take.
    transform : {"", "log1p"}
        Scale on which a numeric predictor enters a model; log1p(x) = log(1 + x).
    precision : float
        Step to which stored background values are rounded, in `unit`.
    parent : str
        The wider class this one is part of (`strong_opioid` is part of `opioid`); a class and
        its parent are never predictors together.
    codes : tuple of (str, str)
        Pairs of coding system (LOINC, SNOMED, ATC) and code.
    hint : str
        A short note for the form: how to measure or count.
    source : str
        Where the variable and its range come from.
    """

    name: str
    label: str
    kind: Kind
    known_at: KnownAt
    roles: tuple[Role, ...]
    unit: str = ""
    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    transform: Literal["", "log1p"] = ""
    precision: float = 1.0
    parent: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    source: str = ""

    @property
    def is_numeric(self) -> bool:
        """Whether the value is a number with a unit (not a yes/no or a category)."""
        return self.kind in ("number", "integer")

    @property
    def is_encodable(self) -> bool:
        """Whether the value can be written as one float."""
        return self.kind in ("number", "integer", "yes_no", "category")

    def expected(self) -> str:
        """Return what a right value looks like, for messages and forms."""
        if self.kind == "yes_no":
            return "yes or no"
        if self.kind == "category":
            return "one of " + ", ".join(self.categories)
        if self.kind == "codes":
            return "ATC codes with ; between, or none"
        if self.kind == "text":
            return "text"
        noun = "a whole number" if self.kind == "integer" else "a number"
        unit = f" {self.unit}" if self.unit else ""
        if self.low is not None and self.high is not None:
            return f"{noun} from {self.low:g} to {self.high:g}{unit}"
        if self.low is not None:
            return f"{noun} of at least {self.low:g}{unit}"
        if self.high is not None:
            return f"{noun} of at most {self.high:g}{unit}"
        return noun + unit

    def problem(self, got: str, *, action: str = "", row: int | None = None) -> Problem:
        """Return the problem that `got` is not what this variable expects."""
        return Problem(self.name, self.expected(), got, row=row, action=action)

    def decode(self, value: float) -> float | str | None:
        """Return an encoded value as people write it; None when missing."""
        if math.isnan(value):
            return None
        if self.kind == "yes_no":
            return "yes" if value >= 0.5 else "no"
        if self.kind == "category":
            return self.categories[round(value)]
        return int(value) if float(value).is_integer() else float(value)


def _show(raw: object) -> str:
    text = str(raw)
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _parse_number(variable: Variable, raw: object) -> float | Problem:
    if isinstance(raw, bool):
        return variable.problem(_show(raw))
    try:
        value = float(raw)  # type: ignore[arg-type]  # anything else raises, and is reported
    except (TypeError, ValueError, OverflowError):
        hint = "write decimals with a point" if isinstance(raw, str) and "," in raw else ""
        return variable.problem(_show(raw), action=hint)
    if not math.isfinite(value):
        return variable.problem(_show(raw), action="leave a missing value empty")
    if variable.kind == "integer" and not value.is_integer():
        return variable.problem(_show(raw))
    too_low = variable.low is not None and value < variable.low
    too_high = variable.high is not None and value > variable.high
    if too_low or too_high:
        months = too_high and variable.unit == "years"
        action = "if this is in months, divide by 12" if months else ""
        return variable.problem(f"{value:g}", action=action)
    return value


def parse_value(variable: Variable, raw: object) -> float | str | Problem | None:
    """Read one value as the dictionary expects it.

    Parameters
    ----------
    variable : Variable
        What the value should be.
    raw : object
        A cell of a table or a field of a JSON record.

    Returns
    -------
    float, str, None or Problem
        A float for numbers, yes (1) or no (0) and categories (their position); text for text
        and codes; None when missing (empty, "unknown", NaN or null); a Problem when the value
        cannot be read. A problem is returned, not raised, so that all of them can be listed.
    """
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return None
    if isinstance(raw, str):
        raw = raw.strip()
        if raw.lower() in _MISSING and raw.lower() not in variable.categories:
            return None
    if isinstance(raw, (dict, list, tuple, set)):
        return variable.problem("a list or an object")
    if variable.is_numeric:
        return _parse_number(variable, raw)
    if variable.kind == "yes_no":
        if isinstance(raw, (bool, np.bool_)):
            return float(raw)
        word = str(raw).lower()
        if word in ("yes", "true"):
            return 1.0
        if word in ("no", "false"):
            return 0.0
        return variable.problem(_show(raw))
    if variable.kind == "category":
        word = str(raw).lower()
        lowered = [category.lower() for category in variable.categories]
        if word in lowered:
            return float(lowered.index(word))
        return variable.problem(_show(raw))
    return str(raw)


class Dictionary:
    """An ordered set of variables.

    Parameters
    ----------
    variables : iterable of Variable
        In the order in which they stand in a file and on a form; names are unique.
    """

    def __init__(self, variables: Iterable[Variable]) -> None:
        self._by_name = {variable.name: variable for variable in variables}

    def __getitem__(self, name: str) -> Variable:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Any:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables' names, in order."""
        return tuple(self._by_name)

    def with_variables(self, variables: Iterable[Variable]) -> Dictionary:
        """Return this dictionary with a study's own variables added at the end.

        Raises
        ------
        InputError
            If a name is taken: a contract variable's meaning cannot be changed.
        """
        variables = tuple(variables)
        problems = [
            Problem(
                v.name,
                "a name that is not in the contract",
                "a contract name",
                action="choose another name for the study's own variable",
            )
            for v in variables
            if v.name in self
        ]
        if problems:
            raise InputError("variables declared by the study", problems)
        return Dictionary([*self, *variables])

    def check_predictors(self, names: Sequence[str]) -> tuple[Variable, ...]:
        """Return the predictors named, or say why each that is not one cannot be.

        Parameters
        ----------
        names : sequence of str
            Names of the predictors that a study asks for.

        Returns
        -------
        tuple of Variable
            In the order asked for.

        Raises
        ------
        InputError
            Listing every name that is unknown, repeated, not known at baseline, not a value
            that a model can take, or named together with the class it is part of.
        """
        problems = []
        for position, name in enumerate(names):
            if name in names[:position]:
                problems.append(Problem(name, "each predictor once", "named twice"))
                continue
            reason = self._not_a_predictor(name)
            if reason:
                problems.append(
                    Problem(
                        name,
                        "a predictor known at baseline",
                        reason,
                        action="take it out of the predictors",
                    )
                )
            elif self[name].parent and self[name].parent in names:
                problems.append(
                    Problem(
                        name,
                        f"either {name} or {self[name].parent}",
                        "both",
                        action="a class and the class it is part of tell the same thing twice",
                    )
                )
        if not names:
            problems.append(Problem("predictors", "at least one predictor", "none"))
        if problems:
            raise InputError("predictors", problems)
        return tuple(self[name] for name in names)

    def _not_a_predictor(self, name: str) -> str:
        if name not in self:
            return "a name that neither the contract nor the study declares"
        variable = self[name]
        if variable.known_at in _KNOWN_AT_WORDS:
            return f"known only {_KNOWN_AT_WORDS[variable.known_at]}"
        if "predictor" in variable.roles or (
            "eligibility" in variable.roles and variable.is_encodable
        ):
            return ""
        if variable.kind == "codes":
            return "the source of the drug classes: name the classes"
        return f"{variable.roles[0]}: not a property of the patient that a model may learn from"

    def encode(
        self, records: Sequence[Mapping[str, float | str | None]], names: Sequence[str]
    ) -> FloatArray:
        """Write parsed records as one float array.

        Parameters
        ----------
        records : sequence of mapping
            Values as :func:`parse_value` returns them; an absent name is a missing value.
        names : sequence of str
            Encodable variables, one column each.

        Returns
        -------
        ndarray of shape (n_records, n_names)
            Numbers in the dictionary's units, yes = 1 and no = 0, a category's position from 0,
            NaN where missing.
        """
        encoded = np.full((len(records), len(names)), np.nan)
        for i, record in enumerate(records):
            for j, name in enumerate(names):
                value = record.get(name)
                if value is not None:
                    encoded[i, j] = value
        return encoded

    def to_list(self) -> list[dict[str, Any]]:
        """Return the dictionary as plain lists and mappings, for JSON."""
        return [asdict(variable) for variable in self]

    @classmethod
    def from_list(cls, items: Iterable[Mapping[str, Any]]) -> Dictionary:
        """Return the dictionary that :meth:`to_list` wrote."""
        known = {field.name for field in fields(Variable)}
        variables = []
        for item in items:
            values = {key: value for key, value in item.items() if key in known}
            values["roles"] = tuple(values["roles"])
            values["categories"] = tuple(values["categories"])
            values["codes"] = tuple((system, code) for system, code in values["codes"])
            variables.append(Variable(**values))
        return cls(variables)


def declare_variable(name: str, entry: Mapping[str, Any]) -> Variable:
    """Return a study's own variable from its TOML table.

    Parameters
    ----------
    name : str
        Column name.
    entry : mapping
        `kind` and `known_at` are required; `label`, `unit`, `low`, `high`, `categories`,
        `transform`, `precision` and `hint` may be given.

    Raises
    ------
    InputError
        Listing every key that is unknown, missing or wrong.
    """
    allowed = (
        "kind",
        "known_at",
        "label",
        "unit",
        "low",
        "high",
        "categories",
        "transform",
        "precision",
        "hint",
    )
    kinds = get_args(Kind)
    problems = [
        Problem(f"variables.{name}.{key}", "one of " + ", ".join(allowed), "an unknown key")
        for key in entry
        if key not in allowed
    ]
    if entry.get("kind") not in kinds or entry.get("kind") == "codes":
        words = ", ".join(kind for kind in kinds if kind != "codes")
        problems.append(
            Problem(f"variables.{name}.kind", f"one of {words}", _show(entry.get("kind")))
        )
    if entry.get("known_at") not in get_args(KnownAt)[1:]:
        words = ", ".join(get_args(KnownAt)[1:])
        problems.append(
            Problem(f"variables.{name}.known_at", f"one of {words}", _show(entry.get("known_at")))
        )
    if entry.get("kind") == "category" and len(entry.get("categories", ())) < 2:
        problems.append(
            Problem(f"variables.{name}.categories", "at least two values", "fewer than two")
        )
    if entry.get("transform", "") not in ("", "log1p"):
        problems.append(
            Problem(f"variables.{name}.transform", "log1p, or nothing", _show(entry["transform"]))
        )
    for key in ("low", "high", "precision"):
        if key in entry and (
            isinstance(entry[key], bool) or not isinstance(entry[key], (int, float))
        ):
            problems.append(Problem(f"variables.{name}.{key}", "a number", _show(entry[key])))
    if problems:
        raise InputError(f"declared variable {name}", problems)
    role: Role = "predictor" if entry["known_at"] == "baseline" else "outcome"
    return Variable(
        name=name,
        label=str(entry.get("label", name.replace("_", " "))),
        kind=entry["kind"],
        known_at=entry["known_at"],
        roles=("group",) if entry["kind"] == "text" else (role,),
        unit=str(entry.get("unit", "")),
        low=entry.get("low"),
        high=entry.get("high"),
        categories=tuple(str(value) for value in entry.get("categories", ())),
        transform=entry.get("transform", ""),
        precision=float(entry.get("precision", 1.0)),
        hint=str(entry.get("hint", "")),
        source="declared by the study",
    )


_MANGNUS = "Mangnus 2021, doi:10.1111/papr.13056"
_SIGTERMANS = "Sigtermans 2009, doi:10.1016/j.pain.2009.06.023"
_BOTH = f"{_MANGNUS}; {_SIGTERMANS}"


def _drug_class(
    name: str, label: str, atc: str, *, parent: str = "", hint: str = "", source: str = _BOTH
) -> Variable:
    codes = tuple(("ATC", code) for code in atc.split())
    return Variable(
        name,
        label,
        "yes_no",
        "baseline",
        ("predictor",),
        parent=parent,
        codes=codes,
        hint=hint,
        source=source,
    )


CONTRACT = Dictionary(
    [
        Variable(
            "patient_id",
            "Patient pseudonym",
            "text",
            "always",
            ("identifier",),
            hint="a pseudonym, never a name or hospital number",
        ),
        Variable(
            "record_origin",
            "Origin of the record",
            "category",
            "always",
            ("provenance",),
            categories=("patient", "synthetic"),
            hint="empty means patient; simulated rows say synthetic",
        ),
        Variable("site", "Treatment centre", "text", "always", ("group",)),
        Variable(
            "course_number",
            "Number of the ketamine course",
            "integer",
            "baseline",
            ("eligibility",),
            low=1,
            high=100,
            hint="1 for the patient's first course",
            source=_MANGNUS,
        ),
        Variable(
            "crps_type",
            "CRPS type",
            "category",
            "baseline",
            ("eligibility",),
            categories=("1", "2", "unspecified"),
            codes=(("SNOMED", "128200000"),),
            source=_BOTH,
        ),
        Variable(
            "setting",
            "Admission",
            "category",
            "baseline",
            ("eligibility",),
            categories=("elective", "emergency"),
            source=_MANGNUS,
        ),
        Variable(
            "drug",
            "Infusion drug",
            "category",
            "baseline",
            ("eligibility",),
            categories=("s_ketamine", "racemic_ketamine", "other", "none"),
            codes=(("ATC", "N01AX14"), ("ATC", "N01AX03")),
            source=_MANGNUS,
        ),
        Variable(
            "route",
            "Route of administration",
            "category",
            "baseline",
            ("eligibility",),
            categories=(
                "intravenous",
                "oral",
                "sublingual",
                "intranasal",
                "topical",
                "other",
                "none",
            ),
            source=_MANGNUS,
        ),
        Variable(
            "treatment_year",
            "Year of treatment",
            "integer",
            "baseline",
            ("group",),
            low=1990,
            high=2100,
        ),
        Variable(
            "concurrent_infusion_drug",
            "Other infusion drug in the same admission",
            "category",
            "baseline",
            ("eligibility",),
            categories=("none", "mannitol", "tadalafil", "pamidronic_acid", "other"),
            codes=(("ATC", "B05BC01"), ("ATC", "G04BE08"), ("ATC", "M05BA03")),
            source=_MANGNUS,
        ),
        Variable(
            "age_years",
            "Age",
            "number",
            "baseline",
            ("predictor", "eligibility"),
            unit="years",
            low=0,
            high=120,
            codes=(("LOINC", "30525-0"),),
            hint="at the day of treatment",
            source=_BOTH,
        ),
        Variable(
            "sex",
            "Sex",
            "category",
            "baseline",
            ("predictor",),
            categories=("female", "male"),
            codes=(("LOINC", "46098-0"),),
            source=_BOTH,
        ),
        Variable(
            "nrs_t0",
            "Pain before treatment (NRS)",
            "number",
            "baseline",
            ("predictor",),
            unit="points, 0 no pain to 10 worst",
            low=0,
            high=10,
            codes=(("LOINC", "72514-3"), ("LOINC", "38208-5")),
            hint="numeric rating scale before the infusion",
            source=_BOTH,
        ),
        Variable(
            "disease_duration_years",
            "Duration of the pain disease",
            "number",
            "baseline",
            ("predictor",),
            unit="years",
            low=0,
            high=60,
            transform="log1p",
            precision=0.1,
            hint="in years: 9 months is 0.75",
            source=_BOTH,
        ),
        Variable(
            "medication_atc",
            "Pain co-medication (ATC codes)",
            "codes",
            "baseline",
            ("source",),
            hint="codes with ; between; none = takes none; empty = unknown",
        ),
        _drug_class("paracetamol", "Paracetamol", "N02BE01 N02BE51 N02BE71"),
        _drug_class("nsaid", "Anti-inflammatory drug (NSAID)", "M01A"),
        _drug_class("opioid", "Opioid, any", "N02A N07BC01 N07BC02 N07BC05 N07BC51 R05DA04"),
        _drug_class(
            "weak_opioid",
            "Weak opioid",
            "N02AX02 N02AJ R05DA04",
            parent="opioid",
            hint="tramadol, codeine and the like; the split is by convention",
        ),
        _drug_class(
            "strong_opioid",
            "Strong opioid",
            "N02AA N02AB N02AE N02AX06 N07BC01 N07BC02 N07BC05 N07BC51",
            parent="opioid",
            hint="morphine, oxycodone, fentanyl, tapentadol and the like",
        ),
        _drug_class("antidepressant", "Antidepressant, any", "N06A"),
        _drug_class(
            "tricyclic",
            "Tricyclic antidepressant",
            "N06AA",
            parent="antidepressant",
            source=_SIGTERMANS,
        ),
        _drug_class(
            "ssri_snri",
            "SSRI or SNRI antidepressant",
            "N06AB N06AX16 N06AX17 N06AX21 N06AX23 N06AX28",
            parent="antidepressant",
            source=_SIGTERMANS,
        ),
        _drug_class("anti_epileptic", "Anti-epileptic drug, any", "N03A N02BF"),
        _drug_class(
            "gabapentinoid",
            "Gabapentin or pregabalin",
            "N02BF01 N02BF02 N03AX12 N03AX16",
            parent="anti_epileptic",
            source=_SIGTERMANS,
        ),
        _drug_class("benzodiazepine", "Benzodiazepine", "N05BA N05CD N03AE01", source=_SIGTERMANS),
        Variable(
            "weight_kg",
            "Body weight",
            "number",
            "baseline",
            ("predictor",),
            unit="kg",
            low=20,
            high=350,
            codes=(("LOINC", "29463-7"),),
            source=_SIGTERMANS,
        ),
        Variable(
            "height_cm",
            "Height",
            "number",
            "baseline",
            ("predictor",),
            unit="cm",
            low=80,
            high=250,
            codes=(("LOINC", "8302-2"),),
            source=_SIGTERMANS,
        ),
        Variable(
            "affected_limbs",
            "Number of affected limbs",
            "integer",
            "baseline",
            ("predictor",),
            unit="limbs",
            low=1,
            high=4,
            source=_SIGTERMANS,
        ),
        Variable(
            "affected_site",
            "Affected limb",
            "category",
            "baseline",
            ("predictor",),
            categories=("upper", "lower", "both"),
            source=_SIGTERMANS,
        ),
        Variable(
            "mcgill_pri",
            "McGill pain rating index",
            "number",
            "baseline",
            ("predictor",),
            unit="points",
            low=0,
            high=78,
            source=_SIGTERMANS,
        ),
        Variable(
            "hads_depression",
            "HADS depression",
            "number",
            "baseline",
            ("predictor",),
            unit="points",
            low=0,
            high=21,
            source=_SIGTERMANS,
        ),
        Variable(
            "hads_anxiety",
            "HADS anxiety",
            "number",
            "baseline",
            ("predictor",),
            unit="points",
            low=0,
            high=21,
            source=_SIGTERMANS,
        ),
        Variable(
            "sf36_physical",
            "SF-36 physical health",
            "number",
            "baseline",
            ("predictor",),
            unit="points",
            low=0,
            high=100,
            source=_SIGTERMANS,
        ),
        Variable(
            "sf36_mental",
            "SF-36 mental health",
            "number",
            "baseline",
            ("predictor",),
            unit="points",
            low=0,
            high=100,
            source=_SIGTERMANS,
        ),
        Variable(
            "tsk",
            "Tampa scale for kinesiophobia, 17 items",
            "number",
            "baseline",
            ("predictor",),
            unit="points",
            low=17,
            high=68,
            hint="the 17-item form; the 11-item form is another scale",
            source=_SIGTERMANS,
        ),
        Variable(
            "max_dose_mg_h",
            "Highest infusion rate",
            "number",
            "infusion",
            ("course",),
            unit="mg/h",
            low=0,
            high=100,
            source=_MANGNUS,
        ),
        Variable(
            "effective_dose_mg_h",
            "Infusion rate at which pain fell",
            "number",
            "infusion",
            ("course",),
            unit="mg/h",
            low=0,
            high=100,
            source=_MANGNUS,
        ),
        Variable(
            "first_effect_day",
            "Day of the first effect",
            "integer",
            "infusion",
            ("course",),
            unit="day",
            low=1,
            high=60,
            source=_MANGNUS,
        ),
        Variable(
            "infusion_days",
            "Days of infusion",
            "number",
            "infusion",
            ("course",),
            unit="days",
            low=0,
            high=60,
            source=_MANGNUS,
        ),
        Variable(
            "side_effects",
            "Side effects",
            "text",
            "infusion",
            ("course",),
            hint="words with ; between; none = none seen",
            source=_MANGNUS,
        ),
        Variable(
            "nrs_t1",
            "Pain at discharge (NRS)",
            "number",
            "t1",
            ("outcome",),
            unit="points, 0 no pain to 10 worst",
            low=0,
            high=10,
            codes=(("LOINC", "72514-3"),),
            source=_MANGNUS,
        ),
        Variable(
            "success_t1",
            "Record calls the treatment successful at discharge",
            "yes_no",
            "t1",
            ("outcome",),
            source=_MANGNUS,
        ),
        Variable(
            "nrs_t2",
            "Pain at the first follow-up (NRS)",
            "number",
            "t2",
            ("outcome",),
            unit="points, 0 no pain to 10 worst",
            low=0,
            high=10,
            codes=(("LOINC", "72514-3"),),
            source=_MANGNUS,
        ),
        Variable(
            "success_t2",
            "Record calls the treatment successful at follow-up",
            "yes_no",
            "t2",
            ("outcome",),
            source=_MANGNUS,
        ),
        Variable(
            "follow_up_weeks",
            "Weeks from discharge to the first follow-up",
            "number",
            "t2",
            ("outcome",),
            unit="weeks",
            low=0,
            high=520,
            source=_MANGNUS,
        ),
        Variable(
            "relief_weeks",
            "Weeks of relief",
            "number",
            "later",
            ("outcome",),
            unit="weeks",
            low=0,
            high=520,
            source=_MANGNUS,
        ),
    ]
)
"""The cohort contract: one row per course."""

DEFAULT_PREDICTORS = (
    "nrs_t0",
    "disease_duration_years",
    "opioid",
    "antidepressant",
    "anti_epileptic",
)
"""What a study uses when it names no predictors."""
