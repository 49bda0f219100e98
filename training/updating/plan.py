"""An update that was computed and not yet registered: which one the new patients ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.errors import InputError, NotEnoughData, Problem
from features.texts import Text, say, say_list
from training.store.artifact import LoadedModel
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
        What was updated.
    patients : NewPatients
        On whom.
    update : Update
        The closed tests and the model they ask for.
    seed : int
        Of intervals, folds and resamples.
    alpha : float
        Level of each test.
    """

    parent: LoadedModel
    patients: NewPatients
    update: Update
    seed: int
    alpha: float

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
        }


def make_plan(
    parent: LoadedModel, patients: NewPatients, *, alpha: float = 0.05, seed: int = 0
) -> UpdatePlan:
    """Compute which update the new patients ask for; nothing is written.

    Raises
    ------
    InputError
        If the cohort is the one the model was made from, or lacks one of its horizons.
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
    rng = np.random.default_rng((seed, 4))
    update = update_response(model, patients.data, alpha=alpha, rng=rng)
    return UpdatePlan(parent, patients, update, seed, alpha)
