"""A small report with a block of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from training.document.document import Bullets, Document, Picture, Section, Table
from training.document.style import PaperFigure

SHOWN = pd.DataFrame({"name": ["a|b", "<i>"], "share": ["50%", None]})
VALUES = pd.DataFrame({"name": ["a", "b"], "share": [0.5, np.nan]})


@contextmanager
def leaving_pictures_empty() -> Iterator[None]:
    """Draw nothing: pictures have tests of their own, and take most of the time of a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Picture, "png", PNG)
        patch.setattr(Picture, "svg", b"")
        yield


def draw_dot() -> PaperFigure:
    figure = PaperFigure(figsize=(1, 1))
    figure.add_subplot().plot([0.5], [0.5], marker="o")
    figure.text(0.1, 0.1, "a word")
    return figure


PNG = draw_dot().to_png()

REPORT = Document(
    title="Title & more",
    lead="A lead.",
    stamp="Simulated",
    sections=(
        Section("One", ("A < B.", Table("first", "Caption", SHOWN, "Note", VALUES))),
        Section("Two", (Bullets(("x", "y")), Picture("dot", "A dot", "alt text", draw_dot))),
        Section("Three", (Table("second", "Other", SHOWN),)),
    ),
)
