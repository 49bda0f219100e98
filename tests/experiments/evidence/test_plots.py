"""Forest and funnel plots of the published studies."""

from experiments.evidence.plots import PooledLine, plot_forest, plot_funnels
from experiments.evidence.tables import compute_forests, compute_funnels
from features.published.studies import read_studies


def test_forest_plot_draws_every_study_and_pooling() -> None:
    forest = compute_forests(read_studies())["immediate"]
    lines = [
        PooledLine("main", 0.62, 0.46, 0.75, (0.21, 0.91), main=True),
        PooledLine("other", 0.59, 0.42, 0.75),
    ]
    (axes,) = plot_forest(forest, lines, title="Title", heterogeneity="I² = 59%").axes
    words = [text.get_text() for text in axes.texts]
    assert set(forest["study"]) <= set(words)
    assert {"main", "other", "25/33", "0/4", "62 (46–75)", "63 (39–82)", "I² = 59%"} <= set(words)
    assert len(axes.patches) == 2
    ends = [list(line.get_xdata()) for line in axes.lines]
    assert [21, 91] in [[round(x) for x in pair] for pair in ends if len(pair) == 2]


def test_funnel_plot_has_a_panel_for_each_reading() -> None:
    funnels = compute_funnels(read_studies())
    figure = plot_funnels(funnels, notes=["a", "b", "c"], title="Title")
    assert len(figure.axes) == 3
    for axes, funnel in zip(figure.axes, funnels.values(), strict=True):
        points = next(line for line in axes.lines if line.get_marker() == "o")
        assert list(points.get_xdata()) == list(funnel["effect"])
        assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the precise studies stand on top
