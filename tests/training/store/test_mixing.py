"""A simulated cohort's model never takes the place of a real one's without a word."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import Refused
from training.store import mixing
from training.store.mixing import check_mixing, tell_mixing

_STATUSES = st.sampled_from(["demonstration", "research", "approved", "refused", "withdrawn"])


def _tell(versions: list[tuple[str, str]], name: str, *, synthetic: bool) -> str:
    """Return what is told where the registry holds (name, status), oldest first."""
    numbers: dict[str, int] = {}
    models = []
    for each, status in versions:
        numbers[each] = numbers.get(each, 0) + 1
        models.append(SimpleNamespace(name=each, version=str(numbers[each]), status=status))
    newest_first = sorted(models, key=lambda m: (m.name, -int(m.version)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixing, "list_models", lambda *, tracking_uri: newest_first)
        said = tell_mixing(name, synthetic=synthetic, tracking_uri="")
        if said:
            with pytest.raises(Refused, match="say so with --yes"):
                check_mixing(name, synthetic=synthetic, tracking_uri="")
        else:
            check_mixing(name, synthetic=synthetic, tracking_uri="")
    return said


def test_a_simulated_cohort_after_real_patients_is_told() -> None:
    assert _tell([("pilot", "approved")], "pilot", synthetic=True) == (
        "pilot has version 1 of real patients, and this model is of a simulated cohort: whoever "
        "asks for pilot without a number would get this one. A model of a simulated cohort is a "
        "demonstration and can never be approved."
    )


def test_real_patients_after_simulated_cohorts_are_told() -> None:
    said = _tell([("pilot", "demonstration")] * 2, "pilot", synthetic=False)
    assert said.startswith("pilot has versions 1, 2 of a simulated cohort, and this model is of")


@given(st.lists(st.tuples(st.sampled_from("ab"), _STATUSES), max_size=6), st.booleans())
def test_told_exactly_where_the_name_has_a_version_of_the_other_kind(
    versions: list[tuple[str, str]], synthetic: bool
) -> None:
    kinds = {status == "demonstration" for name, status in versions if name == "a"}
    assert bool(_tell(versions, "a", synthetic=synthetic)) == ((not synthetic) in kinds)
