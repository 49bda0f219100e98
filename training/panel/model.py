"""The sub-model for patients with a microRNA panel: clinical predictors and normalised assays.

The clinical sub-model is trained on everyone and answers for whoever has no usable panel; this
one answers for those who have one. Its arithmetic is an ordinary
:class:`training.model.response_model.ResponseModel` whose last predictors are assays (ΔCt in
cycles), so that ranges, notices, intervals and explanations need no second way. What stands here is
how the Ct values of one patient become those predictors, and when they do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray
from features.dictionary.variable import Variable
from features.panel.normaliser import PanelNormaliser
from features.panel.panel import encode_plates
from features.texts import Text, say
from training.model.response_model import ResponseModel

__all__ = ["PanelModel", "make_assay_variables"]


_ASSAY_PRECISION = 0.1
"""Cycles to which stored values of an assay are rounded."""
_NAMED = 5


def make_assay_variables(assays: Sequence[str], taken: Sequence[str] = ()) -> tuple[Variable, ...]:
    """Declare assays as numeric predictors.

    Parameters
    ----------
    assays : sequence of str
        Names as the panel has them, such as hsa-miR-17-5p; they become the labels.
    taken : sequence of str
        Names of other variables, which are not given again.

    Returns
    -------
    tuple of Variable
        In the same order; names of lower case letters, digits and `_`, unique.
    """
    used = set(taken)
    variables = []
    for assay in assays:
        stem = "ct_" + re.sub(r"[^a-z0-9]+", "_", assay.lower().replace("*", "_star")).strip("_")
        name, number = stem, 1
        while name in used:
            number += 1
            name = f"{stem}_{number}"
        used.add(name)
        variables.append(
            Variable(
                name,
                assay,
                "number",
                "baseline",
                ("predictor",),
                unit="cycles (ΔCt)",
                precision=_ASSAY_PRECISION,
                hint="normalised by the model from the panel's Ct values; higher is less",
            )
        )
    return tuple(variables)


def _list(names: Sequence[str]) -> Text:
    shown = ", ".join(names[:_NAMED])
    if len(names) <= _NAMED:
        return Text(shown)
    return say("{names} and {more} more", names=shown, more=len(names) - _NAMED)


@dataclass(frozen=True)
class PanelModel:
    """A frozen sub-model for patients with a panel.

    Parameters
    ----------
    normaliser : PanelNormaliser
        Fitted on the training patients with a panel.
    assays : tuple of str
        The columns of a raw Ct row, in order; the plate's code follows them where `plates` are
        known.
    plates : tuple of str
        Plates of the training patients, in the order of their codes; empty where plates were not
        corrected.
    ceiling : float
        Cycles at which and above which a value is a non-detect.
    selected : tuple of str
        Assays that enter the model: the last predictors of `response`, in the same order.
    min_coverage : float
        Share of the selected assays that must have been measured, above 0 and at most 1.
    response : ResponseModel
        The arithmetic: clinical predictors, then the selected assays.
    """

    normaliser: PanelNormaliser
    assays: tuple[str, ...]
    plates: tuple[str, ...]
    ceiling: float
    selected: tuple[str, ...]
    min_coverage: float
    response: ResponseModel

    @property
    def clinical_predictors(self) -> tuple[str, ...]:
        """Names of the predictors that are no assays."""
        return self.response.predictors[: len(self.response.predictors) - len(self.selected)]

    @property
    def references(self) -> tuple[str, ...]:
        """The assays by which a sample is normalised."""
        return tuple(self.assays[j] for j in self.normaliser.references_)

    @property
    def needed(self) -> tuple[str, ...]:
        """The assays that an answer makes use of: selected ones and references."""
        return tuple(dict.fromkeys((*self.selected, *self.references)))

    def to_row(self, values: Mapping[str, float | None], plate: str = "") -> FloatArray:
        """Write one patient's panel as a raw Ct row.

        Parameters
        ----------
        values : mapping of str to float or None
            Ct in cycles by assay name; None, or a value at or above the ceiling, is a non-detect;
            an assay that is absent (or NaN) was not measured. Assays that the model does not know
            are passed over.
        plate : str
            The sample's plate; a new or unknown one is not corrected for.

        Returns
        -------
        ndarray of shape (n_columns,)
            As the normaliser takes it.
        """
        row = np.full(len(self.assays), np.nan)
        for j, assay in enumerate(self.assays):
            if assay in values:
                ct = values[assay]
                row[j] = self.ceiling if ct is None else min(ct, self.ceiling)
        if self.plates:
            row = np.append(row, encode_plates([plate], self.plates))
        return row

    def _columns(self) -> list[int]:
        return [self.assays.index(assay) for assay in self.selected]

    def missing(self, row: FloatArray) -> tuple[str, ...]:
        """Return the selected assays that were not measured in a raw Ct row."""
        absent = np.isnan(row[self._columns()])
        return tuple(assay for assay, gone in zip(self.selected, absent, strict=True) if gone)

    def can_use(self, row: FloatArray) -> str:
        """Return why the clinical sub-model has to answer; empty where this one can.

        Parameters
        ----------
        row : ndarray of shape (n_columns,)
            From :meth:`to_row`.
        """
        if np.isnan(row[: len(self.assays)]).all():
            return say("none of the assays that the model knows was measured")
        missing = self.missing(row)
        measured = len(self.selected) - len(missing)
        if measured < self.min_coverage * len(self.selected):
            return say(
                "the panel holds {measured} of the {count} assays that enter the model, and "
                "{share:.0%} are needed; not measured: {names}",
                measured=measured,
                count=len(self.selected),
                share=self.min_coverage,
                names=_list(missing),
            )
        if not self.normaliser.can_normalise(row[np.newaxis])[0]:
            return say(
                "the sample cannot be normalised: fewer than half of the {count} reference assays "
                "were detected in it",
                count=len(self.references),
            )
        return ""

    def encode(self, X: FloatArray, rows: FloatArray) -> FloatArray:
        """Return what `response` takes.

        Parameters
        ----------
        X : ndarray of shape (n, n_clinical)
            Clinical predictors, NaN where missing.
        rows : ndarray of shape (n, n_columns)
            Raw Ct rows of the same patients, for each of which :meth:`can_use` is empty.

        Returns
        -------
        ndarray of shape (n, n_predictors)
            ΔCt in cycles in the last columns, NaN for an assay that was not measured; the model
            then takes the mean of its training patients.
        """
        kept = self.normaliser.kept_.tolist()
        columns = self._columns()
        delta = self.normaliser.transform(rows)[:, [kept.index(j) for j in columns]]
        return np.column_stack([X, np.where(np.isnan(rows[:, columns]), np.nan, delta)])
