"""`ketresponse update` as a researcher types it, and what it leaves in the registry."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from features.errors import InputError, NotEnoughData
from tests.training.helpers.cards import small_results
from tests.training.helpers.centres import add_centres
from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.examples import make_facts, make_model
from training.card.author import make_author_template
from training.card.card import read_card
from training.card.gates import compute_gates
from training.commands.card import app as card
from training.commands.update import update
from training.model.response_model import ResponseModel
from training.store.artifact import load_model, save_model
from training.store.client import make_client
from training.store.registered import find_folder, list_models
from training.store.registry import register
from training.store.results import RESULTS_FILE, Results, read_results, write_results
from training.store.tracking import RunRecord, fetch_file, read_run, track_run
from training.study.tables import Resampling
from training.updating import updated_results
from training.updating.plan import make_plan
from training.validation.new_patients import read_new_patients

app = typer.Typer()
app.command()(update)


def _run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def _json(*words: object) -> dict[str, Any]:
    result = _run(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def _flat(model: ResponseModel, log_odds: float) -> ResponseModel:
    """Return the model with one risk for everyone at T1, and T1 alone."""
    first = replace(model.first, intercept=log_odds, coef=np.zeros_like(model.first.coef))
    return replace(model, horizons=("t1",), first=first, kept=None, working_kept=None)


def _facts(**changes: Any) -> Any:
    return make_facts(**{"synthetic": False, "status": "research", "version": "4", **changes})


def _facts_t1(**changes: Any) -> Any:
    one = {
        name: {"t1": getattr(make_facts(), name)["t1"]}
        for name in ("outcomes", "base_rates", "performance")
    }
    counts = {"n_patients": 80, "t1": {"n": 80, "events": 48}}
    return _facts(**one, counts=counts, **changes)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a model that ranks at random, and the cohort of other patients."""
    folder = tmp_path_factory.mktemp("inputs")
    save_model(folder / "model", make_model(), _facts())
    write_cohort(folder / "other.csv", 160, seed=5)
    return folder


@pytest.fixture(autouse=True)
def store(tracking_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    monkeypatch.setenv("COLUMNS", "200")
    quick = Resampling(repeats=2, bootstrap=100, bootstrap_reruns=5)
    monkeypatch.setattr(updated_results, "_RESAMPLING", quick)
    monkeypatch.setattr(updated_results, "_PERMUTATIONS", 4)


def test_without_yes_nothing_is_registered(inputs: Path, tracking_uri: str) -> None:
    result = _run(inputs / "model", inputs / "other.csv")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    assert "Nothing was registered. With --yes this becomes a new version of example" in text
    assert "linked to example:4" in text and "log-likelihood" in text
    assert list_models(tracking_uri=tracking_uri) == []
    assert make_client(tracking_uri).get_experiment_by_name("example") is None


def test_a_model_of_several_centres_is_updated_at_one(inputs: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "model", add_centres(make_model(), {"North": 0.5}), _facts())
    words = (tmp_path / "model", inputs / "other.csv")
    text = " ".join(_run(*words, "--centre", "north").stdout.split())
    assert "What is tested is North's own model" in text
    text = " ".join(_run(*words, "--centre", "West").stdout.split())
    assert "nothing of its own for West: what is tested is what holds for a new centre" in text
    assert _json(*words, "--centre", "North")["centre"] == {"name": "North", "known": True}
    text = " ".join(_run(*words, "--centre", "Nort").stdout.split())
    assert "nothing of its own for Nort (did you mean North?): what is tested" in text
    for unnamed in ((), ("--centre", "none")):
        error = _run(*words, *unnamed).exception
        assert isinstance(error, InputError)
        assert error.problems[0].action == "name it by --centre: North, or a new one's own name"
    alone = _run(inputs / "model", inputs / "other.csv", "--centre", "North").exception
    assert isinstance(alone, InputError) and "leave --centre out" in str(alone)


def test_an_update_is_a_new_version_that_names_its_parent(inputs: Path, tracking_uri: str) -> None:
    planned = _json(inputs / "model", inputs / "other.csv")
    found = _json(inputs / "model", inputs / "other.csv", "--yes")
    assert found["outcomes"] == planned["outcomes"] and planned["registered"] is None
    assert found["registered"] == "example:1"
    methods = {name: outcome["method"] for name, outcome in found["outcomes"].items()}
    assert methods["response"] != "keep"

    parent = load_model(inputs / "model")
    client = make_client(tracking_uri)
    tags = client.get_model_version("example", "1").tags
    said = "; ".join(f"{name}: {method}" for name, method in methods.items())
    assert tags["ketresponse.parent_version"] == "4"
    assert tags["ketresponse.parent_digest"] == parent.digest
    assert tags["ketresponse.method"] == said
    run = read_run(found["run_id"], tracking_uri=tracking_uri)
    assert run.tags["ketresponse.parent_digest"] == parent.digest
    assert run.tags["ketresponse.kind"] == "update"
    test = pd.DataFrame(found["outcomes"]["response"]["tests"]).set_index("method")
    assert run.metrics["response_log_likelihood_keep"] == pytest.approx(
        test.loc["keep", "log_likelihood"]
    )
    assert {"closed_test_response.csv", "performance_t2.csv", "draws_t1.csv"} <= set(run.files)

    child = load_model(find_folder("example:1", tracking_uri=tracking_uri))
    facts = child.facts
    assert (facts.status, facts.synthetic, facts.version) == ("research", False, "1")
    assert facts.cohort_sha256 == found["cohort_sha256"]
    assert facts.earlier_cohorts == [parent.facts.cohort_sha256]
    assert facts.notes[0].startswith(f"Updated from version 4 (digest {parent.digest[:12]}) on 160")
    assert facts.counts["t1"] == {
        "n": found["outcomes"]["response"]["n"],
        "events": found["outcomes"]["response"]["events"],
    }
    rate = facts.counts["t1"]["events"] / facts.counts["t1"]["n"]
    assert facts.base_rates["t1"] == pytest.approx(rate)
    patients = read_new_patients(parent, inputs / "other.csv")
    known = ~np.isnan(patients.data.y["t1"])
    served = child.model.probability(patients.data.X[known])[:, 0]
    assert served.mean() == pytest.approx(rate)
    # What it says of itself was measured on patients that it had not seen: no better than the
    # same numbers on its own patients.
    brier = float(np.mean((patients.data.y["t1"][known] - served) ** 2))
    assert facts.performance["t1"]["brier"][0] > brier


def test_a_model_that_is_right_is_kept_and_nothing_registered(
    inputs: Path, tmp_path: Path, tracking_uri: str
) -> None:
    patients = read_new_patients(load_model(inputs / "model"), inputs / "other.csv")
    y = patients.data.y["t1"]
    rate = float(np.nanmean(y))
    model = _flat(make_model(), float(np.log(rate / (1 - rate))))
    save_model(tmp_path / "right", model, _facts_t1())
    result = _run(tmp_path / "right", inputs / "other.csv", "--yes")
    assert result.exit_code == 0
    assert "example:4 is kept as it is: nothing is registered." in result.stdout
    assert list_models(tracking_uri=tracking_uri) == []


def test_an_update_of_everyones_risk_moves_it_to_the_share(
    inputs: Path, tmp_path: Path, tracking_uri: str
) -> None:
    save_model(tmp_path / "low", _flat(make_model(), -1.5), _facts_t1())
    found = _json(tmp_path / "low", inputs / "other.csv", "--yes")
    assert found["outcomes"]["response"]["method"] == "intercept"
    child = load_model(find_folder("example", tracking_uri=tracking_uri))
    share = child.facts.counts["t1"]["events"] / child.facts.counts["t1"]["n"]
    risk = child.model.probability(np.full((1, 4), np.nan))[0, 0]
    assert risk == pytest.approx(share)
    assert child.facts.blend == load_model(tmp_path / "low").facts.blend


def test_simulated_patients_make_a_demonstration(
    inputs: Path, tmp_path: Path, tracking_uri: str
) -> None:
    file = write_cohort(tmp_path / "c.csv", 120, seed=5, synthetic=True, horizons=("t1",))
    save_model(tmp_path / "low", _flat(make_model(), -1.5), _facts_t1())
    assert _json(tmp_path / "low", file, "--yes")["synthetic"]
    (version,) = list_models(tracking_uri=tracking_uri)
    assert version.status == "demonstration"


def test_what_an_update_would_mix_is_told_before_it_is_registered(
    inputs: Path, tmp_path: Path, tracking_uri: str
) -> None:
    (tmp_path / "run").mkdir()
    _keep_as_version_1(inputs, tmp_path / "run", tracking_uri)
    file = write_cohort(tmp_path / "c.csv", 160, seed=5, synthetic=True)
    text = " ".join(_run("example:1", file).stdout.split())
    assert "example has version 1 of real patients, and this model is of a simulated" in text
    assert "With --yes this becomes a new version of example (demonstration)" in text
    assert "of real patients" in _json("example:1", file)["mixed"]
    assert _json("example:1", inputs / "other.csv")["mixed"] is None
    assert len(list_models(tracking_uri=tracking_uri)) == 1


def test_what_cannot_be_updated_is_told(inputs: Path, tmp_path: Path) -> None:
    file = inputs / "other.csv"
    own = read_new_patients(load_model(inputs / "model"), file).cohort.sha256
    save_model(tmp_path / "own", make_model(), _facts(cohort_sha256=own))
    with pytest.raises(InputError, match="other patients than the model was made from"):
        raise _run(tmp_path / "own", file).exception or AssertionError
    no_t2 = write_cohort(tmp_path / "t1.csv", 120, seed=5, horizons=("t1",))
    with pytest.raises(InputError, match="those of the model, t1 and t2"):
        raise _run(inputs / "model", no_t2).exception or AssertionError
    few = write_cohort(tmp_path / "few.csv", 20, seed=5)
    with pytest.raises(NotEnoughData, match="an update needs at least 10 of each"):
        raise _run(inputs / "model", few).exception or AssertionError


def test_a_slope_below_zero_is_told(inputs: Path, tmp_path: Path) -> None:
    loaded = load_model(inputs / "model")
    plan = make_plan(loaded, read_new_patients(loaded, inputs / "other.csv"))
    assert plan.update.changed
    # A model that says the opposite of the updated one, stretched.
    first = plan.update.model.first
    wrong = replace(
        loaded.model, first=replace(first, intercept=-first.intercept, coef=-first.coef)
    )
    save_model(tmp_path / "wrong", wrong, _facts())
    text = " ".join(_run(tmp_path / "wrong", inputs / "other.csv").stdout.split())
    assert "the model ranks these patients the wrong way round" in text


def _keep_as_version_1(inputs: Path, tmp_path: Path, tracking_uri: str) -> None:
    """Register the model to update with a run that holds its results."""
    results = Results.model_validate(small_results())
    write_results(results, tmp_path)
    run_id = track_run(RunRecord("example", files=tmp_path), tracking_uri=tracking_uri)
    facts = _facts(study_sha256=results.study.sha256, cohort_sha256=results.cohort.sha256)
    register(
        run_id, load_model(inputs / "model").model, facts, name="example", tracking_uri=tracking_uri
    )


def test_an_updated_version_has_a_card_and_is_compared_with_the_one_before(
    inputs: Path, tmp_path: Path, tracking_uri: str
) -> None:
    (tmp_path / "run").mkdir()
    _keep_as_version_1(inputs, tmp_path / "run", tracking_uri)
    assert _run("example:1", inputs / "other.csv", "--yes").exit_code == 0
    (tmp_path / "card.toml").write_text(make_author_template())
    runner = CliRunner()
    for version in ("1", "2"):
        made = runner.invoke(
            card, ["make", f"example:{version}", "--card", str(tmp_path / "card.toml")]
        )
        assert made.exit_code == 0, made.output
    folder = find_folder("example:2", tracking_uri=tracking_uri)
    body = read_card(folder).body
    assert body.results.study.thresholds == (0.3, 0.6)  # set for the version before
    assert body.results.cohort.sha256 == load_model(folder).facts.cohort_sha256
    assert body.results.counts["t1"].n == load_model(folder).facts.counts["t1"]["n"]
    gates = {gate.number: gate for gate in compute_gates(body)}
    assert gates[3].value.startswith("4 permutations, mean AUC 0.")
    assert gates[6].value.startswith("T1: 0.")
    assert gates[7].value != "not computed"
    answers = {field.id: field.answer for field in body.fields}
    assert answers["12f"].startswith("example:1 (digest ")
    assert "its closed tests run anew inside each training part" in answers["12a"]
    assert body.parent.model == "example:1"
    page = (folder / "card.html").read_text()
    assert "before the update" in page
    told = runner.invoke(card, ["diff", "example:1", "example:2", "--json"])
    parts = {change["part"] for change in json.loads(told.stdout)["changes"]}
    assert {"data", "model", "performance"} <= parts


def test_without_the_results_of_the_version_before_the_card_says_so(
    inputs: Path, tmp_path: Path, tracking_uri: str
) -> None:
    found = _json(inputs / "model", inputs / "other.csv", "--yes")
    file = fetch_file(found["run_id"], RESULTS_FILE, tracking_uri=tracking_uri)
    results = read_results(file)
    assert results.study.thresholds is None
    assert any("could not be reached" in notice for notice in results.notices)
    assert results.blend["response"].members == []
    assert results.study.sha256 == load_model(inputs / "model").facts.study_sha256
