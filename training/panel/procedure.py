"""The `[panel]` table of a study: how the panel's part of a model is made."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import PlainValidator

from features.errors import Problem
from features.files.settings import Number, SettingError, Settings, beside, between, show
from features.panel.normaliser import BY_PLATE

__all__ = ["PanelProcedure", "PanelTable"]

_BY_EVIDENCE = (
    "leave it out: nothing replaces it, the evidence decides which assays count and how much"
)
_REFERENCES = ("global_mean", "genorm", "normfinder", BY_PLATE)


def _read_reference(given: Any) -> str | tuple[str, ...]:
    if isinstance(given, (list, tuple)):
        if not given or not all(isinstance(name, str) for name in given):
            raise SettingError(Problem("", "names of assays", show(given)))
        return tuple(given)
    if given not in _REFERENCES:
        expected = f"{', '.join(_REFERENCES)}, or a list of assays"
        raise SettingError(Problem("", expected, show(given)))
    return str(given)


class _Choices(Settings):
    """What a study may choose."""

    retired: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"candidates": _BY_EVIDENCE, "prior_strength": _BY_EVIDENCE}
    )
    reference: Annotated[str | tuple[str, ...], PlainValidator(_read_reference)] = "global_mean"
    n_references: Annotated[int, between(1, 1000)] | None = None
    min_detected: Annotated[Number, between(0, 1)] = 0.25
    plates: bool = True
    max_assays: Annotated[int, between(1, 200)] = 30
    min_coverage: Annotated[Number, between(0.01, 1)] = 0.8
    max_p: Annotated[Number, between(0.001, 1)] = 0.05


class PanelProcedure(_Choices):
    """How the panel's part of a model is made.

    Parameters
    ----------
    reference : str or tuple of str
        "global_mean", "genorm", "normfinder", "normfinder_plates", or the names of the reference
        assays.
    n_references : int or None
        How many of the most stable assays; None lets geNorm's pairwise variation tell.
    min_detected : float
        Share of the training samples in which an assay must be detected.
    plates : bool
        Whether differences between plates are corrected.
    max_assays : int
        Most assays that may enter a model.
    min_coverage : float
        Share of the assays in the model that a new patient's panel must hold.
    max_p : float
        Largest p value of the panel's global test at which a score is added; 1 does without.
    """


class PanelTable(_Choices):
    """The table as it stands in a study file.

    Parameters
    ----------
    file : str or None
        The tidy panel, beside the study.
    """

    file: (
        Annotated[str, beside("run `ketresponse panel import` first, or correct the path")] | None
    ) = None

    def make_procedure(self) -> PanelProcedure:
        """Return the procedure; the file is no part of it."""
        return PanelProcedure(**self.model_dump(exclude={"file"}))
