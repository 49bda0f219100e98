"""What an installed service is made of: its parts, their licences, and what is known against them.

Asked with the Python of an environment that holds a service and nothing else:

    python .ci/supply.py SERVICE_PYTHON OUT_FOLDER [OTHER_PYTHON ...]

OUT_FOLDER gets ``bom.json`` (CycloneDX) and ``licences.json``, both of the service. The licences of
the other environments are judged too, and the audit is of all locks, of what trains and tests too.
It ends with 1 if a licence does not go with a distribution under Apache-2.0,
if a vulnerability is known that nobody has accepted, or if an acceptance has run out.

Where no database of vulnerabilities answers, pip-audit finds nothing, which tells nothing: so it is
asked first for a version that is known to be vulnerable, and is believed only if it finds that.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

__all__ = ["audit", "find_licence", "is_fit", "judge_licences", "judge_vulnerabilities", "main"]

ROOT = Path(__file__).resolve().parents[1]
ACCEPTED = Path(__file__).with_name("accepted.toml")
LOCKS = ("requirements.lock", "requirements-flower.lock")
KNOWN_BAD = "pyyaml==5.3"
"""CVE-2020-1747 and others: whoever has advisories has these."""

_SECONDS = 45
_FEWEST_WORDS = 20
_SOURCES = ("License-Expression", "License-Classifier", "License-Metadata")
_UNFIT = re.compile(
    r"\b(A?GPL|SSPL|BUSL|CC-BY-NC|Commons Clause|Proprietary)|(General|Affero) Public", re.I
)
_LESSER = re.compile(r"(Lesser|Library) General Public", re.I)
_EXCEPTED = re.compile(r"\S*GPL\S*[- ]with[- ]\S*exception\S*", re.I)


def find_licence(told: Mapping[str, str]) -> str:
    """Return a package's licence from what pip-licenses tells; "" where it tells none."""
    found = (told[source].strip() for source in _SOURCES)
    return next((text.splitlines()[0][:80] for text in found if text not in ("", "UNKNOWN")), "")


def is_fit(licence: str) -> bool:
    """Return whether what is under a licence may be given on with a service under Apache-2.0.

    Of alternatives (OR) one is enough. A library under the LGPL may be linked, one under the MPL be
    changed in the open; and the GPL with an exception for what is linked (GCC's) asks nothing.
    """
    parts = re.split(r"\bOR\b", _LESSER.sub("LGPL", _EXCEPTED.sub("", licence)))
    return bool(licence) and any(not _UNFIT.search(part) for part in parts)


def judge_licences(told: Sequence[Mapping[str, str]], stated: Mapping[str, str]) -> list[str]:
    """Return a line for each package that may not be given on.

    Parameters
    ----------
    told : sequence of mapping
        Of ``pip-licenses --from=all --format=json``.
    stated : mapping of str to str
        Licences of packages that tell none, as somebody has read them.
    """
    lines = []
    for one in told:
        licence = find_licence(one) or stated.get(one["Name"], "")
        if not is_fit(licence):
            lines.append(f"{one['Name']} {one['Version']}: {licence or 'tells no licence'}")
    return lines


def judge_vulnerabilities(
    found: Mapping[str, Any], accepted: Sequence[Mapping[str, Any]], today: date
) -> tuple[list[str], list[str]]:
    """Return a line for each fault, and the names of packages that could not be looked at.

    Parameters
    ----------
    found : mapping
        Of ``pip-audit --format=json``.
    accepted : sequence of mapping
        Each with `id`, `package`, `reason` and `until`.
    today : date
        An acceptance holds up to the end of its last day.
    """
    lines, in_force = [], set()
    for one in accepted:
        name = f"{one.get('id')} of {one.get('package')}"
        if len(str(one.get("reason", "")).strip()) < _FEWEST_WORDS:
            lines.append(f"{name} is accepted without a reason of at least {_FEWEST_WORDS} letters")
        elif not isinstance(one.get("until"), date):
            lines.append(f"{name} is accepted without a last day, `until = 2026-12-31`")
        elif one["until"] < today:
            lines.append(f"{name} was accepted until {one['until']}: look at it again")
        else:
            in_force.add((one["package"], one["id"]))
    for package in found["dependencies"]:
        for one in package.get("vulns", ()):
            names = {one["id"], *one.get("aliases", ())}
            if not {(package["name"], name) for name in names} & in_force:
                fixed = ", ".join(one["fix_versions"]) or "no version yet"
                told = f"{package['name']} {package['version']}: {one['id']}, fixed in {fixed}"
                lines.append(told)
    return lines, [one["name"] for one in found["dependencies"] if "skip_reason" in one]


def audit(requirements: Path) -> dict[str, Any] | str:
    """Return what pip-audit tells of pinned packages, or in words why it tells nothing."""
    asked = [sys.executable, "-m", "pip_audit", "-r", str(requirements), "--no-deps"]
    asked += ["--disable-pip", "--format=json", "--progress-spinner=off", "--timeout=5"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=_SECONDS, check=False)
        return dict(json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        return f"it did not end within {_SECONDS} seconds"
    except ValueError:
        kind = (done.stderr.strip().splitlines() or [""])[-1].partition(":")[0]
        return f"pip-audit ended with {done.returncode} and no result ({kind or 'no reason'})"


def _audit_lock(folder: Path, accepted: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tell what is known against the locks; return a line for each fault."""
    known_bad = folder / "known-bad.txt"
    known_bad.write_text(KNOWN_BAD + "\n")
    tried = audit(known_bad)
    if isinstance(tried, dict) and not any(one.get("vulns") for one in tried["dependencies"]):
        tried = "the place that is asked knows no advisories, not even of " + KNOWN_BAD
    told = [audit(ROOT / lock) for lock in LOCKS] if isinstance(tried, dict) else [tried]
    packages: dict[tuple[str, ...], Any] = {}
    for one in told:
        if isinstance(one, str):
            print(f"audit: NOTHING WAS AUDITED: {one}")
            return judge_vulnerabilities({"dependencies": []}, accepted, date.today())[0]
        packages |= {(each["name"], each.get("version", "")): each for each in one["dependencies"]}
    found = {"dependencies": [*packages.values()]}
    faults, unknown = judge_vulnerabilities(found, accepted, date.today())
    print(f"audit: {len(packages) - len(unknown)} packages looked at")
    if unknown:
        print(f"audit: not looked at, since nobody knows them: {', '.join(unknown)}")
    return faults


def _list_licences(python: str) -> list[dict[str, str]]:
    asked = ["piplicenses", "--python", python, "--from=all", "--format=json"]
    told = subprocess.run(
        [sys.executable, "-m", *asked], capture_output=True, text=True, check=True
    ).stdout
    return list(json.loads(told))


def _list_parts(python: str, folder: Path) -> list[dict[str, str]]:
    """Write the bill of materials and the licences; return the licences."""
    bom = folder / "bom.json"
    asked = ["cyclonedx_py", "environment", python, "--pyproject", str(ROOT / "pyproject.toml")]
    asked += ["--output-reproducible", "--output-file", str(bom)]
    subprocess.run([sys.executable, "-m", *asked], check=True)
    parts = len(json.loads(bom.read_text())["components"])
    print(f"parts: {parts}, {bom.name}")
    licences = _list_licences(python)
    (folder / "licences.json").write_text(json.dumps(licences, indent=2))
    return licences


def main(python: str, folder: Path, *others: str) -> int:
    """Tell all that is found, and return 1 if anything is at fault."""
    accepted = tomllib.loads(ACCEPTED.read_text())
    told = _list_parts(python, folder)
    print(f"licences: {len(told)} packages, licences.json")
    for other in others:
        beside = _list_licences(other)
        print(f"licences: {len(beside)} packages of {other}")
        told += [one for one in beside if one not in told]
    faults = judge_licences(told, accepted["licences"])
    faults += _audit_lock(folder, accepted.get("vulnerability", []))
    for fault in faults:
        print(f"FAULT: {fault}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
