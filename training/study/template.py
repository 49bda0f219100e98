"""A study file to begin with, written from a cohort file.

It asks what the cohort can answer (predictors that it holds, horizons with a known outcome), runs
as it stands, and says in its comments what only people can decide.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from features.cohort.cohort import Cohort
from features.cohort.labelling import Labelled, label_cohort
from features.dictionary.contract import DEFAULT_PREDICTORS
from features.dictionary.eligibility import BORROWED_ELIGIBILITY, CRPS_ELIGIBILITY, Eligibility
from features.dictionary.outcome import available_horizons
from features.dictionary.rule import Rule
from features.errors import InputError, Problem
from features.texts import say
from training.document.words import UNDESCRIBED
from training.fitting.candidates import DEFAULT_CANDIDATES
from training.fitting.procedure import Procedure
from training.study.by_size import BY_SIZE, settle_resampling
from training.study.study import (
    Patients,
    count_straight_parameters,
    describe_patients,
    make_training_data,
)
from training.study.tables import Resampling

__all__ = ["StudyTemplate", "make_study_template"]

_MOST_FALLBACK = 5
_PERMUTATIONS = 100
"""As many as a review asks for."""
_THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True)
class StudyTemplate:
    """A study file that was written, and what it asks.

    Parameters
    ----------
    text : str
        TOML.
    predictors : tuple of str
        That the study names.
    counts : dict of str to (int, int)
        Horizon to patients with a known outcome, and responders.
    left_out : tuple of str
        Rules of eligibility that would have left nobody, and do not hold.
    """

    text: str
    predictors: tuple[str, ...]
    counts: dict[str, tuple[int, int]]
    left_out: tuple[str, ...]


def make_study_template(
    cohort: Cohort, *, name: str, file: str, rule: Rule, mapping: str | None = None
) -> StudyTemplate:
    """Write a study from a cohort.

    Parameters
    ----------
    cohort : Cohort
        Checked, by the dictionary of the study's mapping.
    name : str
        Of the study: lower case letters, digits, `-` and `_`.
    file, mapping : str, str or None
        As the study file names them.
    rule : Rule
        The responder rule.

    Raises
    ------
    InputError
        If the cohort holds no outcome, or nothing that could predict one: no study can be made.
    """
    is_crps = _holds(cohort.table, "crps_type")
    eligibility, left_out = _choose_eligibility(cohort, is_crps=is_crps)
    eligible, _ = eligibility.select(cohort.table, dictionary=cohort.dictionary)
    horizons = available_horizons(eligible, rule=rule)
    usable = [name for name in cohort.dictionary.names if _can_predict(cohort, eligible, name)]
    _check_enough(horizons, usable, file)
    predictors = _choose_predictors(cohort, eligible, usable)
    patients = _describe(cohort, eligibility, rule, horizons, predictors, file)
    if len(horizons) == 2 and pd.isna(patients.data.kept).all():  # nobody could be said to keep it
        patients = _describe(cohort, eligibility, rule, horizons[:1], predictors, file)
    others = [name for name in usable if name not in predictors and _tells(eligible, name)]
    parts = [
        _write_head(name, cohort, file=file, mapping=mapping, is_crps=is_crps),
        _write_outcome(rule, patients),
        _write_eligibility(eligibility, left_out, cohort),
        _write_predictors(predictors, others, patients, cohort),
        _write_resampling(len(patients.data)),
        _write_decision(patients),
    ]
    counts = {h: (int(c["n"]), int(c["events"])) for h, c in patients.counts.items()}
    return StudyTemplate("\n".join(parts), predictors, counts, tuple(left_out))


def _holds(table: pd.DataFrame, name: str) -> bool:
    return name in table and bool(table[name].notna().any())


def _tells(eligible: pd.DataFrame, name: str) -> bool:
    """Return whether a column tells patients apart."""
    return bool(eligible[name].nunique() > 1)


def _can_predict(cohort: Cohort, eligible: pd.DataFrame, name: str) -> bool:
    try:
        cohort.dictionary.check_predictors([name])
    except InputError:
        return False
    return _holds(eligible, name)


def _check_enough(horizons: Sequence[str], usable: Sequence[str], file: str) -> None:
    problems = []
    if not horizons:
        expected = "nrs_t1, nrs_t2, success_t1 or success_t2 of at least one eligible course"
        action = "run `ketresponse cohort check` to see who is eligible and what is known"
        problems.append(Problem("outcome", expected, "none", action=action))
    if not usable:
        expected = "at least one column that is known before admission and holds a value"
        problems.append(Problem("predictors", expected, "none", action="add one to the cohort"))
    if problems:
        raise InputError(f"cohort {file}", problems)


def _choose_eligibility(cohort: Cohort, *, is_crps: bool) -> tuple[Eligibility, list[str]]:
    """Return the rules for CRPS courses but those that leave nobody, and the names of these."""
    usual = CRPS_ELIGIBILITY if is_crps else BORROWED_ELIGIBILITY
    rules = usual.settle(cohort.table).to_dict()
    left_out = []
    for name in list(rules):
        met = Eligibility.from_dict({key: rules[key] for key in rules if key not in left_out})
        upto = list(rules)[: list(rules).index(name) + 1]
        held = {key: rule for key, rule in met.to_dict().items() if key in upto}
        kept, _ = Eligibility.from_dict(held).select(cohort.table, dictionary=cohort.dictionary)
        if not len(kept):
            left_out.append(name)
    kept_rules = {key: rule for key, rule in rules.items() if key not in left_out}
    return Eligibility.from_dict(kept_rules), left_out


def _choose_predictors(
    cohort: Cohort, eligible: pd.DataFrame, usable: Sequence[str]
) -> tuple[str, ...]:
    """Return the usual predictors that can tell patients apart; without one, the first few."""
    telling = [name for name in usable if _tells(eligible, name)]
    usual = tuple(name for name in DEFAULT_PREDICTORS if name in telling)
    if usual:
        return usual
    chosen: list[str] = []
    for name in telling or usable:
        parents = {cohort.dictionary[other].parent for other in chosen}
        if name not in parents and cohort.dictionary[name].parent not in chosen:
            chosen.append(name)
    return tuple(chosen[:_MOST_FALLBACK])


def _describe(
    cohort: Cohort,
    eligibility: Eligibility,
    rule: Rule,
    horizons: Sequence[str],
    predictors: Sequence[str],
    file: str,
) -> Patients:
    labelled: Labelled = label_cohort(
        cohort, eligibility, rule=rule, horizons=horizons, needed=predictors, name=file
    )
    variables = tuple(cohort.dictionary[name] for name in predictors)
    data = make_training_data(labelled.table, variables, labelled.labels)
    procedure = Procedure(DEFAULT_CANDIDATES)
    parameters = count_straight_parameters(variables)
    return describe_patients(labelled, data, parameters=parameters, procedure=procedure)


def _text(value: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(words: str) -> str:
    """Return words as a comment may hold them: in one line, nothing that TOML forbids there."""
    return "".join(letter if letter.isprintable() else " " for letter in words)


def _write_head(name: str, cohort: Cohort, *, file: str, mapping: str | None, is_crps: bool) -> str:
    told = (
        say("simulated patients") if cohort.synthetic else f"{UNDESCRIBED}: who, where, which years"
    )
    given = (
        say("a simulated course") if cohort.synthetic else f"{UNDESCRIBED}: drug, route, duration"
    )
    condition = 'condition = "CRPS"' if is_crps else '# condition = "CRPS"'
    return f"""\
# A study to begin with: it runs as it stands. What only people can say is marked with "?".
# All settings: docs/study.md. Then: ketresponse train, with the name of this file.

name = {_text(name)}    # also the registered model's name: a-z, 0-9, - and _
seed = 1                # all randomness comes from it: the same seed, the same numbers

[population]
description = {_text(told)}    # ? it stands on every answer
{condition}    # published rates and words are for CRPS only

[treatment]
description = {_text(given)}    # ? it stands on every answer

[cohort]
file = {_text(file)}    # {len(cohort.table)} courses
{f"mapping = {_text(mapping)}" if mapping else "# mapping = ...    # declares further variables"}

# What stands above in Dutch, and the same as [language.de] in German, for pages and answers:
# [language.nl]
# population = ...
# treatment = ...
"""


def _write_outcome(rule: Rule, patients: Patients) -> str:
    lines = ["[outcome]", f"rule = {_text(rule.text)}    # ? who counts as a responder"]
    horizons = list(patients.counts)
    lines.append(f"horizons = {json.dumps(horizons)}    # those with a known outcome in the file:")
    for horizon, count in patients.counts.items():
        lines.append(
            f"#   {horizon.upper()}: {count['n']} of {len(patients.table)} eligible courses, "
            f"{count['events']} responders"
        )
    return "\n".join(lines) + "\n"


def _write_eligibility(eligibility: Eligibility, left_out: Sequence[str], cohort: Cohort) -> str:
    lines = ["[eligibility]    # ? whom the model is for; a course that breaks a rule is left out"]
    for name, rule in eligibility.to_dict().items():
        lines.append(f"{name} = {_write_rule(rule)}{_tell_unknown(name, cohort)}")
    usual = CRPS_ELIGIBILITY.to_dict()
    for name in left_out:
        lines.append(
            f"# {name} = {_write_rule(usual[name])}    # ? left out: it would leave no course"
        )
    return "\n".join(lines) + "\n"


def _tell_unknown(name: str, cohort: Cohort) -> str:
    known = int(cohort.table[name].notna().sum()) if name in cohort.table else 0
    return "" if known == len(cohort.table) else f"    # known of {known} of {len(cohort.table)}"


def _write_rule(rule: dict[str, object]) -> str:
    allowed = rule.get("allowed")
    if isinstance(allowed, list):
        return _text(allowed[0]) if len(allowed) == 1 else json.dumps(allowed)
    return "{ " + ", ".join(f"{key} = {bound}" for key, bound in rule.items()) + " }"


def _write_predictors(
    predictors: Sequence[str], others: Sequence[str], patients: Patients, cohort: Cohort
) -> str:
    n = len(patients.table)
    lines = [
        "[predictors]    # ? what is to predict: few, and chosen before anybody looks at outcomes"
    ]
    lines += [
        f"# {horizon.upper()}: {_tell_size(patients, horizon)}" for horizon in patients.counts
    ]
    lines.append("names = [")
    for name in predictors:
        known = int(patients.table[name].notna().sum())
        label = _comment(cohort.dictionary[name].label)
        lines.append(f"  {_text(name)},    # {label}: {known} of {n} known")
    lines.append("]")
    if others:
        lines.append("# Also in the file and known before admission:")
    for name in others:
        known = int(patients.table[name].notna().sum())
        parent = cohort.dictionary[name].parent
        not_with = f"; not together with {parent}" if parent else ""
        label = _comment(cohort.dictionary[name].label)
        lines.append(f"#   {_text(name)},    # {label}: {known} of {n} known{not_with}")
    return "\n".join(lines) + "\n"


def _tell_size(patients: Patients, horizon: str) -> str:
    verdict = patients.verdicts.get(horizon)
    if verdict is None or verdict.needed is None:
        return "all have one outcome, or none is known: no model can be made"
    enough = "enough" if verdict.enough else "too few"
    return (
        f"{verdict.n} patients; about {verdict.needed.n} are needed for these predictors (for an "
        f"AUC of {verdict.c_statistic:.2f}): {enough}"
    )


def _write_resampling(n_patients: int) -> str:
    usual = settle_resampling(Resampling(), n_patients)
    settings = {name: getattr(usual, name) for name in BY_SIZE}
    told, mark, asked = "", "", ""
    if usual != Resampling():
        # Written out they would be the study's own, and the report would not say why so few.
        told, mark = "    # what is left open is chosen by size, and the report says so", "# "
        asked = "    # a review asks for some: 20, say"
    lines = [f"{mark}{name} = {value}" for name, value in settings.items()]
    lines = [line + asked * ("bootstrap_reruns" in line) for line in lines]
    return f"""\
[resampling]{told}
folds = {usual.folds}
{chr(10).join(lines)}

[null_test]
permutations = {_PERMUTATIONS}    # a review asks: is anything found where there is nothing?
"""


def _write_decision(patients: Patients) -> str:
    rates = " and ".join(
        f"{100 * count['base_rate']:.0f} of 100 at {horizon.upper()}"
        for horizon, count in patients.counts.items()
        if "base_rate" in count
    )
    lines = [
        "[decision]    # ? from which chance of a response on would you admit a patient?",
        "# Set the lowest and the highest that clinicians here would hold to, before the training:",
        "# afterwards it does not count, and without it there is no decision curve.",
    ]
    for threshold in _THRESHOLDS:
        vain = (1 - threshold) / threshold
        lines.append(
            f"#   {threshold:.1f}: up to {vain:.1f} patients admitted in vain for one who responds"
        )
    if rates:
        lines.append(f"# Of the patients here responded {rates}.")
    lines.append("# thresholds = [0.3, 0.7]")
    return "\n".join(lines) + "\n"
