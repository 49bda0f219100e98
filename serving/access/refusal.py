"""A request that is not let in: said as JSON to a program, as a page to a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from jinja2 import Environment
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from features.texts import say
from serving.language.language import find_language, keep_language
from serving.language.pages import add_languages
from serving.web.headers import PAGE_POLICY, PRIVATE
from training.document.render import make_environment

__all__ = ["LOGIN", "Refusal", "show_page", "wants_page"]

LOGIN = "/login"
_TITLES = {
    401: say("Who is asking?"),
    403: say("Not for this key"),
    404: say("Nothing is here"),
    413: say("Too much at once"),
    429: say("Too many requests"),
    503: say("Not now"),
}


@dataclass(frozen=True)
class Refusal:
    """Why a request is not let in.

    Parameters
    ----------
    status : int
        Of HTTP.
    text : str
        What is wrong and what to do, in a sentence; nothing of what was sent.
    headers : mapping
        Beside those of every answer.
    problems : sequence of mapping
        What was sent that cannot be read, as in an answer 400.
    """

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[Mapping[str, str]] = ()

    def answer(self, scope: Scope, *, has_login: bool) -> Response:
        """Return the answer for whoever asked, a browser or a program."""
        if not wants_page(scope):
            language = find_language(scope)
            told = language.tell({"error": self.text, "problems": [*self.problems]})
            body = json.dumps(told).encode("ascii")
            headers = {**PRIVATE, **language.headers, **self.headers}
            return Response(body, self.status, headers, media_type="application/json")
        if self.status == 401 and has_login and scope["method"] == "GET":
            return RedirectResponse(LOGIN + keep_language(scope), 303, headers=PRIVATE)
        title = _TITLES.get(self.status, say("Not let in"))
        return show_page(
            scope,
            "refused.html",
            self.status,
            self.headers,
            title=title,
            text=self.text,
            login=LOGIN + keep_language(scope) if has_login and self.status in (401, 403) else "",
        )


def show_page(
    scope: Scope,
    template: str,
    status: int = 200,
    more: Mapping[str, str] | None = None,
    **values: object,
) -> Response:
    """Return a page of this room, in the language of whoever asks."""
    language = find_language(scope)
    html = (
        _environment()
        .get_template(template)
        .render(language=language, query=keep_language(scope), **values)
    )
    # Without a referrer to their own site, browsers send forms from an origin called "null".
    headers = {**PRIVATE, "Content-Security-Policy": PAGE_POLICY, **(more or {})}
    return HTMLResponse(html, status, headers={**headers, **language.headers})


@cache
def _environment() -> Environment:
    return add_languages(make_environment("serving.access"))


def wants_page(scope: Scope) -> bool:
    """Return whether a browser asks for a page to show."""
    return "text/html" in Headers(scope=scope).get("accept", "")
