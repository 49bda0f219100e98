"""The citation file says of the project what the project says of itself."""

import tomllib

import yaml

from tests.places import PROJECT


def test_it_can_be_cited_with_its_version_and_licence() -> None:
    cited = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert cited["cff-version"] == "1.2.0"
    for key, own in {"title": "name", "version": "version", "license": "license"}.items():
        assert str(cited[key]) == declared[own]
    assert cited["type"] == "software"
    assert cited["message"]
    assert all(author.get("name") or author.get("family-names") for author in cited["authors"])
