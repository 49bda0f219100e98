"""An update that was computed and not yet registered: which one the new patients ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from features.errors import InputError, NotEnoughData, Problem, list_words
from features.texts import Text, say, say_list
from training.model.centres import NO_CENTRE, choose_centre, match_centre
from training.model.response_model import ResponseModel
from training.store.artifact import LoadedModel
from training.store.registered import CENTRE_TAG
from training.updating.closed_testing import METHODS, MIN_PER_CLASS
from training.updating.update import Update, update_response
from training.validation.new_patients import NewPatients

__all__ = ["UpdatePlan", "make_plan"]


@dataclass(frozen=True, eq=False)
class UpdatePlan:
    """An update that was computed and not yet registered.

    Parameters
    ----------
    parent : LoadedModel
        What was updated; of a model of several centres, what holds for `centre`.
    patients : NewPatients
        On whom.
    update : Update
        The closed tests and the model they ask for.
    seed : int
        Of intervals, folds and resamples.
    alpha : float
        Level of each test.
    centre : str
        Whose model it becomes, where the parent was one of several centres; else "".
    is_known : bool
        Whether the parent had a number of its own for this centre.
    """

    parent: LoadedModel
    patients: NewPatients
    update: Update
    seed: int
    alpha: float
    centre: str = ""
    is_known: bool = False

    @property
    def synthetic(self) -> bool:
        """Whether parent or patients are simulated: the result is then a demonstration."""
        return self.parent.facts.synthetic or self.patients.synthetic

    @property
    def words(self) -> Text:
        """What is done to each outcome, such as "response: logistic recalibration"."""
        return say_list(
            (
                say("{outcome}: {method}", outcome=name, method=METHODS[test.method])
                for name, test in self.update.tests.items()
            ),
            "; ",
        )

    @property
    def lineage(self) -> dict[str, str]:
        """The tags, of run and version alike, that lead to the parent."""
        return {
            "ketresponse.parent_version": self.parent.facts.version,
            "ketresponse.parent_digest": self.parent.digest,
            "ketresponse.method": "; ".join(
                f"{name}: {test.method}" for name, test in self.update.tests.items()
            ),
            **({CENTRE_TAG: self.centre} if self.centre else {}),
        }


def _find_place(model: ResponseModel, patients: NewPatients, asked: str) -> tuple[str, str]:
    """Return at which centre patients are, and its name in the model; "" for none.

    Raises
    ------
    InputError
        If neither the option nor the cohort names one centre, the cohort names another one of the
        model's, or the model knows no centres.
    """
    if not model.centres:
        choose_centre(model.centres, asked)
        return "", ""
    sites = sorted(set(patients.sites.tolist()) - {""})
    is_none = asked.strip().casefold() == NO_CENTRE
    if is_none or (not asked and len(sites) != 1):
        got = asked if is_none else f"{len(sites)} different ones in the cohort's column site"
        expected = "the one where the patients are: a model of several centres is updated at one"
        known = list_words([centre.name for centre in model.centres])
        action = f"name it by --centre: {known}, or a new one's own name"
        raise InputError("update", [Problem("centre", expected, got, action=action)])
    name = asked.strip() or sites[0]
    known = match_centre(model.centres, name)
    others = sorted({match_centre(model.centres, site) for site in sites} - {"", known})
    if others:
        got = f"patients of {list_words(others)}, by the cohort's column site"
        action = "name that centre, or leave these patients out"
        raise InputError("update", [Problem("centre", f"patients of {name}", got, None, action)])
    return known or name, known


def make_plan(
    parent: LoadedModel,
    patients: NewPatients,
    *,
    centre: str = "",
    alpha: float = 0.05,
    seed: int = 0,
) -> UpdatePlan:
    """Compute which update the new patients ask for; nothing is written.

    A model of several centres becomes that of one: what is tested is the centre's own model where
    it has one, else what holds for a new centre.

    Parameters
    ----------
    parent : LoadedModel
        What is updated.
    patients : NewPatients
        On whom.
    centre : str
        Where they are; "" takes the site that the cohort names.
    alpha : float
        Level of each test.
    seed : int
        Of intervals, folds and resamples.

    Raises
    ------
    InputError
        If the cohort is the one the model was made from, or lacks one of its horizons, or of a
        model of several centres it is not known at which one.
    NotEnoughData
        If too few patients responded, or did not, to test anything.
    """
    model = parent.model
    problems = []
    if patients.is_training_cohort:
        problems.append(
            Problem("cohort", "other patients than the model was made from", "the same")
        )
    if patients.data.horizons != model.horizons:
        problems.append(
            Problem(
                "outcomes",
                f"those of the model, {' and '.join(model.horizons)}",
                " and ".join(patients.data.horizons),
            )
        )
    if problems:
        raise InputError("update", problems)
    y = patients.data.y[model.horizons[0]]
    events, others = int((y == 1).sum()), int((y == 0).sum())
    if min(events, others) < MIN_PER_CLASS:
        raise NotEnoughData(
            f"{events} responders and {others} nonresponders at {model.horizons[0].upper()}: an "
            f"update needs at least {MIN_PER_CLASS} of each"
        )
    where, known = _find_place(model, patients, centre)
    # Whoever is updated alone is no model of several any more.
    model = model.at(known) if known else replace(model, centres=())
    rng = np.random.default_rng((seed, 4))
    update = update_response(model, patients.data, alpha=alpha, rng=rng)
    start = replace(parent, model=model)
    return UpdatePlan(start, patients, update, seed, alpha, where, bool(known))
