"""Of whom a share of responders is, before a training and in what it found."""

import re

from tests.training.helpers.cards import small_results
from tests.training.helpers.evaluated import describe_small
from training.report.shares import tell_patients_share, tell_results_share
from training.store.results import Results


def test_a_share_at_t2_is_told_with_every_denominator_and_they_give_the_share() -> None:
    description = describe_small()
    told = tell_patients_share(description, "t2")
    counts = description.counts
    first, of_all, kept, seen, events, n = map(int, re.findall(r"(?<![T\d])\d+", told))
    assert (events, n) == (counts["t2"]["events"], counts["t2"]["n"])
    assert (first, of_all) == (counts["t1"]["events"], counts["t1"]["n"])
    assert abs(first / of_all * kept / seen - counts["t2"]["base_rate"]) < 1e-12


def test_a_share_at_t1_has_one_denominator() -> None:
    description = describe_small()
    n, events = (int(description.counts["t1"][name]) for name in ("n", "events"))
    assert tell_patients_share(description, "t1") == f"{events} of {n} patients whose T1 is known"


def test_what_a_run_found_is_told_in_the_same_words() -> None:
    results = Results.model_validate(small_results())
    told = tell_results_share(results, "t2")
    kept = results.labels.kept
    assert kept is not None
    assert f"{kept.responders} of the {kept.responders + kept.nonresponders} responders" in told


def test_one_horizon_has_one_denominator() -> None:
    description = describe_small(more='[outcome]\nhorizons = ["t2"]\n')
    assert re.fullmatch(
        r"\d+ of \d+ patients whose T2 is known", tell_patients_share(description, "t2")
    )
