"""The report of a network."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from tests.training.helpers.network_runs import NETWORK, make_network_run, run_network
from tests.training.helpers.networks import KEYS
from training.document.document import Document, Picture, Table
from training.document.render import to_markdown
from training.network.publishing.network_judgement import judge_network
from training.network.publishing.network_report import make_network_report
from training.network.publishing.network_results import make_network_results
from training.network.result import NetworkResult


def _make(result: NetworkResult) -> Document:
    importance = pd.DataFrame(
        [(p, h, 0.05) for h in result.protocol.horizons for p in result.protocol.predictors],
        columns=["predictor", "horizon", "mean_absolute_contribution"],
    )
    judged = judge_network(result)
    results = make_network_results(result, judged, importance)
    return make_network_report(result, judged, results, importance)


def _names(document: Document, kind: type[Table] | type[Picture]) -> list[str]:
    blocks = [block for section in document.sections for block in section.blocks]
    return [block.name for block in blocks if isinstance(block, kind)]


def test_the_report_holds_centres_performance_differences_and_shares() -> None:
    report = _make(make_network_run()[0])
    tables = _names(report, Table)
    for name in ("summary", "patients_by_centre", "sample_size", "by_centre_t1", "over_centres_t2"):
        assert name in tables
    assert {"heterogeneity", "settings", "blend", "shares"} <= set(tables)
    pictures = _names(report, Picture)
    assert {"centres_t1", "centres_t2", "calibration_t1", "importance_t1"} <= set(pictures)
    assert {"decision_t1", "decision_t2"} <= set(pictures)
    assert "Added up over the centres that tell it: 3 centres and 235 patients." in to_markdown(
        report
    )
    assert report.stamp.startswith("DEMONSTRATION")
    assert report.summary


def test_the_table_of_patients_by_centre_is_a_table_like_any_other() -> None:
    report = _make(make_network_run()[0])
    blocks = [block for section in report.sections for block in section.blocks]
    table = next(b for b in blocks if isinstance(b, Table) and b.name == "patients_by_centre")
    assert table.head == ("characteristic", "all", "rotterdam", "aachen", "basel")
    assert table.rows[0] == ("T1 known", "235", "78", "78", "79")


def test_after_one_round_the_report_says_that_no_centre_has_judged_it() -> None:
    result, _ = run_network({"rotterdam": 60, "aachen": 50}, rounds=1)
    report = _make(replace(result, synthetic=False))
    assert not {"centres_t1", "calibration_t1"} & set(_names(report, Picture))
    section = next(s for s in report.sections if s.title == "Performance at T1")
    assert section.blocks[1] == "No centre has judged the model made without it."
    assert report.stamp.startswith("RESEARCH USE ONLY.")


def test_with_noise_there_are_counts_and_slopes_and_nothing_else(undrawn: None) -> None:
    noisy = re.sub("# noise = .*", "noise = { epsilon = 50, delta = 1e-6 }", NETWORK)
    result, _ = run_network(dict.fromkeys(KEYS, 90), rounds=1, text=noisy)
    text = to_markdown(_make(result))
    assert "nothing of predictors, and none judges the model" in text
    assert "epsilon 50 and delta 1e-06 over all rounds" in text
    assert "| T1 known |" in text
    assert "Opioid, any: yes" not in text
    assert "Not enough data: do not deploy." in text


def test_what_was_not_done_is_told_with_the_reason(undrawn: None) -> None:
    text = to_markdown(_make(make_network_run()[0]))
    assert "a null test and subgroups: not done; it asks for the rows of all patients" in text
    assert "whoever knows all other patients of a centre can work out the last one" in text
