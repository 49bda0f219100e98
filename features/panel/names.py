"""Assay names of a panel as miRBase writes them; what is not certain is reported, never guessed.

Only the spelling is put right: upper and lower case, the number that a TaqMan assay carries, the
dye behind a name, `#` for `*`, and the dots that R puts for hyphens. No species and no arm (-5p,
-3p) is ever added: which strand an assay named without one measures depends on the release of
miRBase that its maker went by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from features.panel.words import squeeze

__all__ = [
    "AssayName",
    "is_known_assay",
    "is_micro_rna",
    "map_assay_names",
    "name_has_dots",
    "names_an_assay",
    "parse_assay_name",
]

NameStatus = Literal["mature", "no_arm", "star", "ambiguous", "clash", "other", "given"]

_NUMBERED = re.compile(
    r"(?:\d{6}_)?(?P<core>.+?)"
    r"(?:(?:[-_ ]#?|#|,\s*|\s*[(\[]\s*)(?P<id>\d{6,7})(?:_mir)?(?:\s*[)\]])?)?",
    re.IGNORECASE,
)
"""A TaqMan name: the assay number stands before it, or after a hyphen, underscore, blank or #."""
_MICRO_RNA = re.compile(
    r"(?:(?P<species>[a-z][a-z0-9]{2,4})-)?(?P<kind>mir|let)-(?P<number>\d{1,5}[a-z]{0,2})"
    r"(?P<locus>-\d{1,2})?(?P<arm>-[35]p)?(?P<star>[*#])?",
    re.IGNORECASE,
)
_PLANT = re.compile(r"(?P<species>ath|osa|zma)-mir(?P<rest>\d{1,5}[a-z]{0,2}(?:-[35]p)?)", re.I)
_VIRUS = re.compile(
    r"(?:bkv|ebv|hcmv|hiv1|hsv1|hsv2|jcv|kshv|mcv|sv40)-miR-[A-Z]\w*(?:-\d+)?(?:-[35]p)?"
)
_SEVERAL = re.compile(
    r"(?:mir|let)-\d+[a-z]*(?:-[35]p)?\s*(?:[/+&]|,\s*(?:[a-z]+-)?(?:mir|let|\d))", re.IGNORECASE
)
_DYE = re.compile(
    r"(?P<name>.+?)(?:\s*[,;:/|_+-]\s*|\s+|\s*(?P<open>[(\[])\s*)"
    r"(?P<dye>6?-?fam|vic|ned|hex|joe|rox|tamra|tet|aby|jun|cy-?[35](?:\.5)?|texas red"
    r"|sybr(?:[ -]?green)?(?: i)?|evagreen)(?:-?(?:mgb|nfq|qsy|bhq-?1?))?\s*(?(open)[)\]])",
    re.IGNORECASE,
)
"""An assay and the dye by which it is seen: `hsa-miR-16-5p, FAM`, `hsa-miR-16-5p (VIC)`."""
_NEARLY = re.compile(r"(?:\b|_|(?<=hsa)|(?<=mmu)|(?<=rno))(?:mir|let)[-_ .]?\d", re.IGNORECASE)
_DOTTED = re.compile(r"(?:X(?=\d))?(?P<name>\w+(?:\.\w+){2,})")
"""As R writes a name that it takes for that of a variable: dots for signs, X before a digit."""
_REFERENCE = re.compile(
    r"(?:mamm)?u6.*|rnu\d.*|rny\d.*|hy3.*|u\d\d(?:[a-z].*)?|snord?\d.*|snorna\d.*|z30.*|unisp\d(?:ipc)?|sp\d"
    r"|5s|18s.*|28s.*|5srrna|gapdh.*|actb.*|b2m.*|hprt1?.*|gusb.*|tbp|rplp0.*|ppia.*|ywhaz.*"
    r"|mirtc|ppc|celmir\d.*|athmir\d.*"
)
"""Small RNAs, genes and spikes against which microRNAs are read, squeezed."""
_MISSPELT = frozenset({"has", "hsi", "mhu"})


@dataclass(frozen=True)
class AssayName:
    """What became of one assay's name.

    Parameters
    ----------
    raw : str
        As it stands in the file.
    name : str
        As it is called from here on: in miRBase's spelling, or `raw` where that is not certain.
    status : str
        `mature` with an arm; `no_arm` and `star` are older names, which do not tell the strand
        in today's terms (a few microRNAs, such as hsa-miR-451a, have one strand only);
        `ambiguous` says why in `reason`; `clash`: two different assays would have got the same
        name; `other` is not a microRNA (a control or a gene); `given` was told by the user.
    reason : str
        Why the name is not certain; empty where it is.
    """

    raw: str
    name: str
    status: NameStatus
    reason: str = ""


def is_micro_rna(text: str) -> bool:
    """Return whether a text reads like the name of a microRNA assay, certain or not."""
    return bool(_NEARLY.search(text) or _PLANT.match(text))


def is_known_assay(text: str) -> bool:
    """Return whether a text reads like a microRNA, or like what microRNAs are read against."""
    return is_micro_rna(text) or _REFERENCE.fullmatch(squeeze(text)) is not None


def names_an_assay(text: str) -> bool:
    """Return whether a text is the name of one assay and nothing beside."""
    status = parse_assay_name(text).status
    return status in ("mature", "no_arm", "star") or (
        status == "other" and _REFERENCE.fullmatch(squeeze(text)) is not None
    )


def _undot(raw: str) -> str:
    """Return a name with the hyphens that R has turned into dots, where it is certain."""
    match = _DOTTED.fullmatch(raw)
    if match is None or not is_micro_rna(raw):
        return raw
    name = match["name"].replace(".", "-")
    read = _MICRO_RNA.fullmatch(_split(name)[0])
    return name if read is not None and read["species"] else raw


def name_has_dots(assay: AssayName) -> bool:
    """Return whether an assay's name had R's dots and was read with hyphens."""
    return assay.status != "given" and _undot(assay.raw) != assay.raw and assay.name != assay.raw


def _split(raw: str) -> tuple[str, str, str]:
    """Return a name without its dye and its TaqMan assay number, the number, and the dye."""
    dyed = _DYE.fullmatch(raw) if is_micro_rna(raw) else None
    name, dye = (dyed["name"], squeeze(dyed["dye"])) if dyed is not None else (raw, "")
    match = _NUMBERED.fullmatch(name)
    if match is None:
        return name, "", dye
    number = match["id"] or (name[:6] if re.match(r"\d{6}_", name) else "")
    return match["core"].strip(), number, dye


def parse_assay_name(raw: str) -> AssayName:
    """Return one assay's name in miRBase's spelling.

    Parameters
    ----------
    raw : str
        As it stands in the file, without blanks around it.

    Examples
    --------
    >>> parse_assay_name("hsa-mir-17-5p").name
    'hsa-miR-17-5p'
    >>> parse_assay_name("hsa-miR-21-4373090").name
    'hsa-miR-21'
    >>> parse_assay_name("hsa.miR.23a.3p").name
    'hsa-miR-23a-3p'
    >>> parse_assay_name("hsa-miR-517a/b").status
    'ambiguous'
    """
    core, _, _ = _split(_undot(raw))
    plant = _PLANT.fullmatch(core)
    if plant is not None:
        return AssayName(raw, f"{plant['species'].lower()}-miR{plant['rest'].lower()}", "mature")
    if _VIRUS.fullmatch(core):
        return AssayName(raw, core, "mature")
    match = _MICRO_RNA.fullmatch(core)
    if match is None:
        return _describe_unread(raw, core)
    species = (match["species"] or "").lower()
    if not species:
        return AssayName(raw, raw, "ambiguous", "no species")
    if species in _MISSPELT:
        return AssayName(raw, raw, "ambiguous", f"{species} is not a species of miRBase")
    arm, star, locus = (match["arm"] or "").lower(), match["star"] or "", match["locus"] or ""
    if arm and star:
        return AssayName(raw, raw, "ambiguous", "both an arm and a star")
    if locus and not arm and not star:
        return AssayName(raw, raw, "ambiguous", "a precursor, not a mature microRNA")
    kind = "let" if match["kind"].lower() == "let" else "miR"
    name = f"{species}-{kind}-{match['number'].lower()}{locus}{arm}{'*' if star else ''}"
    if arm:
        return AssayName(raw, name, "mature")
    if star:
        return AssayName(raw, name, "star", "an older name for the rarer strand")
    return AssayName(raw, name, "no_arm", "the strand is not told")


def _describe_unread(raw: str, core: str) -> AssayName:
    if _SEVERAL.search(core):
        return AssayName(raw, raw, "ambiguous", "several microRNAs in one assay")
    if _NEARLY.search(core):
        return AssayName(raw, raw, "ambiguous", "not spelt as in miRBase")
    return AssayName(raw, raw, "other")


def _identity(assay: AssayName) -> tuple[str, str, str]:
    """Return what tells two assays of one name apart: TaqMan number, dye, and mir against miR.

    With an arm only a mature microRNA can be meant; without one `mir` may be the precursor.
    """
    core, number, dye = _split(_undot(assay.raw))
    kind = "" if assay.status == "mature" else core[core.find("-") + 1 :][:3]
    return number, dye, kind


def map_assay_names(
    raw_names: Iterable[str], *, given: Mapping[str, str] | None = None
) -> dict[str, AssayName]:
    """Return the names of all assays of a panel.

    Parameters
    ----------
    raw_names : iterable of str
        As they stand in the files.
    given : mapping of str to str or None
        Names that the user has decided on, by raw name; they are taken as they are, and two raw
        names with the same given name are one assay.

    Returns
    -------
    dict of str to AssayName
        By raw name, in the order in which they came. Two assays that differ in their TaqMan
        number, their dye, or in mir against miR without an arm, are never taken for one: both
        keep their raw names, as `clash`.
    """
    given = given or {}
    mapped = {
        raw: AssayName(raw, given[raw], "given") if raw in given else parse_assay_name(raw)
        for raw in dict.fromkeys(raw_names)
    }
    claims: dict[str, set[tuple[str, str, str]]] = {}
    for assay in mapped.values():
        key = ("given", "", "") if assay.status == "given" else _identity(assay)
        claims.setdefault(assay.name, set()).add(key)
    return {
        raw: AssayName(raw, raw, "clash", f"another assay is also {assay.name}")
        if len(claims[assay.name]) > 1 and assay.status not in ("given", "other")
        else assay
        for raw, assay in mapped.items()
    }
