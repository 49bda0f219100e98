"""In what two things that are compared differ, in sentences: said before any number is.

A difference in AUC is the models' own only where nothing else differs. Who was judged, by which
rule and with what, comes first; whoever reads the numbers has read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from training.document.words import join, percent
from training.model.centres import NO_CENTRE

__all__ = ["Contrast", "Side", "compute_contrast"]

_KINDS = {
    "training": "a training, cross-validated in its own cohort",
    "update": "an update, cross-validated in the cohort that it was updated on",
    "validation": "a finished model, judged in other patients",
}


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two things that are compared; None is what cannot be told of it.

    Parameters
    ----------
    kind : str or None
        "training", "update", "validation".
    synthetic : bool or None
        Whether the patients are simulated.
    cohort_sha256, file : str or None
        Of the cohort file: its digest and its name.
    patients : frozenset of str or None
        Pseudonyms of those judged; they are counted, and never told.
    n_patients : int or None
        How many.
    counts : mapping of str to (int, int)
        Horizon to the patients with a known outcome and the responders among them.
    horizons, predictors, candidates : tuple of str or None
        As in a study.
    rule : str or None
        When a patient is a responder.
    eligibility : mapping of str to str or None
        Whom it is for: variable to its rule, in words.
    thresholds : tuple of float or None
        The ends of their range; empty where none are set.
    centre : str or None
        Of a model of several centres, the one whose own model it is; "none" as at a new one. None
        for any other model, and where it is not told.
    weighting, resampling : str or None
        How outcomes are weighted; folds, repeats and seed.
    """

    kind: str | None = None
    synthetic: bool | None = None
    cohort_sha256: str | None = None
    file: str | None = None
    patients: frozenset[str] | None = field(default=None, repr=False)
    n_patients: int | None = None
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    horizons: tuple[str, ...] | None = None
    rule: str | None = None
    eligibility: Mapping[str, str] | None = None
    predictors: tuple[str, ...] | None = None
    candidates: tuple[str, ...] | None = None
    thresholds: tuple[float, ...] | None = None
    centre: str | None = None
    weighting: str | None = None
    resampling: str | None = None


@dataclass(frozen=True)
class Difference:
    """One thing in which A and B differ: what it is, and the sentence that tells it."""

    what: str
    text: str


@dataclass(frozen=True)
class Contrast:
    """What differs, what is the same, and what cannot be told.

    Parameters
    ----------
    differs : tuple of Difference
        In the order in which a reader needs it.
    same, untold : tuple of str
        What these are called, such as "responder rule".
    """

    differs: tuple[Difference, ...]
    same: tuple[str, ...]
    untold: tuple[str, ...]

    def tell(self) -> list[str]:
        """Return all of it in sentences."""
        lines = [difference.text for difference in self.differs] or ["Nothing that is known of."]
        if self.same:
            lines.append(f"The same in both: {join(self.same)}.")
        if self.untold:
            lines.append(f"Not told by what is kept: {join(self.untold)}.")
        return lines


def compute_contrast(first: Side, second: Side) -> Contrast:
    """Return in what the two differ; A is the first, B the second."""
    differs, same, untold = [], [], []
    for what, text in _compare(first, second):
        if text is None:
            untold.append(what)
        elif text:
            differs.append(Difference(what, text))
        else:
            same.append(what)
    return Contrast(tuple(differs), tuple(same), tuple(untold))


def _compare(a: Side, b: Side) -> Iterator[tuple[str, str | None]]:
    """Give what is compared, and the sentence; empty where it is the same, None where unknown."""
    simulated = "simulated patients" if a.synthetic and b.synthetic else "simulated or not"
    yield simulated, _tell_simulated(a.synthetic, b.synthetic)
    yield "what was done", _tell_pair("Not the same was done", _word_kind(a), _word_kind(b))
    if a.centre or b.centre:
        yield "centre", _tell_pair("Not the same centre's model", _word_centre(a), _word_centre(b))
    yield "cohort file", _tell_file(a, b)
    yield "patients", _tell_patients(a, b)
    yield "patients and responders by horizon", _tell_counts(a.counts, b.counts)
    yield (
        "horizons",
        _tell_pair("Horizons", _list(a.horizons, upper=True), _list(b.horizons, upper=True)),
    )
    yield "responder rule", _tell_pair("Responder rule", a.rule, b.rule)
    yield "eligibility", _tell_eligibility(a.eligibility, b.eligibility)
    yield "predictors", _tell_predictors(a.predictors, b.predictors)
    yield (
        "candidate models",
        _tell_pair("Candidate models", _list(a.candidates), _list(b.candidates)),
    )
    yield "thresholds", _tell_pair("Thresholds", _range(a.thresholds), _range(b.thresholds))
    yield "weighting", _tell_pair("Weighting of outcomes", a.weighting, b.weighting)
    yield "resampling", _tell_pair("Resampling", a.resampling, b.resampling)


def _tell_pair(label: str, a: str | None, b: str | None) -> str | None:
    if a is None or b is None:
        return None
    return "" if a == b else f"{label}: A {a}; B {b}."


def _list(names: Sequence[str] | None, *, upper: bool = False) -> str | None:
    if names is None:
        return None
    return join([name.upper() if upper else name for name in names])


def _range(thresholds: Sequence[float] | None) -> str | None:
    if thresholds is None:
        return None
    return " to ".join(f"{end:g}" for end in thresholds) if thresholds else "none set"


def _word_kind(side: Side) -> str | None:
    return None if side.kind is None else _KINDS.get(side.kind, side.kind)


def _word_centre(side: Side) -> str:
    if side.centre is None:
        return "of no centre's own"
    return "as at a new centre" if side.centre == NO_CENTRE else f"that of {side.centre}"


def _tell_simulated(a: bool | None, b: bool | None) -> str | None:
    if a is None or b is None:
        return None
    if a == b:
        return ""
    simulated, real = ("A", "B") if a else ("B", "A")
    return (
        f"{simulated} is of simulated patients, {real} is not: no difference below says anything "
        "of how the two do in patients."
    )


def _tell_file(a: Side, b: Side) -> str | None:
    if a.cohort_sha256 is None or b.cohort_sha256 is None:
        return None
    if a.cohort_sha256 == b.cohort_sha256:
        return ""
    words = [f"{s.file or 'a file'} (SHA-256 {s.cohort_sha256:.12}...)" for s in (a, b)]
    alike = ", of one name and other contents" if a.file is not None and a.file == b.file else ""
    return f"Other cohort files{alike}: A {words[0]}; B {words[1]}."


def _tell_patients(a: Side, b: Side) -> str | None:
    same_file = a.cohort_sha256 is not None and a.cohort_sha256 == b.cohort_sha256
    if a.patients is not None and b.patients is not None:
        if same_file and a.patients == b.patients:
            return ""
        shared = len(a.patients & b.patients)
        caution = "" if same_file else "; one pseudonym in two files may be two people"
        return (
            f"Patients: {shared} of the {len(a.patients)} of A and the {len(b.patients)} of B are "
            f"in both, by patient_id{caution}."
        )
    if same_file and a.eligibility is not None and a.eligibility == b.eligibility:
        return ""
    numbers = ""
    if a.n_patients is not None and b.n_patients is not None:
        numbers = f"A has {a.n_patients}, B {b.n_patients}. "
    if same_file and not numbers:
        return None
    return (
        f"Patients: {numbers}How many are in both cannot be told from runs, which keep no "
        "identifiers; comparing the two study files counts them."
    )


def _tell_counts(a: Mapping[str, tuple[int, int]], b: Mapping[str, tuple[int, int]]) -> str | None:
    both = [horizon for horizon in a if horizon in b]
    if not both:
        return None
    told = [
        f"{horizon.upper()}: {_share(*a[horizon])} responded in A, {_share(*b[horizon])} in B"
        for horizon in both
        if a[horizon] != b[horizon]
    ]
    return f"Of patients with a known outcome, {'; '.join(told)}." if told else ""


def _share(n: int, events: int) -> str:
    return f"{events} of {n}" + (f" ({percent(events / n)})" if n else "")


def _tell_eligibility(a: Mapping[str, str] | None, b: Mapping[str, str] | None) -> str | None:
    if a is None or b is None:
        return None
    names = [name for name in dict.fromkeys([*a, *b]) if a.get(name) != b.get(name)]
    told = [f"{name}: A {a.get(name, 'anything')}, B {b.get(name, 'anything')}" for name in names]
    return f"Who is eligible: {'; '.join(told)}." if told else ""


def _tell_predictors(a: Sequence[str] | None, b: Sequence[str] | None) -> str | None:
    if a is None or b is None:
        return None
    alone = [[name for name in one if name not in other] for one, other in ((a, b), (b, a))]
    told = [
        f"{join(names)} in {side} alone" for names, side in zip(alone, "AB", strict=True) if names
    ]
    return f"Predictors: {'; '.join(told)}." if told else ""
