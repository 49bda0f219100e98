"""ATC codes of the pain co-medication, and the drug classes that follow from them.

The classes are the yes/no variables of the contract. A code of the full seven characters decides
every class. A shorter code names a group of drugs: it decides the classes that the group lies
within, and leaves undecided the classes that hold only some of its members (``N02AX`` is an
opioid, weak or strong unknown). An undecided class stays unknown: it is never read as "no".

Conventions, where the index leaves room:

- Weak opioids are tramadol, codeine and dihydrocodeine; the remaining opium alkaloids and
  phenylpiperidine and oripavine derivatives, tapentadol and methadone are strong. Opioids that
  the convention does not place (piritramide, nalbuphine, tilidine) are opioids, weak or strong
  unknown.
- Plain codeine has its only code among the cough medicines (R05DA04) and counts as an opioid.
- A fixed combination counts in the class of each of its parts.
- Glucosamine, chondroitin and nasal esketamine stand in groups of the index to whose class they
  do not belong. The group's own code still means the class.

References
----------
WHO Collaborating Centre for Drug Statistics Methodology, ATC/DDD index,
https://atcddd.fhi.no/atc_ddd_index/; for combinations with opioids its announcement "ATC
classification of combinations of opioids and other analgesics", 2016.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from features.dictionary.codes import COMBINATION_DRUGS, DRUG_CLASSES
from features.dictionary.contract import CONTRACT
from features.errors import InputError, Problem
from features.texts import Text, say, say_count

__all__ = [
    "CLASS_COLUMNS",
    "fill_classes",
    "find_combination_drugs",
    "find_unlisted",
    "parse_codes",
]

_COLUMN = "medication_atc"
_NONE = "none"
# A letter of one of the fourteen main groups, then the levels 2 to 5 of the index.
_WELL_FORMED = re.compile(r"[ABCDGHJLMNPRSV]\d\d([A-Z]([A-Z](\d\d)?)?)?")
_EXPECTED = say("ATC codes with ; between, or none, each of 3, 4, 5 or 7 characters as in N02AX02")


_PARENTS = {variable.name: variable.parent for variable in CONTRACT if variable.parent}
CLASS_COLUMNS = (_COLUMN, *DRUG_CLASSES)
"""The columns of a record that :func:`fill_classes` looks at and fills."""


def parse_codes(text: str) -> list[str] | Problem:
    """Read a cell of ATC codes.

    Parameters
    ----------
    text : str
        Codes with ``;`` between, or ``none`` for a patient who takes none of the pain
        medication. Case and spaces do not matter.

    Returns
    -------
    list of str or Problem
        The codes in upper case, each once, in the order given; an empty list for ``none``. A
        Problem that names every malformed code. A well-formed code that no class lists is fine.
    """
    parts = [part.strip().upper() for part in text.split(";")]
    codes = list(dict.fromkeys(part for part in parts if part))
    if codes == [_NONE.upper()]:
        return []
    if not codes:
        return Problem(_COLUMN, _EXPECTED, repr(text), action=say("leave an unknown list empty"))
    unknown = [code for code in codes if not _WELL_FORMED.fullmatch(code)]
    if not unknown:
        return codes
    if _NONE.upper() in unknown:
        return Problem(
            _COLUMN, _EXPECTED, say("none beside codes"), action=say("take one of the two out")
        )
    shown = ", ".join(code[:20] for code in unknown[:5]) + (", ..." if len(unknown) > 5 else "")
    got = say_count("unknown code {codes}", "unknown codes {codes}", len(unknown), codes=shown)
    action = say("put ; between codes") if "," in text else say("write each as the ATC index does")
    return Problem(_COLUMN, _EXPECTED, got, action=action)


def _read_codes(codes: Iterable[str]) -> list[str]:
    parsed = parse_codes(";".join(codes) or _NONE)
    if isinstance(parsed, Problem):
        raise InputError("ATC codes", [parsed])
    return parsed


def _decide(codes: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the classes that the codes put a patient in, and those they leave undecided."""
    inside: set[str] = set()
    undecided: set[str] = set()
    for code in codes:
        within, open_ = _decide_one(code)
        inside |= within
        undecided |= open_
    return frozenset(inside), frozenset(undecided - inside)


@lru_cache(maxsize=10_000)  # every row of a cohort has some of the same few hundred codes
def _decide_one(code: str) -> tuple[frozenset[str], frozenset[str]]:
    inside = {name for name, drugs in DRUG_CLASSES.items() if drugs.holds(code)}
    undecided = {name for name, drugs in DRUG_CLASSES.items() if drugs.may_hold(code)}
    strengths = {name for name, parent in _PARENTS.items() if parent == "opioid"}
    if "opioid" in inside and not inside & strengths:
        undecided |= strengths
    return frozenset(inside), frozenset(undecided)


def find_unlisted(codes: Iterable[str]) -> list[str]:
    """Return which well-formed codes touch no class, so that they can be counted."""
    return [code for code in _read_codes(codes) if not any(_decide([code]))]


def find_combination_drugs(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the combination infusion drugs among well-formed codes, as named by the contract.

    They put a course out of scope when they are *infused in the same admission*, which a
    medication list does not tell. They are therefore reported as a notice, and
    `concurrent_infusion_drug` is never filled in from them.
    """
    given = _read_codes(codes)
    return tuple(
        name for name, drug in COMBINATION_DRUGS.items() if any(drug.holds(code) for code in given)
    )


def fill_classes(
    record: Mapping[str, float | str | None],
) -> tuple[dict[str, float | str | None], list[Problem]]:
    """Fill in the drug classes of one record from its codes, and each class from its parts.

    The same function completes a training row and a request.

    Parameters
    ----------
    record : mapping
        Values as :func:`features.dictionary.variable.parse_value` returns them.

    Returns
    -------
    record : dict
        A copy. With codes (or ``none``) in `medication_atc` every class that they decide is 1
        or 0. Then a class is yes where one of its parts is, and its parts are no where it is no.
        Without codes and flags nothing is added.
    problems : list of Problem
        Malformed codes; flags that contradict the codes; a part that is yes while its class is
        no. A contradicted flag is left as it came.
    """
    filled = dict(record)
    problems: list[Problem] = []
    text = record.get(_COLUMN)
    if isinstance(text, str):
        codes = parse_codes(text)
        if isinstance(codes, Problem):
            return filled, [codes]
        inside, undecided = _decide(codes)
        for name in DRUG_CLASSES:
            if name in undecided:
                continue
            value = float(name in inside)
            if filled.get(name) is None:
                filled[name] = value
            elif filled[name] != value:
                problems.append(
                    _contradiction(name, value, say("{name} tells otherwise", name=_COLUMN))
                )
    contradicted = {problem.column for problem in problems}
    for part, whole in _PARENTS.items():
        part_value, whole_value = filled.get(part), filled.get(whole)
        if part_value == 1.0 and whole_value is None:
            filled[whole] = 1.0
        elif whole_value == 0.0 and part_value is None:
            filled[part] = 0.0
        elif part_value == 1.0 and whole_value == 0.0 and not contradicted & {part, whole}:
            problems.append(_contradiction(part, 0.0, say("{name} is no", name=whole)))
    return filled, problems


def _contradiction(name: str, value: float, reason: Text) -> Problem:
    right, wrong = (say("yes"), say("no")) if value else (say("no"), say("yes"))
    expected = say("{right}, because {reason}", right=right, reason=reason)
    return Problem(name, expected, wrong, action=say("correct one of the two"))
