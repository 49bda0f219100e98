"""Runs in PostgreSQL, models and reports in an object store: a real S3 server over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from features.errors import KetresponseError
from tests.postgres import empty_postgres as empty_postgres
from tests.postgres import postgres as postgres
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.mlflow_servers import serve_mlflow
from training.store.artifact import load_model
from training.store.registered import list_models, locate
from training.store.registry import register
from training.store.tracking import RunRecord, fetch_file, track_run

# MLflow's server still builds on it.
pytestmark = pytest.mark.filterwarnings("ignore:starlette.middleware.wsgi is deprecated")


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Start an S3 server with an empty bucket; yield it, a client of it and the bucket's name."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
    where = {"LocationConstraint": "eu-central-1"}
    bucket = uuid4().hex  # moto forgets nothing while this process lasts
    store.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    yield server, store, bucket
    server.stop()


@pytest.mark.parametrize("proxied", [True, False], ids=["through the server", "by each client"])
def test_a_model_goes_to_an_object_store_and_comes_back_the_same(
    object_store: Any,
    empty_postgres: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    proxied: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    server, store, bucket = object_store
    database = empty_postgres.replace("postgresql://", "postgresql+psycopg://")
    model = make_model()
    with serve_mlflow(database, f"s3://{bucket}/a", monkeypatch, proxied=proxied) as served:
        record = RunRecord("study", texts={"report.md": "what was found"})
        run = track_run(record, tracking_uri=served.url)
        made = register(run, model, make_facts(), name="pilot", tracking_uri=served.url)
        kept = {one["Key"] for one in store.list_objects_v2(Bucket=bucket)["Contents"]}
        assert {key.rpartition("/")[2] for key in kept} > {"report.md", "digest.json", "MLmodel"}
        assert list(tmp_path.iterdir()) == []
        assert list_models(tracking_uri=served.url) == [made]
        back = load_model(locate("pilot", tracking_uri=served.url)).model
        X = model.background
        assert np.array_equal(back.probability(X), model.probability(X))
        text = fetch_file(run, "report.md", tracking_uri=served.url).read_text()
        assert text == "what was found"
        server.stop()
        with pytest.raises(KetresponseError, match="at http") as caught:
            locate("pilot", tracking_uri=served.url)
        assert "\n" not in str(caught.value)
