"""What of a study its evaluation needs."""

from dataclasses import replace

from tests.training.helpers.evaluated import describe_small
from training.evaluation.design import make_design
from training.fitting.procedure import Procedure
from training.measures.subgroups import DEFAULT_CUTS


def test_a_study_is_judged_as_its_file_asks() -> None:
    study = describe_small().study
    design = make_design(study)
    assert (design.resampling.repeats, design.resampling.bootstrap) == (2, 100)
    assert design.resampling.bootstrap_reruns == 8
    assert design.thresholds == (0.3, 0.62)
    assert design.seed == 5
    assert dict(design.subgroups) == dict(DEFAULT_CUTS)
    assert design.weighting == study.weighting


def test_reruns_are_made_many_at_a_time_for_one_unpenalised_regression_only() -> None:
    study = describe_small().study
    assert not make_design(study).is_plain
    plain = replace(study, procedure=Procedure(("logistic",), inner_repeats=0))
    assert make_design(plain).is_plain


def test_without_a_range_of_thresholds_there_is_none() -> None:
    assert make_design(describe_small(more="").study).thresholds is None
