"""How a procedure does in patients it has not seen, in words."""

from dataclasses import replace

import numpy as np

from tests.training.helpers.evaluated import evaluate_small
from training.document.document import Block, Picture, Table
from training.document.words import METRICS, number, with_interval
from training.evaluation.judgement import Judgement
from training.report.performance import make_performance_section


def _section(found: Judgement | None = None) -> tuple[Block, ...]:
    description, evaluation, _ = evaluate_small()
    judged = found or evaluation.judgements["t1"]
    return make_performance_section(description, "t1", judged).blocks


def _tables(blocks: tuple[Block, ...]) -> dict[str, Table]:
    return {block.name: block for block in blocks if isinstance(block, Table)}


def test_the_table_holds_both_ways_of_judging() -> None:
    _, evaluation, _ = evaluate_small()
    found = evaluation.judgements["t1"]
    shown = _tables(_section())["performance_t1"].shown.set_index("")
    row = found.performance.loc["auc"]
    cell = shown.loc[METRICS["auc"].label]
    told = with_interval(row["estimate"], row["low"], row["high"])
    assert cell["cross-validated (95%)"] == told
    assert found.optimism is not None
    assert cell["apparent"] == number(found.optimism.loc["auc", "apparent"])
    assert cell["reruns"] == f"{found.optimism.loc['auc', 'n_succeeded']} of 8"


def test_distances_stand_without_an_interval_and_say_why() -> None:
    _, evaluation, _ = evaluate_small()
    found = evaluation.judgements["t1"].calibration.summary
    shown = _tables(_section())["performance_t1"].shown.set_index("")
    for metric in ("ici", "e50", "e90", "emax"):
        row = shown.loc[METRICS[metric].label]
        assert row["cross-validated (95%)"] == number(found.loc[metric, "estimate"])
        assert "o interval" in row["how to read it"]
    assert "its distances lie too high" in shown.loc[METRICS["ici"].label, "how to read it"]


def test_the_first_words_count_the_responders() -> None:
    description, *_ = evaluate_small()
    counts = description.counts["t1"]
    words = _section()[0]
    assert f"{counts['events']:.0f} of {counts['n']:.0f} patients whose T1 is known" in str(words)


def test_weights_are_spoken_of_only_where_there_are_some() -> None:
    description, evaluation, _ = evaluate_small()
    study = description.study
    found = evaluation.judgements["t1"]
    for horizons, weighting in ((("t1", "t2"), "follow_up"), (("t1",), "all")):
        asked = replace(study, horizons=horizons, weighting=weighting)
        told = make_performance_section(replace(description, study=asked), "t1", found)
        assert "not weighted" in str([b.caption for b in told.blocks if isinstance(b, Picture)])
    one = replace(description, study=replace(study, horizons=("t1",)))
    told = make_performance_section(one, "t1", found)
    captions = [b.caption for b in told.blocks if isinstance(b, Picture)]
    assert "95% Wilson intervals). Below" in captions[0]
    assert "weight" not in str(captions)


def test_without_reruns_nothing_is_corrected() -> None:
    _, evaluation, _ = evaluate_small()
    bare = replace(evaluation.judgements["t1"], optimism=None)
    shown = _tables(_section(bare))["performance_t1"].shown
    assert list(shown) == ["", "cross-validated (95%)", "how to read it"]


def test_thresholds_are_those_set_beforehand() -> None:
    _, evaluation, _ = evaluate_small()
    found = evaluation.judgements["t1"]
    assert found.decisions is not None
    shown = _tables(_section())["thresholds_t1"].shown
    assert shown["threshold"].iloc[0] == "30%" and shown["threshold"].iloc[-1] == "62%"
    none = _section(replace(found, decisions=None))
    assert "thresholds_t1" not in _tables(none)
    assert "none may be chosen after the results are seen" in str(none[-1])


def test_a_curve_that_is_no_use_somewhere_is_not_called_useful() -> None:
    _, evaluation, _ = evaluate_small()
    found = evaluation.judgements["t1"]
    assert found.decisions is not None
    said = {}
    for gain in (0.01, 0.0, -0.01):
        changed = replace(found, decisions=_WithGain(found.decisions, gain))  # type: ignore[arg-type]
        (picture,) = [
            b for b in _section(changed) if isinstance(b, Picture) and b.name == "decision_t1"
        ]
        said[gain] = "Over the whole range" in picture.caption
    assert said == {0.01: True, 0.0: False, -0.01: False}


class _WithGain:
    """The decisions, with another least gain in net benefit."""

    def __init__(self, decisions: object, gain: float) -> None:
        self._decisions, self.least_gain = decisions, gain

    def __getattr__(self, name: str) -> object:
        return getattr(self._decisions, name)


def test_every_number_of_the_values_is_of_the_cohort_not_of_a_patient() -> None:
    description, *_ = evaluate_small()
    for table in _tables(_section()).values():
        assert table.values is not None
        assert len(table.values) < len(description.data)
        assert np.isfinite(table.values.select_dtypes("number").to_numpy()).any()
