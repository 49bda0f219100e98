"""What .ci/supply.py makes of what its tools tell: texts as they gave them, none of them is run."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.places import PROJECT

TODAY = date(2026, 6, 1)
REASON = "the parser that is vulnerable is not used by anything here"
VULNERABLE = {
    "name": "pyyaml",
    "version": "5.3",
    "vulns": [
        {
            "id": "PYSEC-2020-96",
            "fix_versions": ["5.3.1"],
            "aliases": ["CVE-2020-1747", "GHSA-6757-jp84-gxfx"],
            "description": "A vulnerability was discovered in the PyYAML library",
        }
    ],
}
CLEAN = {"name": "idna", "version": "3.20", "vulns": []}
UNKNOWN = {
    "name": "pyyaml",
    "skip_reason": "Dependency not found on PyPI and could not be audited: pyyaml (5.3)",
}


def load_supply() -> ModuleType:
    spec = spec_from_file_location("supply", PROJECT / ".ci" / "supply.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


supply = load_supply()


def tell(expression: str = "UNKNOWN", classifier: str = "UNKNOWN", text: str = "UNKNOWN") -> Any:
    names = ("License-Expression", "License-Classifier", "License-Metadata")
    return {
        "Name": "one",
        "Version": "1",
        **dict(zip(names, (expression, classifier, text), strict=True)),
    }


@pytest.mark.parametrize(
    ("told", "licence"),
    [
        (tell("MIT", "BSD License", "whatever"), "MIT"),
        (tell(classifier="BSD License"), "BSD License"),
        (tell(text="MIT\n\nPermission is hereby granted"), "MIT"),
        (tell(), ""),
    ],
)
def test_a_licence_is_read_where_it_is_told_best(told: Any, licence: str) -> None:
    assert supply.find_licence(told) == licence


@pytest.mark.parametrize(
    ("licence", "fit"),
    [
        ("Apache-2.0 AND MIT", True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("LGPL-3.0-only", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("BSD-3-Clause AND GPL-3.0-with-GCC-exception", True),
        ("BSD-3-Clause AND GPL-3.0-only WITH GCC-exception-3.1", True),
        ("GPL-2.0-or-later OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPLv3", False),
        ("GNU General Public License (GPL)", False),
        ("GNU Affero General Public License v3", False),
        ("AGPL-3.0-only", False),
        ("SSPL-1.0", False),
        ("Other/Proprietary License", False),
        ("", False),
    ],
)
def test_what_cannot_be_given_on_is_told_from_what_can(licence: str, fit: bool) -> None:
    assert supply.is_fit(licence) is fit


def test_a_package_without_a_licence_is_a_fault_until_somebody_has_read_it() -> None:
    assert supply.judge_licences([tell()], {}) == ["one 1: tells no licence"]
    assert supply.judge_licences([tell()], {"one": "MIT"}) == []
    assert supply.judge_licences([tell("GPL-3.0-only")], {"one": "MIT"}) == ["one 1: GPL-3.0-only"]


def accept(**changes: Any) -> list[dict[str, Any]]:
    told = {"id": "CVE-2020-1747", "package": "pyyaml", "reason": REASON, "until": TODAY}
    return [told | changes]


def test_a_known_vulnerability_is_a_fault_and_one_that_is_accepted_none_for_a_while() -> None:
    found = {"dependencies": [VULNERABLE, CLEAN]}
    told = ["pyyaml 5.3: PYSEC-2020-96, fixed in 5.3.1"]
    assert supply.judge_vulnerabilities(found, [], TODAY) == (told, [])
    assert supply.judge_vulnerabilities(found, accept(), TODAY) == ([], [])
    assert supply.judge_vulnerabilities(found, accept(package="idna"), TODAY) == (told, [])


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"until": date(2026, 5, 31)}, "CVE-2020-1747 of pyyaml was accepted until 2026-05-31"),
        ({"until": "soon"}, "without a last day"),
        ({"reason": "  fine  "}, "without a reason"),
    ],
)
def test_an_acceptance_needs_a_reason_and_ends(changes: dict[str, Any], fault: str) -> None:
    found = {"dependencies": [VULNERABLE]}
    faults, _ = supply.judge_vulnerabilities(found, accept(**changes), TODAY)
    assert fault in faults[0]
    assert "PYSEC-2020-96" in faults[1]


def test_what_could_not_be_looked_at_is_named() -> None:
    found = {"dependencies": [CLEAN, UNKNOWN]}
    assert supply.judge_vulnerabilities(found, [], TODAY) == ([], ["pyyaml"])


def answer(monkeypatch: pytest.MonkeyPatch, *given: Any) -> list[str]:
    """Let pip-audit give these answers, one after the other; return what it was asked for."""
    asked, left = [], [*given]

    def run(words: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(Path(words[words.index("-r") + 1]).name)
        told = left.pop(0)
        if isinstance(told, Exception):
            raise told
        text, errors = (json.dumps(told), "") if isinstance(told, dict) else ("", told)
        return subprocess.CompletedProcess(words, 1, text, errors)

    monkeypatch.setattr(supply.subprocess, "run", run)
    return asked


TRACE = "Traceback (most recent call last):\nrequests.exceptions.ConnectionError: cannot reach it"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"dependencies": [UNKNOWN]}, "knows no advisories"),
        ({"dependencies": [{**VULNERABLE, "vulns": []}]}, "knows no advisories"),
        (TRACE, "no result (requests.exceptions.ConnectionError)"),
        (subprocess.TimeoutExpired("pip-audit", 45), "did not end within 45 seconds"),
    ],
)
def test_where_no_database_answers_nothing_is_said_to_be_well(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    told: Any,
    why: str,
) -> None:
    asked = answer(monkeypatch, told)
    assert supply._audit_lock(tmp_path, accept(until=date(2020, 1, 1))) != []
    assert asked == ["known-bad.txt"]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("audit: NOTHING WAS AUDITED: ") and why in line


def test_a_database_that_knows_what_is_known_is_believed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    both = {"dependencies": [CLEAN, VULNERABLE, UNKNOWN]}
    older = {"dependencies": [CLEAN, {**CLEAN, "version": "3.19"}, UNKNOWN]}
    asked = answer(monkeypatch, {"dependencies": [VULNERABLE]}, both, older)
    assert supply._audit_lock(tmp_path, []) == ["pyyaml 5.3: PYSEC-2020-96, fixed in 5.3.1"]
    assert asked == ["known-bad.txt", "requirements.lock", "requirements-flower.lock"]
    told = capsys.readouterr().out
    assert "audit: 3 packages looked at" in told and "nobody knows them: pyyaml\n" in told


def test_every_lock_is_audited_and_the_two_agree_on_what_computes() -> None:
    assert {*supply.LOCKS} == {path.name for path in PROJECT.glob("requirements*.lock")}
    both = [
        {line.partition("==")[0]: line for line in (PROJECT / lock).read_text().splitlines()}
        for lock in supply.LOCKS
    ]
    computing = ("cryptography", "numpy", "pandas", "pydantic", "scikit-learn", "scipy")
    assert [both[0][name] for name in computing] == [both[1][name] for name in computing]


def test_licences_of_every_environment_that_is_named_are_judged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    beside = {"service": [tell("MIT")], "flower": [tell("MIT"), tell("AGPL-3.0-only")]}
    monkeypatch.setattr(supply, "_list_parts", lambda python, folder: [*beside[python]])
    monkeypatch.setattr(supply, "_list_licences", beside.__getitem__)
    monkeypatch.setattr(supply, "_audit_lock", lambda *_: [])
    assert supply.main("service", tmp_path) == 0
    assert "FAULT" not in capsys.readouterr().out
    assert supply.main("service", tmp_path, "flower") == 1
    assert capsys.readouterr().out.splitlines()[-1] == "FAULT: one 1: AGPL-3.0-only"


def test_ci_runs_it_and_what_is_accepted_can_be_read() -> None:
    (line,) = re.findall(r"\.ci/supply\.py.*", (PROJECT / ".ci" / "run").read_text())
    assert line.endswith('"$VENV-flower/bin/python"')
    accepted = supply.tomllib.loads(supply.ACCEPTED.read_text())
    assert all(supply.is_fit(licence) for licence in accepted["licences"].values())
    faults, _ = supply.judge_vulnerabilities(
        {"dependencies": []}, accepted.get("vulnerability", []), date.min
    )
    assert faults == []
