"""Codes of other systems, in one table: what each means in the dictionary of variables.

Whatever speaks with a record system (FHIR, CDS Hooks, REDCap, docs/fhir.md) takes its codes, units
and windows from here; nowhere else does one stand.

References
----------
LOINC, https://loinc.org; SNOMED CT, https://www.snomed.org; WHO ICD-10 (2019) and ICD-11,
https://icd.who.int, with the American and German modifications of ICD-10; UCUM,
https://ucum.org; WHO Collaborating Centre for Drug Statistics Methodology, ATC/DDD index,
https://atcddd.fhi.no/atc_ddd_index/; for combinations with opioids its announcement "ATC
classification of combinations of opioids and other analgesics", 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "COMBINATION_DRUGS",
    "DIAGNOSES",
    "DRUG_CLASSES",
    "Diagnosis",
    "INFUSION_DRUGS",
    "MEASURED",
    "Measured",
    "NOTHING_TAKEN",
    "NOT_DETECTED",
    "OTHER_SCALES",
    "PAIN_METHODS",
    "PAIN_SCORE",
    "ROUTES",
    "SYSTEMS",
    "UNITS",
    "WINDOWS",
    "find_codes",
    "find_diagnosis",
    "find_system",
]

_OID = "urn:oid:2.16.840.1.113883.6."
SYSTEMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "LOINC": ("http://loinc.org", f"{_OID}1"),
        "SNOMED": ("http://snomed.info/sct", f"{_OID}96"),
        "ATC": ("http://www.whocc.no/atc", "http://fhir.de/CodeSystem/bfarm/atc", f"{_OID}73"),
        "ICD-10": (
            "http://hl7.org/fhir/sid/icd-10",
            "http://hl7.org/fhir/sid/icd-10-cm",
            "http://fhir.de/CodeSystem/bfarm/icd-10-gm",
            f"{_OID}3",
            f"{_OID}90",
        ),
        "ICD-11": ("http://id.who.int/icd/release/11/mms",),
        "UCUM": ("http://unitsofmeasure.org", f"{_OID}8"),
        "miRBase": (
            "https://www.mirbase.org",
            "http://www.mirbase.org",
            "https://mirbase.org",
            "http://mirbase.org",
        ),
        # Ways to measure pain: the Dutch building blocks', and the thesaurus that France uses.
        "zib": ("urn:oid:2.16.840.1.113883.2.4.3.11.60.40.4.9.1",),
        "NCIt": (
            "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
            "https://smt.esante.gouv.fr/terminologie-ncit",
        ),
        "IPS": ("http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips",),
    }
)
"""By short name, the addresses by which a system is called: the first is written, all are read."""

_BY_URI = {uri: name for name, uris in SYSTEMS.items() for uri in uris}


def find_system(uri: object) -> str:
    """Return the short name of a system of codes, empty for one that is not read."""
    return _BY_URI.get(uri, "") if isinstance(uri, str) else ""


@dataclass(frozen=True)
class _DrugClass:
    """The codes of one class: everything under `within` but what is under `without`."""

    within: tuple[str, ...]
    without: tuple[str, ...] = ()

    def holds(self, code: str) -> bool:
        """Whether every drug that the code stands for is in the class."""
        return code.startswith(self.within) and not (self.without and code.startswith(self.without))

    def may_hold(self, code: str) -> bool:
        """Whether the class has some, but not all, of the drugs that the code stands for."""
        return not self.holds(code) and any(prefix.startswith(code) for prefix in self.within)


def _drugs(within: str, without: str = "") -> _DrugClass:
    return _DrugClass(tuple(within.split()), tuple(without.split()))


_WEAK_ALKALOIDS = "N02AA08 N02AA58 N02AA59 N02AA66 N02AA79"
_STRONG_COMBINATIONS = "N02AJ17 N02AJ18 N02AJ19 N02AJ22 N02AJ23"
_SUBSTITUTION = "N07BC01 N07BC02 N07BC05 N07BC51"

DRUG_CLASSES: Mapping[str, _DrugClass] = MappingProxyType(
    {
        "paracetamol": _drugs("N02BE01 N02BE51 N02BE71 N02AJ01 N02AJ06 N02AJ13 N02AJ17 N02AJ22"),
        "nsaid": _drugs("M01A N02AJ08 N02AJ14 N02AJ16 N02AJ19 N02AJ23", "M01AX05 M01AX25"),
        "opioid": _drugs(f"N02A R05DA04 {_SUBSTITUTION}"),
        "weak_opioid": _drugs(
            f"N02AX02 N02AX52 N02AJ R05DA04 {_WEAK_ALKALOIDS}", _STRONG_COMBINATIONS
        ),
        "strong_opioid": _drugs(
            f"N02AA N02AB N02AE N02AX06 {_SUBSTITUTION} {_STRONG_COMBINATIONS}", _WEAK_ALKALOIDS
        ),
        "antidepressant": _drugs("N06A", "N06AX27"),
        "tricyclic": _drugs("N06AA"),
        "ssri_snri": _drugs("N06AB N06AX16 N06AX17 N06AX21 N06AX23 N06AX28"),
        "anti_epileptic": _drugs("N03A N02BF"),
        "gabapentinoid": _drugs("N02BF N03AX12 N03AX16"),
        "benzodiazepine": _drugs("N05BA N05CD N03AE"),
    }
)
"""ATC, by variable. A code belongs to a class where it begins with one that is listed;
:mod:`features.dictionary.medication` says by which conventions."""

COMBINATION_DRUGS: Mapping[str, _DrugClass] = MappingProxyType(
    {
        "mannitol": _drugs("B05BC01"),
        "tadalafil": _drugs("G04BE08"),
        "pamidronic_acid": _drugs("M05BA03"),
    }
)
"""ATC, by category of `concurrent_infusion_drug`."""

INFUSION_DRUGS: Mapping[str, str] = MappingProxyType(
    {"N01AX14": "s_ketamine", "N01AX03": "racemic_ketamine"}
)
"""Category of `drug` by its ATC code."""

ROUTES: Mapping[str, str] = MappingProxyType(
    {
        "47625008": "intravenous",
        "26643006": "oral",
        "37839007": "sublingual",
        "46713006": "intranasal",
        "6064005": "topical",
    }
)
"""Category of `route` by its SNOMED CT code."""

NOTHING_TAKEN = frozenset({("IPS", "no-known-medications"), ("SNOMED", "787481004")})
"""What stands in place of a medicine where a patient takes none."""

NOT_DETECTED = frozenset({("SNOMED", "260415000"), ("LOINC", "LA11883-8")})
"""What stands in place of a number of cycles where an assay found nothing."""


@dataclass(frozen=True)
class Diagnosis:
    """A code of the disease.

    Parameters
    ----------
    system : str
        Of :data:`SYSTEMS`.
    code : str
        As it is written, with its point.
    crps_type : {"1", "2", "unspecified"}
        Which type it means.
    further : bool
        Whether longer codes that begin so are the same: G90.511 is a G90.5.
    """

    system: str
    code: str
    crps_type: str
    further: bool = False

    def means(self, code: str) -> bool:
        """Whether a code is this one; points do not count, as they are often left out."""
        given, own = code.replace(".", "").upper(), self.code.replace(".", "")
        return given.startswith(own) if self.further else given == own


DIAGNOSES = (
    Diagnosis("SNOMED", "128200000", "unspecified"),
    Diagnosis("SNOMED", "734947007", "1"),
    Diagnosis("ICD-10", "G90.5", "1", further=True),
    Diagnosis("ICD-10", "G90.6", "2", further=True),
    Diagnosis("ICD-10", "G90.7", "unspecified", further=True),
    Diagnosis("ICD-10", "M89.0", "unspecified", further=True),
    # Causalgia: until 2018 the only code of WHO's for type II, and still that of the USA.
    Diagnosis("ICD-10", "G56.4", "2", further=True),
    Diagnosis("ICD-10", "G57.7", "2", further=True),
    Diagnosis("ICD-11", "8D8A.0", "1"),
    Diagnosis("ICD-11", "8D8A.1", "2"),
    Diagnosis("ICD-11", "8D8A.Z", "unspecified"),
)
"""Complex regional pain syndrome."""


def find_diagnosis(system: str, code: str) -> Diagnosis | None:
    """Return the diagnosis that a code means; None for another disease.

    Parameters
    ----------
    system : str
        Short name, of :data:`SYSTEMS`.
    code : str
        With or without its point.

    Examples
    --------
    >>> find_diagnosis("ICD-10", "G90511").crps_type, find_diagnosis("ICD-10", "G43.0")
    ('1', None)
    """
    found = (known for known in DIAGNOSES if known.system == system and known.means(code))
    return next(found, None)


UNITS: Mapping[str, str] = MappingProxyType(
    {"years": "a", "weeks": "wk", "kg": "kg", "cm": "cm", "points": "{score}", "limbs": "{limbs}"}
)
"""UCUM code of a unit of the dictionary's."""

_SCORE = {"{score}": 1.0, "1": 1.0}
_YEARS = {"a": 1.0, "mo": 1 / 12, "wk": 7 / 365.25, "d": 1 / 365.25}


@dataclass(frozen=True)
class Measured:
    """How one variable is measured elsewhere.

    Parameters
    ----------
    codes : tuple of str
        LOINC.
    units : mapping of str to float
        By UCUM code: what a value is multiplied with to be in the dictionary's unit.
    days : int
        How old a value may be at the infusion, or today where it has not begun.
    """

    codes: tuple[str, ...]
    units: Mapping[str, float]
    days: int


MEASURED: Mapping[str, Measured] = MappingProxyType(
    {
        "nrs_t0": Measured(("72514-3", "38208-5"), MappingProxyType(_SCORE), 90),
        "age_years": Measured(("30525-0",), MappingProxyType(_YEARS), 365),
        "weight_kg": Measured(
            ("29463-7",), MappingProxyType({"kg": 1.0, "g": 0.001, "[lb_av]": 0.45359237}), 365
        ),
        "height_cm": Measured(
            ("8302-2",),
            MappingProxyType({"cm": 1.0, "m": 100.0, "[in_i]": 2.54, "[ft_i]": 30.48}),
            3650,
        ),
    }
)
"""By variable. What else a record may hold is asked in the questionnaire."""

WINDOWS: Mapping[str, int] = MappingProxyType(
    {"questionnaire": 90, "panel": 90, "prescription": 365, "course": 28}
)
"""Days. How old an answer, a panel's sample or a prescription without an end may be; and after how
many days without ketamine the next infusion is another course."""

OTHER_SCALES: Mapping[str, str] = MappingProxyType(
    {"38214-3": "a visual analogue scale", "38221-8": "a scale of faces"}
)
"""LOINC codes of pain that are not the numeric rating scale, and what they are."""

PAIN_SCORE = ("SNOMED", "225908003")
"""A pain score on the scale that its method names, as the Dutch nl-core-PainScore writes one."""

PAIN_METHODS: Mapping[tuple[str, str], bool] = MappingProxyType(
    {
        ("zib", "NRS"): True,
        ("zib", "VAS10"): False,
        ("zib", "VAS100"): False,
        ("NCIt", "C21082"): True,
        ("NCIt", "C121547"): False,
        ("NCIt", "C21133"): False,
    }
)
"""How pain was measured, where an Observation says so: whether by the numeric rating scale."""

_SEX = "46098-0"
_OUTCOMES = ("nrs_t1", "nrs_t2")


def find_codes(variable: str) -> tuple[tuple[str, str], ...]:
    """Return the codes of a variable of the contract, each with its system's short name.

    Examples
    --------
    >>> find_codes("weight_kg"), find_codes("tricyclic"), find_codes("site")
    ((('LOINC', '29463-7'),), (('ATC', 'N06AA'),), ())
    """
    if variable in MEASURED:
        return tuple(("LOINC", code) for code in MEASURED[variable].codes)
    if variable in _OUTCOMES:
        return (("LOINC", MEASURED["nrs_t0"].codes[0]),)
    if variable == "sex":
        return (("LOINC", _SEX),)
    if variable == "crps_type":
        return tuple((known.system, known.code) for known in DIAGNOSES)
    if variable == "drug":
        return tuple(("ATC", code) for code in INFUSION_DRUGS)
    if variable == "route":
        return tuple(("SNOMED", code) for code in ROUTES)
    drugs = COMBINATION_DRUGS.values() if variable == "concurrent_infusion_drug" else ()
    classes = (DRUG_CLASSES[variable],) if variable in DRUG_CLASSES else tuple(drugs)
    return tuple(("ATC", code) for drug_class in classes for code in drug_class.within)
