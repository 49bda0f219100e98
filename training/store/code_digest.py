"""One digest for the code that turns a record into an estimate.

An approval is bound to it: the same model read by other code may give other numbers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from training.store.facts import package_versions

__all__ = ["PREDICTION_PATH", "compute_code_digest", "list_code_parts"]

PREDICTION_PATH = (
    "features.cohort.cohort",
    "features.dictionary.eligibility",
    "features.errors",
    "features.published.rates",
    "features.published.references",
    "features.dictionary.medication",
    "features.dictionary.outcome",
    "features.panel.panel",
    "features.panel.cells",
    "features.panel.censored",
    "features.panel.design",
    "features.panel.names",
    "features.panel.references",
    "features.panel.normaliser",
    "features.dictionary.preprocessing",
    "features.dictionary.contract",
    "features.dictionary.schema",
    "features.dictionary.variable",
    "features.files.table",
    "features.dictionary.transformers",
    "serving.estimate.notices",
    "serving.estimate.panel",
    "serving.estimate.predictor",
    "serving.estimate.request",
    "serving.estimate.submodel",
    "training.store.artifact",
    "training.model.coalitions",
    "training.model.explanation",
    "training.store.facts",
    "training.model.candidates",
    "training.panel",
    "training.panel.model",
    "training.model.response_model",
    "training.store.skops_bytes",
    "training.model.solvers",
    "training.store.statements",
    "training.measures.weighted",
)
"""The modules that are loaded once :class:`serving.estimate.predictor.Predictor` has answered."""

_NOT_NUMERICAL = ("python", "ketresponse")


@cache
def list_code_parts() -> Mapping[str, str]:
    """Return what the code consists of: module to SHA-256, numerical package to version.

    As of the first call: files changed later are not those that this process runs.
    """
    parts = {}
    for module in PREDICTION_PATH:
        spec = find_spec(module)
        assert spec is not None and spec.origin is not None, module
        source = Path(spec.origin).read_bytes().replace(b"\r\n", b"\n")
        parts[module] = hashlib.sha256(source).hexdigest()
    versions = package_versions()
    return parts | {
        name: version for name, version in versions.items() if name not in _NOT_NUMERICAL
    }


def compute_code_digest() -> str:
    """Return the SHA-256 of the prediction path and the numerical packages' versions."""
    return hashlib.sha256(json.dumps(dict(list_code_parts()), sort_keys=True).encode()).hexdigest()
