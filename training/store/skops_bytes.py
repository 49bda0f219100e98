"""A model as skops's bytes and back: never pickle, and nothing but the types listed here.

The same model gives the same bytes. skops writes them; they are read here, since skops imports
all of scikit-learn and trusts far more than a model holds, and one estimate must not wait seconds
for it. What is read is what :func:`skops.io.loads` returns: tests hold the two against each other.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np

from features.dictionary.transformers import PredictorBasis
from features.panel.normaliser import PanelNormaliser
from training.model.centres import Centre, CentreOutcome
from training.model.gaps import Gaps
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel
from training.panel.model import PanelModel

__all__ = ["model_from_bytes", "panel_from_bytes", "to_bytes"]

Types = Mapping[str, type]

_MODEL_TYPES: Types = {
    "features.dictionary.transformers.PredictorBasis": PredictorBasis,
    "training.model.centres.Centre": Centre,
    "training.model.centres.CentreOutcome": CentreOutcome,
    "training.model.gaps.Gaps": Gaps,
    "training.model.response_model.OutcomeModel": OutcomeModel,
    "training.model.response_model.ResponseModel": ResponseModel,
    "training.model.response_model.WorkingModel": WorkingModel,
}
_PANEL_TYPES: Types = {
    "features.panel.normaliser.PanelNormaliser": PanelNormaliser,
    "training.panel.model.PanelModel": PanelModel,
    **_MODEL_TYPES,
}
_KEYS = {"int": int, "str": str}
_PLAIN = frozenset(
    {
        ("DictNode", "builtins.dict"),
        ("JsonNode", "builtins.str"),  # how skops writes text, numbers, yes/no and None
        ("ListNode", "builtins.list"),
        ("NdArrayNode", "numpy.ndarray"),
        ("TupleNode", "builtins.tuple"),
        ("TypeNode", "builtins.int"),  # the types of a mapping's keys
        ("TypeNode", "builtins.str"),
    }
)
"""What a file may hold beside our own types: skops's loader and the type that it makes."""


def to_bytes(model: ResponseModel | PanelModel) -> bytes:
    """Return the model in skops's format, the same bytes for the same model.

    skops names objects and arrays by their address in memory and stamps the hour. No object need
    be shared after loading, so the addresses are dropped, and the arrays are named in their
    order.
    """
    import skops.io  # imports all of scikit-learn: seconds that reading facts need not wait for

    schema = ""
    names: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        return names.setdefault(match[1], f'"{len(names)}.npy"')

    buffer = io.BytesIO()
    with ZipFile(io.BytesIO(skops.io.dumps(model))) as addressed, ZipFile(buffer, "w") as plain:
        schema = addressed.read("schema.json").decode()
        # Quotes inside a JSON text are escaped, so that these patterns match keys only.
        schema = re.sub(r'"__id__": \d+', '"__id__": null', schema)
        schema = re.sub(r'(?<="file": )("\d+\.npy")', rename, schema)
        plain.writestr(ZipInfo("schema.json"), schema)
        for old, new in names.items():
            plain.writestr(ZipInfo(json.loads(new)), addressed.read(json.loads(old)))
    return buffer.getvalue()


def _read_array(node: Mapping[str, Any], archive: ZipFile) -> Any:
    return np.load(io.BytesIO(archive.read(node["file"])), allow_pickle=False)


def _read_dict(node: Mapping[str, Any], archive: ZipFile, types: Types) -> dict[Any, Any]:
    # JSON has text as keys only: what they were stands beside them.
    kinds = [_KEYS[kind["__class__"]] for kind in node["key_types"]["content"]]
    return {
        kind(key): _read(value, archive, types)
        for kind, (key, value) in zip(kinds, node["content"].items(), strict=True)
    }


def _read_object(node: Mapping[str, Any], archive: ZipFile, types: Types) -> Any:
    # As skops does: a frozen dataclass is made without __init__, field by field.
    kind = types[_name(node)]
    made: Any = object.__new__(kind)
    state = _read(node["content"], archive, types)
    state.pop("_sklearn_version", None)  # from when scikit-learn's base class was kept
    made.__dict__.update(state)
    return made


def _read(node: Mapping[str, Any], archive: ZipFile, types: Types) -> Any:
    """Return what one node of a schema stands for; the schema has been checked."""
    loader = node["__loader__"]
    if loader == "JsonNode":
        return json.loads(node["content"])
    if loader == "NdArrayNode":
        return _read_array(node, archive)
    if loader == "DictNode":
        return _read_dict(node, archive, types)
    if loader == "ObjectNode":
        return _read_object(node, archive, types)
    items = [_read(item, archive, types) for item in node["content"]]
    return tuple(items) if loader == "TupleNode" else items


def _name(node: Mapping[str, Any]) -> str:
    return f"{node.get('__module__')}.{node.get('__class__')}"


def _nodes(tree: Any) -> Iterator[tuple[str, str]]:
    """Yield the loader and the type of every object that a skops schema would make."""
    if isinstance(tree, dict):
        if "__loader__" in tree:
            yield tree["__loader__"], _name(tree)
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from _nodes(branch)


def _load(data: bytes, types: Types) -> Any:
    """Return the object in a file that holds nothing but plain values and these types."""
    with ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
        strange = set(_nodes(schema)) - _PLAIN - {("ObjectNode", name) for name in types}
        if strange:
            # The names come from the file: only their number is told.
            raise ValueError(f"holds {len(strange)} type(s) that a model has no need of")
        return _read(schema, archive, types)


def _check_response(model: object) -> ResponseModel:
    if not isinstance(model, ResponseModel):
        raise TypeError(f"holds a {type(model).__name__}")
    served = model.probability(np.full((1, len(model.predictors)), np.nan))
    if served.shape != (1, len(model.horizons)) or not np.all((served >= 0) & (served <= 1)):
        raise ValueError("gives no probabilities")
    for working in (model.working_first, model.working_kept):
        if working is None:
            continue
        size = 1 + len(working.basis.groups_) + len(working.pairs)
        if working.draws.shape[1:] != (size,) or not np.isfinite(working.draws).all():
            raise ValueError("gives no intervals")
    names = [centre.name for centre in model.centres]
    if len(set(names)) != len(names):
        raise ValueError("has two centres of one name")
    for name in names:
        _check_response(model.at(name))
    return model


def model_from_bytes(data: bytes) -> ResponseModel:
    """Return the model that :func:`to_bytes` wrote.

    Raises
    ------
    Exception
        Of any kind: a file made on purpose can hold anything.
    """
    return _check_response(_load(data, _MODEL_TYPES))


def panel_from_bytes(data: bytes) -> PanelModel:
    """Return the panel's sub-model that :func:`to_bytes` wrote; raises as the function above."""
    panel = _load(data, _PANEL_TYPES)
    if not isinstance(panel, PanelModel):
        raise TypeError(f"holds a {type(panel).__name__}")
    _check_response(panel.response)
    sample = panel.to_row(dict.fromkeys(panel.references, panel.ceiling / 2))
    encoded = panel.encode(np.zeros((1, len(panel.clinical_predictors))), sample[np.newaxis])
    if encoded.shape != (1, len(panel.response.predictors)):
        raise ValueError("does not encode a sample")
    return panel
