"""The API's page: the OpenAPI document of the loaded model, to be read and to be tried.

Rendered here, and not by one of the viewers there are: those load half a megabyte of script, and
what they make cannot be read by a screen reader from end to end. Without the page's own small
script it can be read all the same; with it a request can be edited and sent.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from serving.estimate.predictor import Predictor
from serving.web.headers import DOCS_POLICY, PRIVATE, find_csrf
from serving.web.openapi import Addresses, make_openapi
from serving.web.rendering import ASSETS, render
from training.store.facts import package_versions

__all__ = ["make_docs_routes", "render_docs"]

Schema = Mapping[str, Any]

_REF = "#/components/schemas/"
_NO_ID = re.compile(r"[^\w-]")


def make_docs_routes(
    get_predictor: Callable[[], Predictor],
    to_json: Callable[[object], Response],
    more: Sequence[Addresses] = (),
) -> list[Route]:
    """Return the routes of the page, of what it loads, and of the document behind it.

    Parameters
    ----------
    get_predictor : callable
        Returns the loaded model.
    to_json : callable
        Makes an answer of plain values.
    more : sequence of Addresses
        What rooms above this one answer.
    """

    def describe() -> dict[str, Any]:
        version = package_versions().get("ketresponse", "from source")
        return make_openapi(get_predictor(), version=version, more=more)

    async def show_document(request: Request) -> Response:
        return to_json(describe())

    async def show_page(request: Request) -> Response:
        headers = {**PRIVATE, "Content-Security-Policy": DOCS_POLICY}
        csrf = find_csrf(request)
        html = render_docs(describe(), get_predictor(), base=str(request.base_url), csrf=csrf)
        return HTMLResponse(html, headers=headers)

    async def show_style(request: Request) -> Response:
        return FileResponse(ASSETS / "docs.css", media_type="text/css")

    async def show_script(request: Request) -> Response:
        return FileResponse(ASSETS / "docs.js", media_type="text/javascript")

    return [
        Route("/docs", show_page),
        Route("/docs.json", show_document),
        Route("/docs.css", show_style),
        Route("/docs.js", show_script),
    ]


def render_docs(openapi: Schema, predictor: Predictor, *, base: str, csrf: str = "") -> str:
    """Return the page of an OpenAPI document.

    Parameters
    ----------
    openapi : mapping
        As :func:`serving.web.openapi.make_openapi` makes it.
    predictor : Predictor
        The model that answers, whose stamp stands on the page.
    base : str
        The address of the service, for the commands to be copied.
    csrf : str
        The word of the session, with which the page sends what is tried out.
    """
    operations = [
        _describe_operation(path, method, operation, base=base)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = [
        {"name": name, "description": schema.get("description", ""), "rows": _list_fields(schema)}
        for name, schema in openapi["components"]["schemas"].items()
    ]
    return render(
        "docs.html",
        info=openapi["info"],
        operations=operations,
        schemas=schemas,
        csrf=csrf,
        facts=predictor.facts,
        stamp=predictor.stamp,
    )


def _describe_operation(path: str, method: str, operation: Schema, *, base: str) -> dict[str, Any]:
    contents: Schema = operation.get("requestBody", {}).get("content", {})
    kind = next(iter(contents), "")
    content: Schema = contents.get(kind, {})
    bodies = [
        {
            "name": name,
            "summary": example["summary"],
            "text": json.dumps(example["value"], indent=2),
        }
        for name, example in content.get("examples", {}).items()
    ]
    address = f"{base.rstrip('/')}{path}"
    command = ["curl", address]
    if bodies:
        sent = json.dumps(json.loads(bodies[0]["text"]))
        command = ["curl", "-H", f"Content-Type: {kind}", "-d", sent, address]
    return {
        "id": f"{method}{_NO_ID.sub('-', path)}",
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "asks": _word_type(content["schema"]) if content else "",
        "bodies": bodies,
        "command": shlex.join(command),
        "responses": [
            {"status": status, "description": told["description"], "type": _word_response(told)}
            for status, told in operation["responses"].items()
        ],
    }


def _word_response(response: Schema) -> str:
    schemas = [content["schema"] for content in response.get("content", {}).values()]
    return " or ".join(words for words in map(_word_type, schemas) if words)


def _list_fields(schema: Schema) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "type": _word_type(field),
            "required": name in required,
            "description": field.get("description", ""),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _word_type(schema: Schema) -> str:
    """Return in words what a schema takes: "number from 0 to 10 or null", "list of Answer"."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(map(_word_type, schema[key])))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " or ".join(
            value if isinstance(value, str) else json.dumps(value) for value in values
        )
    kinds = schema.get("type", [])
    words = [_word_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return " or ".join(words)


def _word_kind(kind: str, schema: Schema) -> str:
    if kind == "array":
        most = f" of at most {schema['maxItems']}" if "maxItems" in schema else ""
        inside = _word_type(schema.get("items", {}))
        return (
            f"list{most}{' of' if inside and not most else ':' if inside else ''} {inside}".rstrip()
        )
    if kind in ("number", "integer"):
        ends = [("from", "minimum"), ("to", "maximum")]
        return " ".join([kind, *(f"{word} {schema[at]:g}" for word, at in ends if at in schema)])
    if kind == "object" and schema.get("properties"):
        required = schema.get("required", [])
        fields = [
            f"{name}{'' if name in required else ' (optional)'}: {_word_type(field)}"
            for name, field in schema["properties"].items()
        ]
        return f"{{{', '.join(fields)}}}"
    return "text" if kind == "string" else kind
