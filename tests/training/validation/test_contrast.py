"""In what two sides differ: said in sentences, and nothing said that is not so."""

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from training.validation.contrast import Side, compute_contrast

REAL = Side(
    kind="training",
    synthetic=False,
    cohort_sha256="a" * 64,
    file="cohort.csv",
    patients=frozenset({"P1", "P2", "P3"}),
    n_patients=3,
    counts={"t1": (59, 35), "t2": (40, 19)},
    horizons=("t1", "t2"),
    rule="fall30 (pain fell by at least 30%)",
    eligibility={"age_years": "at least 18"},
    predictors=("nrs_t0", "opioid"),
    candidates=("evidence",),
    thresholds=(),
    weighting="follow_up",
    resampling="20 x 5, seed 7",
)
_KNOWN = [field.name for field in fields(Side) if field.name not in ("counts", "file")]


def _tell(**changes: object) -> dict[str, str]:
    contrast = compute_contrast(REAL, replace(REAL, **changes))  # type: ignore[arg-type]
    return {difference.what: difference.text for difference in contrast.differs}


def test_nothing_differs_from_itself() -> None:
    contrast = compute_contrast(REAL, REAL)
    assert contrast.differs == () and contrast.untold == ()
    assert contrast.tell()[0] == "Nothing that is known of."
    assert "cohort file, patients" in contrast.tell()[1]


def test_simulated_patients_beside_real_ones_come_first_and_void_the_rest() -> None:
    contrast = compute_contrast(REAL, replace(REAL, synthetic=True, predictors=("sex",)))
    assert contrast.tell()[0] == (
        "B is of simulated patients, A is not: no difference below says anything of how the two "
        "do in patients."
    )
    both = replace(REAL, synthetic=True)
    assert compute_contrast(both, both).same[0] == "simulated patients"


def test_patients_in_both_are_counted_and_never_named() -> None:
    told = _tell(cohort_sha256="b" * 64, patients=frozenset({"P2", "P3", "P4", "P5"}))
    assert told["patients"] == (
        "Patients: 2 of the 3 of A and the 4 of B are in both, by patient_id; one pseudonym in two "
        "files may be two people."
    )
    assert told["cohort file"] == (
        "Other cohort files, of one name and other contents: A cohort.csv (SHA-256 "
        "aaaaaaaaaaaa...); B cohort.csv (SHA-256 bbbbbbbbbbbb...)."
    )
    assert "P2" not in repr(REAL) and "P2" not in "".join(told.values())


def test_runs_cannot_tell_who_is_in_both() -> None:
    run = replace(REAL, patients=None)
    other = replace(run, cohort_sha256="b" * 64, n_patients=48)
    (patients,) = [d for d in compute_contrast(run, other).differs if d.what == "patients"]
    assert patients.text.startswith("Patients: A has 3, B 48. How many are in both cannot be told")
    # One file and the same rules of eligibility: the same patients.
    assert "patients" in compute_contrast(run, run).same
    older = [replace(run, patients=None, n_patients=None, eligibility=None)] * 2
    assert "patients" in compute_contrast(*older).untold


def test_whose_model_of_several_centres_is_compared_is_told() -> None:
    north, new = replace(REAL, centre="North"), replace(REAL, centre="none")
    (told,) = compute_contrast(north, new).differs
    assert told.text == "Not the same centre's model: A that of North; B as at a new centre."
    (told,) = compute_contrast(REAL, north).differs
    assert told.text.endswith("A of no centre's own; B that of North.")
    assert "centre" in compute_contrast(north, north).same
    assert "centre" not in compute_contrast(REAL, REAL).same


def test_what_else_differs_is_told_with_both_values() -> None:
    assert _tell(counts={"t1": (60, 35), "t2": (40, 19)}) == {
        "patients and responders by horizon": (
            "Of patients with a known outcome, T1: 35 of 59 (59%) responded in A, 35 of 60 (58%) "
            "in B."
        )
    }
    assert _tell(horizons=("t1",)) == {"horizons": "Horizons: A T1 and T2; B T1."}
    assert _tell(rule="fall50")["responder rule"].endswith("; B fall50.")
    assert _tell(eligibility={"age_years": "at least 16", "sex": "female"}) == {
        "eligibility": (
            "Who is eligible: age_years: A at least 18, B at least 16; sex: A anything, B female."
        )
    }
    assert _tell(predictors=("nrs_t0", "sex", "age_years")) == {
        "predictors": "Predictors: opioid in A alone; sex and age_years in B alone."
    }
    assert _tell(thresholds=(0.3, 0.7)) == {"thresholds": "Thresholds: A none set; B 0.3 to 0.7."}
    assert _tell(candidates=("ridge", "firth"))["candidate models"].endswith("B ridge and firth.")
    assert _tell(kind="validation")["what was done"].endswith("judged in other patients.")
    assert _tell(counts={"t1": (0, 0)})["patients and responders by horizon"].endswith(
        "0 of 0 in B."
    )


@given(st.sets(st.sampled_from(_KNOWN)), st.sets(st.sampled_from(_KNOWN)))
def test_what_one_side_does_not_tell_is_never_said_to_be_the_same_or_to_differ(
    first: set[str], second: set[str]
) -> None:
    a = replace(REAL, **dict.fromkeys(first))  # type: ignore[arg-type]
    b = replace(REAL, **dict.fromkeys(second))  # type: ignore[arg-type]
    contrast = compute_contrast(a, b)
    assert contrast.differs == () or {d.what for d in contrast.differs} == {"patients"}
    names = {
        "horizons": "horizons",
        "rule": "responder rule",
        "eligibility": "eligibility",
        "predictors": "predictors",
        "thresholds": "thresholds",
        "cohort_sha256": "cohort file",
        "synthetic": "simulated or not",
    }
    for field, what in names.items():
        assert (what in contrast.untold) == (field in first | second)
    told = [*contrast.same, *contrast.untold, *(d.what for d in contrast.differs)]
    assert len(told) == len(set(told)) == 13
    mirrored = compute_contrast(b, a)
    assert (mirrored.same, mirrored.untold) == (contrast.same, contrast.untold)
