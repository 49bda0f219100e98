"""`ketresponse cohort` as a user types it."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from features.commands import app
from features.errors import InputError
from features.files.table import read_table

MAPPING = """
[columns]
patient_id = "id"
nrs_t0 = "pain"
sex = { from = "s", recode = { 1 = "male", 2 = "female" } }
mood = "m"
[variables.mood]
kind = "integer"
known_at = "baseline"
low = 0
high = 3
"""


@pytest.fixture(autouse=True)
def wide_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def _run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_template_is_printed_or_written(tmp_path: Path) -> None:
    printed = _run("template")
    assert printed.exit_code == 0
    assert printed.stdout.startswith("patient_id,site,")
    mapping = _write(tmp_path, "m.toml", MAPPING)
    out = tmp_path / "t.csv"
    assert _run("template", "--redcap", "--mapping", mapping, "--out", out).exit_code == 0
    assert out.read_text(encoding="utf-8").startswith("Variable / Field Name,")
    assert "\nmood," in out.read_text(encoding="utf-8")


def test_a_cohort_is_simulated_the_same_from_the_same_seed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        result = _run(
            "simulate",
            "--n",
            20,
            "--seed",
            7,
            "--out",
            tmp_path / f"{name}.csv",
            "--truth",
            tmp_path / f"{name}_truth.parquet",
        )
        assert result.exit_code == 0
        assert "invented" in result.stdout
    files = _files(tmp_path)
    assert files["a.csv"] == files["b.csv"]
    assert len(read_table(tmp_path / "a.csv")) == 20
    truth = pd.read_parquet(tmp_path / "a_truth.parquet")
    assert truth[["t1", "t2"]].to_numpy().min() > 0 and (truth["t2"] <= truth["t1"]).all()
    check = _run("check", tmp_path / "a.csv")
    assert check.exit_code == 0
    assert "simulated: any model is a demonstration" in check.stdout


def test_simulation_replaces_nothing_and_writes_both_files_or_none(tmp_path: Path) -> None:
    _write(tmp_path, "truth.csv", "mine")
    words = ("simulate", "--out", tmp_path / "c.csv", "--truth", tmp_path / "truth.csv")
    assert isinstance(_run(*words).exception, InputError)
    assert _files(tmp_path) == {"truth.csv": b"mine"}
    assert _run(*words, "--force", "--quiet").stdout == ""
    assert set(_files(tmp_path)) == {"c.csv", "truth.csv"}
    wrong = _run("simulate", "--out", tmp_path / "d.csv", "--truth", tmp_path / "d.txt")
    assert isinstance(wrong.exception, InputError)
    assert isinstance(
        _run("simulate", "--out", tmp_path / "d.csv", "--truth", tmp_path / "d.csv").exception,
        InputError,
    )
    assert "d.csv" not in _files(tmp_path)


def test_an_import_tells_what_it_did_and_names_the_next_step(tmp_path: Path) -> None:
    raw = _write(tmp_path, "raw.csv", "id,pain,s,m,x\nA,8,1,2,q\nB,7,2,0,q\n")
    mapping = _write(tmp_path, "m.toml", MAPPING)
    out = tmp_path / "c.csv"
    result = _run("import", raw, "--mapping", mapping, "--out", out)
    assert result.exit_code == 0
    assert "1 to male (1), 2 to female (1)" in result.stdout
    assert "Not used: x." in result.stdout
    assert "Next: ketresponse cohort check" in result.stdout
    assert out.read_text(encoding="utf-8") == (
        "patient_id,sex,nrs_t0,mood\nA,male,8.0,2\nB,female,7.0,0\n"
    )
    again = _run("import", raw, "--mapping", mapping, "--out", out, "--force", "--json")
    assert json.loads(again.stdout)["unmapped"] == ["x"]
    assert _run("check", out, "--mapping", mapping, "--quiet").stdout == ""


def test_an_import_lists_what_its_filters_drop_and_what_nearly_fits(tmp_path: Path) -> None:
    raw = _write(tmp_path, "raw.csv", "id,g\nA,patient\nB,Patient\nC,[control]\n")
    text = '[filter]\ng = ["patient", "trial"]\n[columns]\npatient_id = "id"\n'
    mapping = _write(tmp_path, "m.toml", text)
    result = _run("import", raw, "--mapping", mapping, "--out", tmp_path / "c.csv")
    shown = " ".join(result.stdout.split())
    assert "Dropped 2 rows by g: 'Patient' in 1 row, '[control]' in 1 row." in shown
    assert "Look again: 'Patient' is nearly 'patient'." in shown
    assert "No row has 'trial'." in shown


@pytest.mark.parametrize(
    ("raw", "mapping"),
    [
        ("id,pain,s,m\nA,11,1,2\n", MAPPING),
        ("id,pain,s,m\nA,8,3,2\n", MAPPING),
        ("id,pain,s\nA,8,1\n", MAPPING),
        ("id,pain,s,m\nA,8,1,2\nA,8,1,2\n", MAPPING),
        ("id,pain,s,m\nA,8,1,2\n", "[colums]\n"),
        ("", MAPPING),
        ("id,pain,s,m\nA,8,1,2\n", "[filter]\ns = 2\n" + MAPPING),
    ],
    ids=["range", "recode", "column", "repeated", "key", "empty", "nobody"],
)
def test_an_import_with_a_problem_writes_nothing(tmp_path: Path, raw: str, mapping: str) -> None:
    _write(tmp_path, "raw.csv", raw)
    _write(tmp_path, "m.toml", mapping)
    before = _files(tmp_path)
    result = _run(
        "import",
        tmp_path / "raw.csv",
        "--mapping",
        tmp_path / "m.toml",
        "--out",
        tmp_path / "c.csv",
    )
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == 2
    assert _files(tmp_path) == before


def test_repeated_headings_are_fine_until_the_mapping_names_one(tmp_path: Path) -> None:
    raw = _write(tmp_path, "raw.csv", "id,Complete?,Pain,Pain,Complete?\nA,2,8,5,1\n")
    out = tmp_path / "c.csv"
    text = '[columns]\npatient_id = "id"\nnrs_t0 = "Pain (1)"\nnrs_t1 = "Pain (2)"\n'
    result = _run("import", raw, "--mapping", _write(tmp_path, "m.toml", text), "--out", out)
    assert result.exit_code == 0
    assert out.read_text(encoding="utf-8") == "patient_id,nrs_t0,nrs_t1\nA,8.0,5.0\n"
    assert "Not used: Complete? (1), Complete? (2)." in result.stdout
    wrong = _write(tmp_path, "w.toml", text.replace("Pain (1)", "Pain"))
    refused = _run("import", raw, "--mapping", wrong, "--out", tmp_path / "d.csv").exception
    assert isinstance(refused, InputError)
    _, problem = refused.problems
    assert (problem.column, problem.got) == ("columns.nrs_t0", "Pain, which stands 2 times")
    assert problem.action == "write Pain (1) or Pain (2), counted from the left"


def test_an_import_joins_a_second_file_and_never_replaces_it(tmp_path: Path) -> None:
    raw = _write(tmp_path, "raw.csv", "id,pain\nA,8\nB,7\n")
    lab = _write(tmp_path, "lab.csv", "p;w\nA;70,5\nC;80,0\n")
    text = (
        '[columns]\npatient_id = "id"\nweight_kg = "lab.w"\n'
        '[join.lab]\nfile = "lab.csv"\npatient = "p"\ndecimal = ","\n'
    )
    mapping = _write(tmp_path, "m.toml", text)
    result = _run("import", raw, "--mapping", mapping, "--out", tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text() == "patient_id,weight_kg\nA,70.5\nB,\n"
    told = " ".join(result.stdout.split())
    assert "Joined lab: patients in both 1, without a row in it 1, only in it 1." in told
    refused = _run("import", raw, "--mapping", mapping, "--out", lab, "--force")
    assert isinstance(refused.exception, InputError)
    assert lab.read_text().startswith("p;w")


def test_an_import_never_replaces_its_own_export(tmp_path: Path) -> None:
    raw = _write(tmp_path, "raw.csv", "id,pain,s,m\nA,8,1,2\n")
    mapping = _write(tmp_path, "m.toml", MAPPING)
    result = _run("import", raw, "--mapping", mapping, "--out", raw, "--force")
    assert isinstance(result.exception, InputError)
    assert raw.read_text(encoding="utf-8").startswith("id,")


def test_a_check_lists_every_problem_and_ends_with_code_2(tmp_path: Path) -> None:
    path = _write(tmp_path, "c.csv", "patient_id,nrs_t0,age\nA,[11],40\nB,7,50\nB,7,50\n")
    result = _run("check", path)
    assert result.exit_code == 2
    for words in ("3 problems", "'[11]'", "age_years", "a number from 0 to 10", "same as in row 3"):
        assert words in result.stdout
    as_json = _run("check", path, "--json")
    assert as_json.exit_code == 2
    content = json.loads(as_json.stdout)
    assert not content["ok"]
    assert [(p["row"], p["column"]) for p in content["problems"]] == [
        (None, "age"),
        (2, "nrs_t0"),
        (4, "patient_id"),
    ]


def test_brackets_in_messages_are_shown_as_they_are(tmp_path: Path) -> None:
    path = _write(tmp_path, "[bold].csv", "patient_id,[eligibility]\nA,[red]\n")
    shown = _run("check", path).stdout
    assert "[bold].csv: 1 problem" in shown and "[eligibility]" in shown
    path = _write(tmp_path, "[red].csv", "patient_id,setting\nA,emergency\n")
    shown = " ".join(_run("check", path).stdout.split())
    assert "[red].csv: 1 courses, no problem" in shown
    assert "Correct [eligibility] of the study" in shown


def test_what_nobody_sees_is_told_in_counts(tmp_path: Path) -> None:
    raw = _write(tmp_path, "raw.csv", "id\u200b;score\nP\u200b1;\u00a07,5\n")
    mapping = _write(tmp_path, "m.toml", '[columns]\npatient_id = "id"\nnrs_t0 = "score"\n')
    out = tmp_path / "c.csv"
    told = "Passed over invisible characters in 3 cells and headings."
    assert told in _run("import", raw, "--mapping", mapping, "--out", out).stdout
    assert out.read_text(encoding="utf-8") == "patient_id,nrs_t0\nP1,7.5\n"
    assert "invisible" not in _run("check", out).stdout
    path = _write(tmp_path, "d.csv", "patient_id\nP\u200b1\n")
    assert "invisible characters in 1 cell or heading." in _run("check", path).stdout


def test_a_check_shows_flow_labels_and_flagged_rows(tmp_path: Path) -> None:
    text = (
        "patient_id,setting,nrs_t0,success_t1,success_t2\n"
        "A,elective,8,no,yes\nB,elective,1,yes,no\nC,emergency,8,yes,\n"
    )
    result = _run("check", _write(tmp_path, "c.csv", text))
    assert result.exit_code == 0
    for words in (
        "Admission: elective",
        "T2, sustained",
        "kept, of T1 responders",
        "1 with a score before treatment too near",
        "row 2 (1 in all)",
    ):
        assert words in result.stdout
    content = json.loads(_run("check", tmp_path / "c.csv", "--json", "--horizons", "t1").stdout)
    assert content["labels"]["t1"]["responders"] == 1
    assert "t2" not in content["labels"]
    # Age, drug, route, infusion and course are not known of anyone: no steps, but a warning.
    assert [step["remaining"] for step in content["flow"]] == [3, 2, 2]
    assert content["flow"][1]["step"] == "Admission: elective"
    assert len(content["assumed"]) == 1


def test_a_check_follows_a_studys_eligibility(tmp_path: Path) -> None:
    path = _write(tmp_path, "c.csv", "patient_id,drug,success_t1\nA,none,yes\nB,none,no\n")
    found = _run("check", path)
    # Without a study the rules are ours, and nobody's mistake.
    assert "No course is left after: Infusion drug: S-ketamine" in found.stdout
    assert found.exit_code == 0
    strict = '[outcome]\nhorizons = ["t1"]\n[eligibility]\ndrug = "s_ketamine"\n'
    assert _run("check", path, "--study", _write(tmp_path, "n.toml", strict)).exit_code == 2
    study = _write(
        tmp_path,
        "s.toml",
        'name = "x"\n[outcome]\nhorizons = ["t1"]\n[eligibility]\ndrug = "none"\n',
    )
    content = json.loads(_run("check", path, "--study", study, "--json").stdout)
    assert [step["remaining"] for step in content["flow"]] == [2, 2, 2]
    _write(tmp_path, "s.toml", "[eligibility]\ndrugg = 1\n")
    assert isinstance(_run("check", path, "--study", study).exception, InputError)


def test_a_check_follows_a_studys_rule_horizons_and_mapping(tmp_path: Path) -> None:
    # A fall of 3 of 10 points is a responder by points and by 30%, not by 50%.
    text = "patient_id,mood,nrs_t0,nrs_t1,nrs_t2\nA,2,10,7,7\nB,0,8,4,8\n"
    path = _write(tmp_path, "c.csv", text)
    _write(tmp_path, "m.toml", MAPPING)
    study = _write(
        tmp_path,
        "s.toml",
        '[cohort]\nmapping = "m.toml"\n[outcome]\nrule = "fall50"\nhorizons = ["t1"]\n',
    )

    def count(*words: object) -> dict[str, int]:
        labels = json.loads(_run("check", path, "--study", study, "--json", *words).stdout)[
            "labels"
        ]
        return {h: labels[h]["responders"] for h in ("t1", "t2") if h in labels}

    assert count() == {"t1": 1}
    assert count("--rule", "fall30") == {"t1": 2}
    assert count("--horizons", "t1,t2") == {"t1": 1, "t2": 0}
    assert "by at least 50%" in _run("check", path, "--study", study).stdout
    assert "unknown name" in _run("check", path).stdout  # its mapping declares the mood


def test_what_is_not_known_of_anyone_is_one_warning_with_lines_that_work(tmp_path: Path) -> None:
    raw = _write(tmp_path, "raw.csv", "id,age,pain,later\nA,50,8,4\nB,15,7,7\nC,40,9,9\n")
    columns = 'patient_id = "id"\nnrs_t0 = "pain"\nnrs_t1 = "later"\n'
    mapping = _write(tmp_path, "m.toml", f"[columns]\n{columns}")
    out = tmp_path / "c.csv"
    assert _run("import", raw, "--mapping", mapping, "--out", out).exit_code == 0
    shown = _run("check", out).stdout
    assert shown.count("Warning:") == 1
    assert "left out by it: Age, Admission, Infusion drug, Route of administration, Other" in shown
    report = json.loads(_run("check", out, "--json").stdout)
    lines = "\n".join(report["mapping_lines"]).replace("NAME OF THE RAW COLUMN", "age")
    assert 'setting = { constant = "elective" }' in lines
    assert "course_number = { constant = 1 }" in lines
    for line in report["mapping_lines"]:
        assert line in shown
    _write(tmp_path, "m.toml", f"[columns]\n{columns}{lines}\n")
    assert _run("import", raw, "--mapping", mapping, "--out", out, "--force").exit_code == 0
    again = json.loads(_run("check", out, "--json").stdout)
    assert (again["assumed"], again["mapping_lines"]) == ([], [])
    assert [step["remaining"] for step in again["flow"]] == [3, 2, 2, 2, 2, 2, 2]


def test_a_check_refuses_what_the_study_could_not_be_trained_on(tmp_path: Path) -> None:
    path = _write(tmp_path, "c.csv", "patient_id,success_t1\nA,yes\n")
    study = _write(tmp_path, "s.toml", 'name = "x"\n')
    result = _run("check", path, "--study", study)
    assert isinstance(result.exception, InputError)
    assert "or leave t2 out of the horizons" in str(result.exception)


@pytest.mark.parametrize(
    "words", [("--rule", "fall20"), ("--horizons", "t3"), ("--mapping", "nowhere.toml")]
)
def test_an_option_that_cannot_be_is_an_input_error(tmp_path: Path, words: tuple[str, str]) -> None:
    path = _write(tmp_path, "c.csv", "patient_id,success_t1\nA,yes\n")
    result = _run("check", path, *words)
    assert isinstance(result.exception, InputError)


def test_the_columns_are_printed_as_text_page_and_json(tmp_path: Path) -> None:
    mapping = _write(tmp_path, "m.toml", MAPPING)
    assert "  mood: mood; a " in _run("columns", "--mapping", mapping).stdout
    assert _run("columns", "--markdown").stdout.startswith("# The columns of a cohort file")
    columns = json.loads(_run("columns", "--mapping", mapping, "--json").stdout)
    assert [columns[0]["name"], columns[-1]["name"]] == ["patient_id", "mood"]
    assert columns[3]["low"] == 1


def test_a_drug_code_of_few_patients_is_told_without_its_number(tmp_path: Path) -> None:
    rows = "".join(f"P{i},C09AA02\n" for i in range(3)) + "Q,A10BA02\n"
    shown = _run("check", _write(tmp_path, "c.csv", "patient_id,medication_atc\n" + rows)).stdout
    told = " ".join(shown.split())
    assert "ATC codes of no drug class: C09AA02 (3), A10BA02 (fewer than 3)." in told


def test_an_import_on_another_scale_is_checked_with_the_rule_of_a_study(tmp_path: Path) -> None:
    raw = _write(tmp_path, "raw.csv", "id,a,b\nA,80,50\nB,70,65\n")
    mapping = _write(
        tmp_path,
        "m.toml",
        "[outcome]\nscale = { min = 0, max = 100, unit = 'mm' }\n[columns]\npatient_id = 'id'\n"
        "nrs_t0 = { from = 'a', unit = 'mm' }\nnrs_t1 = 'b'\n",
    )
    out = tmp_path / "c.csv"
    found = _run("import", raw, "--mapping", mapping, "--out", out)
    assert found.stdout.endswith(f"check {out} --mapping {mapping} --study STUDY\n")
    alone = _run("check", out, "--mapping", mapping)
    assert alone.exit_code != 0 and isinstance(alone.exception, InputError)
    assert alone.exception.problems[0].action == "give --rule, or --study with the study's"
    asked = _run("check", out, "--mapping", mapping, "--rule", "fall >= 30", "--json")
    assert json.loads(asked.stdout)["rows"] == 2
