"""What members of a network read at the prompt: the protocol, their patients, what would leave."""

from __future__ import annotations

from collections.abc import Mapping

from features.errors import list_words
from features.shares import format_count
from training.document.words import capital
from training.network.content import ShareContent
from training.network.leading import CombinedShares
from training.network.patients import CentrePatients
from training.network.protocol.protocol import Protocol

__all__ = ["tell_after_check", "tell_combined", "tell_patients", "tell_protocol", "tell_share"]

_DIGITS = 12
_SITE = "site"
_FEWEST = (
    "A network ends where fewer than two centres tell sums of an outcome: if any is withheld here, "
    "tell the lead before anybody shares."
)
_FAMILIES = {"straight": "straight", "bends": "with bends"}


def tell_protocol(protocol: Protocol) -> list[str]:
    """Return what was agreed, in sentences that can be held against the file."""
    limits = protocol.limits
    families = " or ".join(_FAMILIES[family] for family in protocol.families)
    sds = ", ".join(f"{sd:g}" for sd in protocol.prior_sds)
    signed = f"signed by {protocol.lead}" if protocol.signed else "NOT SIGNED yet"
    lines = [
        f"{protocol.title} ({protocol.name}), {signed}; SHA-256 {protocol.sha256}.",
        f"Patients: {protocol.population} ({protocol.condition}). Treatment: {protocol.treatment}.",
        *(f"{horizon.upper()}: {words}." for horizon, words in protocol.outcomes.items()),
        f"Predictors: {', '.join(protocol.predictors)}; {families}, prior SD {sds}.",
        f"Centres: {', '.join(protocol.centres)}.",
        f"Limits: no count under {limits.cell}; at most {limits.parameters_share:g} parameters per "
        f"patient; {_tell_remaining(protocol)}; {_tell_decimals(protocol)}; "
        f"{_tell_noise(protocol)}.",
        f"Rounds: {protocol.rounds}. What leaves a centre in each:",
    ]
    return lines + [f"  {k}. {words}" for k, words in enumerate(protocol.round_words, start=1)]


def _tell_remaining(protocol: Protocol) -> str:
    remaining = protocol.limits.remaining
    if remaining == 0:
        return "NO CHECK whether rows can be solved from what is shared (for public rows only)"
    return f"{remaining:.0%} of a number's spread left to whoever solves all that is shared"


def _tell_decimals(protocol: Protocol) -> str:
    limits, rounds = protocol.limits, range(1, protocol.rounds + 1)
    decimals = ", ".join(str(limits.find_gradient_decimals(k)) for k in rounds)
    bends = min(limits.curvature_rounds, protocol.rounds)
    return (
        f"gradients to {decimals} decimals by round, curvatures of the first {bends} rounds to "
        f"{limits.curvature_decimals}"
    )


def _tell_noise(protocol: Protocol) -> str:
    noise = protocol.limits.noise
    if noise is None:
        return "no noise"
    return f"noise for epsilon {noise.epsilon:g}, delta {noise.delta:g}"


def tell_patients(patients: CentrePatients, protocol: Protocol, centre: str = "") -> list[str]:
    """Return how many patients a centre has for a protocol; it is read at home.

    Parameters
    ----------
    patients : CentrePatients
        Its own.
    protocol : Protocol
        Of the network.
    centre : str
        Its name there; empty where it is not known yet.
    """
    data, labels = patients.data, patients.labels
    lines = [f"{format_count(len(patients.cohort.table))} courses, {len(data)} of them eligible."]
    for horizon in protocol.horizons:
        y = getattr(labels, horizon)
        known = y == y
        absent = [
            name
            for name, takes in (
                (f"nrs_{horizon}", True),
                (f"success_{horizon}", protocol.rule.or_success),
            )
            if takes and name not in patients.cohort.table
        ]
        without = f"; no column {' or '.join(absent)}, which the rule takes too" if absent else ""
        lines.append(
            f"{horizon.upper()}: outcome known of {int(known.sum())}, {int((y == 1).sum())} "
            f"responders{without}."
        )
    missing = {
        variable.name: int((column != column).sum())
        for variable, column in zip(data.predictors, data.X.T, strict=True)
    }
    told = ", ".join(f"{name} {count}" for name, count in missing.items() if count)
    lines.append(f"Without a value: {told}." if told else "Every predictor is known of everyone.")
    if patients.synthetic:
        lines.append("Some patients are simulated: what comes of it is a demonstration.")
    lines += _tell_sites(patients, protocol, centre)
    return lines + [f"{capital(note)}." for note in patients.notices]


def _tell_sites(patients: CentrePatients, protocol: Protocol, centre: str) -> list[str]:
    """Return how many patients a file says are of another centre of the network."""
    if _SITE not in patients.cohort.table:
        return []
    counts = patients.cohort.table[_SITE].dropna().astype(str).str.lower().value_counts()
    found = {name: int(counts[name]) for name in protocol.centres if name in counts.index}
    if not centre and len(found) < 2:  # of whom the file is, nobody has said yet
        return []
    others = [f"{n} of {name}" for name, n in found.items() if name != centre]
    if not others:
        return []
    return [
        f"By its `{_SITE}`, the file holds patients of centres of this network: "
        f"{list_words(others)}. Each patient may be told of by one centre only, or counts twice."
    ]


def tell_share(content: ShareContent) -> list[str]:
    """Return what a share tells, and what it does not."""
    lines = []
    for name, outcome in content.outcomes.items():
        if outcome.likelihood is not None:
            size = len(outcome.likelihood.at)
            lines.append(
                f"{name}: sums over {outcome.n} patients in {size} parameters "
                f"({_FAMILIES[outcome.likelihood.family]})."
            )
        elif outcome.withheld:
            lines.append(f"{name}: no sums leave; {outcome.withheld}.")
        else:
            lines.append(f"{name}: nothing was asked of this centre.")
    if content.noise:
        lines.append(f"{capital(content.noise.rstrip('.'))}.")
    return [*lines, *(f"{capital(remark)}." for remark in content.remarks)]


def tell_after_check(protocol: Protocol, file: str, cohort: str = "") -> list[str]:
    """Return what comes next once a protocol and perhaps a cohort were looked at.

    Parameters
    ----------
    protocol : Protocol
        Signed or not.
    file : str
        The protocol's.
    cohort : str
        The options by which the cohort was read; empty where none was.
    """
    if not protocol.signed:
        changed = " What it withholds can still be agreed on otherwise." if cohort else ""
        return [
            f"Next: the lead signs it.{changed}",
            f"  ketresponse network protocol {file} --key LEAD_KEY",
        ]
    options = cohort or "--cohort COHORT"
    return [
        "Next: the centre's first share; all that leaves is shown before it is written.",
        f"  ketresponse network share --round 1 --key KEY {options} --protocol {file}",
        *([_FEWEST] if cohort else []),
    ]


def tell_combined(told: CombinedShares, protocol: Protocol) -> list[str]:
    """Return what the lead has put together, and who did not take part."""
    lines = [f"Round {told.round} of {protocol.rounds}: shares of {', '.join(told.centres)}."]
    lines += [f"Not part of it: {who}, {why}." for who, why in _group(told.dropped)]
    if len(set(told.programs.values())) > 1:
        written = ", ".join(f"{name} {program}" for name, program in told.programs.items())
        lines.append(f"Shares were written by different versions of the program: {written}.")
    if told.result is None:
        return lines
    for name, outcome in told.result.outcomes.items():
        if outcome.reason:
            lines.append(f"{name}: {outcome.reason}.")
            continue
        lines.append(
            f"{name}: {outcome.n} patients of {len(outcome.centres)} centres, {outcome.events} "
            f"with the outcome; prior SD {outcome.prior_sd:g}, weight {outcome.weight:.2f} beside "
            f"the prevalence; the last round moved no coefficient by more than "
            f"{outcome.change:.1e}."
        )
        lines += [f"{name}: nothing of {who}, {why}." for who, why in _group(outcome.withheld)]
    return lines + [f"Unlike the others: {flag}" for flag in told.result.flags]


def _group(reasons: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the centres of each reason, and it: of a hundred centres many have the same."""
    whose: dict[str, list[str]] = {}
    for name, why in reasons.items():
        whose.setdefault(why, []).append(name)
    return [(", ".join(names), why) for why, names in whose.items()]
