"""What a word in a panel's file says, however it is spelt.

Instruments and people write the same word as `No Amp`, `NO_AMP`, `no-amp` or `NoAmp`. All of them
are compared as letters and digits in lower case.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from features.totals import TOTALS

__all__ = [
    "NOT_SEEN_PATTERN",
    "is_control_role",
    "is_empty",
    "is_no",
    "is_passed",
    "is_sample_role",
    "is_summary",
    "is_yes",
    "looks_like_control",
    "says_not_seen",
    "spell_well",
    "squeeze",
]

_LATIN = str.maketrans(
    {"\u0442": "t", "\u0422": "t", "\u03a4": "t", "\u0394": "d", "\u2206": "d", "\u03b4": "d"}
)
"""Instruments write Ct with a Cyrillic or a Greek letter; without its delta a delta Ct is a Ct."""

_NOT_SEEN = frozenset(
    "undetermined undet undetected nd notdetected notdet noct nocq nocp nocrt noamp "
    "noamplification notamplified "
    # As programs in German, French, Spanish and Italian say it.
    "unbestimmt nichtbestimmt nichtdetektiert nichtnachgewiesen keinct keincq keincp keineamp "
    "keineamplifikation indetermine nondetermine nondetecte indeterminado nodetectado "
    "indeterminato nonrilevato".split()
)
NOT_SEEN_PATTERN = rf"(?:{'|'.join('[ ._/-]*'.join(word) for word in sorted(_NOT_SEEN))})\.?"
"""What :func:`says_not_seen` takes for yes, as part of a regular expression without case."""
_EMPTY = frozenset({"na", "nan", "null"})
_EMPTY_SIGNS = frozenset({"", "-", "--"})
_PASSED = frozenset({"", "ok", "passed", "pass", "amp", "false", "positive"})
_YES = frozenset("true yes y 1 x ja wahr j oui vrai".split())
_NO = frozenset("false no n 0 nein falsch non faux none".split())

_END = r"(?:control|controls|ctrl|ctl|contr|kontrolle|kontroll|kontr|ktr|controle|controlo)"
_CONTROL = (
    r"(?:ntc|nrt|nac|nec|ipc|irc|blockedipc|blank|blk|empty|water|h2o|buffer|calibrator"
    r"|wasser|leer|leerwert|leerkontrolle|kalibrator|blanc|blanco|eau|agua|acqua|mock"
    r"|temoin(?:negatif|positif)?|standard(?:curve|kurve|reihe)"
    rf"|(?:inhibition|extraction|process|reversetranscription)s?{_END}"
    rf"|(?:no|non)(?:template|rt|reversetranscript(?:ase|ion)|amp(?:lification)?|enzyme){_END}?"
    r"|rtminus|minusrt|(?:std|stnd|standard|standards)[\de]*"
    rf"|(?:internal|interplate|interrun|plate)(?:positive)?(?:{_END}|calibrator)"
    rf"|(?:neg|negativ|negatief|negatieve|negatif|pos|positiv|positief|positieve|positif)e?"
    rf"(?:{_END}|template)?|{_END}(?:negati|positi)(?:f|v|va|vo))\d*"
)
# "NC 7" and "Control 7" may be a person, "NC" is none; a group of people may be called Control.
_ROLE = re.compile(rf"{_CONTROL}|[np]c\d*")
_NAME = re.compile(rf"{_CONTROL}|[np]c|{_END}")
_NAME_PART = re.compile(r"(?:ntc|nrt|nac|ipc|h2o|water|wasser|blank)\d*")
_NO_RT = frozenset({"-rt", "rt-", "\u2212rt", "rt\u2212"})
_NAME_NO_RT = re.compile(
    r"(?:^|[\W_])(?:no|non|minus)[\W_]*rt(?:[\W_]|$)|[-\u2212]\s*rt$|(?:^|[\W_])rt\s*[-\u2212]$"
)
"""Of a sample without reverse transcription: `P1 -RT`, `No RT P1`."""
_SAMPLE_ROLE = re.compile(
    r"(?:unknown|unkn|unk|u|sample|samples|s|target|test|patient|reference|endogenouscontrol"
    r"|housekeeping|housekeepinggene|none|na|unbekannt|unbek|probe|ziel|endogenekontrolle|inconnu"
    r"|echantillon|desconocido|sconosciuto|unbekannteprobe)?\d*"
)


@lru_cache(maxsize=10_000)
def squeeze(text: str) -> str:
    """Return a heading or a word without case, accents, blanks and signs."""
    plain = text.translate(_LATIN)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
    return re.sub(r"[^a-z0-9]", "", plain.lower())


def spell_well(text: str) -> str:
    """Return the place of a well as `A1` where it is written `a01`."""
    match = re.fullmatch(r"([A-Za-z]{1,2})0*(\d+)", text.strip())
    return f"{match[1].upper()}{match[2]}" if match else text.strip()


def says_not_seen(text: str) -> bool:
    """Return whether a cell or a flag says that nothing was seen."""
    return squeeze(text) in _NOT_SEEN


def is_empty(text: str) -> bool:
    """Return whether a cell says nothing at all."""
    return text.strip() in _EMPTY_SIGNS or squeeze(text) in _EMPTY


def is_passed(text: str) -> bool:
    """Return whether a flag says that all is well."""
    return squeeze(text) in _PASSED


def is_yes(text: str) -> bool:
    """Return whether a cell of a column of yes and no says yes."""
    return squeeze(text) in _YES


def is_no(text: str) -> bool:
    """Return whether a cell of a column of yes and no says no, or nothing."""
    return is_empty(text) or squeeze(text) in _NO


def is_control_role(text: str) -> bool:
    """Return whether the role of a well is that of a control or a standard, not of a sample.

    An endogenous control is an assay of a sample.

    Examples
    --------
    >>> is_control_role("Neg Ctrl"), is_control_role("Std-01"), is_control_role("Unkn-01")
    (True, True, False)
    """
    return _ROLE.fullmatch(squeeze(text)) is not None or text.strip().lower() in _NO_RT


def is_sample_role(text: str) -> bool:
    """Return whether the role of a well is known to be that of a sample, or is not told."""
    return _SAMPLE_ROLE.fullmatch(squeeze(text)) is not None


def looks_like_control(name: str) -> bool:
    """Return whether a sample's name reads like that of a control: `NTC 2`, `Water`, `Std-01`.

    Examples
    --------
    >>> looks_like_control("water_blank"), looks_like_control("Control 07")
    (True, False)
    """
    parts = re.split(r"[^a-z0-9]+", name.lower())
    return (
        _NAME.fullmatch(squeeze(name)) is not None
        or any(_NAME_PART.fullmatch(part) for part in parts)
        or _NAME_NO_RT.search(name.strip().lower()) is not None
    )


def is_summary(name: str) -> bool:
    """Return whether a name is that of a line or a column that sums up others, as `Mean` is."""
    return squeeze(name) in TOTALS
