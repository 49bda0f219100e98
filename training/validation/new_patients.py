"""Other patients than a model was made from, read and labelled by the model's own rules.

Whom the model is for, what a responder is, at which horizons and what the columns mean all come
from the model: a cohort cannot be judged by other rules than those the model was made by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.arrays import TextArray
from features.cohort.cohort import Cohort, read_cohort
from features.cohort.doubts import describe_cautions
from features.cohort.labelling import Labelled, join_labels
from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import Eligibility
from features.dictionary.outcome import Labels, available_horizons, make_labels
from features.dictionary.rule import Rule
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.errors import InputError, Problem
from training.document.words import capital
from training.fitting.response import TrainingData
from training.store.artifact import LoadedModel
from training.study.study import make_training_data

__all__ = ["NewPatients", "find_sites", "read_new_patients"]


@dataclass(frozen=True, eq=False, kw_only=True)
class NewPatients(Labelled):
    """Eligible patients of a new cohort, as a frozen model sees them.

    Parameters
    ----------
    data : TrainingData
        Eligible patients as arrays, with the model's predictors, in the order of `table`.
    sites : ndarray of str of shape (n,)
        Site of each eligible patient; empty where not known.
    is_training_cohort : bool
        Whether these are the patients that the model, or a version that it was updated from, was
        made from, in whatever file: their numbers are then apparent.
    warnings : tuple of str
        What a reader of any number from these patients must know first.
    """

    data: TrainingData
    sites: TextArray
    is_training_cohort: bool
    warnings: tuple[str, ...]

    @property
    def synthetic(self) -> bool:
        """Whether any patient is simulated."""
        return self.cohort.synthetic


def find_sites(table: pd.DataFrame) -> TextArray:
    """Return the site of each row of a cohort's table, empty where it is not known."""
    if "site" not in table:
        return np.full(len(table), "", dtype=np.str_)
    return np.asarray(table["site"].fillna("").to_numpy(), dtype=np.str_)


def _extend(dictionary: Dictionary, further: Sequence[Variable]) -> Dictionary:
    """Return the model's dictionary with what the contract and a mapping have beside it."""

    def meaning(variable: Variable) -> tuple[object, ...]:
        scale = (variable.low, variable.high, variable.better) if variable.better else ()
        return variable.kind, variable.unit, variable.categories, *scale

    problems = [
        Problem(
            f"variables.{v.name}",
            f"as the model has it, {dictionary[v.name].expected()}",
            v.expected(),
        )
        for v in further
        if v.name in dictionary and meaning(v) != meaning(dictionary[v.name])
    ]
    if problems:
        raise InputError("mapping", problems)
    added = {v.name: v for v in (*CONTRACT, *further) if v.name not in dictionary}
    return Dictionary([*dictionary, *added.values()])


def _check_predictors(predictors: Sequence[Variable], eligible: pd.DataFrame, name: str) -> None:
    """Raise if the model would fill in a predictor for everyone: that is another model."""
    problems = [
        variable.problem("no value in any eligible course", action="add the column's values")
        for variable in predictors
        if variable.name not in eligible or eligible[variable.name].isna().all()
    ]
    if problems:
        raise InputError(f"cohort {name}: predictors of the model", problems)


def _label(eligible: pd.DataFrame, rule: Rule, horizons: tuple[str, ...], name: str) -> Labels:
    """Label by the model's rule; at T1 alone where nobody's "kept at T2" is known."""
    available = available_horizons(eligible, rule=rule)
    if horizons == ("t1", "t2") and available == ("t1",):
        horizons = ("t1",)
    if horizons[0] not in available:
        raise InputError(f"cohort {name}", [_miss_outcome(horizons[0], rule)])
    labels = make_labels(eligible, rule=rule, horizons=horizons)
    if horizons == ("t1", "t2") and np.isnan(labels.kept).all():
        # Known at T2 are then nonresponders at T1 only: a cohort without a single event.
        labels = make_labels(eligible, rule=rule, horizons=("t1",))
    if np.isnan(getattr(labels, horizons[0])).all():
        raise InputError(f"cohort {name}", [_miss_outcome(horizons[0], rule)])
    return labels


def _miss_outcome(horizon: str, rule: Rule) -> Problem:
    expected, action = "one eligible course with a known one", f"the model's rule: {rule.past}"
    return Problem(f"outcome at {horizon.upper()}", expected, "none", action=action)


def _is_training_cohort(cohort: Cohort, data: TrainingData, loaded: LoadedModel) -> bool:
    """Return whether the model has seen these patients, from this file or from another."""
    facts = loaded.facts
    seen = {facts.cohort_sha256, facts.patients_sha256, *facts.earlier_cohorts} - {""}
    return not seen.isdisjoint((cohort.sha256, data.sha256))


def _find_warnings(
    cohort: Cohort,
    loaded: LoadedModel,
    horizons: tuple[str, ...],
    *,
    is_training_cohort: bool,
    repeats: int,
) -> list[str]:
    warnings = []
    if is_training_cohort:
        warnings.append(
            "This is the cohort that the model, or a version before it, was made from: the numbers "
            "are apparent, too good, and no validation."
        )
    if cohort.synthetic:
        warnings.append("These patients are simulated: the numbers say nothing about patients.")
    elif loaded.facts.synthetic:
        warnings.append("The model was made from simulated patients: it is a demonstration.")
    if horizons != loaded.model.horizons:
        warnings.append("No responder has a known outcome at T2: the model is judged at T1 alone.")
    if repeats:
        warnings.append(
            f"{repeats} courses are repeats of a patient: intervals and tests take courses as "
            "independent, and are too sure of themselves by that."
        )
    return warnings


def read_new_patients(
    loaded: LoadedModel, file: Path, *, further: Sequence[Variable] = ()
) -> NewPatients:
    """Read a cohort file by the rules of a frozen model.

    Parameters
    ----------
    loaded : LoadedModel
        Its facts hold eligibility and responder rule, its model the horizons and the dictionary.
    file : Path
        Cohort file, CSV or Parquet.
    further : sequence of Variable
        Variables that the file has beside the model's, as a mapping declares them.

    Returns
    -------
    NewPatients
        At T1 alone, for a model of T1 and T2, where no responder has a known outcome at T2.

    Raises
    ------
    InputError
        Listing every problem of the file; if nobody is eligible, a predictor has no value or
        there is no outcome to judge by.
    """
    model, facts = loaded.model, loaded.facts
    dictionary = _extend(model.dictionary, further)
    cohort = read_cohort(file, dictionary=dictionary, required=model.predictors)
    rules = Eligibility.from_dict(facts.eligibility)
    eligible, flow = rules.select(cohort.table, dictionary=cohort.dictionary)
    assumed = describe_cautions(rules, cohort.table, cohort.dictionary)
    if eligible.empty:
        raise InputError(
            f"cohort {file.name}",
            [
                Problem(
                    "eligibility",
                    "at least one course that the model is for",
                    "none",
                    action="see the model's eligibility on its card",
                )
            ],
        )
    _check_predictors(model.predictor_variables, eligible, file.name)
    labels = _label(eligible, loaded.rule, model.horizons, file.name)
    data = make_training_data(eligible, model.predictor_variables, labels)
    repeats = len(data) - len(np.unique(data.groups))
    known = _is_training_cohort(cohort, data, loaded)
    return NewPatients(
        **vars(join_labels(cohort, eligible, flow, labels)),
        data=data,
        sites=find_sites(eligible),
        is_training_cohort=known,
        warnings=(
            *_find_warnings(
                cohort, loaded, labels.horizons, is_training_cohort=known, repeats=repeats
            ),
            *(capital(f"{text}.") for text in assumed),
        ),
    )
