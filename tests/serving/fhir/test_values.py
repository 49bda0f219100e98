from __future__ import annotations

import pytest

from features.dictionary.contract import CONTRACT
from serving.fhir.elements import Placed
from serving.fhir.times import Index, parse_span
from serving.fhir.values import Value, choose
from tests.serving.helpers.fhir import NOW

NRS = CONTRACT["nrs_t0"]


def value(number, at, *, doubt="", days=90):
    return Value("nrs_t0", number, parse_span(at), Placed("", {}), f"at {at}", days, doubt)


def pick(*values, index=None):
    found, issues = choose(NRS, values, index or Index(NOW))
    return (found.value if found else None), issues


def test_the_newest_is_taken_whatever_the_order():
    values = [value(8, "2026-11-20"), value(5, "2026-11-25"), value(9, "2026-10-01")]
    assert pick(*values) == pick(*reversed(values)) == (5, [])


def test_one_that_cannot_be_used_is_told_and_the_next_is_taken():
    found, issues = pick(value(11, "2026-11-25"), value(8, "2026-11-20"))
    assert found == 8
    (issue,) = issues
    assert issue.severity == "warning" and issue.expressions == ("at 2026-11-25",)
    found, (issue,) = pick(value(7, "2026-11-25", doubt="another unit"), value(8, "2026-11-20"))
    assert found == 8 and "another unit" in issue.text


def test_older_values_that_cannot_be_used_do_not_matter():
    assert pick(value(8, "2026-11-20"), value(11, "2026-11-01")) == (8, [])


def test_a_window_is_a_window():
    # 90 days before noon of 27 November began on 29 August.
    assert pick(value(8, "2026-08-29"))[0] == 8
    found, (issue,) = pick(value(8, "2026-08-28"), value(9, "2026-01-01"))
    assert found is None and "90" in issue.text


def test_each_value_has_a_window_of_its_own():
    # An answer may be 90 days old, a weight a year: the answer is too old, the weight is not.
    found, issues = pick(value(7, "2026-08-01", days=90), value(8, "2026-07-01", days=365))
    assert found == 8 and len(issues) == 1


def test_what_is_from_after_is_never_taken():
    begun = Index(NOW, has_begun=True)
    found, (issue,) = pick(value(2, "2026-11-28"), value(3, "2026-11-27"), index=begun)
    assert found is None
    assert issue.expressions == ("at 2026-11-28", "at 2026-11-27")
    assert pick(value(8, "2026-11-27"))[0] == 8
    assert pick(value(8, "2026-11-28"))[0] is None


def test_of_two_values_of_one_time_none_is_sure():
    found, (issue,) = pick(value(8, "2026-11-20"), value(3, "2026-11-20"), value(4, "2026-11-01"))
    assert found == 4 and issue.code == "conflict"
    assert pick(value(8, "2026-11-20"), value(8.0, "2026-11-20")) == (8, [])


@pytest.mark.parametrize("nothing", [None, "", "unknown"])
def test_a_value_that_is_none_is_passed_over(nothing):
    assert pick(value(nothing, "2026-11-25"), value(8, "2026-11-20")) == (8, [])
    assert pick() == (None, [])
