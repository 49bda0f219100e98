"""`ketresponse network`: what each command does with files, asks, prints and refuses."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from features.files.table import write_table
from features.simulation.cohort import make_cohort
from ketresponse import app
from tests.training.conftest import empty_store as empty_store
from tests.training.helpers.killed import restore, run_killed
from training.commands.options import ask_secret
from training.network.protocol.envelope import open_share
from training.store.registered import list_models

CENTRES = ("aachen", "basel")


def _run(*words: str, input_: str | None = None) -> Result:
    return CliRunner().invoke(app, ["network", *words], input=input_)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with keys, cohorts and a signed protocol."""
    folder = tmp_path_factory.mktemp("network")
    keys = {}
    for name in ("lead", *CENTRES):
        done = _run("key", str(folder / f"{name}.pem"))
        assert done.exit_code == 0, done.output
        keys[name] = done.stdout.strip()
    protocol = folder / "network.toml"
    assert _run("protocol", str(protocol), "--name", "net").exit_code == 0
    text = protocol.read_text().replace('name = ""', 'name = "Aachen"')
    text = re.sub(r"not described yet: (who|drug), .*?\"", 'simulated"', text)
    text = text.replace('key = ""', f'key = "{keys["lead"]}"')
    members = "\n".join(f'{name} = "{keys[name]}"' for name in CENTRES)
    text = re.sub(r"# rotterdam = .*", members, text)
    text = re.sub(r"number = 5\nwords = \[.*?\n\]", _shorten(text), text, flags=re.S)
    protocol.write_text(text)
    done = _run("protocol", str(protocol), "--key", str(folder / "lead.pem"))
    assert done.exit_code == 0, done.output
    for seed, name in enumerate(CENTRES, start=3):
        write_table(make_cohort(60, seed=seed).table, folder / f"{name}.csv")
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of its own with all of that, in which commands run."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _shorten(text: str) -> str:
    """Return the table of rounds of a protocol of two rounds."""
    words = re.findall(r'^  (".*"),$', text.partition("words = [")[2], re.M)
    return f"number = 2\nwords = [{words[0]}, {words[1]}]"


def _share(centre: str, round_: int, *more: str, input_: str | None = None) -> Result:
    return _run(
        *("share", "--key", f"{centre}.pem", "--cohort", f"{centre}.csv"),
        *("--round", str(round_), *more),
        input_=input_,
    )


def test_a_network_goes_from_files_to_a_model(
    place: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{empty_store}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    for round_ in (1, 2):
        for centre in CENTRES:
            done = _share(centre, round_, "--yes")
            assert done.exit_code == 0, done.output
        shares = [str(path) for path in sorted(Path("shares").iterdir())]
        done = CliRunner().invoke(app, ["network", "combine", *shares, "--key", "lead.pem"])
        assert done.exit_code == 0, done.output
    assert "Registered net:1 (demonstration)." in done.output
    assert "Complete report: " in done.output
    assert "ketresponse card make net:1 --card card.toml" in done.output
    (model,) = list_models(tracking_uri=uri)
    assert (model.name, model.version) == ("net", "1")
    assert [path.name for path in Path("rounds").iterdir()] == ["round_2.json"]


def test_killed_at_any_point_a_share_or_a_round_is_there_whole_or_not_at_all(place: Path) -> None:
    share = ["share", "--key", "basel.pem", "--cohort", "basel.csv", "--yes"]
    combine = ["combine", "shares", "--key", "lead.pem"]
    assert _share("aachen", 1, "--yes").exit_code == 0
    for words, file in (share, "shares/basel_round_1.json"), (combine, "rounds/round_2.json"):
        kept = shutil.copytree(place, place.with_name(f"{place.name}-before-{Path(file).stem}"))
        labels = run_killed(lambda words=words: _run(*words), place, None)  # type: ignore[misc]
        whole = Path(file).read_bytes()
        assert [label for label in labels if label.startswith("os.rename")]
        for at, label in enumerate(labels):
            restore(kept, place)
            run_killed(lambda words=words: _run(*words), place, at)  # type: ignore[misc]
            assert not Path(file).exists() or Path(file).read_bytes() == whole, label
            done = _run(*words)  # what was begun is no share, and stands in nobody's way
            assert done.exit_code == 0 or "is there already" in done.output, done.output
            assert Path(file).read_bytes() == whole


def test_all_that_leaves_is_shown_before_it_is_written(place: Path) -> None:
    refused = _share("basel", 1, input_="n\n")
    assert refused.exit_code == 130
    assert not Path("shares").exists()
    done = _share("basel", 1, input_="y\n")
    assert done.exit_code == 0, done.output
    data = Path("shares/basel_round_1.json").read_bytes()
    assert data.decode() in done.output
    assert data.decode() in refused.output
    assert "This is all that leaves basel in round 1" in done.output
    again = _share("basel", 1, "--yes")
    assert again.exit_code == 2
    assert "basel_round_1.json is there already: round 1 is shared" in again.output
    assert "did you mean --round 2?" in again.output and "--force" not in again.output


def test_nobody_to_ask_is_told_to_say_yes_beforehand(place: Path) -> None:
    done = _share("basel", 1, input_="")
    assert done.exit_code == 2 and "add --yes" in done.output
    assert not Path("shares").exists()


def test_noise_is_drawn_once_for_a_round(place: Path) -> None:
    protocol = Path("network.toml")
    text = re.sub(r"\n\[signature\].*", "", protocol.read_text(), flags=re.S)
    protocol.write_text(text.replace("[limits]", "[limits]\nnoise = { epsilon = 10.0 }"))
    signed = _run("protocol", str(protocol), "--key", "lead.pem")
    assert signed.exit_code == 0, signed.output
    done = _share("basel", 1, "--yes")
    assert done.exit_code == 0, done.output
    data = Path("shares/basel_round_1.json").read_bytes()
    again = _share("basel", 1, "--yes", "--force")
    assert again.exit_code == 4, again.output
    assert "noise is drawn once" in again.output
    assert Path("shares/basel_round_1.json").read_bytes() == data


def test_a_share_goes_to_a_store_by_its_address(place: Path) -> None:
    address = f"memory://{place.name}/shares"
    done = _share("basel", 1, "--yes", "--quiet", "--out", address)
    assert (done.exit_code, done.output) == (0, "")
    aachen = _share("aachen", 1, "--yes", "--quiet", "--out", address)
    assert aachen.exit_code == 0
    combined = _run("combine", address, "--key", "lead.pem")
    assert combined.exit_code == 0, combined.output
    assert "shares of aachen, basel" in combined.output
    assert Path("rounds/round_2.json").is_file()


def test_what_is_wrong_with_a_share_is_told_by_centre(place: Path) -> None:
    assert _share("basel", 1, "--yes").exit_code == 0
    assert _share("aachen", 1, "--yes").exit_code == 0
    path = Path("shares/basel_round_1.json")
    told = json.loads(path.read_text())
    told["content"]["patients"] += 1
    path.write_text(json.dumps(told))
    done = _run("combine", "shares", "--key", "lead.pem")
    assert done.exit_code == 2
    assert "basel (shares/basel_round_1.json): expected signature" in done.output
    assert not Path("rounds").exists()


def test_a_check_tells_what_was_agreed_and_what_a_cohort_has(place: Path) -> None:
    done = _run("check", "--cohort", "basel.csv")
    assert done.exit_code == 0, done.output
    assert "signed by Aachen" in done.output
    assert "Centres: aachen, basel." in done.output
    assert "What leaves a centre in each:" in done.output
    assert "T1: outcome known of" in done.output
    foreseen = done.output.partition("What would leave of it, over all rounds:\n")[2]
    assert "share --round 1 --key KEY --cohort basel.csv --protocol network.toml" in foreseen
    assert not Path("shares").exists()
    shared = _share("basel", 1, "--yes")
    (response,) = re.findall(r"^response: .*$", foreseen, re.M)
    assert response in shared.output
    shutil.rmtree("shares")
    Path("network.toml").write_text(
        Path("network.toml").read_text().replace("seed = 1", "seed = 2")
    )
    changed = _run("check")
    assert changed.exit_code == 2
    assert "the lead's signature over the file as it is" in changed.output


def test_a_protocol_that_was_not_signed_is_checked_and_not_followed(place: Path) -> None:
    text = Path("network.toml").read_text().partition("\n[signature]")[0]
    Path("network.toml").write_text(text)
    assert "NOT SIGNED yet" in _run("check").output
    done = _share("basel", 1, "--yes")
    assert done.exit_code == 2 and "[signature]" in done.output


def test_a_protocol_is_not_replaced_by_a_template(place: Path) -> None:
    done = _run("protocol")
    assert done.exit_code == 2
    assert "is there already" in done.output


def test_a_signed_protocol_is_changed_by_force_only(place: Path) -> None:
    protocol = Path("network.toml")
    signed = protocol.read_bytes()
    sign = ("protocol", str(protocol), "--key", "lead.pem")
    assert _run(*sign).exit_code == 0
    assert protocol.read_bytes() == signed
    protocol.write_bytes(signed.replace(b"seed = 1", b"seed = 2"))
    done = _run(*sign)
    assert done.exit_code == 4
    assert "another protocol is another network" in done.output and "--force" in done.output
    assert b"seed = 2" in protocol.read_bytes()
    assert _run(*sign, "--force").exit_code == 0
    assert "signed by Aachen" in _run("check").output
    protocol.write_bytes(signed.replace(b"\n", b"\r\n"))
    ends = _run("check")
    assert ends.exit_code == 2 and "line ends were changed (CRLF)" in ends.output
    assert _run(*sign).exit_code == 0
    assert protocol.read_bytes() == signed


def test_a_key_with_a_passphrase_is_asked_for_it(place: Path) -> None:
    done = _run("key", "locked.pem", "--passphrase", input_="horse\n")
    assert done.exit_code == 0 and "ed25519:" in done.stdout
    wrong = _run("combine", "shares", "--key", "locked.pem", input_="cow\n")
    assert "does not open by that passphrase" in wrong.output
    silent = _run("combine", "shares", "--key", "locked.pem", input_="")
    assert silent.exit_code == 2 and "is locked: give its passphrase" in silent.output
    shown = _run("key", "locked.pem", "--show", input_="horse\n")
    assert shown.stdout == done.stdout


@pytest.mark.parametrize("typed", ["", "\n"])
def test_a_key_is_not_left_open_where_a_passphrase_was_wanted(place: Path, typed: str) -> None:
    done = _run("key", "open.pem", "--passphrase", input_=typed)
    assert done.exit_code == 2 and "no passphrase was given" in done.output
    assert not Path("open.pem").exists()


def test_a_new_passphrase_is_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["horse", "house", "horse", "horse"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda *_: next(typed))
    assert ask_secret("Passphrase", new=True) == "horse"
    assert list(typed) == []


def test_rounds_in_another_folder_are_looked_for_by_their_names(place: Path) -> None:
    for centre in CENTRES:
        assert _share(centre, 1, "--yes").exit_code == 0
    combine = ("combine", "shares", "--key", "lead.pem")
    assert _run(*combine).exit_code == 0
    assert _share("basel", 2, "--yes").exit_code == 0
    lost = _run(*combine, "--rounds", "elsewhere")
    assert lost.exit_code == 2
    assert "round 2: expected the lead's file of it, which shares of basel answer" in lost.output
    assert "got none in elsewhere" in lost.output


def test_a_mistaken_round_or_key_is_told_as_what_it_is(place: Path) -> None:
    done = _share("basel", 9, "--yes")
    assert done.exit_code == 2
    assert "round: expected a round of the protocol: 1 to 2; got 9" in done.output
    assert "round_3.json" not in done.output
    done = _run("share", "--key", "lead.pem", "--cohort", "basel.csv")
    assert "expected the key of one of aachen, basel; got the lead's" in done.output
    assert _share("basel", 1, "--yes").exit_code == 0
    done = _run("combine", "shares", "--key", "basel.pem")
    assert "expected the key of the lead, Aachen; got that of basel; the lead" in done.output


def test_a_check_takes_a_protocol_as_the_other_commands_do(place: Path) -> None:
    Path("network.toml").rename("agreed.toml")
    assert _run("check", "--protocol", "agreed.toml").output == _run("check", "agreed.toml").output
    assert _run("check").exit_code == 2


def test_a_later_round_needs_the_leads_file(place: Path) -> None:
    done = _share("basel", 2, "--yes")
    assert done.exit_code == 2
    lead, own = Path("rounds/round_2.json"), Path("shares/basel_round_1.json")
    assert f"round 2: expected the lead's file of it; got no {lead}; put it there" in done.output
    assert f"expected the centre's own share of round 1; got no {own}; put it" in done.output
    assert not Path("shares").exists()


def test_a_late_centre_is_waited_for_unless_it_is_named(place: Path) -> None:
    key = Path("ulm.pem")
    protocol = Path("network.toml")
    public = _run("key", str(key)).stdout.strip()
    protocol.write_text(protocol.read_text().replace("[centres]", f'[centres]\nulm = "{public}"'))
    assert _run("protocol", str(protocol), "--key", "lead.pem", "--force").exit_code == 0
    assert _share("basel", 1, "--yes").exit_code == 0
    combine = ("combine", "shares", "--key", "lead.pem")
    alone = _run(*combine, "--without", "ulm")
    assert alone.exit_code == 4 and "aachen: no share of round 1; wait for it" in alone.output
    assert _share("aachen", 1, "--yes").exit_code == 0
    late = _run(*combine)
    assert late.exit_code == 4, late.output
    assert "ulm: no share of round 1; wait for it" in late.output
    assert "--without ulm" in late.output
    assert not Path("rounds").exists()
    wrong = _run(*combine, "--without", "aachen", "--without", "bern")
    assert wrong.exit_code == 2
    assert "got aachen; take its files out" in wrong.output
    assert "got bern; centres are aachen, basel, ulm" in wrong.output
    done = _run(*combine, "--without", "ulm")
    assert done.exit_code == 0, done.output
    assert "Not part of it: ulm, no share of round 1." in done.output
    assert "It is another one" not in done.output
    write_table(make_cohort(60, seed=5).table, Path("ulm.csv"))
    assert _share("ulm", 1, "--yes").exit_code == 0
    other = _run(*combine, "--force")
    assert other.exit_code == 0, other.output
    assert "It is another one than before" in other.output


def test_a_share_says_which_file_it_is(place: Path) -> None:
    assert _share("basel", 1, "--yes").exit_code == 0
    share = open_share(Path("shares/basel_round_1.json").read_bytes(), "x")
    assert (share.centre, share.round, share.network) == ("basel", 1, "net")
