"""Which assays a model selects, drawn."""

import numpy as np
import pandas as pd

from training.report.panel_plots import plot_selection


def test_the_assays_selected_most_often_are_drawn_from_the_top() -> None:
    n = 30
    assays = pd.DataFrame(
        {
            "assay": [f"miR-{i}" for i in range(n)],
            "folds": np.linspace(0, 1, n),
            "half_samples": np.linspace(0, 0.5, n),
            "p_value": 0.5,
            "coefficient": np.where(np.arange(n) == n - 1, 0.7, 0.0),
        }
    )
    (axes,) = plot_selection(assays).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == "miR-29  (in the model)" and names[-1] == "miR-5" and len(names) == 25
    assert axes.get_yticks()[0] == 0
    assert axes.yaxis_inverted()  # the first row stands on top
    half, folds = (line.get_xdata() for line in axes.lines)
    np.testing.assert_allclose(half, 50 * np.arange(29, 4, -1) / 29)
    np.testing.assert_allclose(folds, 100 * np.arange(29, 4, -1) / 29)
