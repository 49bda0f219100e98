"""Pictures of a described cohort."""

import pandas as pd
from matplotlib.figure import Figure

from experiments.description.description import CohortDescription
from experiments.description.plots import plot_attrition, plot_missing, plot_pain, plot_rates


def texts(figure: Figure) -> str:
    return " | ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_attrition_diagram_tells_the_counts(description: CohortDescription) -> None:
    figure = plot_attrition(description.flow, description.rates, title="Attrition")
    words = texts(figure)
    for line in (
        "60 courses in the file",
        "12 excluded",
        "3  Admission: elective",
        "48 eligible",
        "47 with a known response at T1",
        "29 responders",
        "21 nonresponders",
        "(8 not known)",
    ):
        assert line in words
    (axes,) = figure.axes
    height = figure.get_size_inches()[1]
    # Every word is on the page.
    assert all(0 < text.get_position()[1] < height for text in axes.texts)


def test_attrition_diagram_tells_what_was_assumed() -> None:
    flow = pd.DataFrame(
        [
            ("identified", 10, 0, 0),
            ("Age: at least 18 years", 9, 1, 4),
            ("outcome known at T2", 5, 4, 0),
        ],
        columns=["step", "remaining", "excluded", "unknown_kept"],
    )
    rates = pd.DataFrame({"rate": ["t2"], "events": [2]})
    words = texts(plot_attrition(flow, rates, title="x"))
    assert "4 of them with this not known" in words
    assert "T1" not in words
    assert "3 nonresponders" in words
    open_to_all = texts(plot_attrition(flow.drop(index=1), rates, title="x"))
    assert "0 excluded, as there is no criterion" in open_to_all


def test_missingness_picture_draws_incomplete_variables_only(
    description: CohortDescription,
) -> None:
    figure = plot_missing(description.missing, groups="T1", title="Missing")
    (axes,) = figure.axes
    shares = sorted(round(bar.get_width()) for bar in axes.patches)  # type: ignore[attr-defined]
    incomplete = description.missing[description.missing["missing"] > 0]
    assert shares == sorted(round(100 * share) for share in incomplete["share"])
    assert "30/48" in texts(figure)


def test_pain_and_rates_are_drawn_where_they_are(description: CohortDescription) -> None:
    (axes,) = plot_pain(description.pain, score=description.score, title="Pain").axes
    medians = [list(line.get_ydata()) for line in axes.lines if line.get_marker() == "o"]
    assert medians == [[8, 6, 7], [8, 5, 6], [8, 8, 8]]
    rates = description.rates.assign(words=description.rates["rate"], published=0.5)
    (axes,) = plot_rates(rates, title="Rates").axes
    assert "29/47  62%" in " | ".join(text.get_text() for text in axes.texts)
