"""`ketresponse cohort describe`: parse, call, print."""

from __future__ import annotations

from features.commands import (
    CohortFile,
    ForceOption,
    HorizonsOption,
    JsonOption,
    MappingOption,
    QuietOption,
    RuleOption,
    StudyOption,
    read_dictionary,
    read_study_eligibility,
    split_horizons,
)
from training.commands.options import PageOption, show_report

__all__ = ["describe_file"]


def describe_file(
    file: CohortFile,
    mapping: MappingOption = None,
    study: StudyOption = None,
    rule: RuleOption = "fall2_or_success",
    horizons: HorizonsOption = None,
    out: PageOption = None,
    force: ForceOption = False,
    json_: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Describe a cohort as a paper would: patients, treatment, response, pain, what is missing.

    With --out it writes one page that needs no network (HTML), its tables for Word and Markdown,
    CSV files and pictures. Nothing written or printed holds a patient's row or identifier.
    """
    from experiments.description.description import describe_cohort
    from experiments.description.report import make_description_report
    from features.cohort.cohort import read_cohort
    from features.dictionary.eligibility import CRPS_ELIGIBILITY

    dictionary = read_dictionary(mapping)
    eligibility = read_study_eligibility(study, dictionary)
    description = describe_cohort(
        read_cohort(file, dictionary=dictionary),
        eligibility=eligibility,
        rule=rule,
        horizons=split_horizons(horizons),
    )
    report = make_description_report(
        description,
        name=file.name,
        beside_published=eligibility is CRPS_ELIGIBILITY and rule == "fall2_or_success",
    )
    show_report(report, "description", out=out, force=force, as_json=json_, quiet=quiet)
