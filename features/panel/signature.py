"""ΔCt of assays that were chosen beforehand, against references that were named beforehand.

Nothing is learnt from anybody's panel: where several centres measure the same signature, each
centre's own panels give numbers that mean the same as the others'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from features.errors import InputError, Problem, did_you_mean
from features.panel.panel import Panel, to_matrix

__all__ = ["compute_signature"]


def compute_signature(
    panel: Panel, assays: Mapping[str, str], references: Sequence[str], *, ceiling: float
) -> pd.DataFrame:
    """Return the ΔCt of a signature for every patient of a panel.

    Parameters
    ----------
    panel : Panel
        With one sample per patient, taken before the infusion.
    assays : mapping of str to str
        Name of the number to the assay that it is measured by.
    references : sequence of str
        Assays whose mean Ct is subtracted; all of them must be detected in a sample.
    ceiling : float
        In cycles; at and above it nothing counts as detected. A non-detect stands at the ceiling.

    Returns
    -------
    DataFrame
        Indexed by `patient_id`, a column for each name, in cycles: higher is less of the microRNA.
        NaN where the assay was not measured or a reference was not detected.

    Raises
    ------
    InputError
        If an assay is not in the panel, a sample was taken after the infusion began, or a patient
        has several.
    """
    there = panel.table["assay"].unique().tolist()
    expected = "an assay of the panel"
    problems = [
        Problem(name, expected, "none of this name", action=did_you_mean(name, there))
        for name in [*assays.values(), *references]
        if name not in there
    ]
    late = panel.table.loc[panel.table["timing"] == "after", "sample"].nunique()
    if late:
        action = "leave them out: what is measured later is no predictor"
        expected = "samples taken before the infusion began"
        problems.append(Problem("timing", expected, f"{late} taken after it", action=action))
    if problems:
        raise InputError("panel", problems)
    matrix = to_matrix(panel, assays=[*assays.values(), *references], ceiling=ceiling)
    own, standard = matrix.ct[:, : len(assays)], matrix.ct[:, len(assays) :]
    # One that is not detected would pull the reference up by an unknown number of cycles.
    level = np.where(standard < ceiling, standard, np.nan).mean(axis=1)
    delta = own - level[:, np.newaxis]
    return pd.DataFrame(delta, index=list(matrix.patients), columns=list(assays))
