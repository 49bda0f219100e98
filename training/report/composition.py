"""What is the estimate made of? The section on the blend and on what each predictor does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from training.document.document import Block, Bullets, Picture, Section
from training.document.words import number
from training.evaluation.evaluation import Evaluation
from training.report.plots import plot_importance
from training.report.results import describe_blend
from training.report.tables import make_blend_table
from training.study.study import Description

if TYPE_CHECKING:
    import shap

    from training.document.style import PaperFigure

__all__ = ["make_blend_section"]

_WORDS = {"response": "response", "kept": "kept at T2"}


def make_blend_section(
    description: Description,
    evaluation: Evaluation,
    importance: pd.DataFrame | None,
    explained: shap.Explanation | None,
) -> Section:
    """Return what the estimate is made of."""
    blocks = _make_weights(evaluation)
    labels = {variable.name: variable.label for variable in description.data.predictors}
    moved = {} if importance is None else dict(iter(importance.groupby("horizon")))
    apart = [h for h, found in evaluation.judgements.items() if not found.spread.constant]
    for horizon in [h for h in description.study.horizons if h in moved and h in apart]:
        name, rows = horizon.upper(), moved[horizon]
        blocks.append(
            Picture(
                f"importance_{horizon}",
                f"How far each predictor moves the probability at {name}, on average over "
                "patients who do not exist (Shapley values). Associations, not causes.",
                f"Bar chart of mean absolute contributions at {name}.",
                partial(plot_importance, rows, labels=labels),
                f"What moves the estimate at {name}",
            )
        )
    for place, horizon in enumerate(description.study.horizons if explained is not None else ()):
        if horizon not in apart:
            continue
        name = horizon.upper()
        blocks.append(
            Picture(
                f"shap_summary_{horizon}",
                f"Contributions at {name} for the model's background: each point is a row that "
                "was put together from separate columns, no patient.",
                f"SHAP summary at {name}.",
                partial(_draw_shap, explained, place),
                f"Contributions at {name}",
            )
        )
    return Section("What the estimate is made of", tuple(blocks))


def _make_weights(evaluation: Evaluation) -> list[Block]:
    blends = describe_blend(evaluation.fitted)
    notes = []
    for outcome, blend in blends.items():
        evidence = evaluation.fitted.outcomes[outcome].evidence
        if evidence is None:
            notes.append(f"{_WORDS[outcome]}: recalibration slope {number(blend.slope)}")
        else:
            effective = number(evidence.effective, 1)
            notes.append(f"{_WORDS[outcome]}: {effective} parameters in effect")
        if blend.reason:
            notes.append(f"{_WORDS[outcome]}: everyone gets the same probability ({blend.reason})")
    return [make_blend_table(blends, _WORDS), Bullets(tuple(notes))]


def _draw_shap(explained: shap.Explanation, place: int) -> PaperFigure:
    from training.model.shap_view import plot_summary

    return plot_summary(explained[:, :, place])
