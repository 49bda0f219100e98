"""Names of the drugs behind the ATC codes, so that a list of medication can be typed as it is said.

Only pain co-medication that decides a class, or is often taken beside it, has a name here; every
other well-formed code is read as a code. Names are the international nonproprietary ones, found as
English, Dutch and German spell them.

References
----------
WHO Collaborating Centre for Drug Statistics Methodology, ATC/DDD index,
https://atcddd.fhi.no/atc_ddd_index/
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["SUBSTANCES", "name_codes", "to_codes"]

_LISTED = """
M01AB01 indometacin; M01AB05 diclofenac; M01AB15 ketorolac; M01AB16 aceclofenac; M01AC01 piroxicam;
M01AC06 meloxicam; M01AE01 ibuprofen; M01AE02 naproxen; M01AE03 ketoprofen; M01AE17 dexketoprofen;
M01AH01 celecoxib; M01AH04 parecoxib; M01AH05 etoricoxib; M01AX01 nabumetone; M03BX01 baclofen;
M03BX02 tizanidine; N02AA01 morphine; N02AA03 hydromorphone; N02AA05 oxycodone;
N02AA08 dihydrocodeine; N02AA55 oxycodone and naloxone; N02AB02 pethidine; N02AB03 fentanyl;
N02AC03 piritramide; N02AE01 buprenorphine; N02AJ06 codeine and paracetamol;
N02AJ13 tramadol and paracetamol; N02AJ17 oxycodone and paracetamol; N02AX01 tilidine;
N02AX02 tramadol; N02AX06 tapentadol; N02BA01 acetylsalicylic acid; N02BB02 metamizole;
N02BE01 paracetamol; N02BF01 gabapentin; N02BF02 pregabalin; N03AB02 phenytoin;
N03AE01 clonazepam; N03AF01 carbamazepine; N03AF02 oxcarbazepine; N03AG01 valproic acid;
N03AX09 lamotrigine; N03AX11 topiramate; N03AX14 levetiracetam; N03AX18 lacosamide;
N05BA01 diazepam; N05BA04 oxazepam; N05BA06 lorazepam; N05BA08 bromazepam; N05BA12 alprazolam;
N05CD02 nitrazepam; N05CD06 lormetazepam; N05CD07 temazepam; N05CD08 midazolam;
N06AA02 imipramine; N06AA04 clomipramine; N06AA06 trimipramine; N06AA09 amitriptyline;
N06AA10 nortriptyline; N06AA12 doxepin; N06AB03 fluoxetine; N06AB04 citalopram;
N06AB05 paroxetine; N06AB06 sertraline; N06AB10 escitalopram; N06AX05 trazodone;
N06AX11 mirtazapine; N06AX12 bupropion; N06AX16 venlafaxine; N06AX17 milnacipran;
N06AX21 duloxetine; N06AX26 vortioxetine; N07BC02 methadone; R05DA04 codeine
"""
SUBSTANCES: Mapping[str, str] = MappingProxyType(
    {code: name for code, _, name in (entry.strip().partition(" ") for entry in _LISTED.split(";"))}
)
"""ATC code to the name of the drug."""

_ALIASES = {
    "acetaminophen": "N02BE01",
    "aspirin": "N02BA01",
    "acetylsalicylzuur": "N02BA01",
    "acetylsalicylsäure": "N02BA01",
    "dipyrone": "N02BB02",
    "valproate": "N03AG01",
    "valproïnezuur": "N03AG01",
    "valproinsäure": "N03AG01",
}


def _squash(name: str) -> str:
    """Return a name as three languages share it: morphine, morfine and Morphin are one."""
    text = unicodedata.normalize("NFKD", name.strip().lower())
    text = "".join(letter for letter in text if letter.isalnum() or letter == " ")
    return re.sub(r"\s+", " ", text).replace("ph", "f").replace("th", "t").rstrip("e")


_BY_NAME = {_squash(name): code for code, name in SUBSTANCES.items()} | {
    _squash(name): code for name, code in _ALIASES.items()
}


def to_codes(text: str) -> str:
    """Return a list of medication with each name that is known as its code.

    Parameters
    ----------
    text : str
        Codes or names with ``;`` between, or commas where no code needs them. What is neither
        stays as it is, for the check of the codes to refuse.

    Examples
    --------
    >>> to_codes("Tramadol; amitriptyline, N02BE01")
    'N02AX02; N06AA09; N02BE01'
    """
    parts = [part.strip() for part in re.split(r"[;,\n]", text) if part.strip()]
    return "; ".join(_BY_NAME.get(_squash(part), part) for part in parts)


def name_codes(text: str) -> str:
    """Return a list of codes with the names of those that have one.

    Examples
    --------
    >>> name_codes("n02ax02;C09AA02")
    'N02AX02 tramadol; C09AA02'
    """
    codes = [part.strip().upper() for part in text.split(";") if part.strip()]
    named = [f"{code} {SUBSTANCES.get(code, '')}".strip() for code in codes]
    return "none" if named == ["NONE"] else "; ".join(named)
