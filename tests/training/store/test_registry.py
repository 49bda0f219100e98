from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest

from features.dictionary.eligibility import CRPS_ELIGIBILITY
from features.errors import KetresponseError
from tests.training.helpers.centres import add_centres
from tests.training.helpers.examples import PREDICTORS, make_facts, make_model, make_predictors
from tests.training.helpers.runs import run_id as run_id
from tests.training.helpers.runs import track
from training.model.example import make_example
from training.store import registry
from training.store.artifact import load_model
from training.store.client import make_client
from training.store.registered import RegisteredModel, list_models, locate
from training.store.registry import register

MODEL = make_model()
FACTS = make_facts()


def test_a_registered_model_is_found_and_gives_the_same_numbers(
    run_id: str, tracking_uri: str, tmp_path: Path
) -> None:
    made = register(run_id, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    folder = locate("pilot", tracking_uri=tracking_uri)
    loaded = load_model(folder)
    X = make_predictors(50, seed=3)
    assert np.array_equal(loaded.model.probability(X), MODEL.probability(X))
    assert loaded.facts == replace(FACTS, name="pilot", version="1", run_id=run_id)
    assert loaded.digest == made.digest
    # The stored folder itself, not a copy.
    assert folder.is_relative_to(tmp_path / "mlartifacts")
    assert list_models(tracking_uri=tracking_uri) == [made]
    assert made.created.startswith("20")
    assert replace(made, created="", digest="") == RegisteredModel(
        name="pilot",
        version="1",
        status="demonstration",
        created="",
        horizons=("t1", "t2"),
        n={"t1": 80, "t2": 70},
        events={"t1": 48, "t2": 28},
        auc={"t1": 0.61, "t2": None},
        digest="",
        run_id=run_id,
    )


def test_a_model_that_gives_everyone_the_same_is_listed_without_an_auc(
    tracking_uri: str, tmp_path: Path
) -> None:
    constant = replace(MODEL.first, coef=0 * MODEL.first.coef, pairs=MODEL.first.pairs[:0])
    constant = replace(constant, pair_coef=MODEL.first.pair_coef[:0])
    facts = replace(FACTS, performance={key: {"auc": [0.5, 0.5, 0.5]} for key in ("t1", "t2")})
    first = replace(MODEL, first=constant)  # who keeps a response is still told apart
    run = track(tracking_uri, tmp_path)
    made = register(run, first, facts, name="first", tracking_uri=tracking_uri)
    assert made.auc == {"t1": None, "t2": 0.5}
    both, run = replace(first, kept=constant), track(tracking_uri, tmp_path)
    made = register(run, both, facts, name="both", tracking_uri=tracking_uri)
    assert made.auc == {"t1": None, "t2": None}


def test_versions_count_up_and_the_newest_is_taken(tracking_uri: str, tmp_path: Path) -> None:
    for number in range(1, 11):
        made = register(
            track(tracking_uri, tmp_path), MODEL, FACTS, name="pilot", tracking_uri=tracking_uri
        )
        assert made.version == str(number)
    assert load_model(locate("pilot", tracking_uri=tracking_uri)).facts.version == "10"
    assert load_model(locate("pilot", 2, tracking_uri=tracking_uri)).facts.version == "2"
    assert load_model(locate("pilot", "9", tracking_uri=tracking_uri)).facts.version == "9"
    versions = [model.version for model in list_models(tracking_uri=tracking_uri)]
    assert versions == [str(number) for number in range(10, 0, -1)]


@pytest.mark.parametrize(("synthetic", "status"), [(True, "demonstration"), (False, "research")])
def test_the_status_is_seen_in_the_registry(
    run_id: str, tracking_uri: str, synthetic: bool, status: str
) -> None:
    facts = make_facts(synthetic=synthetic, status=status)
    made = register(run_id, MODEL, facts, name="pilot", tracking_uri=tracking_uri)
    assert made.status == status
    version = make_client(tracking_uri).get_model_version("pilot", "1")
    assert version.tags["ketresponse.status"] == status
    assert version.tags["ketresponse.digest"] == made.digest


def test_mlflow_loads_it_without_pickle(
    run_id: str, tracking_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(run_id, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    package = locate("pilot", tracking_uri=tracking_uri).parents[1]
    assert not [path for path in package.rglob("*") if path.suffix in (".pkl", ".pickle")]
    loaded = mlflow.pyfunc.load_model(str(package))
    flavor = loaded.metadata.flavors["python_function"]
    assert (flavor["loader_module"], flavor["data"]) == ("training.store.pyfunc", "data/artifact")
    example = pd.read_json(
        io.StringIO((package / "input_example.json").read_text()), orient="split", dtype=False
    )
    assert example.to_dict("records") == [make_example(MODEL, CRPS_ELIGIBILITY)]
    row = [7.0, 3.0, 0.0, 0.0]  # medians of the background, no, and the first type
    served = MODEL.probability(np.array([row]))
    assert np.array_equal(loaded.predict(example).to_numpy(), served)
    assert loaded.metadata.signature.inputs.input_names()[:4] == list(PREDICTORS)
    assert loaded.metadata.signature.outputs.input_names() == ["p_t1", "p_t2"]
    assert loaded.metadata.metadata["expects"]["opioid"] == "yes or no"
    requirements = (package / "requirements.txt").read_text().split()
    assert f"skops=={FACTS.versions['skops']}" in requirements
    # This name is on no index that we own.
    assert not [line for line in requirements if line.startswith("ketresponse")]


def test_mlflow_takes_the_centre_as_a_parameter(run_id: str, tracking_uri: str) -> None:
    several = add_centres(MODEL, {"North": 0.8, "South": -0.3})
    register(run_id, several, FACTS, name="pilot", tracking_uri=tracking_uri)
    loaded = mlflow.pyfunc.load_model(str(locate("pilot", tracking_uri=tracking_uri).parents[1]))
    example = pd.DataFrame([make_example(MODEL, CRPS_ELIGIBILITY)])
    row = np.array([[7.0, 3.0, 0.0, 0.0]])
    for params, answers in (({"centre": "south"}, several.at("South")), ({}, several)):
        served = loaded.predict(example, params=params).to_numpy()
        assert np.array_equal(served, answers.probability(row))


def test_mlflow_tells_no_value_of_a_table_it_refuses(
    run_id: str, tracking_uri: str, capfd: pytest.CaptureFixture[str]
) -> None:
    register(run_id, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    package = locate("pilot", tracking_uri=tracking_uri).parents[1]
    loaded = mlflow.pyfunc.load_model(str(package))
    table = pd.DataFrame({"nrs_t0": ["secret"], "opioid": ["no"], "crps_type": [77]})
    with pytest.raises(KetresponseError, match="nrs_t0: expected a number") as caught:
        loaded.predict(table)
    told = str(caught.value) + "".join(capfd.readouterr())
    assert "secret" not in told and "77" not in told


_STEPS: list[tuple[Any, str]] = [
    (mlflow.MlflowClient, "create_registered_model"),
    (mlflow.MlflowClient, "create_model_version"),
    (registry, "save_model"),
    (registry, "_write_package"),
    (mlflow.MlflowClient, "log_artifacts"),
    (mlflow.MlflowClient, "set_model_version_tag"),
    (registry, "describe_version"),
]


def _interrupted(real: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        raise KeyboardInterrupt

    return call


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("where", "step"), _STEPS, ids=[step for _, step in _STEPS])
def test_an_interrupted_registration_leaves_nothing(
    run_id: str,
    tracking_uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    step: str,
    after: bool,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(where, step, _interrupted(getattr(where, step), after=after))
        with pytest.raises(KeyboardInterrupt):
            register(run_id, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    client = make_client(tracking_uri)
    assert list(client.search_model_versions()) == []
    assert list(client.search_registered_models()) == []
    assert list_models(tracking_uri=tracking_uri) == []
    files = {path.name for path in (tmp_path / "mlartifacts").rglob("*") if path.is_file()}
    assert files == {"report.html"}
    # The run is as it was, and can be registered after all.
    assert client.get_run(run_id).info.status == "FINISHED"
    made = register(run_id, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    assert made.version == "1"


def test_an_interrupted_registration_leaves_earlier_versions(
    tracking_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = track(tracking_uri, tmp_path), track(tracking_uri, tmp_path)
    made = register(first, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    with monkeypatch.context() as patch:
        patch.setattr(
            registry, "describe_version", _interrupted(registry.describe_version, after=False)
        )
        with pytest.raises(KeyboardInterrupt):
            register(second, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    assert list_models(tracking_uri=tracking_uri) == [made]
    load_model(locate("pilot", tracking_uri=tracking_uri))


def test_a_model_that_cannot_be_saved_is_not_registered(run_id: str, tracking_uri: str) -> None:
    with pytest.raises(KetresponseError, match="not this model's"):
        register(
            run_id, MODEL, make_facts(training_ranges={}), name="pilot", tracking_uri=tracking_uri
        )
    assert list(make_client(tracking_uri).search_registered_models()) == []


def test_a_version_that_was_killed_half_way_does_not_exist(run_id: str, tracking_uri: str) -> None:
    client = make_client(tracking_uri)
    client.create_registered_model("pilot")
    client.create_model_version("pilot", f"runs:/{run_id}/model", run_id=run_id)
    assert list_models(tracking_uri=tracking_uri) == []
    with pytest.raises(KetresponseError, match="none is registered yet, train one first"):
        locate("pilot", tracking_uri=tracking_uri)


def test_registrations_at_the_same_time_all_succeed(tracking_uri: str, tmp_path: Path) -> None:
    runs = [track(tracking_uri, tmp_path) for _ in range(4)]

    def one(run_id: str) -> str:
        return register(run_id, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri).version

    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(one, runs))
    assert sorted(versions) == ["1", "2", "3", "4"]
    for model in list_models(tracking_uri=tracking_uri):
        facts = load_model(locate("pilot", model.version, tracking_uri=tracking_uri)).facts
        assert (facts.version, facts.run_id) == (model.version, model.run_id)


def test_a_run_has_one_model(run_id: str, tracking_uri: str) -> None:
    register(run_id, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    with pytest.raises(KetresponseError, match="registered already, as pilot version 1"):
        register(run_id, MODEL, FACTS, name="other", tracking_uri=tracking_uri)
    assert [model.name for model in list_models(tracking_uri=tracking_uri)] == ["pilot"]


@pytest.mark.parametrize("name", ["", "Pilot", "a/b", "it's", "a b", "-a"])
def test_a_name_that_cannot_be_used_is_told(run_id: str, tracking_uri: str, name: str) -> None:
    with pytest.raises(KetresponseError, match="lower case letters, digits"):
        register(run_id, MODEL, FACTS, name=name, tracking_uri=tracking_uri)


def test_a_run_that_does_not_exist_is_told(tracking_uri: str) -> None:
    with pytest.raises(KetresponseError, match="cannot register pilot"):
        register("0" * 32, MODEL, FACTS, name="pilot", tracking_uri=tracking_uri)
    assert list(make_client(tracking_uri).search_registered_models()) == []


def test_a_version_can_carry_further_tags(run_id: str, tracking_uri: str) -> None:
    register(
        run_id,
        MODEL,
        FACTS,
        name="pilot",
        tracking_uri=tracking_uri,
        tags={"ketresponse.parent_version": "7"},
    )
    tags = make_client(tracking_uri).get_model_version("pilot", "1").tags
    assert tags["ketresponse.parent_version"] == "7"
    assert tags["ketresponse.status"] == "demonstration"
