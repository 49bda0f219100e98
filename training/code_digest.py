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

from training.facts import package_versions

__all__ = ["PREDICTION_PATH", "compute_code_digest", "list_code_parts"]

PREDICTION_PATH = (
    "features.cohort",
    "features.eligibility",
    "features.errors",
    "features.evidence",
    "features.medication",
    "features.outcome",
    "features.panel",
    "features.panel_cells",
    "features.panel_censored",
    "features.panel_design",
    "features.panel_names",
    "features.panel_references",
    "features.panel_transformers",
    "features.preprocessing",
    "features.schema",
    "features.table",
    "features.transformers",
    "serving.notices",
    "serving.panel",
    "serving.predictor",
    "serving.request",
    "serving.submodel",
    "training.artifact",
    "training.coalitions",
    "training.explanation",
    "training.facts",
    "training.models",
    "training.panel",
    "training.panel.model",
    "training.response_model",
    "training.skops_bytes",
    "training.solvers",
    "training.statements",
    "training.weighted",
)
"""The modules that are loaded once :class:`serving.predictor.Predictor` has answered."""

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
