"""The `[panel]` table of a study: how the panel's part of a model is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import Problem
from training.panel.candidates import PANEL_CANDIDATES

__all__ = ["PANEL_TABLE", "PanelProcedure", "check_panel", "make_panel_procedure"]

PANEL_TABLE: dict[str, type | tuple[type, ...]] = {
    "file": str,
    "reference": (str, list),
    "n_references": int,
    "min_detected": (int, float),
    "plates": bool,
    "max_assays": int,
    "min_coverage": (int, float),
    "candidates": list,
    "max_p": (int, float),
    "prior_strength": (int, float),
}
"""The table's keys and their types."""

_REFERENCES = ("global_mean", "genorm", "normfinder")
_BOUNDS = {
    "n_references": (1, 1000),
    "min_detected": (0, 1),
    "max_assays": (1, 200),
    "min_coverage": (0.01, 1),
    "max_p": (0.001, 1),
    "prior_strength": (0, 100),
}


@dataclass(frozen=True)
class PanelProcedure:
    """How the panel's part of a model is made.

    Parameters
    ----------
    reference : str or tuple of str
        "global_mean", "genorm", "normfinder", or the names of the reference assays.
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
    candidates : tuple of str
        Names in :data:`training.panel.candidates.PANEL_CANDIDATES`.
    screened : int
        Assays that go on to the candidates, by their score beside the clinical estimate.
    inner_folds, inner_repeats : int
        Inner cross-validation for settings and weight.
    max_p : float
        Largest p value of the panel's global test at which a score is fitted; 1 does without.
    prior_strength : float
        Pull of the panel's weight toward 0, in nats for each unit (standard deviation of the
        log-odds) by which it moves patients; see :func:`training.model.blending.fit_weights`.
    """

    reference: str | tuple[str, ...] = "global_mean"
    n_references: int | None = None
    min_detected: float = 0.25
    plates: bool = True
    max_assays: int = 30
    min_coverage: float = 0.8
    candidates: tuple[str, ...] = ("elastic_net", "stability", "lightgbm")
    screened: int = 200
    inner_folds: int = 5
    inner_repeats: int = 2
    max_p: float = 0.05
    prior_strength: float = 2.25


def check_panel(table: Mapping[str, Any], folder: Path) -> list[Problem]:
    """Return what is wrong with the values of a `[panel]` table.

    Parameters
    ----------
    table : mapping
        With known keys and values of the right type.
    folder : Path
        In which its file is looked for.
    """
    problems: list[Problem] = []
    if "file" in table and not (folder / table["file"]).is_file():
        problems.append(
            Problem(
                "panel.file",
                "a file beside the study",
                f"{folder / table['file']} does not exist",
                action="run `ketresponse panel import` first, or correct the path",
            )
        )
    reference = table.get("reference", "global_mean")
    if isinstance(reference, str) and reference not in _REFERENCES:
        problems.append(
            Problem(
                "panel.reference", f"{', '.join(_REFERENCES)}, or a list of assays", repr(reference)
            )
        )
    if isinstance(reference, list) and not (
        reference and all(isinstance(name, str) for name in reference)
    ):
        problems.append(Problem("panel.reference", "names of assays", str(reference)))
    candidates = table.get("candidates", list(PANEL_CANDIDATES))
    problems += [
        Problem("panel.candidates", "any of " + ", ".join(PANEL_CANDIDATES), repr(name))
        for name in candidates
        if name not in PANEL_CANDIDATES
    ]
    if not candidates:
        problems.append(Problem("panel.candidates", "at least one", "none"))
    for key, (low, high) in _BOUNDS.items():
        if key in table and not low <= table[key] <= high:
            problems.append(Problem(f"panel.{key}", f"from {low:g} to {high:g}", str(table[key])))
    return problems


def make_panel_procedure(table: Mapping[str, Any]) -> PanelProcedure:
    """Return the procedure of a checked `[panel]` table; its file is no part of it."""
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in table.items()
        if key != "file"
    }
    return PanelProcedure(**values)
